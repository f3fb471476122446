drop function forget_tenant();
