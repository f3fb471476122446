-- Wrong passwords of the last minutes, by the name that was tried and the address it was tried from. Global: before a sign-in
-- there is no tenant. The name is kept as a hash: people type passwords into the wrong field.
create table sign_in_failures (
    login_hash bytea not null,
    address text not null,
    failures integer not null,
    last_at timestamptz not null,
    constraint sign_in_failures_pkey primary key (address, login_hash)
);
create index sign_in_failures_last_at_idx on sign_in_failures (last_at);
grant select, insert, update, delete on sign_in_failures to identity_app;
