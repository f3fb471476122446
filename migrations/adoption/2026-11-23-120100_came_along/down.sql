update assignments set came_along = false where place is null;
alter table assignments add constraint assignments_came_along_check check (not came_along or place is not null);
