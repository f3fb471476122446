//! A partition a day: made ahead, filled, dropped.

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::{Deployment, outcome, post};
use crate::support::{Stage, on_prepared_stage, on_stage};

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The days that have a partition, as `YYYYMMDD`.
async fn days(stage: &Stage) -> Vec<String> {
    let of_values = "select right(c.relname, 8) as name from pg_class c join pg_inherits i on i.inhrelid = c.oid \
                     where i.inhparent = 'telemetry.values'::regclass order by 1";
    let rows: Vec<Name> = diesel::sql_query(of_values).load(&mut stage.world.administrator().await).await.unwrap();
    rows.into_iter().map(|row| row.name).collect()
}

fn day(stage: &Stage, ahead: i64) -> String {
    (*stage.clock.now() + chrono::Duration::days(ahead)).format("%Y%m%d").to_string()
}

#[test]
fn the_partitions_of_today_and_tomorrow_are_there_before_a_value_is() {
    on_stage(async |stage| {
        let expected = [day(&stage, 0), day(&stage, 1)];
        for _ in 0..100 {
            if days(&stage).await == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(days(&stage).await, expected);
    });
}

#[test]
fn a_value_of_any_day_within_retention_finds_its_partition() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let values: Vec<_> = [0, 1, 40, 399].map(|days| it.value("users", days, days * 86_400)).to_vec();
        assert_eq!(outcome(&post(&stage.admin, &values).await), [4, 0, 0]);
        assert!(days(&stage).await.contains(&day(&stage, -399)));
    });
}

/// Starts another telemetry service until the partition of tomorrow is there: each looks after the partitions when it
/// starts, and every hour.
async fn start_another(stage: &Stage) {
    let context = web::Context::new("telemetry", stage.platform.config.clone(), stage.clock.clone()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let another = web::serve(telemetry::service(), context, listener).unwrap();
    for _ in 0..100 {
        if days(stage).await.contains(&day(stage, 1)) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    another.stop().await;
}

#[test]
fn values_past_retention_are_dropped_with_their_partition_and_refused_when_they_come_late() {
    let retention = |world: &mut testkit::TestWorld| {
        world.config.telemetry_retention_days = 30;
    };
    on_prepared_stage(retention, async |stage, ()| {
        let it = Deployment::simple(&stage).await;
        let day_seconds = 86_400;
        assert_eq!(
            outcome(&post(&stage.admin, &[it.value("users", 1, 29 * day_seconds), it.value("users", 2, 60)]).await),
            [2, 0, 0]
        );
        assert_eq!(outcome(&post(&stage.admin, &[it.value("users", 1, 31 * day_seconds)]).await), [0, 0, 1]);
        let oldest = day(&stage, -29);
        assert!(days(&stage).await.contains(&oldest));
        stage.clock.advance(chrono::Duration::days(3));
        start_another(&stage).await;
        let after = days(&stage).await;
        assert!(!after.contains(&oldest), "{after:?}");
        let it = it.seen_by(&stage.another_session().await);
        assert_eq!(it.series("users").await.len(), 1);
        let late = post(&it.owner, &[it.value("users", 1, 29 * day_seconds)]).await;
        assert_eq!(late.body["refusals"][0]["code"], "OBSERVED_AT_TOO_EARLY", "{}", late.text);
        // A process that remembers the dropped partition makes it again when it is needed.
        assert_eq!(outcome(&post(&it.owner, &[it.value("users", 5, 26 * day_seconds)]).await), [1, 0, 0]);
        let refusals = "/telemetry/v1/refusals";
        assert_eq!(it.owner.get(refusals).await.body["items"].as_array().unwrap().len(), 2);
        stage.clock.advance(chrono::Duration::days(29));
        start_another(&stage).await;
        let it = it.seen_by(&stage.another_session().await);
        let left = it
            .owner
            .get_until(refusals, |answer| answer.body["items"].as_array().is_some_and(|rows| rows.len() < 2))
            .await;
        assert_eq!(left.body["items"].as_array().unwrap().len(), 1, "the first one was refused 32 days ago");
    });
}
