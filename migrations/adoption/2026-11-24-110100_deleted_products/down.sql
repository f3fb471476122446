alter table catalog_revisions drop column deleted_revision;
