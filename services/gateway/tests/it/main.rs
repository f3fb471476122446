//! The gateway over real sockets, with small servers behind it.

mod support;

mod bodies;
mod browsers;
mod callers;
mod hostile;
mod platform;
mod routing;
