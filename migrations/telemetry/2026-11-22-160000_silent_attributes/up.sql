-- Whether an attribute ever had a value. A column of its own, so that the index of those that had none stays still when values
-- come: of what is in an index, nothing changes but once.
alter table attributes add column has_value boolean not null generated always as (latest_value is not null) stored;
create index attributes_silent_idx on attributes (tenant_id, id) where not has_value and is_active and removed_at is null;
