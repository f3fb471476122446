-- Members of a tenant and what they may do there.
create table roles (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    name text not null,
    description text not null,
    permissions text[] not null,
    built_in boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint roles_pkey primary key (tenant_id, id),
    constraint roles_name_key unique (tenant_id, name)
);
select wall('roles');

create table members (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    user_id uuid not null,
    status text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint members_pkey primary key (tenant_id, id),
    constraint members_user_id_key unique (tenant_id, user_id),
    constraint members_user_id_fkey foreign key (user_id) references users (id),
    constraint members_status_check check (status in ('ACTIVE', 'SUSPENDED'))
);
-- Sign-in looks from the person to the tenants, past the wall, through the one function below.
create index members_user_id_idx on members (user_id);
select wall('members');

create table member_roles (
    tenant_id uuid not null,
    member_id uuid not null,
    role_id uuid not null,
    constraint member_roles_pkey primary key (tenant_id, member_id, role_id),
    constraint member_roles_member_id_fkey foreign key (tenant_id, member_id) references members (tenant_id, id) on delete cascade,
    constraint member_roles_role_id_fkey foreign key (tenant_id, role_id) references roles (tenant_id, id)
);
create index member_roles_role_id_idx on member_roles (tenant_id, role_id);
select wall('member_roles');

-- The tenants in which a person is an active member, oldest first. The only look across tenants.
create function tenants_of(person uuid) returns table (tenant_id uuid)
language sql stable security definer set search_path = identity, pg_temp as $$
    select m.tenant_id from members m where m.user_id = person and m.status = 'ACTIVE' order by m.created_at, m.id
$$;
revoke execute on function tenants_of(uuid) from public;
grant execute on function tenants_of(uuid) to identity_app;
