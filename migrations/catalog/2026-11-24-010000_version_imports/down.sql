-- Nobody can read them any more, and they are forgotten after a day anyway.
delete from imports where format = 'version';
alter table imports drop constraint imports_format_check;
alter table imports add constraint imports_format_check check (format in ('xlsx', 'json', 'csv'));
