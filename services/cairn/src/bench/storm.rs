//! (i) Staying signed in while many sign in.
//!
//! A sign-in hashes a password, which is slow on purpose; a refresh does not. The hashes run a few at a time beside the
//! server's own threads, and whoever is too many is told to come back: so a storm of sign-ins must not reach those who are
//! in.

use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::table::{Row, milliseconds};
use super::{Bench, Outcome, TURNS};

/// People who sign in at the same time, each again as soon as they are answered.
const AT_ONCE: usize = 32;
/// Between two refreshes of the one who is in.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let time = bench.turn * TURNS;
    let mut refresh_token = text(&bench.platform.session().await?, "/refreshToken")?;
    let quiet = refreshes(bench, &mut refresh_token, time).await?;
    let storm = join_all((0..AT_ONCE).map(|_| sign_ins(bench, time)));
    let (busy, answers) = join(refreshes(bench, &mut refresh_token, time), storm).await;
    let (busy, answers) = (busy?, answers.into_iter().collect::<Outcome<Vec<_>>>()?);
    let (opened, told): (Vec<u32>, Vec<u32>) = answers.into_iter().unzip();
    let what = format!(
        "a refresh, while {AT_ONCE} sign in ({} did, {} were told to come back)",
        opened.iter().sum::<u32>(),
        told.iter().sum::<u32>()
    );
    let (alone, beside) = (share(&quiet, 50), share(&busy, 50));
    let mut row = Row::figure(what, format!("p50 {}", milliseconds(beside))).p99(share(&busy, 99));
    row.baseline = format!("alone: p50 {}", milliseconds(alone));
    Ok(vec![row])
}

/// One who is in and stays in: how long the refreshes took, the quickest first.
async fn refreshes(bench: &Bench<'_>, token: &mut String, time: Duration) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    let began = Instant::now();
    while began.elapsed() < time {
        let asked = Instant::now();
        let (status, tokens) =
            bench.platform.try_post("/identity/v1/sessions/refresh", &json!({ "refreshToken": token })).await?;
        if status != 200 {
            return Err(format!("a refresh was answered with {status}").into());
        }
        times.push(asked.elapsed());
        *token = text(&tokens, "/refreshToken")?;
        sleep(PAUSE).await;
    }
    times.sort_unstable();
    Ok(times)
}

/// Signs in again and again; says how often that was done, and how often refused for now.
async fn sign_ins(bench: &Bench<'_>, time: Duration) -> Outcome<(u32, u32)> {
    let (mut opened, mut told, began) = (0, 0, Instant::now());
    while began.elapsed() < time {
        match bench.platform.try_post("/identity/v1/sessions", &bench.platform.credentials()?).await? {
            (201, _) => opened += 1,
            (429, _) => {
                told += 1;
                sleep(PAUSE * 10).await;
            }
            (status, _) => return Err(format!("a sign-in was answered with {status}").into()),
        }
    }
    Ok((opened, told))
}

/// So many of a hundred took no longer.
fn share(times: &[Duration], percent: usize) -> Duration {
    times.get(times.len() * percent / 100).or(times.last()).copied().unwrap_or_default()
}

fn text(value: &Value, pointer: &str) -> Outcome<String> {
    Ok(value.pointer(pointer).and_then(Value::as_str).ok_or("no token in the answer")?.to_owned())
}
