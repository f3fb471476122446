//! (h) Streams of events: what one open stream costs the gateway, and how long an event takes to reach them all.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::table::{Row, milliseconds};
use super::{Bench, Outcome};

const STREAMS: usize = 5_000;
/// Opened at once; the next ones follow.
const AT_ONCE: usize = 100;
const REST: Duration = Duration::from_secs(2);
const ARRIVAL_LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let token = bench.platform.sign_in().await?;
    let port = bench.platform.port("gateway");
    let gateway = bench.platform.service("gateway")?;
    let before = gateway.memory().proportional;
    let mut streams = Vec::with_capacity(STREAMS);
    while streams.len() < STREAMS {
        streams.extend(try_join_all((0..AT_ONCE).map(|_| open(port, &token))).await?);
    }
    sleep(REST).await;
    let after = gateway.memory().proportional;
    let began = Instant::now();
    bench.platform.post("/catalog/v1/products", &token, json!({ "name": "Heard by all" }).to_string()).await?;
    timeout(ARRIVAL_LIMIT, try_join_all(streams.iter_mut().map(|stream| hear(stream, "Heard by all")))).await??;
    let heard = began.elapsed();
    let told = gateway.memory().proportional;
    let mib = |bytes: u64| bytes / (1 << 20);
    let each = after.saturating_sub(before) / u64::try_from(STREAMS)? / 1024;
    let memory =
        format!("{} MiB ({each} KiB each; {} MiB before, {} MiB after an event)", mib(after), mib(before), mib(told));
    Ok(vec![
        Row::figure(format!("memory of the gateway with {STREAMS} streams of events"), memory).aim("< 200 MiB"),
        Row::figure(format!("from the change to the last of {STREAMS} streams"), milliseconds(heard)),
    ])
}

/// Opens a stream and reads its head and first beat.
async fn open(port: u16, token: &str) -> Outcome<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request = format!("GET /events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    hear(&mut stream, ": \n\n").await?;
    Ok(stream)
}

/// Reads until a text has come.
async fn hear(stream: &mut TcpStream, text: &str) -> Outcome<()> {
    let (mut heard, mut piece) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&heard).contains(text) {
        let read = stream.read(&mut piece).await?;
        heard.extend_from_slice(piece.get(..read).filter(|piece| !piece.is_empty()).ok_or("a stream has ended")?);
    }
    Ok(())
}
