-- At which revision a product was last deleted: it is deleted as long as nothing later is told of it.
alter table catalog_revisions add column deleted_revision bigint;
