-- Whether any of a person's tenants asks its members for a second factor. It is the person's: taken away in one, it is gone in all.
create function second_factor_asked_of(person uuid) returns boolean
language sql stable security definer set search_path = identity, pg_temp as $$
    select exists (
        select from members m join tenant_settings s on s.tenant_id = m.tenant_id
        where m.user_id = person and (s.overrides ->> 'requireTwoFactor')::boolean
    )
$$;
revoke execute on function second_factor_asked_of(uuid) from public;
grant execute on function second_factor_asked_of(uuid) to identity_app;
