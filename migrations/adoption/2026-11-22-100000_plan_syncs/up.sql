-- How far each product has come in the catalog, as it has told. A plan of a product that is not here yet may be behind.
create table product_revisions (
    tenant_id uuid not null,
    product_id uuid not null,
    revision bigint not null,
    constraint product_revisions_pkey primary key (tenant_id, product_id)
);
select wall('product_revisions');

-- How a customer task stands to the catalog, where it says otherwise than the catalog did at the last sync (baseline), or
-- where the catalog has it no more (retired: where the customer stood). A task without a row says what the catalog said:
-- so does each one that was made before there were syncs, for nobody could edit it.
create table synced_tasks (
    tenant_id uuid not null,
    customer_task_id uuid not null,
    plan_id uuid not null,
    baseline jsonb,
    retired jsonb,
    constraint synced_tasks_pkey primary key (tenant_id, customer_task_id),
    constraint synced_tasks_customer_task_fkey foreign key (tenant_id, customer_task_id)
        references customer_tasks (tenant_id, id) on delete cascade,
    constraint synced_tasks_told_check check (baseline is not null or retired is not null)
);
create index synced_tasks_plan_idx on synced_tasks (tenant_id, plan_id);
select wall('synced_tasks');

-- The syncs of plans, in the order of the versions that they led to. The changes are kept whole: they are what it takes to
-- undo.
create table plan_syncs (
    tenant_id uuid not null,
    id uuid not null,
    plan_id uuid not null,
    plan_version bigint not null,
    operation_id uuid,
    at timestamptz not null,
    synced_by uuid,
    catalog_revision bigint not null,
    added integer not null,
    changed integer not null,
    retired integer not null,
    revived integer not null,
    conflicts integer not null,
    changes jsonb not null,
    synced_before timestamptz not null,
    undone_at timestamptz,
    undone_by uuid,
    constraint plan_syncs_pkey primary key (tenant_id, id),
    constraint plan_syncs_plan_fkey foreign key (tenant_id, plan_id) references plans (tenant_id, id) on delete cascade
);
create unique index plan_syncs_plan_key on plan_syncs (tenant_id, plan_id, plan_version);
select wall('plan_syncs');
