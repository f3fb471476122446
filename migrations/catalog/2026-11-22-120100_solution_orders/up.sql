-- The one order of a solution's own tasks and those of its products, as far as somebody has put them into one. An array, as
-- the solution's products are: it is read and replaced whole. A task that it does not name stands behind those it does.
create table solution_task_orders (
    tenant_id uuid not null,
    solution_id uuid not null,
    version bigint not null,
    revision bigint not null, -- the solution's at the last change
    task_ids uuid[] not null,
    updated_at timestamptz not null,
    constraint solution_task_orders_pkey primary key (tenant_id, solution_id),
    constraint solution_task_orders_solution_id_fkey foreign key (tenant_id, solution_id)
        references solutions (tenant_id, id)
);
select wall('solution_task_orders');

-- Which licences of its products a solution's licence includes; of a product of which none is named, all.
alter table licenses add column product_license_ids uuid[] not null default '{}',
    add constraint licenses_product_license_ids_check check (owner_kind = 'SOLUTION' or product_license_ids = '{}');
