-- Versions: a product or a solution as it was when somebody gave that a name. `workbook` is the export as JSON.
create table versions (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null, -- the owner's
    owner_kind text not null,
    owner_id uuid not null,
    name text not null,
    description text,
    workbook text not null,
    created_at timestamptz not null,
    product_id uuid generated always as (case when owner_kind = 'PRODUCT' then owner_id end) stored,
    solution_id uuid generated always as (case when owner_kind = 'SOLUTION' then owner_id end) stored,
    constraint versions_pkey primary key (tenant_id, id),
    constraint versions_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION')),
    constraint versions_product_id_fkey foreign key (tenant_id, product_id) references products (tenant_id, id),
    constraint versions_solution_id_fkey foreign key (tenant_id, solution_id) references solutions (tenant_id, id)
);
create unique index versions_name_key on versions (tenant_id, owner_id, name);
create index versions_owner_id_idx on versions (tenant_id, owner_id, id);
select wall('versions');
