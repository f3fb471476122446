delete from status_changes where kind = 'NOTE';
alter table status_changes drop column kind;
