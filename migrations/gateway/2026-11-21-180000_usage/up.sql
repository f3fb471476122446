-- Usage: how often each caller of a tenant asked in a day and in a month, and the whole tenant, whose row has its own id for the
-- caller's. Every gateway adds what it counted once a second.
create table usage (
    tenant_id uuid not null,
    period text not null,
    starts_at timestamptz not null,
    caller_id uuid not null,
    caller_kind text not null,
    requests bigint not null,
    constraint usage_pkey primary key (tenant_id, period, starts_at, caller_id),
    constraint usage_period_check check (period in ('DAY', 'MONTH')),
    constraint usage_caller_kind_check check (caller_kind in ('TENANT', 'MEMBER', 'API_KEY')),
    constraint usage_requests_check check (requests > 0)
) with (fillfactor = 60); -- rewritten every second: room for it on the same page keeps the index still
select wall('usage');

-- Forgets what began before this moment, in every tenant.
create function forget_usage(before timestamptz) returns void
language sql security definer
begin atomic
    delete from usage where starts_at < before;
end;

do $$
begin
    execute format('alter function forget_usage(timestamptz) set search_path = %I, pg_temp', current_schema());
    execute 'revoke execute on function forget_usage(timestamptz) from public';
    execute format('grant execute on function forget_usage(timestamptz) to %I', current_schema() || '_app');
end $$;
