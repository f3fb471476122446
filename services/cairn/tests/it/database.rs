//! What holds in the database itself, whatever the services do.

use std::collections::{BTreeMap, BTreeSet};

use db::{Db, Wake};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kernel::config::Config;
use serde_json::json;

use crate::company;
use crate::support::on_stage;

/// Tables without a tenant (decisions 12). Nothing else may be one.
const GLOBAL: [&str; 14] = [
    "identity.authenticators",
    "identity.ceremonies",
    "identity.credentials",
    "identity.data_keys",
    "identity.letters",
    "identity.one_time_links",
    "identity.passkeys",
    "identity.pictures",
    "identity.recovery_codes",
    "identity.sessions",
    "identity.sign_in_failures",
    "identity.signing_keys",
    "identity.tenants",
    "identity.users",
];

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The `line` column of a statement's rows.
pub(crate) async fn lines(conn: &mut AsyncPgConnection, sql: &str) -> Result<Vec<String>, diesel::result::Error> {
    Ok(diesel::sql_query(sql).load::<Line>(conn).await?.into_iter().map(|row| row.line).collect())
}

/// Every table of ours that is not a part of another one, with its schema.
const TABLES: &str = "select n.nspname || '.' || quote_ident(c.relname) as line from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> '__diesel_schema_migrations'
      and n.nspname in ('identity', 'catalog', 'adoption', 'telemetry', 'workflow', 'helpdesk', 'gateway')";
const HAS_TENANT: &str = "exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')";

/// Everything a tenant has, as text, by table.
pub(crate) async fn rows_of(conn: &mut AsyncPgConnection, tenant: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for table in lines(conn, &format!("{TABLES} and {HAS_TENANT}")).await.unwrap() {
        // The log, and what follows from it at its own pace.
        let at_their_own_pace = [
            "identity.audit_events",
            "identity.audit_chains",
            "catalog.edit_locks",
            "adoption.edit_locks",
            "adoption.catalog_revisions",
            "gateway.usage",
            "catalog.grants",
            "adoption.grants",
            "telemetry.grants",
            "telemetry.assignments",
        ];
        if table.ends_with(".events") || table.ends_with(".inbox") || at_their_own_pace.contains(&table.as_str()) {
            continue;
        }
        let rows = format!("select t::text as line from {table} t where tenant_id = '{tenant}' order by 1");
        let rows = lines(conn, &rows).await.unwrap().join("\n");
        all.insert(table, rows);
    }
    all
}

/// A connection as one of the services' own roles.
async fn role(config: &Config, role: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(config.role_url(role).unwrap().reveal()).await.unwrap()
}

#[test]
fn the_service_roles_cannot_read_insert_change_or_delete_foreign_rows() {
    on_stage(async |stage| {
        company::one_of_everything(&stage.admin, "Aster").await;
        let tenant = stage.admin.get("/identity/v1/tenant").await.id();
        let mut behind = stage.world.administrator().await;
        let (mut tried, mut with_rows) = (0, 0);
        for table in lines(&mut behind, &format!("{TABLES} and {HAS_TENANT}")).await.unwrap() {
            if GLOBAL.contains(&table.as_str()) {
                continue;
            }
            let ours = format!("select 'x' as line from {table} where tenant_id = '{tenant}'");
            with_rows += usize::from(!lines(&mut behind, &ours).await.unwrap().is_empty());
            // A row that no partition takes would be refused before the wall is asked.
            let day = format!(
                "select substring(pg_get_partkeydef('{table}'::regclass) from '\\((.*)\\)') as line where pg_get_partkeydef('{table}'::regclass) is not null"
            );
            let day = lines(&mut behind, &day).await.unwrap();
            let (schema, _) = table.split_once('.').unwrap();
            let mut service = role(&stage.platform.config, &format!("{schema}_app")).await;
            for wall in ["", "set app.tenant = ''", "set app.tenant = '01938a5e-7c4b-7e3a-9f00-000000000001'"] {
                service.batch_execute(wall).await.unwrap();
                let seen = lines(&mut service, &format!("select count(*)::text as line from {table}")).await;
                assert!(seen.as_ref().map_or(true, |count| count == &["0"]), "{table} {wall:?}: {seen:?}");
                for change in [
                    format!("update {table} set tenant_id = tenant_id"),
                    format!("delete from {table}"),
                    format!("delete from {table} where tenant_id = '{tenant}'"),
                ] {
                    let touched = diesel::sql_query(&change).execute(&mut service).await;
                    assert!(touched.as_ref().map_or_else(denied, |rows| *rows == 0), "{change}: {touched:?}");
                }
                let insert = match day.as_slice() {
                    [column] => format!("insert into {table} (tenant_id, {column}) values ('{tenant}', now())"),
                    _ => format!("insert into {table} (tenant_id) values ('{tenant}')"),
                };
                let inserted = diesel::sql_query(&insert).execute(&mut service).await;
                assert!(inserted.as_ref().err().is_some_and(denied), "{insert}: {inserted:?}");
                tried += 1;
            }
        }
        assert!(tried > 60, "every table of every schema: {tried}");
        assert!(with_rows > 20, "there was something to find: {with_rows}");
    });
}

