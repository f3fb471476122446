drop table versions;
