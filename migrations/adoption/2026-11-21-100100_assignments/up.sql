-- Assignments: a product in a customer's hands. The product lives in catalog, so its id points nowhere here.
create table assignments (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    external_key text,
    customer_id uuid not null,
    product_id uuid not null,
    product_name text not null,
    name text not null,
    license_level text not null,
    outcome_ids uuid[] not null,
    release_ids uuid[] not null,
    plan_id uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint assignments_pkey primary key (tenant_id, id),
    constraint assignments_plan_key unique (tenant_id, plan_id),
    constraint assignments_customer_fkey foreign key (tenant_id, customer_id) references customers (tenant_id, id),
    constraint assignments_license_level_check check (license_level in ('ESSENTIAL', 'ADVANTAGE', 'SIGNATURE'))
);
create unique index assignments_external_key_key on assignments (tenant_id, external_key);
create index assignments_customer_idx on assignments (tenant_id, customer_id, id);
select wall('assignments');

-- Plans: at most one per assignment, gone with it. The sums are those of its tasks.
create table plans (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    assignment_id uuid not null,
    customer_id uuid not null,
    product_id uuid not null,
    product_name text not null,
    catalog_revision bigint not null,
    license_level text not null,
    outcome_ids uuid[] not null,
    release_ids uuid[] not null,
    total_tasks integer not null,
    completed_tasks integer not null,
    total_weight integer not null,
    completed_weight integer not null,
    progress_percentage integer not null,
    last_synced_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint plans_pkey primary key (tenant_id, id),
    constraint plans_assignment_key unique (tenant_id, assignment_id),
    -- What a task of the plan points to: the plan together with its assignment.
    constraint plans_id_assignment_key unique (tenant_id, id, assignment_id),
    constraint plans_assignment_fkey foreign key (tenant_id, assignment_id) references assignments (tenant_id, id) on delete cascade,
    constraint plans_customer_fkey foreign key (tenant_id, customer_id) references customers (tenant_id, id),
    constraint plans_license_level_check check (license_level in ('ESSENTIAL', 'ADVANTAGE', 'SIGNATURE')),
    constraint plans_completed_tasks_check check (completed_tasks between 0 and total_tasks),
    constraint plans_completed_weight_check check (completed_weight between 0 and total_weight),
    constraint plans_progress_percentage_check check (progress_percentage between 0 and 10000)
);
create index plans_customer_idx on plans (tenant_id, customer_id, id);
create index plans_product_idx on plans (tenant_id, product_id, id);
select wall('plans');

-- The two point at each other and are made together, so this one is looked at when the transaction ends.
alter table assignments add constraint assignments_plan_fkey
    foreign key (tenant_id, plan_id) references plans (tenant_id, id) deferrable initially deferred;
