drop index attributes_original_idx;
alter table attributes drop column original_attribute_id;
