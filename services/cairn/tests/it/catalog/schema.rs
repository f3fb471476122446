//! The catalog's lists walk indexes.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::{id, owners, task};
use crate::support::on_stage;

/// How often a table was read from end to end.
#[derive(Debug, QueryableByName)]
struct Scans {
    #[diesel(sql_type = Text)]
    relname: String,
    #[diesel(sql_type = BigInt)]
    scans: i64,
}

#[test]
fn no_list_and_no_read_walks_a_whole_table() {
    // Without this, Postgres rightly takes small tables whole.
    const PREFER_INDEXES: &str =
        "do $$ begin execute format('alter database %I set enable_seqscan = off', current_database()); end $$";
    // Counters reach the statistics when a connection ends.
    const FLUSH: &str = "select pg_terminate_backend(pid, 1000) from pg_stat_activity \
                         where usename = 'catalog_app' and datname = current_database()";
    const SCANS: &str = "select relname::text, coalesce(seq_scan, 0) as scans from pg_stat_user_tables \
                         where schemaname = 'catalog' and coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0";
    on_stage(async |stage| {
        let mut admin = stage.world.administrator().await;
        let made = owners(&stage.admin).await;
        let task = task(&stage.admin, &made[0], "Connect", 1.0).await;
        admin.batch_execute(PREFER_INDEXES).await.unwrap();
        admin.batch_execute(FLUSH).await.unwrap();
        admin.batch_execute("select pg_stat_reset()").await.unwrap();
        let mut reads = vec![task.clone(), format!("{task}/telemetry-attributes")];
        for owner in &made {
            reads.push(owner.clone());
            for list in ["tasks", "licenses", "outcomes", "releases", "tags", "custom-attributes"] {
                reads.extend([format!("{owner}/{list}"), format!("{owner}/{list}?externalKey=k&count=true")]);
            }
            let some = id(&task);
            reads.push(format!("{owner}/tasks?deleted=include&tagId={some}&outcomeId={some}&licenseLevel=ADVANTAGE"));
        }
        reads.push(format!("{}/products", made[1]));
        for list in ["products", "solutions"] {
            for query in ["", "sort=-createdAt", "sort=name", "sort=-name", "sort=updatedAt", "sort=-updatedAt"] {
                reads.push(format!("/catalog/v1/{list}?count=true&{query}"));
            }
            reads.push(format!("/catalog/v1/{list}?externalKey=k"));
            reads.push(format!("/catalog/v1/{list}?externalKey=k&deleted=include"));
        }
        let sets = ["", "?entityId=", "?productId="].map(|which| {
            let of = if which.contains("entity") {
                id(&task)
            } else if which.is_empty() {
                ""
            } else {
                id(&made[0])
            };
            format!("/catalog/v1/change-sets{which}{of}")
        });
        reads.extend(sets);
        reads.push(format!("{}/task-order", made[1]));
        reads.extend(["Connect", "Conect"].map(|said| format!("/catalog/v1/search?q={said}")));
        for read in reads {
            stage.admin.get_until(&read, |answer| answer.status == 200).await.expect(200);
        }
        admin.batch_execute(FLUSH).await.unwrap();
        let scans: Vec<Scans> = diesel::sql_query(SCANS).load(&mut admin).await.unwrap();
        let named = |name: &str| scans.iter().find(|table| table.relname == name).map(|table| table.scans);
        for table in
            ["products", "solutions", "tasks", "licenses", "outcomes", "releases", "tags", "search_rows", "change_sets"]
        {
            assert_eq!(named(table), Some(0), "{table}: {scans:?}");
        }
        assert_eq!((named("custom_attributes"), named("telemetry_attributes")), (Some(0), Some(0)), "{scans:?}");
    });
}
