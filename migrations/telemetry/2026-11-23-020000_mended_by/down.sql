alter table refusals drop column replayed_batch_id;
