-- What an organisation looks like and how it stands, its settings, its pictures, and the key its secrets are kept under.
alter table tenants
    add column domain text,
    add column domain_folded text generated always as (lower(domain)) stored,
    add column status text not null default 'ACTIVE',
    add column primary_color text not null default '#3B82F6',
    add column secondary_color text not null default '#1A1F2E',
    add column logo_hash text,
    -- Since when it may not be used, and from when on its rows are removed.
    add column closed_at timestamptz,
    add column deletion_due_at timestamptz,
    add constraint tenants_domain_folded_key unique (domain_folded),
    add constraint tenants_status_check check (status in ('ACTIVE', 'SUSPENDED', 'CLOSING', 'DELETED'));
create index tenants_closed_at_idx on tenants (closed_at) where closed_at is not null;

-- Each tenant's and each person's own key, wrapped by the platform's master key. Without it what it sealed is noise.
create table data_keys (
    owner_id uuid not null,
    wrapped_key bytea not null,
    created_at timestamptz not null,
    constraint data_keys_pkey primary key (owner_id)
);

-- Logos of tenants and avatars of people.
create table pictures (
    owner_id uuid not null,
    content_type text not null,
    bytes bytea not null,
    constraint pictures_pkey primary key (owner_id)
);

create table tenant_settings (
    tenant_id uuid not null,
    version bigint not null,
    -- What differs from the defaults, by the names that the API uses.
    overrides jsonb not null,
    updated_at timestamptz not null,
    constraint tenant_settings_pkey primary key (tenant_id)
);
select wall('tenant_settings');

grant select, insert, update, delete on data_keys, pictures to identity_app;

-- More reasons for which a session ends.
alter table sessions
    drop constraint sessions_revoked_reason_check,
    add constraint sessions_revoked_reason_check check (revoked_reason in ('SIGNED_OUT', 'REFRESH_TOKEN_REUSED',
        'PASSWORD_CHANGED', 'MEMBER_SUSPENDED', 'ENDED_BY_ADMINISTRATOR', 'TENANT_SWITCHED', 'SECOND_FACTOR_ADDED'));
