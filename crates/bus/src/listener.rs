//! Hearing without keeping: revocations and live streams use a queue that vanishes with the process, and no inbox.

use contracts::Envelope;
use futures_util::StreamExt;
use kernel::config::Broker as Config;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use observe::Outage;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, BusError};

/// What to hear and what to do.
pub struct Listener {
    /// A name for logs.
    pub name: &'static str,
    /// Routing keys to hear.
    pub bindings: &'static [&'static str],
    /// Told `true` after each (re)connection: what was missed must be loaded then; and `false` when it is lost.
    pub connected: Box<dyn Fn(bool)>,
    /// Called for each event.
    pub hear: Box<dyn Fn(Envelope)>,
}

/// Listens until it is told to stop, through every loss of the broker.
pub async fn listen(config: Config, listener: Listener, stop: CancellationToken) {
    let mut outage = Outage::none(format!("the listener for {}", listener.name));
    while !stop.is_cancelled() {
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            ended = session(&config, &listener, &mut outage) => ended,
        };
        (listener.connected)(false);
        let pause = match ended {
            Ok(()) => outage.lasts("the broker took the queue away"),
            Err(error) => outage.lasts(error),
        };
        tokio::select! { () = stop.cancelled() => return, () = sleep(pause) => {} }
    }
}

async fn session(config: &Config, listener: &Listener, outage: &mut Outage) -> Result<(), BusError> {
    let broker = Broker::connect(config, listener.name).await?;
    let channel = broker.channel().await?;
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?.name().clone();
    for binding in listener.bindings {
        channel
            .queue_bind(
                queue.clone(),
                broker.exchange().into(),
                (*binding).into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
    }
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut deliveries = channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
    (listener.connected)(true);
    outage.is_over();
    while let Some(delivery) = deliveries.next().await {
        if let Ok(event) = serde_json::from_slice(&delivery?.data) {
            (listener.hear)(event);
        }
    }
    Ok(())
}
