-- Programs of partners, and the keys they come with.
create table service_accounts (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    name text not null,
    description text not null,
    permissions text[] not null,
    status text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint service_accounts_pkey primary key (tenant_id, id),
    constraint service_accounts_status_check check (status in ('ACTIVE', 'SUSPENDED', 'DELETED'))
);
create unique index service_accounts_name_key on service_accounts (tenant_id, name) where status <> 'DELETED';
create index service_accounts_updated_at_idx on service_accounts (updated_at);
select wall('service_accounts');

create table api_keys (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    service_account_id uuid not null,
    name text not null,
    -- Public: names the key. The secret after it is kept as a hash.
    prefix text not null,
    secret_hash bytea not null,
    -- Narrows what the account may do; empty: all of it.
    scopes text[] not null,
    -- Addresses and networks it may be used from; empty: all.
    allowed_addresses text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    last_used_from text,
    revoked_at timestamptz,
    constraint api_keys_pkey primary key (tenant_id, id),
    constraint api_keys_prefix_key unique (prefix),
    constraint api_keys_service_account_id_fkey foreign key (tenant_id, service_account_id)
        references service_accounts (tenant_id, id) on delete cascade
);
create index api_keys_service_account_id_idx on api_keys (tenant_id, service_account_id, id);
create index api_keys_revoked_at_idx on api_keys (revoked_at) where revoked_at is not null;
select wall('api_keys');

-- The tenant of a key: a key comes before its tenant is known. Which key it is, the secret must prove.
create function tenant_of_key(wanted text) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = identity, pg_temp as $$
    select k.tenant_id, k.id from api_keys k where k.prefix = wanted
$$;

-- Keys that ended since a moment, in every tenant: tokens that were given for them do not count.
create function keys_revoked_since(moment timestamptz) returns table (id uuid, revoked_at timestamptz)
language sql stable security definer set search_path = identity, pg_temp as $$
    select k.id, k.revoked_at from api_keys k where k.revoked_at > moment
$$;
-- Accounts whose rights changed since a moment.
create function accounts_changed_since(moment timestamptz) returns table (tenant_id uuid, id uuid, changed_at timestamptz)
language sql stable security definer set search_path = identity, pg_temp as $$
    select a.tenant_id, a.id, a.updated_at from service_accounts a where a.updated_at > moment and a.version > 1
$$;
revoke execute on function tenant_of_key(text), keys_revoked_since(timestamptz), accounts_changed_since(timestamptz) from public;
grant execute on function tenant_of_key(text), keys_revoked_since(timestamptz), accounts_changed_since(timestamptz) to identity_app;
