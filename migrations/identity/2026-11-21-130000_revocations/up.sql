-- What ended tokens before their time, for verifiers that start or that missed the events.
create index sessions_revoked_at_idx on sessions (revoked_at) where revoked_at is not null;
create index members_updated_at_idx on members (updated_at);

-- Whose rights changed since a moment, in every tenant: their tokens from before no longer count.
create function members_changed_since(moment timestamptz)
returns table (tenant_id uuid, user_id uuid, changed_at timestamptz)
language sql stable security definer set search_path = identity, pg_temp as $$
    select m.tenant_id, m.user_id, m.updated_at from members m where m.updated_at > moment and m.version > 1
$$;
revoke execute on function members_changed_since(timestamptz) from public;
grant execute on function members_changed_since(timestamptz) to identity_app;

-- A suspended member's sessions in the tenant end.
alter table sessions
    drop constraint sessions_revoked_reason_check,
    add constraint sessions_revoked_reason_check check
        (revoked_reason in ('SIGNED_OUT', 'REFRESH_TOKEN_REUSED', 'PASSWORD_CHANGED', 'MEMBER_SUSPENDED'));
