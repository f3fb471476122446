-- Customers. Names may repeat; the caller's own key may not.
create table customers (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    external_key text,
    name text not null,
    description text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    constraint customers_pkey primary key (tenant_id, id)
);
create unique index customers_external_key_key on customers (tenant_id, external_key);
select wall('customers');
