//! A TCP proxy that a test cuts and mends: a server that goes away and comes back.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::watch;

/// Stands before a server. While it is cut, open connections are closed and new ones refused at once.
pub struct Proxy {
    /// Where clients connect.
    pub address: SocketAddr,
    open: Arc<watch::Sender<bool>>,
}

impl Proxy {
    /// A proxy before `server` (`host:port`), open.
    ///
    /// # Panics
    /// When no port can be had.
    #[must_use]
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (open, state) = watch::channel(true);
        let server = server.to_owned();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pass(client, server.clone(), state.clone()));
                }
            });
        });
        Self { address, open: Arc::new(open) }
    }

    /// The server goes away.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// The server is back.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn pass(mut client: TcpStream, server: String, mut open: watch::Receiver<bool>) {
    if !*open.borrow_and_update() {
        return;
    }
    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut upstream) => {}
        _ = open.wait_for(|open| !open) => {}
    }
}
