alter table batches drop column observed_from, drop column observed_to;
