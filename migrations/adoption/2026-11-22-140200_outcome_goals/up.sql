-- What a plan is to bring about: for an outcome, where the customer stood and where they want to be.
create table outcome_goals (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    plan_id uuid not null,
    outcome_id uuid not null,
    baseline double precision not null,
    target double precision not null,
    unit text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint outcome_goals_pkey primary key (tenant_id, id),
    constraint outcome_goals_plan_key unique (tenant_id, plan_id, outcome_id),
    constraint outcome_goals_plan_fkey foreign key (tenant_id, plan_id) references plans (tenant_id, id) on delete cascade,
    constraint outcome_goals_target_check check (target <> baseline)
);
select wall('outcome_goals');

-- What was measured since: rows are added and never changed.
create table outcome_measurements (
    tenant_id uuid not null,
    id uuid not null,
    goal_id uuid not null,
    measured_at timestamptz not null,
    value double precision not null,
    note text,
    measured_by uuid,
    created_at timestamptz not null,
    constraint outcome_measurements_pkey primary key (tenant_id, id),
    constraint outcome_measurements_goal_fkey foreign key (tenant_id, goal_id)
        references outcome_goals (tenant_id, id) on delete cascade
);
create index outcome_measurements_goal_idx on outcome_measurements (tenant_id, goal_id, measured_at, id);
select wall('outcome_measurements');
