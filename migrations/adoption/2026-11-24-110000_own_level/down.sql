alter table assignments drop column own_level;
