-- Which state of the solution a solution plan has followed as a whole: the plan of its own tasks may be further, synced by itself.
alter table solution_plans add column catalog_revision bigint;
update solution_plans s set catalog_revision = p.catalog_revision from plans p where (p.tenant_id, p.id) = (s.tenant_id, s.plan_id);
alter table solution_plans alter column catalog_revision set not null;

-- And at which the products of a solution last became others. Until now nobody kept it: at the latest that is known.
alter table catalog_revisions add column bundle_revision bigint;
update catalog_revisions set bundle_revision = revision where owner_id in (select solution_id from solution_plans);
