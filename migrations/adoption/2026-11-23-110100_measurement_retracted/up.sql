-- What was measured by mistake is taken back: the row stays and says so, and counts no more.
alter table outcome_measurements
    add column retracted_at timestamptz,
    add column retracted_by uuid,
    add constraint outcome_measurements_retracted_check check (retracted_by is null or retracted_at is not null);
