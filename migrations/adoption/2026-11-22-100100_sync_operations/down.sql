drop table sync_operation_plans, sync_blueprints, sync_operations;
