drop table plan_syncs, synced_tasks, product_revisions;
