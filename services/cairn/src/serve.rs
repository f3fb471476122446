//! `cairn serve <service>`: a stand-in that says it is ready, until the services are there.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::servers::{Error, Result};
use crate::up::SERVICES;

/// Answers 200 to everything on the service's port.
pub(crate) async fn serve(service: &str, port_base: u16) -> Result<ExitCode> {
    let ports = SERVICES.into_iter().zip(port_base..);
    let Some((_, port)) = ports.into_iter().find(|(name, _)| *name == service) else { return Ok(ExitCode::FAILURE) };
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(Error::io("serve", service.as_ref()))?;
    loop {
        let (mut stream, _) = listener.accept().await.map_err(Error::io("serve", service.as_ref()))?;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    }
}
