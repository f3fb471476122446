//! The gateway over real sockets, with small servers behind it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot stand should fall loudly")]

mod behind;
mod support;

mod bodies;
mod browsers;
mod callers;
mod checks;
mod hostile;
mod platform;
mod routing;
mod table;
mod websockets;
mod wire;
