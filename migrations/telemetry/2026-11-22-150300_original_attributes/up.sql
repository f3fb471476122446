-- The catalog's attribute that a plan's was copied from. Of those that are there already it is known with the next change
-- of their task.
alter table attributes add column original_attribute_id uuid;
create index attributes_original_idx on attributes (tenant_id, original_attribute_id, id);
