-- Solutions: bundles of products. `version` and `revision` as for products; names may repeat.
create table solutions (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null,
    external_key text,
    name text not null,
    description text,
    resources jsonb not null,
    -- The bundle, in order. An array and not a table of links: it is read and replaced whole, with the solution's version.
    -- A product is never removed from `products`, so an id that was one when it was written stays one.
    product_ids uuid[] not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    constraint solutions_pkey primary key (tenant_id, id)
);
create unique index solutions_external_key_key on solutions (tenant_id, external_key, deleted_at) nulls not distinct
    where external_key is not null;
create index solutions_name_idx on solutions (tenant_id, name, id);
create index solutions_updated_at_idx on solutions (tenant_id, updated_at, id);
select wall('solutions');
