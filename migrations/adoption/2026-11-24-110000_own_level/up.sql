-- At what level the customer had a product before it became a part of a solution plan: no solution takes it below that. Of the
-- parts that there are already nobody kept it.
alter table assignments
    add column own_level text,
    add constraint assignments_own_level_check check (own_level is null or place is not null);
