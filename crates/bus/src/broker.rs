//! A connection to RabbitMQ with the whole topology declared on it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::config::Broker as Config;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, FrameSize};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};

use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::topology::{EXCHANGE, QUEUES, Queue};

/// What can go wrong between us and the broker.
pub type BusError = lapin::Error;

/// Times a quorum queue redelivers before it gives up on a message that kills its consumer.
const DELIVERY_LIMIT: i32 = 20;

/// Bytes of the largest frame; a longer message takes several. The client keeps buffers of 32 frames each way and
/// connection: with the broker's 128 KiB that is 8 MiB for each of the sixteen connections of an idle platform.
const FRAME: FrameSize = 8 * 1024;

/// How long setting up a connection may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where this process has declared the topology, by address and prefix. A platform in one process has some twenty connections;
/// each declaring it would be two thousand round trips, and the broker fails those that use a queue that another one is
/// making.
static DECLARED: LazyLock<Mutex<HashMap<String, Arc<OnceCell<()>>>>> = LazyLock::new(Mutex::default);

/// An open connection. Dropping it closes it; whoever uses it reconnects by making a new one, and declares the topology
/// again: nobody knows what the broker remembers.
pub struct Broker {
    connection: Connection,
    prefix: String,
    place: String,
}

impl Broker {
    /// Connects, and declares exchange, queues and bindings unless this process has done so.
    ///
    /// # Errors
    /// When the broker is away or refuses the topology.
    pub async fn connect(config: &Config, name: &str) -> Result<Self, BusError> {
        in_time(async {
            let broker = Self::open(config, name).await?;
            let known = Arc::clone(declared().entry(broker.place.clone()).or_default());
            known.get_or_try_init(|| broker.declare()).await?;
            Ok(broker)
        })
        .await
    }

    async fn open(config: &Config, name: &str) -> Result<Self, BusError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let mut uri: AMQPUri = config.url.reveal().parse().map_err(std::io::Error::other)?;
        uri.query.frame_max.get_or_insert(FRAME);
        let connection = Connection::connect_uri(uri, properties).await?;
        let (prefix, place) = (config.prefix.clone(), format!("{} {}", config.url.reveal(), config.prefix));
        Ok(Self { connection, prefix, place })
    }

    /// A channel on this connection.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn channel(&self) -> Result<Channel, BusError> {
        self.connection.create_channel().await
    }

    /// A channel that confirms what it publishes.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn publisher(&self) -> Result<Channel, BusError> {
        let channel = self.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    /// The events exchange as this platform names it.
    #[must_use]
    pub fn exchange(&self) -> String {
        format!("{}{EXCHANGE}", self.prefix)
    }

    /// A queue as this platform names it.
    #[must_use]
    pub fn queue(&self, queue: &Queue) -> String {
        format!("{}{}", self.prefix, queue.name)
    }

    /// The queue of what a queue's consumer could not take.
    #[must_use]
    pub fn dead(&self, queue: &Queue) -> String {
        format!("{}.dead", self.queue(queue))
    }

    /// Messages waiting in a queue and in its dead-letter queue.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn depth(&self, queue: &Queue) -> Result<(u32, u32), BusError> {
        let channel = self.channel().await?;
        let mut depths = [0; 2];
        for (depth, name) in depths.iter_mut().zip([self.queue(queue), self.dead(queue)]) {
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            *depth = channel.queue_declare(name.into(), passive, FieldTable::default()).await?.message_count();
        }
        let [waiting, dead] = depths;
        Ok((waiting, dead))
    }

    /// Puts the dead letters of a queue back into it, each confirmed before it is taken away. Returns how many. Those
    /// that are refused again meanwhile are left for another time.
    ///
    /// # Errors
    /// When the connection is lost; what was moved so far stays moved.
    pub async fn replay(&self, queue: &Queue) -> Result<u32, BusError> {
        let channel = self.publisher().await?;
        let (_, dead) = self.depth(queue).await?;
        for moved in 0..dead {
            let Some(letter) = channel.basic_get(self.dead(queue).into(), BasicGetOptions::default()).await? else {
                return Ok(moved);
            };
            let delivery = letter.delivery;
            channel
                .basic_publish(
                    "".into(),
                    self.queue(queue).into(),
                    BasicPublishOptions::default(),
                    &delivery.data,
                    persistent(),
                )
                .await?
                .await?;
            delivery.acker.ack(BasicAckOptions::default()).await?;
        }
        Ok(dead)
    }

    /// Removes every queue and the exchange: the end of a test's world.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn remove(config: &Config) -> Result<(), BusError> {
        let broker = Self::open(config, "removal").await?;
        let channel = broker.channel().await?;
        for queue in QUEUES {
            for name in [broker.queue(queue), broker.dead(queue)] {
                channel.queue_delete(name.into(), QueueDeleteOptions::default()).await?;
            }
        }
        channel.exchange_delete(broker.exchange().into(), ExchangeDeleteOptions::default()).await
    }

    async fn declare(&self) -> Result<(), BusError> {
        let channel = self.channel().await?;
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel.exchange_declare(self.exchange().into(), ExchangeKind::Topic, durable, FieldTable::default()).await?;
        for queue in QUEUES {
            let options = QueueDeclareOptions { durable: true, ..Default::default() };
            channel.queue_declare(self.dead(queue).into(), options, quorum()).await?;
            let mut arguments = quorum();
            arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
            arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(self.dead(queue).into()));
            // One consumer at a time, so that replicas of a service keep the order of each aggregate.
            arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
            arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
            channel.queue_declare(self.queue(queue).into(), options, arguments).await?;
            for binding in queue.bindings {
                channel
                    .queue_bind(
                        self.queue(queue).into(),
                        self.exchange().into(),
                        (*binding).into(),
                        QueueBindOptions::default(),
                        FieldTable::default(),
                    )
                    .await?;
            }
        }
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        declared().remove(&self.place);
    }
}

/// An answer of the broker, or an error after a while. A connection that is cut at the wrong moment tells nobody, and whoever
/// waits for it would wait for ever, with all who wait for them.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T, BusError>>) -> Result<T, BusError> {
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}

fn declared() -> MutexGuard<'static, HashMap<String, Arc<OnceCell<()>>>> {
    DECLARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Properties of a message that survives the broker's restart.
pub(crate) fn persistent() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(2).with_content_type("application/cloudevents+json".into())
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}
