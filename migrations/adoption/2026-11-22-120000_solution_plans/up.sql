-- Solutions are assigned and planned as products are. Who owns the tasks is a kind and an id, as in the catalog.
alter table assignments rename column product_id to owner_id;
alter table assignments rename column product_name to owner_name;
alter table assignments
    add column owner_kind text not null default 'PRODUCT',
    add column purchased_at timestamptz,
    -- The solution plan that it is a part of, its place there, and whether it was made for it.
    add column solution_plan_id uuid,
    add column place integer,
    add column came_along boolean not null default false,
    add constraint assignments_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION')),
    add constraint assignments_place_check check ((place is not null) = (owner_kind = 'PRODUCT' and solution_plan_id is not null)),
    add constraint assignments_came_along_check check (not came_along or place is not null);
update assignments set purchased_at = created_at;
alter table assignments alter column owner_kind drop default, alter column came_along drop default;
create unique index assignments_solution_name_key on assignments (tenant_id, customer_id, owner_id, name)
    where owner_kind = 'SOLUTION';
create index assignments_solution_plan_idx on assignments (tenant_id, solution_plan_id, id);

alter table plans rename column product_id to owner_id;
alter table plans rename column product_name to owner_name;
alter index plans_product_idx rename to plans_owner_idx;
alter table plans
    add column owner_kind text not null default 'PRODUCT',
    add column solution_plan_id uuid,
    add constraint plans_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION'));
alter table plans alter column owner_kind drop default;
create index plans_solution_plan_idx on plans (tenant_id, solution_plan_id, id);

alter table product_revisions rename to catalog_revisions;
alter table catalog_revisions rename column product_id to owner_id;
alter table catalog_revisions rename constraint product_revisions_pkey to catalog_revisions_pkey;
alter table sync_blueprints rename column product_id to owner_id;

-- Solution plans: the plan of the solution's own tasks and those of its products together. The sums are theirs.
create table solution_plans (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    assignment_id uuid not null,
    plan_id uuid not null,
    customer_id uuid not null,
    solution_id uuid not null,
    solution_name text not null,
    status text not null,
    total_tasks integer not null,
    completed_tasks integer not null,
    total_weight integer not null,
    completed_weight integer not null,
    progress_percentage integer not null,
    own_tasks integer not null,
    own_completed_tasks integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint solution_plans_pkey primary key (tenant_id, id),
    constraint solution_plans_assignment_key unique (tenant_id, assignment_id),
    constraint solution_plans_assignment_fkey foreign key (tenant_id, assignment_id)
        references assignments (tenant_id, id) on delete cascade,
    constraint solution_plans_plan_fkey foreign key (tenant_id, plan_id) references plans (tenant_id, id) on delete cascade,
    constraint solution_plans_customer_fkey foreign key (tenant_id, customer_id) references customers (tenant_id, id),
    constraint solution_plans_status_check check (status in ('NOT_STARTED', 'IN_PROGRESS', 'COMPLETED')),
    constraint solution_plans_completed_tasks_check check (completed_tasks between 0 and total_tasks),
    constraint solution_plans_completed_weight_check check (completed_weight between 0 and total_weight),
    constraint solution_plans_progress_percentage_check check (progress_percentage between 0 and 10000),
    constraint solution_plans_own_tasks_check check (own_completed_tasks between 0 and own_tasks)
);
create index solution_plans_customer_idx on solution_plans (tenant_id, customer_id, id);
create index solution_plans_solution_idx on solution_plans (tenant_id, solution_id, id);
select wall('solution_plans');

-- A solution plan is made after its parts, and they name it: these are looked at when the transaction ends.
alter table assignments add constraint assignments_solution_plan_fkey
    foreign key (tenant_id, solution_plan_id) references solution_plans (tenant_id, id) deferrable initially deferred;
alter table plans add constraint plans_solution_plan_fkey
    foreign key (tenant_id, solution_plan_id) references solution_plans (tenant_id, id) deferrable initially deferred;
