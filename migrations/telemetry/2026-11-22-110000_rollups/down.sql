drop function number_of(text, text);
drop function forget_rollups(date);
drop table rollups;
