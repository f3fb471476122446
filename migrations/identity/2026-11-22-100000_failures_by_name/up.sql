-- A name that is guessed at from many addresses is found by itself.
create index sign_in_failures_login_hash_idx on sign_in_failures (login_hash);
