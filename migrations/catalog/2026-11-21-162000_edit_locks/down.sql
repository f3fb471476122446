drop table edit_locks;
