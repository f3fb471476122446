-- The built-in roles of the tenants there are.
update roles set permissions = permissions || '{identity:settings:*,identity:service-account:*}', version = version + 1
    where built_in and name = 'ADMIN';
