update roles set version = version + 1, permissions =
        array_remove(array_remove(permissions, 'identity:settings:*'), 'identity:service-account:*')
    where built_in and name = 'ADMIN';
