-- What a tenant says about its telemetry.
create table settings (
    tenant_id uuid not null,
    version bigint not null,
    -- Days that values are kept; null for as long as the platform keeps them.
    retention_days integer,
    updated_at timestamptz not null,
    constraint settings_pkey primary key (tenant_id),
    constraint settings_retention_days_check check (retention_days > 0)
);
select wall('settings');
