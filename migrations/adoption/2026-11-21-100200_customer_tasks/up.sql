-- Customer tasks: a plan's own copies of the catalog's tasks, with their status. Their telemetry attributes are copied
-- with them and only ever read whole. The last columns are what telemetry has told about the task so far.
create table customer_tasks (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    plan_id uuid not null,
    assignment_id uuid not null,
    original_task_id uuid not null,
    name text not null,
    description text,
    notes text,
    weight integer not null,
    sequence_number integer not null,
    license_level text not null,
    est_minutes integer not null,
    how_to_doc text[] not null,
    how_to_video text[] not null,
    outcome_ids uuid[] not null,
    release_ids uuid[] not null,
    status text not null,
    status_source text not null,
    status_updated_at timestamptz not null,
    status_updated_by uuid,
    completed_at timestamptz,
    attributes jsonb not null,
    facts_version bigint not null,
    active integer not null,
    required integer not null,
    with_data integer not null,
    required_with_data integer not null,
    met integer not null,
    required_met integer not null,
    constraint customer_tasks_pkey primary key (tenant_id, id),
    constraint customer_tasks_plan_fkey foreign key (tenant_id, plan_id, assignment_id)
        references plans (tenant_id, id, assignment_id) on delete cascade,
    constraint customer_tasks_weight_check check (weight between 0 and 10000),
    constraint customer_tasks_license_level_check check (license_level in ('ESSENTIAL', 'ADVANTAGE', 'SIGNATURE')),
    constraint customer_tasks_status_check
        check (status in ('NOT_STARTED', 'IN_PROGRESS', 'DONE', 'NOT_APPLICABLE', 'NO_LONGER_USING')),
    constraint customer_tasks_status_source_check check (status_source in ('MANUAL', 'TELEMETRY', 'IMPORT', 'SYSTEM')),
    constraint customer_tasks_completed_at_check check ((completed_at is not null) = (status = 'DONE'))
);
create index customer_tasks_plan_idx on customer_tasks (tenant_id, plan_id, sequence_number, id);
select wall('customer_tasks');

-- The history of each status: rows are added and never changed.
create table status_changes (
    tenant_id uuid not null,
    id uuid not null,
    customer_task_id uuid not null,
    at timestamptz not null,
    status text not null,
    source text not null,
    changed_by uuid,
    note text,
    constraint status_changes_pkey primary key (tenant_id, id),
    constraint status_changes_customer_task_fkey foreign key (tenant_id, customer_task_id)
        references customer_tasks (tenant_id, id) on delete cascade,
    constraint status_changes_status_check
        check (status in ('NOT_STARTED', 'IN_PROGRESS', 'DONE', 'NOT_APPLICABLE', 'NO_LONGER_USING')),
    constraint status_changes_source_check check (source in ('MANUAL', 'TELEMETRY', 'IMPORT', 'SYSTEM'))
);
create index status_changes_customer_task_idx on status_changes (tenant_id, customer_task_id, id);
select wall('status_changes');
