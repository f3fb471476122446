-- The grants of identity as this service has heard of them. One that was taken back is remembered for a while.
create table grants (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    subject_id uuid not null,
    resource_type text not null,
    resource_id uuid,
    level text not null,
    deleted_at timestamptz,
    constraint grants_pkey primary key (tenant_id, id)
);
create index grants_subject_idx on grants (tenant_id, subject_id, id);
create index grants_deleted_at_idx on grants (tenant_id, deleted_at) where deleted_at is not null;
select wall('grants');

-- Whose each assignment is, as adoption told: it never changes. An assignment from before is asked about when it is needed.
create table assignments (
    tenant_id uuid not null,
    id uuid not null,
    customer_id uuid not null,
    constraint assignments_pkey primary key (tenant_id, id)
);
create index assignments_customer_idx on assignments (tenant_id, customer_id, id);
select wall('assignments');

-- The assignment that a refused value is about; null when there is none of ours, and for what was refused before.
alter table refusals add column assignment_id uuid;
create index refusals_assignment_idx on refusals (tenant_id, assignment_id, received_at, index, id) where assignment_id is not null;
