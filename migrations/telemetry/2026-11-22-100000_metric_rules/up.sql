-- Metric rules: which points of a partner's metrics are values of which attribute.
create table metric_rules (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    metric text not null,
    -- An object of texts, only ever read whole.
    conditions jsonb not null,
    assignment_id uuid,
    assignment_from text,
    attribute_name text not null,
    task_name text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint metric_rules_pkey primary key (tenant_id, id),
    constraint metric_rules_assignment_check check (num_nonnulls(assignment_id, assignment_from) = 1)
);
select wall('metric_rules');
