-- How much each part of a customer's health weighs, where a tenant has said so.
create table health_weights (
    tenant_id uuid not null,
    version bigint not null,
    adoption integer not null,
    velocity integer not null,
    freshness integer not null,
    tickets integer not null,
    updated_at timestamptz not null,
    constraint health_weights_pkey primary key (tenant_id),
    constraint health_weights_check check (least(adoption, velocity, freshness, tickets) >= 0
        and adoption + velocity + freshness + tickets = 100)
);
select wall('health_weights');

-- The health of each customer, day by day (UTC), with all that it follows from: it is explained as it was then. The parts are
-- only ever read whole.
create table health_days (
    tenant_id uuid not null,
    customer_id uuid not null,
    day date not null,
    computed_at timestamptz not null,
    score integer,
    parts jsonb not null,
    constraint health_days_pkey primary key (tenant_id, customer_id, day),
    constraint health_days_customer_fkey foreign key (tenant_id, customer_id) references customers (tenant_id, id),
    constraint health_days_score_check check (score between 0 and 10000)
);
select wall('health_days');

-- Every tenant that has customers already begins with the next night.
insert into jobs (tenant_id, id, kind, unique_key, payload, run_at)
select distinct on (tenant_id) tenant_id, id, 'health.daily', 'tenant', 'null',
    date_trunc('day', now(), 'UTC') + interval '1 day 2 hours'
from customers order by tenant_id, id;
