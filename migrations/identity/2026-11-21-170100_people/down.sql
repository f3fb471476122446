revoke delete on users from identity_app;
drop index members_pending_idx;
drop function members_waiting_since(timestamptz);
drop function only_here();
drop function password_rules_of(uuid, integer, integer);
drop function memberships_of(uuid);
create or replace function members_changed_since(moment timestamptz)
returns table (tenant_id uuid, user_id uuid, changed_at timestamptz)
language sql stable security definer set search_path = identity, pg_temp as $$
    select m.tenant_id, m.user_id, m.updated_at from members m where m.updated_at > moment and m.version > 1
$$;
create index members_updated_at_idx on members (updated_at);
drop index members_rights_changed_at_idx;
delete from members where status = 'PENDING';
alter table members
    drop column job_title,
    drop column rights_changed_at,
    drop constraint members_status_check,
    add constraint members_status_check check (status in ('ACTIVE', 'SUSPENDED'));
alter table sessions drop column ends_at, drop column authenticated_at, drop column methods;
alter table credentials drop column previous;
alter table users drop column email_verified_at, drop column avatar_hash, drop column onboarded_at;
