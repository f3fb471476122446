//! Jobs of a service: tried again, parked, taken over from a runner that died.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use db::{Db, Wake};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jobs::{ATTEMPTS, Kind};
use kernel::{Actor, Clock, Problem, TenantId, Timestamp, Trace};
use testkit::TestWorld;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A service's jobs, with a clock to move.
struct Yard {
    world: TestWorld,
    clock: Clock,
    db: Db,
    tenant: TenantId,
}

fn in_a_yard<F: Future<Output = ()>>(test: impl FnOnce(Rc<Yard>) -> F) {
    actix_web::rt::System::new().block_on(async {
        let world = testkit::world(&cairn::migrations());
        let clock = Clock::adjustable();
        let url = world.config.role_url("workflow_app").unwrap();
        let db = Db::lazy(url.reveal(), 8, clock.clone(), Wake::default());
        let yard = Rc::new(Yard { world, clock, db, tenant: TenantId::fresh() });
        test(Rc::clone(&yard)).await;
        let Ok(yard) = Rc::try_unwrap(yard).map_err(|_| ()) else { panic!("the test kept the yard") };
        yard.world.end().await;
    });
}

impl Yard {
    fn actor(&self) -> Actor {
        Actor::service("workflow", self.tenant, Trace::start())
    }

    async fn schedule(&self, kind: &'static str, at: Timestamp) {
        self.db.write(&self.actor(), async |tx| jobs::schedule(tx, kind, "one", &"one", at).await).await.unwrap();
    }

    /// Schedules so many jobs of another tenant for now.
    async fn schedule_some(&self, kind: &'static str, how_many: usize) -> TenantId {
        let actor = Actor { tenant: TenantId::fresh(), ..self.actor() };
        let all = (0..how_many).map(|key| (key.to_string(), ()));
        let now = self.clock.now();
        self.db.write(&actor, async |tx| jobs::schedule_all(tx, kind, all, now).await).await.unwrap();
        actor.tenant
    }

    /// A runner in a task of its own; aborting it is as good as killing its process: its connections break.
    fn runner(&self, kind: Kind) -> JoinHandle<()> {
        let runs =
            jobs::run(self.world.config.clone(), "workflow", self.db.clone(), vec![kind], CancellationToken::new());
        actix_web::rt::spawn(runs)
    }

    /// The jobs there are: kind, attempts, whether it is parked, and the last error.
    async fn jobs(&self) -> Vec<(String, i32, bool, Option<String>)> {
        let columns = (db::jobs::kind, db::jobs::attempts, db::jobs::parked_at.is_not_null(), db::jobs::last_error);
        let rows = async |mut conn: &db::Conn| {
            Ok(db::jobs::table.order(db::jobs::kind).select(columns).load(&mut conn).await?)
        };
        self.db.read(self.tenant, rows).await.unwrap()
    }

    /// Whether no runner holds a job.
    async fn rests(&self) -> bool {
        let leased = db::jobs::table.filter(db::jobs::leased_until.is_not_null());
        let count = async |mut conn: &db::Conn| Ok(leased.count().get_result::<i64>(&mut conn).await?);
        self.db.read(self.tenant, count).await.unwrap() == 0
    }
}

/// Waits until something holds.
async fn until(holds: impl AsyncFn() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came to pass");
}

/// A kind that leaves an effect behind, in its transaction, and then asks `end` how it ends.
fn kind(name: &'static str, end: impl AsyncFn(i32) -> Result<(), Problem> + 'static) -> (Kind, Rc<Cell<i32>>) {
    let tries = Rc::new(Cell::new(0));
    let (counted, end) = (Rc::clone(&tries), Rc::new(end));
    let kind = Kind::new(name, move |tx, _| {
        let (counted, end) = (Rc::clone(&counted), Rc::clone(&end));
        Box::pin(async move {
            counted.set(counted.get() + 1);
            let later = tx.now() + chrono::Duration::days(1_000);
            // A key of its own: tries that run at once must not wait for each other.
            let key = TenantId::fresh().to_string();
            jobs::schedule(tx, "effect", &key, &(), later).await?;
            end(counted.get()).await
        })
    });
    (kind, tries)
}

#[test]
fn a_job_that_fails_comes_back_and_leaves_nothing_of_the_tries_that_failed() {
    in_a_yard(async |yard| {
        yard.schedule("flaky", yard.clock.now() + chrono::Duration::seconds(30)).await;
        let (flaky, tries) =
            kind("flaky", async |attempt| if attempt < 3 { Err(Problem::internal("not yet")) } else { Ok(()) });
        let runner = yard.runner(flaky);
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(tries.get(), 0, "it is not due yet");
        for (pause, expected) in [(30, 1), (5, 2), (10, 3)] {
            yard.clock.advance(chrono::Duration::seconds(pause));
            until(async || tries.get() == expected).await;
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert_eq!(tries.get(), expected, "the next try waits");
        }
        until(async || yard.jobs().await.iter().all(|job| job.0 == "effect")).await;
        assert_eq!(yard.jobs().await.len(), 1, "one effect");
        runner.abort();
    });
}

