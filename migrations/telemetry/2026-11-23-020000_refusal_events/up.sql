-- What batches did to refusals: each that brought one, with what was wrong then, and each whose value mended it, with nothing.
-- When a batch is retracted, the refusal is what the others made of it.
create table refusal_events (
    tenant_id uuid not null,
    refusal_id uuid not null,
    batch_id uuid not null,
    at timestamptz not null,
    index integer,
    code text,
    detail text,
    constraint refusal_events_pkey primary key (tenant_id, refusal_id, batch_id),
    constraint refusal_events_refusal_id_fkey foreign key (tenant_id, refusal_id)
        references refusals (tenant_id, id) on delete cascade,
    constraint refusal_events_code_check check ((code is null) = (detail is null) and (code is null) = (index is null))
);
create index refusal_events_batch_idx on refusal_events (tenant_id, batch_id);
select wall('refusal_events');

-- Of what happened before, the last batch that brought each refusal is known.
insert into refusal_events (tenant_id, refusal_id, batch_id, at, index, code, detail)
select tenant_id, id, batch_id, received_at, index, code, detail from refusals;
-- And that some are mended, by a batch that nobody remembers.
insert into refusal_events (tenant_id, refusal_id, batch_id, at)
select tenant_id, id, '00000000-0000-0000-0000-000000000000', replayed_at from refusals where replayed_at is not null;
