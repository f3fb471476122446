drop table signing_keys, sessions, credentials, users, tenants;
