//! Signals, sent and received.

use std::process::{Command, Stdio};

use tokio::signal::unix::{self, SignalKind};

/// The signals that stop a process, from polite to final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C; to Postgres: drop the clients and shut down ("fast").
    Interrupt,
    /// Please stop.
    Terminate,
    /// To Postgres: stop at once and recover at the next start ("immediate").
    Quit,
    /// Cannot be refused.
    Kill,
}

impl Signal {
    /// Its name, as `kill` and `setpriv` know it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
            Self::Quit => "QUIT",
            Self::Kill => "KILL",
        }
    }

    /// Sends it. A process that has already gone is what the sender wanted, so there is no error.
    ///
    /// The shell's own `kill`: the standard library sends no signals, and the program of that name is not on every
    /// minimal machine.
    pub(crate) fn send(self, pid: u32) {
        let _ = Command::new("/bin/sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "sh", self.name(), &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// The requests to stop that a person, a terminal or an init system sends to us.
pub(crate) struct StopRequests {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hangup: unix::Signal,
}

impl StopRequests {
    /// Listens from now on: none of them ends this process by itself any more.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hangup: unix::signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one. A closed terminal counts as a request to terminate.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.hangup.recv() => Signal::Terminate,
        }
    }

    /// Waits for Ctrl-C. Once we are stopping only a person can want it faster: a closing terminal or an init system
    /// may well ask twice.
    pub(crate) async fn impatience(&mut self) {
        while self.next().await != Signal::Interrupt {}
    }
}
