drop table outcome_measurements, outcome_goals;
