-- Job roles: what somebody does in departments. What they allow counts for the members who have them.
create table job_roles (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    name text not null,
    name_folded text not null generated always as (lower(name)) stored,
    description text,
    permissions text[] not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint job_roles_pkey primary key (tenant_id, id),
    constraint job_roles_name_key unique (tenant_id, name_folded)
);
select wall('job_roles');

create table job_role_departments (
    tenant_id uuid not null,
    job_role_id uuid not null,
    department_id uuid not null,
    constraint job_role_departments_pkey primary key (tenant_id, job_role_id, department_id),
    constraint job_role_departments_job_role_id_fkey foreign key (tenant_id, job_role_id) references job_roles (tenant_id, id) on delete cascade,
    constraint job_role_departments_department_id_fkey foreign key (tenant_id, department_id) references departments (tenant_id, id)
);
create index job_role_departments_department_id_idx on job_role_departments (tenant_id, department_id, job_role_id);
select wall('job_role_departments');

create table job_role_members (
    tenant_id uuid not null,
    job_role_id uuid not null,
    member_id uuid not null,
    constraint job_role_members_pkey primary key (tenant_id, job_role_id, member_id),
    constraint job_role_members_job_role_id_fkey foreign key (tenant_id, job_role_id) references job_roles (tenant_id, id),
    constraint job_role_members_member_id_fkey foreign key (tenant_id, member_id) references members (tenant_id, id) on delete cascade
);
create index job_role_members_member_id_idx on job_role_members (tenant_id, member_id);
select wall('job_role_members');

-- The built-in roles of the tenants there are.
update roles set permissions = permissions || '{identity:job-role:*}', version = version + 1
    where built_in and name = 'ADMIN';
update roles set permissions = permissions || '{identity:job-role:read}', version = version + 1
    where built_in and name = 'MANAGER';
