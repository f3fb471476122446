-- When the first and the last value of a batch was observed: only the partitions of these days can have one. Of batches from before
-- it was kept, that is all of time.
alter table batches
    add column observed_from timestamptz not null default '0001-01-01 00:00Z',
    add column observed_to timestamptz not null default '9999-12-31 00:00Z',
    add constraint batches_observed_check check (observed_from <= observed_to);
