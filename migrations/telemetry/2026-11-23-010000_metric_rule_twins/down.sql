drop index metric_rules_twin_key;
