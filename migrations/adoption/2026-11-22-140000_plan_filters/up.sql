-- Tags of a plan's tasks, copied as outcomes are. Plans that are there already get theirs at their next sync.
alter table customer_tasks add column tag_ids uuid[] not null default '{}';

-- What each person last looked for in a plan.
create table plan_filters (
    tenant_id uuid not null,
    plan_id uuid not null,
    user_id uuid not null,
    filter jsonb not null,
    constraint plan_filters_pkey primary key (tenant_id, plan_id, user_id),
    constraint plan_filters_plan_fkey foreign key (tenant_id, plan_id) references plans (tenant_id, id) on delete cascade
);
select wall('plan_filters');