#[test]
fn large_work_is_done_one_at_a_time_and_tenants_take_turns() {
    in_a_yard(async |yard| {
        let (busy, modest) = (yard.schedule_some("large", 5).await, yard.schedule_some("large", 1).await);
        let (log, at_once) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(0)));
        let (written, counted) = (Rc::clone(&log), Rc::clone(&at_once));
        let large = Kind::new("large", move |tx, _| {
            let (written, counted) = (Rc::clone(&written), Rc::clone(&counted));
            Box::pin(async move {
                counted.set(counted.get() + 1);
                assert_eq!(counted.get(), 1, "one at a time");
                tokio::time::sleep(Duration::from_millis(20)).await;
                counted.set(counted.get() - 1);
                written.borrow_mut().push(tx.tenant());
                Ok(())
            })
        });
        let runs = jobs::run_in_turns(
            yard.world.config.clone(),
            "workflow",
            yard.db.clone(),
            vec![large],
            CancellationToken::new(),
        );
        let runner = actix_web::rt::spawn(runs);
        until(async || log.borrow().len() == 6).await;
        let place = log.borrow().iter().position(|tenant| *tenant == modest).unwrap();
        assert!(place <= 1, "whoever wants one waits for one of another: {:?}", log.borrow());
        assert_eq!(log.borrow().iter().filter(|tenant| **tenant == busy).count(), 5);
        runner.abort();
    });
}

#[test]
fn a_job_that_keeps_failing_is_parked_until_it_is_scheduled_anew() {
    in_a_yard(async |yard| {
        let hopeless = Rc::new(Cell::new(true));
        yard.schedule("hopeless", yard.clock.now()).await;
        let still = Rc::clone(&hopeless);
        let (hopeless_kind, tries) =
            kind("hopeless", async move |_| if still.get() { Err(Problem::internal("never")) } else { Ok(()) });
        let runner = yard.runner(hopeless_kind);
        for attempt in 1..=ATTEMPTS {
            until(async || tries.get() == attempt).await;
            until(async || yard.rests().await).await;
            yard.clock.advance(chrono::Duration::minutes(31));
        }
        until(async || yard.jobs().await[0].2).await;
        let parked = &yard.jobs().await[0];
        assert_eq!((parked.1, parked.3.as_deref().unwrap().contains("never")), (ATTEMPTS, true));
        yard.clock.advance(chrono::Duration::days(1));
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(tries.get(), ATTEMPTS, "a parked job rests");
        hopeless.set(false);
        yard.schedule("hopeless", yard.clock.now()).await;
        until(async || yard.jobs().await.iter().all(|job| job.0 == "effect")).await;
        runner.abort();
    });
}

#[test]
fn a_job_whose_runner_is_killed_is_taken_over_when_the_lease_ends_and_takes_effect_once() {
    in_a_yard(async |yard| {
        yard.schedule("long", yard.clock.now()).await;
        let (endless, begun) = kind("long", async |_| std::future::pending().await);
        let doomed = yard.runner(endless);
        until(async || begun.get() == 1).await;
        doomed.abort();
        let (quick, tries) = kind("long", async |_| Ok(()));
        let heir = yard.runner(quick);
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(tries.get(), 0, "the lease of the dead runner still holds");
        yard.clock.advance(chrono::Duration::seconds(61));
        until(async || yard.jobs().await.iter().all(|job| job.0 == "effect")).await;
        assert_eq!((tries.get(), yard.jobs().await.len()), (1, 1));
        heir.abort();
    });
}

#[test]
fn a_runner_that_lost_its_lease_cannot_finish() {
    in_a_yard(async |yard| {
        yard.schedule("slow", yard.clock.now()).await;
        let gate = Rc::new(Semaphore::new(0));
        let waiting = Rc::clone(&gate);
        let (slow, begun) = kind("slow", async move |_| {
            waiting.acquire().await.unwrap().forget();
            Ok(())
        });
        let late = yard.runner(slow);
        until(async || begun.get() == 1).await;
        yard.clock.advance(chrono::Duration::seconds(61));
        let (quick, tries) = kind("slow", async |_| Ok(()));
        let other = yard.runner(quick);
        until(async || tries.get() == 1).await;
        until(async || yard.jobs().await.iter().all(|job| job.0 == "effect")).await;
        gate.add_permits(1);
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(yard.jobs().await.len(), 1, "the late effect was undone: {:?}", yard.jobs().await);
        late.abort();
        other.abort();
    });
}
