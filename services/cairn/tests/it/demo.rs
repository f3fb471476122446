//! `cairn demo` of our own catalogue, held against a calculation made by hand from the file.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use cairn::demo::{Account, Catalogue, Demo, Report, Result};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::AsyncPgConnection;
use serde_json::json;
use testkit::Client;

use crate::adoption::column;
use crate::support::{PASSWORD, Stage, on_prepared_stage, on_stage};

/// A plan by hand: the weights of the tasks that its feed proves, and of those it does not. The feed proves tasks in turn:
/// one, one whose older failing value comes late, one that fails, one, one in part, one, and one with a late value again;
/// each plan begins one further.
struct ByHand {
    customer: &'static str,
    plan: &'static str,
    done: &'static [f64],
    open: &'static [f64],
    progress: f64,
}

const PLANS: [ByHand; 4] = [
    // Everything of Harbour Gate. The third task fails, the fifth is proved in part:
    // (18.5 + 14.25 + 9.5 + 13 + 13) / 100 = 68.25 / 100
    ByHand {
        customer: "Port of Larkmouth",
        plan: "Larkmouth quays",
        done: &[18.5, 14.25, 9.5, 13.0, 13.0],
        open: &[16.75, 15.0],
        progress: 68.25,
    },
    // ESSENTIAL leaves the fourth task of Tide Table out. Late, failing, proved: (30 + 22.6) / 80 = 0.6575
    ByHand {
        customer: "Port of Larkmouth",
        plan: "Larkmouth tides",
        done: &[30.0, 22.6],
        open: &[27.4],
        progress: 65.75,
    },
    // ADVANTAGE, safer quays, release 1.5: three tasks. Failing, proved, in part: 9.5 / 41.25 = 0.230303
    ByHand {
        customer: "Brackwater Ferries",
        plan: "Brackwater pier",
        done: &[9.5],
        open: &[16.75, 15.0],
        progress: 23.03,
    },
    // Everything of Tide Table. Proved, in part (its one attribute is silent), proved, late: (30 + 22.6 + 20) / 100
    ByHand {
        customer: "Brackwater Ferries",
        plan: "Brackwater tides",
        done: &[30.0, 22.6, 20.0],
        open: &[27.4],
        progress: 72.6,
    },
];

#[test]
fn every_plan_comes_to_the_hand_calculation_and_a_second_run_changes_nothing() {
    on_stage(async |stage| {
        let told = RefCell::new(Vec::new());
        let tell = |what: &str| told.borrow_mut().push(what.to_owned());
        assert_by_hand(&stage.admin, &load(&stage, &tell).await.unwrap()).await;
        let of_port = "Port of Larkmouth: 2 plans, 1 solution plan; made 4 rows";
        assert!(told.take().iter().any(|told| told == of_port), "{of_port}");
        let before = settled(&stage).await;
        let report = load(&stage, &|_| ()).await.unwrap();
        assert_by_hand(&stage.admin, &report).await;
        assert_eq!(settled(&stage).await, before, "rows changed, or events were announced");
    });
}

#[test]
fn a_demo_outlasts_a_database_that_goes_away_and_leaves_nothing_twice() {
    on_prepared_stage(
        |world| world.put_proxy(true),
        async |stage, postgres| {
            let cut = Cell::new(false);
            let tell = |what: &str| {
                if what.starts_with("Harbour Gate") && !cut.replace(true) {
                    postgres.cut();
                }
            };
            let mend = async {
                while !cut.get() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                postgres.mend();
            };
            let (report, ()) = tokio::join!(load(&stage, &tell), mend);
            assert_by_hand(&stage.admin, &report.unwrap()).await;
            let products = stage.admin.get("/catalog/v1/products?count=true").await;
            assert_eq!(products.body["total"], 2);
        },
    );
}

#[test]
fn a_catalogue_that_the_platform_refuses_stops_with_its_key_and_the_field() {
    on_stage(async |stage| {
        let json = json!({ "products": [{ "key": "quay", "name": " ", "tasks": [] }] });
        let catalogue = Catalogue::parse(&json.to_string()).unwrap();
        let told = load_this(&stage, &catalogue, &|_| ()).await.unwrap_err().to_string();
        assert!(told.starts_with("POST /catalog/v1/products (quay): 422 CONTENT_INVALID"), "{told}");
        assert!(told.contains("/name: "), "{told}");
    });
}

pub(crate) async fn load(stage: &Stage, tell: &dyn Fn(&str)) -> Result<Report> {
    load_this(stage, &Catalogue::own().unwrap(), tell).await
}