#[test]
fn a_change_that_waits_long_for_another_one_is_told_to_come_back() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = crate::catalog::product(admin, "Harbour Gate").await;
        let id = gate.rsplit('/').next().unwrap();
        let mut other = stage.world.administrator().await;
        let held = format!("begin; select from catalog.products where id = '{id}' for update");
        other.batch_execute(&held).await.unwrap();
        let rename = json!({ "name": "Sea Gate" });
        let told = admin.patch(&gate, None, &rename).await;
        assert_eq!(told.expect_problem(503, "UNAVAILABLE").header("retry-after"), "10");
        other.batch_execute("rollback").await.unwrap();
        admin.patch(&gate, None, &rename).await.expect(200);
    });
}

#[test]
fn a_service_that_is_busy_is_told_from_a_database_that_is_away() {
    on_stage(async |stage| {
        let pool = |url: &str| Db::lazy(url, 1, stage.clock.clone(), Wake::default());
        let busy = pool(stage.world.config.role_url("catalog_app").unwrap().reveal());
        let meanwhile = busy.global(async |_| busy.global(async |_| Ok(())).await).await.unwrap_err();
        let away = pool("postgres://nobody@127.0.0.1:1/none").global(async |_| Ok(())).await.unwrap_err();
        assert_eq!([&meanwhile, &away].map(|problem| problem.kind().status), [503, 503]);
        assert!(meanwhile.to_string().contains("busy"), "{meanwhile}");
        assert!(away.to_string().contains("cannot be reached"), "{away}");
        busy.global(async |_| Ok(())).await.unwrap();
    });
}

fn denied(error: &diesel::result::Error) -> bool {
    let text = error.to_string();
    text.contains("row-level security") || text.contains("permission denied")
}

#[test]
fn every_table_stands_behind_the_wall() {
    on_stage(async |stage| {
        let mut behind = stage.world.administrator().await;
        let open = format!("{TABLES} and not (c.relrowsecurity and c.relforcerowsecurity and {HAS_TENANT}) order by 1");
        assert_eq!(lines(&mut behind, &open).await.unwrap(), GLOBAL);
        let strong = "select rolname::text as line from pg_roles
            where (rolname like '%\\_app' or rolname like '%\\_relay') and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)";
        assert_eq!(lines(&mut behind, strong).await.unwrap(), [""; 0]);
        let owned = "select c.relname::text as line from pg_class c join pg_roles r on r.oid = c.relowner
            where r.rolname like '%\\_app' or r.rolname like '%\\_relay'";
        assert_eq!(lines(&mut behind, owned).await.unwrap(), [""; 0]);
        let past = "select c.relname || ' ' || a.grantee::regrole as line from pg_class c, aclexplode(c.relacl) a
            where c.relispartition and a.grantee <> c.relowner";
        assert_eq!(lines(&mut behind, past).await.unwrap(), [""; 0], "a partition is reached through its table only");
    });
}

