alter table licenses drop constraint licenses_product_license_ids_check, drop column product_license_ids;
drop table solution_task_orders;
