update roles set permissions = array_remove(permissions, 'identity:edit-lock:*'), version = version + 1
    where built_in and name = 'ADMIN';
drop table edit_locks;
