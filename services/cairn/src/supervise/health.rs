//! Asking a service over HTTP whether it is ready.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const POLL: Duration = Duration::from_millis(100);
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The place where a service tells whether it is ready: 200 means yes.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    /// The path, such as `/readyz`.
    pub(crate) path: String,
    /// It speaks TLS with other names' certificates: that somebody is there has to do.
    pub(crate) tls: bool,
}

impl Probe {
    /// Waits until the answer is yes.
    pub(super) async fn passes(&self) {
        while !matches!(tokio::time::timeout(ANSWER_LIMIT, self.ask()).await, Ok(Ok(true))) {
            tokio::time::sleep(POLL).await;
        }
    }

    /// One question in HTTP/1.0: the whole answer fits in a line, so it needs no HTTP client.
    async fn ask(&self) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
        if self.tls {
            return Ok(true);
        }
        let question = format!("GET {} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\n\r\n", self.path, self.port);
        stream.write_all(question.as_bytes()).await?;
        // "HTTP/1.1 200"
        let mut status = [0_u8; 12];
        stream.read_exact(&mut status).await?;
        Ok(status.starts_with(b"HTTP/1.") && status.ends_with(b" 200"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_service_is_ready_when_it_answers_200() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let probe = Probe { port: listener.local_addr().unwrap().port(), path: "/readyz".to_owned(), tls: false };
        let service = async {
            for answer in ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut question = [0_u8; 12];
                stream.read_exact(&mut question).await.unwrap();
                assert_eq!(&question, b"GET /readyz ");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        tokio::join!(probe.passes(), service);
    }
}
