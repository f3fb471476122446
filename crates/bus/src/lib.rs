//! Change events: from the outbox to every consumer, once each in effect.
//!
//! A service announces in the transaction that changes ([`db::Tx::announce`]). Its [`relay`] publishes what committed, in
//! order and with confirms; a [`Consumer`] takes deliveries into its own transactions, guarded by the inbox. What cannot
//! be taken goes to a dead-letter queue, where `cairn doctor` finds it.

mod broker;
mod consumer;
mod listener;
pub mod relay;
pub mod topology;

pub use broker::{Broker, BusError};
pub use consumer::{Consumer, consume};
pub use listener::{Listener, listen};
