-- Tasks: the adoption steps of an owner, in order, each with its share of the owner's whole.
--
-- Whoever changes a task, an outcome, a release or a tag first raises the owner's revision and so holds the owner's row
-- until the end. Under that lock the weights sum to 100 at most, the live tasks are numbered 1..n, and the ids in the link
-- arrays are the owner's own: deleting an outcome takes its id out of the tasks in the same transaction.
-- The links are arrays because a task is always read with them: one row, one statement, nothing to aggregate.
create table tasks (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null,
    owner_kind text not null,
    owner_id uuid not null,
    external_key text,
    name text not null,
    description text,
    notes text,
    weight integer not null, -- hundredths
    sequence_number integer not null, -- 0 when deleted
    license_level text not null,
    est_minutes integer not null,
    how_to_doc text[] not null,
    how_to_video text[] not null,
    outcome_ids uuid[] not null,
    release_ids uuid[] not null,
    tag_ids uuid[] not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    product_id uuid generated always as (case when owner_kind = 'PRODUCT' then owner_id end) stored,
    solution_id uuid generated always as (case when owner_kind = 'SOLUTION' then owner_id end) stored,
    constraint tasks_pkey primary key (tenant_id, id),
    constraint tasks_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION')),
    constraint tasks_product_id_fkey foreign key (tenant_id, product_id) references products (tenant_id, id),
    constraint tasks_solution_id_fkey foreign key (tenant_id, solution_id) references solutions (tenant_id, id),
    constraint tasks_weight_check check (weight between 0 and 10000),
    constraint tasks_license_level_check check (license_level in ('ESSENTIAL', 'ADVANTAGE', 'SIGNATURE')),
    constraint tasks_sequence_number_check check (case when deleted_at is null then sequence_number > 0 else sequence_number = 0 end),
    -- A unique index cannot be both partial and deferrable, and a line is renumbered in more than one statement.
    constraint tasks_sequence_number_key exclude using btree (tenant_id with =, owner_id with =, sequence_number with =)
        where (deleted_at is null) deferrable initially deferred
);
create unique index tasks_external_key_key on tasks (tenant_id, external_key, deleted_at) nulls not distinct
    where external_key is not null;
create index tasks_owner_id_sequence_number_idx on tasks (tenant_id, owner_id, sequence_number, id);
select wall('tasks');

-- Telemetry attributes: what is measured of a task, and what proves it.
create table telemetry_attributes (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    task_id uuid not null,
    external_key text,
    name text not null,
    description text,
    data_type text not null,
    is_required boolean not null,
    success_criteria jsonb,
    display_order integer not null,
    is_active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint telemetry_attributes_pkey primary key (tenant_id, id),
    constraint telemetry_attributes_task_id_fkey foreign key (tenant_id, task_id) references tasks (tenant_id, id),
    constraint telemetry_attributes_data_type_check check (data_type in ('BOOLEAN', 'NUMBER', 'STRING', 'TIMESTAMP', 'JSON'))
);
create unique index telemetry_attributes_name_key on telemetry_attributes (tenant_id, task_id, name);
create unique index telemetry_attributes_external_key_key on telemetry_attributes (tenant_id, external_key);
create index telemetry_attributes_task_id_display_order_idx on telemetry_attributes (tenant_id, task_id, display_order, id);
select wall('telemetry_attributes');
