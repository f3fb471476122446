drop function drop_value_partitions(date);
drop function ensure_value_partitions(date, date);
drop table refusals, "values", facts, attributes;
