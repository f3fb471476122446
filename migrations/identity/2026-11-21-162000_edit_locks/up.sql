-- Locks on what people edit. A resource has one at most; one that has expired is replaced by the next.
create table edit_locks (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    resource_type text not null,
    resource_id uuid not null,
    user_id uuid not null,
    user_name text not null,
    session_id uuid not null,
    acquired_at timestamptz not null,
    expires_at timestamptz not null,
    constraint edit_locks_pkey primary key (tenant_id, id),
    constraint edit_locks_resource_key unique (tenant_id, resource_type, resource_id),
    constraint edit_locks_resource_type_check check (resource_type in ('PRODUCT', 'SOLUTION', 'CUSTOMER', 'PLAN'))
);
create index edit_locks_session_id_idx on edit_locks (tenant_id, session_id);
create index edit_locks_user_id_idx on edit_locks (tenant_id, user_id, id);
create index edit_locks_expires_at_idx on edit_locks (tenant_id, expires_at);
select wall('edit_locks');

-- The built-in roles of the tenants there are.
update roles set permissions = permissions || '{identity:edit-lock:*}', version = version + 1
    where built_in and name = 'ADMIN';
