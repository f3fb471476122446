-- A large change set is taken back after the answer: since when that is asked for, and why the last try did not go.
alter table change_sets
    add column version bigint not null default 1,
    add column revert_asked_at timestamptz,
    add column revert_problem jsonb;
update change_sets set version = 2 where reverted_by is not null;
