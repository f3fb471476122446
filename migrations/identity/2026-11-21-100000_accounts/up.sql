-- The global tables: people, their credentials and sign-ins, tenants, signing keys. They belong to no tenant and have no
-- wall; only identity's `accounts` module touches them.
create table tenants (
    id uuid not null,
    version bigint not null,
    name text not null,
    created_at timestamptz not null,
    constraint tenants_pkey primary key (id)
);

create table users (
    id uuid not null,
    email text not null,
    email_folded text not null generated always as (lower(email)) stored,
    username text not null,
    username_folded text not null generated always as (lower(username)) stored,
    name text not null,
    created_at timestamptz not null,
    constraint users_pkey primary key (id),
    constraint users_email_folded_key unique (email_folded),
    constraint users_username_folded_key unique (username_folded),
    -- An e-mail address signs in as well: a user name that looks like one could impersonate its owner.
    constraint users_username_check check (position('@' in username) = 0)
);

create table credentials (
    user_id uuid not null,
    password_hash text not null,
    must_change boolean not null,
    changed_at timestamptz not null,
    constraint credentials_pkey primary key (user_id),
    constraint credentials_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);

create table sessions (
    id uuid not null,
    tenant_id uuid not null,
    user_id uuid not null,
    -- The refresh token that counts; an older one that comes back has been stolen.
    generation integer not null,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    expires_at timestamptz not null,
    client_address text,
    revoked_at timestamptz,
    revoked_reason text,
    constraint sessions_pkey primary key (id),
    constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint sessions_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint sessions_revoked_reason_check check (revoked_reason in ('SIGNED_OUT', 'REFRESH_TOKEN_REUSED', 'PASSWORD_CHANGED'))
);
create index sessions_user_id_idx on sessions (user_id);

create table signing_keys (
    id text not null,
    -- The 32-byte seed, wrapped with AES-256-GCM under a key derived from the master key.
    wrapped_seed bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz,
    constraint signing_keys_pkey primary key (id)
);

grant select, insert, update on tenants, users, credentials, sessions, signing_keys to identity_app;