#[test]
fn the_code_knows_the_tables_as_they_are() {
    on_stage(async |stage| {
        let mut behind = stage.world.administrator().await;
        let kinds = "select n.nspname || '.' || c.relname || '.' || a.attname || ' ' ||
                case when a.attnotnull then '%' else 'Nullable<%>' end || ' ' ||
                format_type(a.atttypid, null) as line
            from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
            where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p') and not c.relispartition
              and n.nspname in ('identity', 'catalog', 'adoption', 'telemetry', 'workflow', 'helpdesk', 'gateway')";
        // What Postgres computes, a schema module may leave out.
        let stated = format!("{kinds} and a.attgenerated = ''");
        let mut known = async |sql: &str| -> BTreeSet<String> {
            lines(&mut behind, sql).await.unwrap().iter().map(|line| diesel_name(line)).collect()
        };
        let (real, stated) = (known(kinds).await, known(&stated).await);
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        for schema in ["identity", "catalog", "adoption", "telemetry", "gateway"] {
            let text = std::fs::read_to_string(format!("{root}/services/{schema}/src/schema.rs")).unwrap();
            let told = columns(schema, &text);
            assert!(told.len() > 5, "{schema}");
            for column in &told {
                assert!(real.contains(column), "{schema}/src/schema.rs says {column}, the migrations do not");
            }
            let tables: BTreeSet<_> = told.iter().map(|column| table_of(column)).collect();
            for column in stated.iter().filter(|column| tables.contains(table_of(column))) {
                assert!(told.contains(column), "the migrations make {column}, {schema}/src/schema.rs does not know it");
            }
        }
    });
}

/// `catalog.products.name Text`, from what Postgres calls it.
fn diesel_name(line: &str) -> String {
    let mut parts = line.splitn(3, ' ');
    let (column, shape, kind) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let (element, array) = kind.strip_suffix("[]").map_or((kind, false), |element| (element, true));
    let name = match element {
        "uuid" => "Uuid",
        "text" => "Text",
        "bigint" => "BigInt",
        "integer" => "Integer",
        "smallint" => "SmallInt",
        "boolean" => "Bool",
        "bytea" => "Binary",
        "jsonb" => "Jsonb",
        "json" => "Json",
        "date" => "Date",
        "double precision" => "Double",
        "timestamp with time zone" => "Timestamptz",
        other => other,
    };
    let kind = if array { format!("Array<{name}>") } else { name.to_owned() };
    format!("{column} {}", shape.replace('%', &kind))
}

/// The columns of a schema module, as `schema.table.column Type`.
fn columns(schema: &str, text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let (mut table, mut real_name) = (String::new(), None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("#[sql_name = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            real_name = Some(name.to_owned());
        } else if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            name.trim_matches('"').clone_into(&mut table);
        } else if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let column = real_name.take().unwrap_or_else(|| column.to_owned());
            all.insert(format!("{schema}.{table}.{column} {kind}"));
        }
    }
    all
}

fn table_of(column: &str) -> &str {
    column.rsplit_once('.').unwrap().0
}

#[test]
fn every_migration_can_be_taken_back_and_made_again() {
    // Diesel's migration harness needs a runtime with several threads.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let schemas = cairn::migrations();
        let world = testkit::world(&schemas);
        let mut behind = world.administrator().await;
        let tables = format!("{TABLES} order by 1");
        let before = lines(&mut behind, &tables).await.unwrap();
        db::revert_all(&world.config, &schemas).await.unwrap();
        assert_eq!(lines(&mut behind, &tables).await.unwrap(), [""; 0], "nothing is left behind");
        db::migrate(&world.config, &schemas).await.unwrap();
        assert_eq!(lines(&mut behind, &tables).await.unwrap(), before);
        world.end().await;
    });
}