async fn load_this(stage: &Stage, catalogue: &Catalogue, tell: &dyn Fn(&str)) -> Result<Report> {
    let me = stage.admin.get("/identity/v1/me").await;
    let login = me.expect(200).body["username"].as_str().unwrap().to_owned();
    let account = Account { login, password: PASSWORD.to_owned() };
    let demo = Demo { gateway: &stage.platform.gateway, account: &account, clock: &stage.clock, tell };
    demo.load(catalogue).await
}

async fn assert_by_hand(admin: &Client, report: &Report) {
    assert!(report.agrees(), "{report}");
    assert_eq!(report.0.len(), PLANS.len());
    let plans = admin.get("/adoption/v1/plans?count=true").await;
    // That of the solution's own tasks as well.
    assert_eq!(plans.expect(200).body["total"], PLANS.len() + 1);
    assert_solution(admin).await;
    for (ByHand { customer, plan, done, open, progress }, row) in PLANS.iter().zip(&report.0) {
        assert_eq!((row.customer.as_str(), row.name.as_str()), (*customer, *plan));
        let assignment = admin.get(&format!("/adoption/v1/assignments/{}", row.assignment)).await;
        let id = assignment.expect(200).body["planId"].as_str().unwrap().to_owned();
        let shown = admin.get(&format!("/adoption/v1/plans/{id}")).await;
        let shown = &shown.expect(200).body;
        assert_eq!(shown["totalTasks"], done.len() + open.len(), "{plan}");
        assert_eq!(shown["completedTasks"], done.len(), "{plan}");
        let (done, open): (f64, f64) = (done.iter().sum(), open.iter().sum());
        let shown = |field: &str| shown[field].as_f64().unwrap();
        assert!((shown("totalWeight") - (done + open)).abs() < 1e-9, "{plan}");
        assert!((shown("completedWeight") - done).abs() < 1e-9, "{plan}");
        assert!((shown("progressPercentage") - progress).abs() < 1e-9, "{plan}");
        assert!((done / (done + open) * 100.0 - progress).abs() <= 0.005, "{plan}");
    }
}

/// The port's quays and tides are parts of its Safe Harbour, at the levels that the port had them.
async fn assert_solution(admin: &Client) {
    let wholes = admin.get("/adoption/v1/solution-plans?count=true").await;
    assert_eq!(wholes.expect(200).body["total"], 1);
    let id = wholes.body["items"][0]["id"].as_str().unwrap();
    let whole = admin.get(&format!("/adoption/v1/solution-plans/{id}")).await.expect(200).body.clone();
    let parts = whole["parts"].as_array().unwrap();
    assert_eq!(column(parts, "productName"), ["Safe Harbour", "Harbour Gate", "Tide Table"]);
    assert_eq!(column(parts, "licenseLevel"), ["ESSENTIAL", "SIGNATURE", "ESSENTIAL"]);
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// The content of every table of the three services, once it has come to rest.
async fn settled(stage: &Stage) -> Vec<String> {
    let mut conn = stage.world.administrator().await;
    let mut before = content(&mut conn).await;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = content(&mut conn).await;
        if now == before {
            return now;
        }
        before = now;
    }
    panic!("the services do not come to rest");
}

/// A line for each table: its name, its rows, and a sum over what is in them. Of refusals only what was sent: when it was
/// sent last may change. That a batch came, and what it repeated, is remembered each time.
async fn content(conn: &mut AsyncPgConnection) -> Vec<String> {
    let tables = "select c.oid::regclass::text as text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                  where n.nspname in ('catalog', 'adoption', 'telemetry') and c.relkind in ('r', 'p') \
                  and not c.relispartition and c.relname not in ('batches', 'repeats', 'silences', 'refusal_events') \
                  order by 1";
    let mut content = Vec::new();
    for Line { text: table } in lines(conn, tables).await {
        let row = if table == "telemetry.refusals" { "t.payload" } else { "t::text" };
        let sum = format!(
            "select concat_ws(' ', '{table}', count(*), md5(string_agg({row}, '' order by {row}))) as text from {table} t"
        );
        content.extend(lines(conn, &sum).await.into_iter().map(|line| line.text));
    }
    content
}

async fn lines(conn: &mut AsyncPgConnection, query: &str) -> Vec<Line> {
    diesel_async::RunQueryDsl::load(diesel::sql_query(query), conn).await.unwrap()
}
