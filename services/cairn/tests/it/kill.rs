//! A platform that is killed in the middle of its work, and started again.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use kernel::config::Config;
use reqwest::Method;
use serde_json::json;
use testkit::{Client, TestWorld};

use crate::support::owner;

/// How many products are asked for, by how many hands.
const PRODUCTS: usize = 300;
const HANDS: usize = 6;

/// `cairn serve all` in a process of its own.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(environment: &[(String, String)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
        command.args(["serve", "all"]).envs(environment.iter().cloned()).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Eight ports in a row that are free now.
pub(crate) fn free_ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if (first..first.saturating_add(8)).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return first;
        }
    }
}

/// Asks for a product until it is there, with the same key each time, as a careful caller does.
async fn insist(admin: &Client, number: usize) {
    loop {
        let request = admin.request(Method::POST, "/catalog/v1/products");
        let request = request.header("idempotency-key", format!("product-{number}"));
        let answer = request.json(&json!({ "name": format!("Product {number}") })).send().await;
        match answer.map(|answer| answer.status().as_u16()) {
            Ok(201) => return,
            Ok(502..=504) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            Ok(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_killed_platform_has_lost_nothing_and_done_nothing_twice() {
    actix_web::rt::System::new().block_on(async {
        let world: TestWorld = testkit::world(&cairn::migrations());
        let mut environment = world.environment.clone();
        environment.retain(|(name, _)| name != "CAIRN_PORT_BASE");
        environment.push(("CAIRN_PORT_BASE".to_owned(), free_ports().to_string()));
        let config = Config::from_pairs(environment.clone()).unwrap();
        let mut process = Process::start(&environment);
        let anonymous = Client::anonymous(&format!("http://127.0.0.1:{}", config.network.port_base));
        let up = async || {
            while !matches!(anonymous.request(Method::GET, "/readyz").send().await, Ok(ready) if ready.status() == 200)
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        up().await;
        let admin = owner(&config, &anonymous).await;

        let work = join_all((0..HANDS).map(|hand| {
            let admin = admin.clone();
            async move {
                for number in (hand..PRODUCTS).step_by(HANDS) {
                    insist(&admin, number).await;
                }
            }
        }));
        let murder = async {
            for after in [300, 1_300, 2_100] {
                tokio::time::sleep(Duration::from_millis(after)).await;
                process.kill();
                process = Process::start(&environment);
            }
        };
        tokio::join!(work, murder);
        up().await;

        assert_eq!(admin.get("/catalog/v1/products?count=true").await.body["total"], PRODUCTS);
        let mut heard = Vec::new();
        for _ in 0..200 {
            heard = created(&admin).await;
            if heard.len() >= PRODUCTS {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let told = heard.len();
        heard.sort_unstable();
        heard.dedup();
        assert_eq!((told, heard.len()), (PRODUCTS, PRODUCTS), "the audit trail has each creation once");
        drop(process);
        world.end().await;
    });
}

/// The ids of the products whose creation the audit trail has.
async fn created(admin: &Client) -> Vec<String> {
    let mut ids = Vec::new();
    let mut page = "/identity/v1/audit-events?entity=product&action=created&limit=200".to_owned();
    loop {
        let answer = admin.get(&page).await;
        let items = answer.expect(200).body["items"].as_array().unwrap();
        ids.extend(items.iter().map(|row| row["entityId"].as_str().unwrap().to_owned()));
        let Some(next) = answer.body["nextCursor"].as_str() else { return ids };
        page = format!("/identity/v1/audit-events?entity=product&action=created&limit=200&cursor={next}");
    }
}
