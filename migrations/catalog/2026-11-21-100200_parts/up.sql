-- What the tasks of an owner are sorted by, and what else hangs on it: licences, outcomes, releases, tags, custom attributes.
--
-- An owner is a product or a solution. `owner_kind` says which; the two generated columns turn the pair into foreign keys,
-- so that exactly one of them holds by construction. They are never written or read by the service. `revision` is the
-- owner's at the row's last change.

create table licenses (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null,
    owner_kind text not null,
    owner_id uuid not null,
    external_key text,
    name text not null,
    description text,
    display_order integer not null,
    level integer not null,
    is_active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    product_id uuid generated always as (case when owner_kind = 'PRODUCT' then owner_id end) stored,
    solution_id uuid generated always as (case when owner_kind = 'SOLUTION' then owner_id end) stored,
    constraint licenses_pkey primary key (tenant_id, id),
    constraint licenses_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION')),
    constraint licenses_level_check check (level between 1 and 10),
    constraint licenses_product_id_fkey foreign key (tenant_id, product_id) references products (tenant_id, id),
    constraint licenses_solution_id_fkey foreign key (tenant_id, solution_id) references solutions (tenant_id, id)
);
create unique index licenses_external_key_key on licenses (tenant_id, external_key);
create index licenses_owner_id_display_order_idx on licenses (tenant_id, owner_id, display_order, id);
select wall('licenses');

create table outcomes (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null,
    owner_kind text not null,
    owner_id uuid not null,
    external_key text,
    name text not null,
    description text,
    display_order integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    product_id uuid generated always as (case when owner_kind = 'PRODUCT' then owner_id end) stored,
    solution_id uuid generated always as (case when owner_kind = 'SOLUTION' then owner_id end) stored,
    constraint outcomes_pkey primary key (tenant_id, id),
    constraint outcomes_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION')),
    constraint outcomes_product_id_fkey foreign key (tenant_id, product_id) references products (tenant_id, id),
    constraint outcomes_solution_id_fkey foreign key (tenant_id, solution_id) references solutions (tenant_id, id)
);
create unique index outcomes_name_key on outcomes (tenant_id, owner_id, name);
create unique index outcomes_external_key_key on outcomes (tenant_id, external_key);
create index outcomes_owner_id_display_order_idx on outcomes (tenant_id, owner_id, display_order, id);
select wall('outcomes');

create table releases (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null,
    owner_kind text not null,
    owner_id uuid not null,
    external_key text,
    name text not null,
    description text,
    display_order integer not null,
    level integer not null, -- hundredths
    is_active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    product_id uuid generated always as (case when owner_kind = 'PRODUCT' then owner_id end) stored,
    solution_id uuid generated always as (case when owner_kind = 'SOLUTION' then owner_id end) stored,
    constraint releases_pkey primary key (tenant_id, id),
    constraint releases_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION')),
    constraint releases_level_check check (level >= 0),
    constraint releases_product_id_fkey foreign key (tenant_id, product_id) references products (tenant_id, id),
    constraint releases_solution_id_fkey foreign key (tenant_id, solution_id) references solutions (tenant_id, id)
);
create unique index releases_external_key_key on releases (tenant_id, external_key);
create index releases_owner_id_display_order_idx on releases (tenant_id, owner_id, display_order, id);
select wall('releases');

create table tags (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null,
    owner_kind text not null,
    owner_id uuid not null,
    external_key text,
    name text not null,
    description text,
    display_order integer not null,
    color text,
    -- Case-folded for uniqueness: lower(name) in an index is out of reach behind row security.
    name_folded text not null generated always as (lower(name)) stored,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    product_id uuid generated always as (case when owner_kind = 'PRODUCT' then owner_id end) stored,
    solution_id uuid generated always as (case when owner_kind = 'SOLUTION' then owner_id end) stored,
    constraint tags_pkey primary key (tenant_id, id),
    constraint tags_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION')),
    constraint tags_product_id_fkey foreign key (tenant_id, product_id) references products (tenant_id, id),
    constraint tags_solution_id_fkey foreign key (tenant_id, solution_id) references solutions (tenant_id, id)
);
create unique index tags_name_key on tags (tenant_id, owner_id, name_folded);
create unique index tags_external_key_key on tags (tenant_id, external_key);
create index tags_owner_id_display_order_idx on tags (tenant_id, owner_id, display_order, id);
select wall('tags');

create table custom_attributes (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    revision bigint not null,
    owner_kind text not null,
    owner_id uuid not null,
    external_key text,
    key text not null,
    description text,
    display_order integer not null,
    value text not null, -- JSON, kept as it was sent
    data_type text not null,
    is_required boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    product_id uuid generated always as (case when owner_kind = 'PRODUCT' then owner_id end) stored,
    solution_id uuid generated always as (case when owner_kind = 'SOLUTION' then owner_id end) stored,
    constraint custom_attributes_pkey primary key (tenant_id, id),
    constraint custom_attributes_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION')),
    constraint custom_attributes_data_type_check check (data_type in ('TEXT', 'NUMBER', 'BOOLEAN', 'DATE', 'JSON')),
    constraint custom_attributes_product_id_fkey foreign key (tenant_id, product_id) references products (tenant_id, id),
    constraint custom_attributes_solution_id_fkey foreign key (tenant_id, solution_id) references solutions (tenant_id, id)
);
create unique index custom_attributes_key_key on custom_attributes (tenant_id, owner_id, key);
create unique index custom_attributes_external_key_key on custom_attributes (tenant_id, external_key);
create index custom_attributes_owner_id_display_order_idx on custom_attributes (tenant_id, owner_id, display_order, id);
select wall('custom_attributes');
