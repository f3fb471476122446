-- A person's profile; passwords that may not come back; when and how somebody proved who they are; members who wait.
alter table users
    add column email_verified_at timestamptz,
    add column avatar_hash text,
    add column onboarded_at timestamptz;

alter table credentials add column previous text[] not null default '{}';

alter table sessions
    -- `expires_at` moves with every refresh, up to here.
    add column ends_at timestamptz,
    add column authenticated_at timestamptz,
    add column methods text[] not null default '{PASSWORD}';
update sessions set ends_at = expires_at, authenticated_at = created_at;
alter table sessions alter column ends_at set not null, alter column authenticated_at set not null;

alter table members
    add column job_title text,
    -- Tokens from before do not count; a new name alone does not end them.
    add column rights_changed_at timestamptz,
    drop constraint members_status_check,
    add constraint members_status_check check (status in ('PENDING', 'ACTIVE', 'SUSPENDED'));
update members set rights_changed_at = updated_at;
alter table members alter column rights_changed_at set not null;
create index members_rights_changed_at_idx on members (rights_changed_at);
drop index members_updated_at_idx;

create or replace function members_changed_since(moment timestamptz)
returns table (tenant_id uuid, user_id uuid, changed_at timestamptz)
language sql stable security definer set search_path = identity, pg_temp as $$
    select m.tenant_id, m.user_id, m.rights_changed_at from members m
    where m.rights_changed_at > moment and m.rights_changed_at > m.created_at
$$;

-- A person's places, whatever their status: what one may see of oneself.
create function memberships_of(person uuid) returns table (tenant_id uuid, member_id uuid, status text)
language sql stable security definer set search_path = identity, pg_temp as $$
    select m.tenant_id, m.id, m.status from members m where m.user_id = person order by m.created_at, m.id
$$;

-- The strictest rules for passwords among a person's tenants; where a tenant has set none, the defaults given.
create function password_rules_of(person uuid, default_length integer, default_history integer)
returns table (min_length integer, history integer)
language sql stable security definer set search_path = identity, pg_temp as $$
    select coalesce(max(coalesce((s.overrides ->> 'passwordMinLength')::integer, default_length)), default_length),
           coalesce(max(coalesce((s.overrides ->> 'passwordHistory')::integer, default_history)), default_history)
    from members m left join tenant_settings s on s.tenant_id = m.tenant_id
    where m.user_id = person
$$;

-- Of some people, those who are members nowhere but in the present tenant.
create function only_here() returns table (user_id uuid)
language sql stable security definer set search_path = identity, pg_temp as $$
    select m.user_id from members m
    where m.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
      and not exists (select from members o where o.user_id = m.user_id and o.tenant_id <> m.tenant_id)
$$;

-- Who registered before a moment and never proved their address, in every tenant.
create function members_waiting_since(moment timestamptz) returns table (tenant_id uuid, member_id uuid)
language sql stable security definer set search_path = identity, pg_temp as $$
    select m.tenant_id, m.id from members m join users u on u.id = m.user_id
    where m.status = 'PENDING' and m.created_at < moment and u.email_verified_at is null
$$;
create index members_pending_idx on members (created_at) where status = 'PENDING';

revoke execute on function memberships_of(uuid), password_rules_of(uuid, integer, integer), only_here(),
    members_waiting_since(timestamptz) from public;
grant execute on function memberships_of(uuid), password_rules_of(uuid, integer, integer), only_here(),
    members_waiting_since(timestamptz) to identity_app;
grant delete on users to identity_app;
