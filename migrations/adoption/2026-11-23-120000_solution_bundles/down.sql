alter table catalog_revisions drop column bundle_revision;
alter table solution_plans drop column catalog_revision;
