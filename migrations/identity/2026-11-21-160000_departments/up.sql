-- Departments: a tree. That it stays one, and how deep it may be, is decided in the code, under one lock per tenant.
create table departments (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    external_key text,
    parent_id uuid,
    name text not null,
    -- Case-folded for uniqueness: lower(name) in an index is out of reach behind row security.
    name_folded text not null generated always as (lower(name)) stored,
    description text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint departments_pkey primary key (tenant_id, id),
    constraint departments_parent_id_fkey foreign key (tenant_id, parent_id) references departments (tenant_id, id)
);
-- Unique among siblings; those at the top are siblings too. Also finds the children of a department.
create unique index departments_name_key on departments (tenant_id, parent_id, name_folded) nulls not distinct;
create unique index departments_external_key_key on departments (tenant_id, external_key);
select wall('departments');

create table department_members (
    tenant_id uuid not null,
    department_id uuid not null,
    member_id uuid not null,
    constraint department_members_pkey primary key (tenant_id, department_id, member_id),
    constraint department_members_department_id_fkey foreign key (tenant_id, department_id) references departments (tenant_id, id),
    constraint department_members_member_id_fkey foreign key (tenant_id, member_id) references members (tenant_id, id) on delete cascade
);
create index department_members_member_id_idx on department_members (tenant_id, member_id);
select wall('department_members');

-- The built-in roles of the tenants there are.
update roles set permissions = permissions || '{identity:department:*}', version = version + 1
    where built_in and name = 'ADMIN';
update roles set permissions = permissions || '{identity:department:read}', version = version + 1
    where built_in and name = 'MANAGER';
