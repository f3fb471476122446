revoke delete on sessions from identity_app;
drop index sessions_expires_at_idx;
update sessions set revoked_reason = 'SIGNED_OUT' where revoked_reason = 'ENDED_BY_ADMINISTRATOR';
alter table sessions
    drop constraint sessions_revoked_reason_check,
    add constraint sessions_revoked_reason_check check
        (revoked_reason in ('SIGNED_OUT', 'REFRESH_TOKEN_REUSED', 'PASSWORD_CHANGED', 'MEMBER_SUSPENDED')),
    drop column user_agent;
