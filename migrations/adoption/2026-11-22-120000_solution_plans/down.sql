-- What was assigned as a solution goes; the products that it brought stay.
set constraints all immediate;
alter table plans drop constraint plans_solution_plan_fkey;
alter table assignments drop constraint assignments_solution_plan_fkey;
drop table solution_plans;
delete from assignments where owner_kind = 'SOLUTION';

alter table sync_blueprints rename column owner_id to product_id;
delete from catalog_revisions where owner_id not in (select owner_id from plans);
alter table catalog_revisions rename constraint catalog_revisions_pkey to product_revisions_pkey;
alter table catalog_revisions rename column owner_id to product_id;
alter table catalog_revisions rename to product_revisions;

alter table plans drop column owner_kind, drop column solution_plan_id;
alter index plans_owner_idx rename to plans_product_idx;
alter table plans rename column owner_name to product_name;
alter table plans rename column owner_id to product_id;

drop index assignments_solution_name_key;
alter table assignments drop column owner_kind, drop column purchased_at, drop column solution_plan_id, drop column place,
    drop column came_along;
alter table assignments rename column owner_name to product_name;
alter table assignments rename column owner_id to product_id;
