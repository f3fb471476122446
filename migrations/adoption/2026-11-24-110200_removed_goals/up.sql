-- A goal that is taken back keeps what was measured: it is there again when it is set again.
alter table outcome_goals add column removed_at timestamptz;
