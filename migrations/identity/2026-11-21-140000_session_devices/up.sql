-- What a person recognises a sign-in by; an administrator may end one; what expired long ago is swept.
alter table sessions
    add column user_agent text,
    drop constraint sessions_revoked_reason_check,
    add constraint sessions_revoked_reason_check check
        (revoked_reason in ('SIGNED_OUT', 'REFRESH_TOKEN_REUSED', 'PASSWORD_CHANGED', 'MEMBER_SUSPENDED', 'ENDED_BY_ADMINISTRATOR'));
create index sessions_expires_at_idx on sessions (expires_at);
grant delete on sessions to identity_app;
