drop table telemetry_attributes, tasks;
