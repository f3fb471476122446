-- Batches: what was sent, by whom, and what became of it. Retracting one takes back exactly what it did, so what only repeats
-- or says that something is gone is kept as well.
create table batches (
    tenant_id uuid not null,
    id uuid not null,
    received_at timestamptz not null,
    -- As events name who acts.
    sent_by text not null,
    sent integer not null,
    accepted integer not null,
    duplicate integer not null,
    refused integer not null,
    -- Assignments that it declared complete.
    completed integer not null,
    retracted_at timestamptz,
    retracted_by text,
    constraint batches_pkey primary key (tenant_id, id),
    constraint batches_sent_check check (accepted + duplicate + refused = sent),
    constraint batches_retracted_check check ((retracted_at is null) = (retracted_by is null))
);
select wall('batches');

-- The values of a batch. Batches come one after the other, so new entries go to the end of the index.
create index values_batch_idx on "values" (tenant_id, batch_id);

-- Values that were there when a batch sent them: the first of them takes the place when the one before is retracted.
create table repeats (
    tenant_id uuid not null,
    assignment_id uuid not null,
    event_id uuid not null,
    observed_at timestamptz not null,
    attribute_id uuid not null,
    value text not null,
    source text,
    notes text,
    batch_id uuid not null,
    received_at timestamptz not null,
    constraint repeats_pkey primary key (tenant_id, assignment_id, event_id, batch_id)
);
create index repeats_batch_idx on repeats (tenant_id, batch_id);
select wall('repeats');

-- What complete feeds said: from this moment on, these attributes of an assignment had no data.
create table silences (
    tenant_id uuid not null,
    batch_id uuid not null,
    assignment_id uuid not null,
    at timestamptz not null,
    attribute_ids uuid[] not null,
    constraint silences_pkey primary key (tenant_id, batch_id, assignment_id)
);
create index silences_assignment_idx on silences (tenant_id, assignment_id, at);
select wall('silences');

-- Forgets what belongs to values that are not kept any more.
create function forget_batches(before timestamptz) returns void
language sql security definer
begin atomic
    delete from batches where received_at < before;
    delete from repeats where observed_at < before;
    delete from silences where at < before;
end;

do $$
begin
    execute format('alter function forget_batches(timestamptz) set search_path = %I, pg_temp', current_schema());
    execute 'revoke execute on function forget_batches(timestamptz) from public';
    execute format('grant execute on function forget_batches(timestamptz) to %I', current_schema() || '_app');
end $$;
