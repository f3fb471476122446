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
