-- The locks of identity as this service has heard of them: who edits what, and until when. A released one has expired.
create table edit_locks (
    tenant_id uuid not null,
    resource_type text not null,
    resource_id uuid not null,
    lock_id uuid not null,
    version bigint not null,
    user_name text not null,
    session_id uuid not null,
    expires_at timestamptz not null,
    constraint edit_locks_pkey primary key (tenant_id, resource_type, resource_id)
);
create index edit_locks_expires_at_idx on edit_locks (tenant_id, expires_at);
select wall('edit_locks');
