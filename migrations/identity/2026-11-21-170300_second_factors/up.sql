-- Second factors belong to the person: one authenticator app, recovery codes, any number of passkeys.
create table authenticators (
    user_id uuid not null,
    -- The shared secret, sealed with the person's data key.
    secret bytea not null,
    confirmed_at timestamptz,
    -- The last time step that was used: a code counts once.
    last_step bigint not null,
    constraint authenticators_pkey primary key (user_id),
    constraint authenticators_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);

create table recovery_codes (
    user_id uuid not null,
    code_hash bytea not null,
    constraint recovery_codes_pkey primary key (user_id, code_hash),
    constraint recovery_codes_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);

create table passkeys (
    id uuid not null,
    user_id uuid not null,
    -- The authenticator's own name for it, by which a sign-in without a name finds the person.
    credential_id bytea not null,
    name text not null,
    -- The public key and counter, as webauthn-rs keeps them.
    credential jsonb not null,
    created_at timestamptz not null,
    last_used_at timestamptz,
    constraint passkeys_pkey primary key (id),
    constraint passkeys_credential_id_key unique (credential_id),
    constraint passkeys_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index passkeys_user_id_idx on passkeys (user_id);
grant select, insert, update, delete on authenticators, recovery_codes, passkeys to identity_app;

-- What a browser was asked to sign, until it answers: once, and within minutes.
create table ceremonies (
    id uuid not null,
    user_id uuid,
    state jsonb not null,
    expires_at timestamptz not null,
    constraint ceremonies_pkey primary key (id)
);
create index ceremonies_expires_at_idx on ceremonies (expires_at);
grant select, insert, delete on ceremonies to identity_app;
