drop table metric_rules;
