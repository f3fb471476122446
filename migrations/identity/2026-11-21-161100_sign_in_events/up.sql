-- Attempts to sign in, in each tenant that they concern. A name that nobody has is recorded nowhere.
create table sign_in_events (
    tenant_id uuid not null,
    id uuid not null,
    user_id uuid not null,
    outcome text not null,
    reason text,
    client_address text,
    user_agent text,
    occurred_at timestamptz not null,
    constraint sign_in_events_pkey primary key (tenant_id, id),
    constraint sign_in_events_outcome_check check (outcome in ('SUCCESS', 'FAILURE')),
    constraint sign_in_events_reason_check check (reason in ('WRONG_PASSWORD', 'LOCKED_OUT', 'WRONG_SECOND_FACTOR', 'SUSPENDED')),
    constraint sign_in_events_failure_check check ((outcome = 'FAILURE') = (reason is not null))
);
create index sign_in_events_occurred_at_idx on sign_in_events (tenant_id, occurred_at, id);
create index sign_in_events_user_id_idx on sign_in_events (tenant_id, user_id, occurred_at, id);
select wall('sign_in_events');
revoke update on sign_in_events from identity_app;

-- A failed attempt has no tenant: it is recorded wherever the person is a member, whichever tenant it was meant for; one that
-- failed because they are suspended, where they are and meant to be. Past the wall; nothing comes back. Of lock-outs one a
-- minute is enough.
create function record_failed_sign_in(person uuid, wanted uuid, why text, address text, agent text, moment timestamptz)
returns void
language sql security definer set search_path = identity, pg_temp as $$
    insert into sign_in_events (tenant_id, id, user_id, outcome, reason, client_address, user_agent, occurred_at)
    select m.tenant_id, gen_random_uuid(), person, 'FAILURE', why, address, agent, moment
    from members m
    where m.user_id = person
      and (why <> 'SUSPENDED' or (m.status = 'SUSPENDED' and (wanted is null or m.tenant_id = wanted)))
      and not (why = 'LOCKED_OUT' and exists (select from sign_in_events s
          where s.tenant_id = m.tenant_id and s.user_id = person and s.reason = why
            and s.occurred_at > moment - interval '1 minute'))
$$;
revoke execute on function record_failed_sign_in(uuid, uuid, text, text, text, timestamptz) from public;
grant execute on function record_failed_sign_in(uuid, uuid, text, text, text, timestamptz) to identity_app;
