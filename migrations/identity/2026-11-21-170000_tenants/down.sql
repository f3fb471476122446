alter table sessions
    drop constraint sessions_revoked_reason_check,
    add constraint sessions_revoked_reason_check check
        (revoked_reason in ('SIGNED_OUT', 'REFRESH_TOKEN_REUSED', 'PASSWORD_CHANGED', 'MEMBER_SUSPENDED', 'ENDED_BY_ADMINISTRATOR'));
drop table tenant_settings;
drop table pictures;
drop table data_keys;
drop index tenants_closed_at_idx;
alter table tenants
    drop constraint tenants_status_check,
    drop constraint tenants_domain_folded_key,
    drop column domain_folded,
    drop column domain,
    drop column status,
    drop column primary_color,
    drop column secondary_color,
    drop column logo_hash,
    drop column closed_at,
    drop column deletion_due_at;
