-- The values of some tasks, and what their days come to.
with stored as (
    insert into telemetry."values" (tenant_id, assignment_id, event_id, observed_at, attribute_id, value, source, batch_id, received_at)
    select tenant, assignment_id, pg_temp.event_id(attribute_id, pg_temp.micros(observed_at), value), observed_at, attribute_id,
        value, 'generator', pg_temp.id(at, salt, 11, 0), observed_at + interval '2 seconds'
    from given, (
        -- Worked out once for each value, and not for each time that it is named.
        select p.assignment_id, t.attribute_id, pg_temp.moment(last_at, span, k, its) as observed_at,
            pg_temp.reading(status, seed, t.n, k) as value
        from given, made_tasks t join made_plans p on p.n = t.plan,
            lateral (select count / with_values + (rank <= count % with_values)::integer
                from (select max(rank) as with_values from made_tasks) w) as c (its),
            generate_series(0, its - 1) as k
        where rank between $1 and $2
        offset 0
    ) as r
    returning attribute_id, observed_at, event_id, value
)
insert into telemetry.rollups (tenant_id, attribute_id, day, count, numbers, sum, lowest, highest, last_value, last_observed_at,
    last_event_id)
select tenant, attribute_id, (observed_at at time zone 'UTC')::date, count(*), count(*), sum(value::float8), min(value::float8),
    max(value::float8), (array_agg(value order by event_id desc))[1], max(observed_at),
    (array_agg(event_id order by event_id desc))[1]
from given, stored group by 1, 2, 3
