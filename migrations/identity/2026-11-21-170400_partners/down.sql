drop function accounts_changed_since(timestamptz);
drop function keys_revoked_since(timestamptz);
drop function tenant_of_key(text);
drop table api_keys;
drop table service_accounts;
