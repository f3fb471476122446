drop index attributes_silent_idx;
alter table attributes drop column has_value;
