alter table api_keys drop column source;
alter table api_keys drop column customer_ids;
