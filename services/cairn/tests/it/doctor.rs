//! `cairn doctor`: each finding appears when its cause does, says what to do, and goes when it is mended.

use std::time::Duration;

use cairn::doctor::{self, Finding, Health};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kernel::Clock;
use serde_json::json;

use crate::support::{Stage, on_prepared_stage, on_stage};

#[test]
fn a_platform_that_is_well_has_nothing_to_report() {
    on_stage(async |stage| {
        stage.admin.post("/catalog/v1/products", &json!({ "name": "Harbour Gate" })).await.expect(201);
        for check in
            ["master key", "postgres", "migrations", "rabbitmq", "gateway", "identity", "workflow", "signing key"]
        {
            becomes(&stage, check, Health::Ok).await;
        }
        for check in ["queue identity.audit", "catalog outbox", "catalog partitions", "telemetry jobs"] {
            becomes(&stage, check, Health::Ok).await;
        }
    });
}

#[test]
fn a_service_that_is_away_is_named_with_its_address() {
    on_stage(async |stage| {
        let mut config = (*stage.platform.config).clone();
        config.set_upstreams("workflow", vec!["http://127.0.0.1:1".to_owned()]);
        let report = doctor::examine(&config, None, &stage.clock).await;
        let finding = report.of("workflow").unwrap();
        assert_eq!((finding.health, report.health), (Health::Fail, Health::Fail));
        assert_eq!(finding.detail, "http://127.0.0.1:1 cannot be reached");
        assert!(finding.advice.as_ref().unwrap().contains("`cairn serve workflow`"));
    });
}

#[test]
fn without_the_broker_the_outbox_grows_old_and_then_empties_by_itself() {
    on_prepared_stage(
        |world| world.put_proxy(false),
        async |stage, broker| {
            broker.cut();
            stage.admin.post("/catalog/v1/products", &json!({ "name": "Harbour Gate" })).await.expect(201);
            becomes(&stage, "rabbitmq", Health::Fail).await;
            becomes(&stage, "catalog outbox", Health::Ok).await;
            let later = Clock::adjustable();
            for (minutes, health) in [(2, Health::Warn), (20, Health::Fail)] {
                later.advance(chrono::Duration::minutes(minutes));
                let report = doctor::examine(&stage.platform.config, None, &later).await;
                let outbox = report.of("catalog outbox").unwrap();
                assert_eq!(outbox.health, health, "{outbox}");
                assert!(outbox.detail.starts_with("waiting: 1, the oldest for "), "{outbox}");
            }
            broker.mend();
            becomes(&stage, "rabbitmq", Health::Ok).await;
            let outbox = until(&stage, "catalog outbox", |outbox| outbox.detail == "every event is published").await;
            assert_eq!(outbox.detail, "every event is published");
        },
    );
}

#[test]
fn without_the_database_it_says_so_once_and_what_every_service_lacks() {
    on_prepared_stage(
        |world| world.put_proxy(true),
        async |stage, postgres| {
            postgres.cut();
            becomes(&stage, "postgres", Health::Fail).await;
            let catalog = becomes(&stage, "catalog", Health::Fail).await;
            assert_eq!(catalog.detail, "lacks: database");
            let report = doctor::examine(&stage.platform.config, None, &stage.clock).await;
            assert!(report.of("catalog outbox").is_none());
            postgres.mend();
            becomes(&stage, "postgres", Health::Ok).await;
            becomes(&stage, "catalog", Health::Ok).await;
            becomes(&stage, "catalog outbox", Health::Ok).await;
        },
    );
}

#[test]
fn a_dead_letter_is_reported_and_takes_effect_when_it_is_replayed() {
    on_stage(async |stage| {
        let mut conn = stage.world.administrator().await;
        conn.batch_execute("revoke insert on identity.audit_events from identity_app").await.unwrap();
        let made = stage.admin.post("/catalog/v1/products", &json!({ "name": "Harbour Gate" })).await;
        let dead = until(&stage, "queue identity.audit", |queue| queue.detail.starts_with("dead letters: 1")).await;
        assert_eq!(dead.health, Health::Warn, "{dead}");
        assert!(dead.advice.as_ref().unwrap().contains("`cairn doctor replay identity.audit`"), "{dead}");

        conn.batch_execute("grant insert on identity.audit_events to identity_app").await.unwrap();
        assert_eq!(doctor::replay(&stage.platform.config, "identity.audit").await.unwrap(), 1);
        let trail = format!("/identity/v1/audit-events?entityId={}", made.id());
        let heard = stage.admin.get_until(&trail, |answer| answer.body["items"][0]["action"] == "created").await;
        assert_eq!(heard.body["items"][0]["action"], "created");
        becomes(&stage, "queue identity.audit", Health::Ok).await;

        let unknown = doctor::replay(&stage.platform.config, "identity.nothing").await.unwrap_err();
        assert!(unknown.to_string().contains("identity.audit"), "{unknown}");
    });
}

