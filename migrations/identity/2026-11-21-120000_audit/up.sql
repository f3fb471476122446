-- The audit trail: every change event of every service. The service may add and read, never alter or remove.
create table audit_events (
    tenant_id uuid not null,
    event_id uuid not null,
    occurred_at timestamptz not null,
    service text not null,
    entity text not null,
    entity_id uuid not null,
    entity_version bigint not null,
    action text not null,
    actor text not null,
    on_behalf_of text,
    client_address text,
    trace_id text not null,
    changes jsonb not null,
    constraint audit_events_pkey primary key (tenant_id, event_id)
);
create index audit_events_occurred_at_idx on audit_events (tenant_id, occurred_at, event_id);
create index audit_events_entity_id_idx on audit_events (tenant_id, entity_id, occurred_at, event_id);
create index audit_events_actor_idx on audit_events (tenant_id, actor, occurred_at, event_id);
select wall('audit_events');
revoke update, delete on audit_events from identity_app;
