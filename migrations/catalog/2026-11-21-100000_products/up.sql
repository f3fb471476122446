-- Products. `version` tells of the product's own fields; `revision` of it and everything under it.
create table products (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null,
    external_key text,
    name text not null,
    -- Case-folded for uniqueness: lower(name) in an index is out of reach behind row security.
    name_folded text not null generated always as (lower(name)) stored,
    description text,
    resources jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    constraint products_pkey primary key (tenant_id, id)
);
create unique index products_name_key on products (tenant_id, name_folded) where deleted_at is null;
-- Unique among the living; the deleted are told apart by when, and found by the same index.
create unique index products_external_key_key on products (tenant_id, external_key, deleted_at) nulls not distinct
    where external_key is not null;
-- One index per declared sort; the order of creation is the primary key's.
create index products_name_idx on products (tenant_id, name, id);
create index products_updated_at_idx on products (tenant_id, updated_at, id);
select wall('products');
