-- What a version keeps is imported like a file, but has no file's bounds.
alter table imports drop constraint imports_format_check;
alter table imports add constraint imports_format_check check (format in ('xlsx', 'json', 'csv', 'version'));
