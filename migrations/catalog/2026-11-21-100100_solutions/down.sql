drop table solutions;
