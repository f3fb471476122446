update sessions set revoked_reason = 'SIGNED_OUT' where revoked_reason = 'MEMBER_SUSPENDED';
alter table sessions
    drop constraint sessions_revoked_reason_check,
    add constraint sessions_revoked_reason_check check
        (revoked_reason in ('SIGNED_OUT', 'REFRESH_TOKEN_REUSED', 'PASSWORD_CHANGED'));
drop function members_changed_since(timestamptz);
drop index members_updated_at_idx, sessions_revoked_at_idx;
