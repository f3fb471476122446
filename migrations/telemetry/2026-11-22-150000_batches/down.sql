drop function forget_batches(timestamptz);
drop table silences;
drop table repeats;
drop index values_batch_idx;
drop table batches;
