-- Syncs of many plans at once, in the background.
create table sync_operations (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    status text not null,
    requested_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz,
    constraint sync_operations_pkey primary key (tenant_id, id),
    constraint sync_operations_status_check check (status in ('PENDING', 'RUNNING', 'DONE'))
);
select wall('sync_operations');

-- The products as the catalog showed them when the operation was asked for; gone when it has ended.
create table sync_blueprints (
    tenant_id uuid not null,
    operation_id uuid not null,
    product_id uuid not null,
    blueprint jsonb not null,
    constraint sync_blueprints_pkey primary key (tenant_id, operation_id, product_id),
    constraint sync_blueprints_operation_fkey foreign key (tenant_id, operation_id)
        references sync_operations (tenant_id, id) on delete cascade
);
select wall('sync_blueprints');

-- What becomes of each plan. A plan may be gone before its turn comes, so its id points nowhere.
create table sync_operation_plans (
    tenant_id uuid not null,
    operation_id uuid not null,
    plan_id uuid not null,
    state text not null,
    problem text,
    detail text,
    constraint sync_operation_plans_pkey primary key (tenant_id, operation_id, plan_id),
    constraint sync_operation_plans_operation_fkey foreign key (tenant_id, operation_id)
        references sync_operations (tenant_id, id) on delete cascade,
    constraint sync_operation_plans_state_check check (state in ('PENDING', 'SYNCED', 'UNCHANGED', 'FAILED')),
    constraint sync_operation_plans_problem_check check ((state = 'FAILED') = (problem is not null))
);
create index sync_operation_plans_state_idx on sync_operation_plans (tenant_id, operation_id, state, plan_id);
select wall('sync_operation_plans');
