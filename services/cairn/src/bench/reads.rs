//! (a) Reads through the gateway, with token, tenancy wall and tracing, beside the same SQL in `pgbench`.
//!
//! The statements are those that the service sends, taken from the server's log while it answers once. `pgbench` runs them
//! prepared, as the administrator: without wall, without HTTP and JSON.

use super::table::Row;
use super::{Bench, CONNECTIONS, Outcome, in_turns};

/// One route and what is asked of it.
struct Read {
    what: &'static str,
    service: &'static str,
    path: String,
    /// At 8 and at 32 connections.
    aims: [&'static str; 2],
}

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let content = &bench.content;
    let reads = [
        Read { what: "read one task", service: "catalog", path: content.task(), aims: ["", ">= 0.25"] },
        Read { what: "list 50 tasks", service: "catalog", path: content.tasks(), aims: ["", ">= 0.30"] },
        Read { what: "a plan's 50 tasks", service: "adoption", path: content.plan_tasks(), aims: ["", ">= 0.30"] },
    ];
    let mut rows = Vec::new();
    for read in &reads {
        for (connections, aim) in CONNECTIONS.into_iter().zip(read.aims) {
            rows.push(bench.compare(read, connections).await?.aim(aim));
        }
    }
    Ok(rows)
}

impl Bench<'_> {
    async fn compare(&self, read: &Read, connections: u32) -> Outcome<Row> {
        let Read { what, service, path, .. } = read;
        let token = self.platform.sign_in().await?;
        let url = format!("{}{path}", self.platform.address("gateway"));
        // Every connection of the pools has prepared the statement before it is looked for.
        self.warm_up(&url, &token).await?;
        let ask = async { self.platform.get(path, &token).await.map(drop) };
        let statements = self.postgres.statements_behind(service, ask).await?;
        let script = self.folder.join("read.sql");
        let (cairn, plain) = in_turns(
            async || self.wrk.get(&url, &token, connections, self.turn).await,
            async || self.postgres.bench(service, &statements, &script, connections, self.turn).await,
        )
        .await?;
        Ok(Row::rates(*what, connections, (cairn.rate(), plain.rate()), "requests", "pgbench").p99(cairn.p99))
    }
}
