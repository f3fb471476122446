-- Grants: a level on one product, solution or customer, or on all of a kind (no resource id), for a member, a role or a
-- service account. Whom and what they are about lives in several tables and services, so neither id is a foreign key: the
-- grants of somebody who goes are deleted with them, one by one, and told of.
create table grants (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    subject_type text not null,
    subject_id uuid not null,
    resource_type text not null,
    resource_id uuid,
    level text not null,
    created_at timestamptz not null,
    constraint grants_pkey primary key (tenant_id, id),
    constraint grants_subject_resource_key unique nulls not distinct (tenant_id, subject_id, resource_type, resource_id),
    constraint grants_subject_type_check check (subject_type in ('USER', 'ROLE', 'SERVICE_ACCOUNT')),
    constraint grants_resource_type_check check (resource_type in ('PRODUCT', 'SOLUTION', 'CUSTOMER')),
    constraint grants_level_check check (level in ('READ', 'WRITE', 'ADMIN'))
);
create index grants_resource_idx on grants (tenant_id, resource_type, resource_id, id);
select wall('grants');

-- The built-in roles of the tenants there are.
update roles set permissions = permissions || '{identity:grant:*}', version = version + 1
    where built_in and name = 'ADMIN';