#[test]
fn a_letter_that_is_refused_again_is_moved_once() {
    on_stage(async |stage| {
        let broker = bus::Broker::connect(&stage.world.config.broker, "test").await.unwrap();
        let queue = bus::topology::queue("identity.audit").unwrap();
        let channel = broker.publisher().await.unwrap();
        let (exchange, key) = ("".into(), broker.queue(queue).into());
        let sent = channel.basic_publish(exchange, key, Default::default(), b"not an envelope", Default::default());
        sent.await.unwrap().await.unwrap();
        let dead = until(&stage, "queue identity.audit", |queue| queue.detail.starts_with("dead letters: 1")).await;
        assert_eq!(dead.health, Health::Warn);
        assert_eq!(doctor::replay(&stage.platform.config, "identity.audit").await.unwrap(), 1);
        let dead = until(&stage, "queue identity.audit", |queue| queue.detail.starts_with("dead letters: 1")).await;
        assert_eq!(dead.health, Health::Warn);
    });
}

#[test]
fn parked_and_late_jobs_are_reported_and_a_parked_one_is_given_another_chance() {
    on_stage(async |stage| {
        let mut conn = stage.world.administrator().await;
        let job = "insert into telemetry.jobs (tenant_id, id, kind, unique_key, payload, run_at, attempts, parked_at, last_error) \
                   values (gen_random_uuid(), gen_random_uuid(), $1, 'a', to_jsonb(gen_random_uuid()), $2, 10, $3, 'the disk was full')";
        let insert = async |conn: &mut diesel_async::AsyncPgConnection, kind: &str, run_at, parked_at| {
            diesel::sql_query(job)
                .bind::<diesel::sql_types::Text, _>(kind)
                .bind::<diesel::sql_types::Timestamptz, _>(run_at)
                .bind::<diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>, _>(parked_at)
                .execute(conn)
                .await
                .unwrap()
        };
        let now = stage.clock.now();
        insert(&mut conn, "facts.recheck", now, Some(now)).await;
        let parked = becomes(&stage, "telemetry jobs", Health::Warn).await;
        assert_eq!(parked.detail, "parked: 1; the last one: facts.recheck: the disk was full");
        assert!(parked.advice.as_ref().unwrap().contains("`cairn doctor retry telemetry`"), "{parked}");
        assert_eq!(doctor::retry(&stage.platform.config, "telemetry", now).await.unwrap(), 1);
        becomes(&stage, "telemetry jobs", Health::Ok).await;

        insert(&mut conn, "nobody.knows", now - chrono::Duration::minutes(6), None).await;
        let late = becomes(&stage, "telemetry jobs", Health::Warn).await;
        assert_eq!(late.detail, "late by more than 5 min: 1");
        conn.batch_execute("delete from telemetry.jobs").await.unwrap();
        becomes(&stage, "telemetry jobs", Health::Ok).await;
        assert!(doctor::retry(&stage.platform.config, "nobody", now).await.is_err());
    });
}

#[test]
fn migrations_that_are_missing_or_of_a_newer_version_are_counted() {
    on_stage(async |stage| {
        let mut conn = stage.world.administrator().await;
        conn.batch_execute(
            "update catalog.__diesel_schema_migrations set version = '29991231' where version = '20261121000000'",
        )
        .await
        .unwrap();
        let pending = becomes(&stage, "migrations", Health::Fail).await;
        assert_eq!(pending.detail, "not run yet: catalog: 1");
        assert!(pending.advice.as_ref().unwrap().contains("`cairn migrate`"));
        conn.batch_execute("insert into catalog.__diesel_schema_migrations values ('20261121000000')").await.unwrap();
        let newer = becomes(&stage, "migrations", Health::Warn).await;
        assert_eq!(newer.detail, "run by a newer version than this one: catalog: 1");
        conn.batch_execute("delete from catalog.__diesel_schema_migrations where version = '29991231'").await.unwrap();
        becomes(&stage, "migrations", Health::Ok).await;
    });
}

#[test]
fn a_signing_key_of_a_quarter_and_a_day_without_partitions_are_noticed() {
    on_stage(async |stage| {
        let later = Clock::adjustable();
        later.advance(chrono::Duration::days(91));
        let report = doctor::examine(&stage.platform.config, None, &later).await;
        let key = report.of("signing key").unwrap();
        assert_eq!(key.health, Health::Warn, "{key}");
        assert!(key.advice.as_ref().unwrap().contains("`cairn rotate-signing-key`"), "{key}");
        assert_eq!(report.of("catalog partitions").unwrap().health, Health::Warn);
    });
}

/// The finding of a check, as soon as it is of this health.
async fn becomes(stage: &Stage, check: &str, health: Health) -> Finding {
    let finding = until(stage, check, |finding| finding.health == health).await;
    assert_eq!(finding.health, health, "{finding}");
    assert_eq!(finding.advice.is_none(), health == Health::Ok, "{finding}");
    finding
}

/// The finding of a check, as soon as `wanted` likes it; the last one either way, for the assertion.
async fn until(stage: &Stage, check: &str, wanted: impl Fn(&Finding) -> bool) -> Finding {
    let look = async || -> Option<Finding> {
        doctor::examine(&stage.platform.config, None, &stage.clock).await.of(check).cloned()
    };
    for _ in 0..100 {
        if let Some(finding) = look().await.filter(|finding| wanted(finding)) {
            return finding;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    look().await.unwrap()
}
