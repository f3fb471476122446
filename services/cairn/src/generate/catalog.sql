-- The catalog: one solution, twenty products, and their tasks, each proved by one telemetry attribute.
insert into catalog.products (tenant_id, id, version, revision, external_key, name, resources, created_at, updated_at)
select tenant, id, 1, revision, 'generated:' || number, name, '[]', made_at, made_at from given, owners where kind = 'PRODUCT';

insert into catalog.solutions (tenant_id, id, version, revision, external_key, name, resources, product_ids, created_at, updated_at)
select tenant, id, 1, revision, 'generated:0', name, '[]',
    array(select id from owners where is_bundled order by number), made_at, made_at
from given, owners where kind = 'SOLUTION';

insert into catalog.tasks (tenant_id, id, version, revision, owner_kind, owner_id, name, weight, sequence_number, license_level,
    est_minutes, how_to_doc, how_to_video, outcome_ids, release_ids, tag_ids, created_at, updated_at)
select tenant, t.id, 1, revision, kind, o.id, t.name, weight, place, 'ESSENTIAL', est_minutes, '{}', '{}', '{}', '{}', '{}',
    made_at, made_at
from given, owners o join owner_tasks t on t.owner = o.number;

insert into catalog.telemetry_attributes (tenant_id, id, version, task_id, name, data_type, is_required, success_criteria,
    display_order, is_active, created_at, updated_at)
select tenant, attribute_id, 1, t.id, 'count', 'NUMBER', true, criterion::jsonb, 1, true, made_at, made_at
from given, owners o join owner_tasks t on t.owner = o.number;
