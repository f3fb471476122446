-- A key that was replaced is not replaced again: the key after it is.
alter table api_keys add column replaced_at timestamptz;
