drop function forget_usage(timestamptz);
drop table usage;
