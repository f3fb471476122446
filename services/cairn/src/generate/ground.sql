-- What is generated, as temporary tables: each connection makes its own, and all of them make the same, because everything
-- follows from `given`. `u` is chance: a number from 0 to 1 for the n-th thing of a kind.
create function pg_temp.u(seed bigint, kind integer, n bigint) returns double precision language sql immutable
return (hashint8extended(n, seed * 1000 + kind) & 16777215) / 16777216.0;

-- An id that sorts by the moment it was made at (UUIDv7), of another tenant another one.
create function pg_temp.id(at timestamptz, salt bigint, kind integer, n bigint) returns uuid language sql stable
return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
    || '7' || lpad(to_hex(hashint8extended(n, salt + kind) & 4095), 3, '0')
    || to_hex(hashint8extended(n, salt + 500 + kind) & 4611686018427387903 | (-9223372036854775807 - 1)))::uuid;

create function pg_temp.one_of(choices text[], n bigint) returns text language sql immutable
return choices[1 + n % cardinality(choices)];

create function pg_temp.micros(at timestamptz) returns bigint language sql stable
return (extract(epoch from at) * 1000000)::bigint;

-- The identity that a value has when it is sent (telemetry's values/identity.rs). One expression: Postgres works it into the
-- statements that call it.
create function pg_temp.event_id(attribute uuid, micros bigint, value text) returns uuid language sql immutable
return (right(attribute::text, 4) || lpad(to_hex(micros >> 20), 8, '0') || '8' || lpad(to_hex((micros >> 8) & 4095), 3, '0')
    || to_hex((-9223372036854775807 - 1) | ((micros & 255) << 54) | ((
        ('x' || left(encode(sha256(uuid_send(attribute) || int8send(micros) || 'c' || value::bytea), 'hex'), 16))::bit(64)::bigint
        >> 10) & 18014398509481983)))::uuid;

-- The k-th value of a task, counted from the latest on: four on a day, then none for some days.
create function pg_temp.moment(last_at timestamptz, span double precision, k bigint, of bigint) returns timestamptz language sql stable
return last_at - make_interval(secs => span * (k / 4) / ((of + 3) / 4) + (k % 4) * least(21600, span / ((of + 3) / 4) / 4.5));

-- The latest value says what the task's status says; before, it may have been otherwise.
create function pg_temp.reading(status text, seed bigint, n bigint, k bigint) returns text language sql immutable
return (case when status = 'IN_PROGRESS' then floor(10 * pg_temp.u(seed, 17, n * 1000 + k))
    when k = 0 then 10 + 90 * pg_temp.u(seed, 17, n * 1000) else 100 * pg_temp.u(seed, 17, n * 1000 + k) end)::integer::text;

-- Who has tasks: the solution (0), and products, of which the solution bundles the first.
create temp table owners as
select number, case number when 0 then 'SOLUTION' else 'PRODUCT' end as kind, made_at, pg_temp.id(made_at, salt, 1, number) as id,
    case number when 0 then 'Whole Harbour' else
        pg_temp.one_of('{Harbour,Crane,Tide,Berth,Cargo}', number - 1) || ' '
        || pg_temp.one_of('{Gate,Watch,Table,Ledger}', (number - 1) / 5) end as name,
    number between 1 and bundled as is_bundled
from given, generate_series(0, 20) as number,
    lateral (select at - interval '800 days' + number * interval '1 hour') as t (made_at);

create temp table owner_tasks as
select o.number as owner, place, pg_temp.id(made_at, salt, 2, t.n) as id, pg_temp.id(made_at, salt, 3, t.n) as attribute_id,
    pg_temp.one_of('{Connect,Configure,Test,Document,Roll out,Measure,Automate}', place) || ' '
    || pg_temp.one_of('{gates,sensors,users,reports,alerts}', place / 7) || ' ' || place as name,
    10000 / tasks + (place <= 10000 % tasks)::integer as weight, 15 * (1 + place % 16) as est_minutes
from given, owners o, generate_series(1, tasks) as place, lateral (select o.number * 1000 + place) as t (n);
create unique index on owner_tasks (owner, place);

create temp table made_customers as
select c, made_at, pg_temp.id(made_at, salt, 4, c) as id,
    pg_temp.one_of('{Northern,Royal,Blue,United,Coastal,Grand,Eastern}', c) || ' '
    || pg_temp.one_of('{Ferries,Lines,Ports,Docks,Shipping}', c / 7) || ' ' || c as name
from given, generate_series(1, customers) as c,
    lateral (select at - make_interval(secs => 86400 * (30 + 700 * pg_temp.u(seed, 1, c)))) as t (made_at);

-- The first plans of a customer are the solution's: its own tasks, then its products. The others stand alone.
create temp table made_plans as
select n, c, slot, number as owner, o.id as owner_id, o.kind as owner_kind, o.name as owner_name, slot <= bundled as is_part,
    made_customers.id as customer_id, bought_at, plan_made_at as made_at, extract(epoch from at - plan_made_at)::float8 as age,
    pg_temp.id(plan_made_at, salt, 5, n) as assignment_id, pg_temp.id(plan_made_at, salt, 6, n) as id,
    case when slot <= bundled then pg_temp.id(made_customers.made_at, salt, 7, c) end as whole_id,
    pg_temp.one_of('{ESSENTIAL,ESSENTIAL,ESSENTIAL,ESSENTIAL,ESSENTIAL,ADVANTAGE,ADVANTAGE,ADVANTAGE,SIGNATURE,SIGNATURE}',
        (10 * pg_temp.u(seed, 2, case when slot <= bundled then c * 1000 else c * 1000 + slot end))::bigint) as level,
    pg_temp.u(seed, 3, n) < 0.25 as is_behind,
    -- How far it can have come: by its age, by its customer, and by itself.
    least(0.97, (0.2 + 0.6 * pg_temp.u(seed, 4, c) + 0.4 * pg_temp.u(seed, 5, n))
        * least(1, extract(epoch from at - plan_made_at)::float8 / (420 * 86400))) as ripe
from given, made_customers, generate_series(0, plans - 1) as slot,
    lateral (select c::bigint * 1000 + slot) as p (n),
    lateral (select case when slot <= bundled then made_customers.made_at
        else made_customers.made_at + 0.9 * pg_temp.u(seed, 6, n) * (at - made_customers.made_at) end) as b (bought_at),
    lateral (select bought_at + 0.05 * pg_temp.u(seed, 7, n) * (at - bought_at)) as t (plan_made_at),
    owners o
where number = case when slot <= bundled then slot else 1 + (20 * pg_temp.u(seed, 8, n))::integer % 20 end;
create unique index on made_plans (n);

create temp table made_tasks as
with thrown as (
    select p.n * 1000 + place as n, p.n as plan, p.c, place, owner, p.made_at, p.age, p.ripe, seed, at, salt,
        0.5 * pg_temp.u(seed, 9, p.n * 1000 + place) + 0.5 * place / tasks as rank,
        pg_temp.u(seed, 10, p.n * 1000 + place) as moved, pg_temp.u(seed, 11, p.n * 1000 + place) as hand,
        pg_temp.u(seed, 12, p.n * 1000 + place) < case when place % 10 = 7 then 0.15 else 0.02 end as is_skipped
    from given, made_plans p, generate_series(1, tasks) as place
), stood as (
    select *, case when is_skipped then 'NOT_APPLICABLE' when rank < ripe then 'DONE' when rank < ripe + 0.02 then 'NO_LONGER_USING'
        when rank < ripe + 0.1 then 'IN_PROGRESS' else 'NOT_STARTED' end as status
    from thrown
), told as (
    select *, case when status = 'NOT_STARTED' then 'SYSTEM' when status = 'NO_LONGER_USING' then 'TELEMETRY'
        when status = 'NOT_APPLICABLE' or hand < 0.25 then 'MANUAL' else 'TELEMETRY' end as source
    from stood
), seen as (
    select n, plan, c, place, owner, made_at, status, source, source = 'TELEMETRY' as has_value,
        pg_temp.id(made_at, salt, 8, n) as id, pg_temp.id(made_at, salt, 9, n) as attribute_id,
        case when status = 'NOT_STARTED' then made_at else made_at + make_interval(secs => age * (0.02 + 0.96 * moved)) end as moved_at,
        -- The latest value: of most customers from the last day, of some from weeks ago.
        at - make_interval(secs => 7200 + least(age / 2 - 7200, 86400 * pg_temp.u(seed, 13, n)
            + case when pg_temp.u(seed, 14, c) < 0.25 then 86400 * 45 * pg_temp.u(seed, 15, c) else 0 end)) as last_at
    from told
)
select *, least(80 * 86400, 0.9 * extract(epoch from last_at - made_at)::float8) as span,
    case when has_value then row_number() over (partition by has_value order by n) end as rank
from seen;
create index on made_tasks (rank);
analyze owner_tasks, made_plans, made_tasks;
