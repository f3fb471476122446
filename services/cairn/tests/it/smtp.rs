//! A mail server that a test talks into moods.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use testkit::TestWorld;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::mailbox::{Letter, read_letter};

/// How the server feels about a letter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes it.
    Kind,
    /// Another time.
    Busy,
    /// Another time; it says so when it has read all of it.
    BusyInTheEnd,
    /// It hangs up in the middle.
    Abrupt,
    /// It has no mailbox whose name begins with `gone`.
    Strict,
    /// It does not know the sender, and repeats what it was told.
    Blunt,
    /// It says nothing at all, and hangs up when the mood is over.
    Silent,
}

/// What was taken.
#[derive(Clone)]
pub(crate) struct Taken {
    /// To whom.
    pub(crate) to: String,
    /// All of it, with its head.
    pub(crate) text: String,
    /// User and password.
    pub(crate) login: String,
}

impl Taken {
    /// The letter in it.
    pub(crate) fn letter(&self) -> Letter {
        read_letter(&self.text)
    }
}

/// A mail server.
pub(crate) struct MailServer {
    address: SocketAddr,
    mood: watch::Sender<Mood>,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Default)]
struct Desk {
    conversations: usize,
    taken: Vec<Taken>,
}

impl MailServer {
    /// A server that the platform of this world uses, as `cairn` with a password.
    pub(crate) fn of(world: &mut TestWorld, password: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let server =
            Self { address: listener.local_addr().unwrap(), mood: watch::channel(Mood::Kind).0, desk: Arc::default() };
        let (mood, desk) = (server.mood.subscribe(), Arc::clone(&server.desk));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    desk.lock().unwrap().conversations += 1;
                    tokio::spawn(converse(client, mood.clone(), Arc::clone(&desk)));
                }
            });
        });
        world.set("CAIRN_SMTP_URL", &format!("smtp://cairn:{password}@{}", server.address));
        server
    }

    /// Changes the mood.
    pub(crate) fn feels(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// How often somebody has come.
    pub(crate) fn conversations(&self) -> usize {
        self.desk.lock().unwrap().conversations
    }

    /// What was taken for an address.
    pub(crate) fn taken(&self, to: &str) -> Vec<Taken> {
        self.desk.lock().unwrap().taken.iter().filter(|taken| taken.to == to).cloned().collect()
    }
}

async fn converse(client: TcpStream, mut mood: watch::Receiver<Mood>, desk: Arc<Mutex<Desk>>) -> Option<()> {
    if *mood.borrow() == Mood::Silent {
        mood.wait_for(|mood| *mood != Mood::Silent).await.ok()?;
        return None;
    }
    let mood = *mood.borrow();
    let mut client = BufReader::new(client);
    let (mut to, mut login) = (String::new(), String::new());
    say(&mut client, "220 mail.example").await?;
    loop {
        let line = hear(&mut client).await?;
        let answer = match line.split_once([' ', ':']).map_or(line.as_str(), |(verb, _)| verb) {
            "EHLO" => "250-mail.example\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" if mood == Mood::Blunt => format!("535 5.7.8 Not you: {line}"),
            "AUTH" => {
                let plain = STANDARD.decode(line.rsplit(' ').next()?).ok()?;
                login = String::from_utf8(plain).ok()?.trim_start_matches('\0').replace('\0', ":");
                "235 Welcome".to_owned()
            }
            "RCPT" if mood == Mood::Busy => "451 4.7.1 Another time".to_owned(),
            "RCPT" if mood == Mood::Strict && line.contains("<gone") => "550 5.1.1 No such mailbox".to_owned(),
            "RCPT" => {
                to = line.split_once('<')?.1.split_once('>')?.0.to_owned();
                "250 Good".to_owned()
            }
            "DATA" if mood == Mood::Abrupt => return None,
            "DATA" => {
                say(&mut client, "354 Go on").await?;
                let text = hear_text(&mut client).await?;
                if mood == Mood::BusyInTheEnd {
                    "452 4.3.1 No room".to_owned()
                } else {
                    desk.lock().ok()?.taken.push(Taken { to: to.clone(), text, login: login.clone() });
                    "250 Taken".to_owned()
                }
            }
            "QUIT" => {
                say(&mut client, "221 Bye").await?;
                return None;
            }
            _ => "250 Good".to_owned(),
        };
        say(&mut client, &answer).await?;
    }
}

async fn say(client: &mut BufReader<TcpStream>, line: &str) -> Option<()> {
    client.write_all(format!("{line}\r\n").as_bytes()).await.ok()
}

async fn hear(client: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    (client.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end().to_owned())
}

async fn hear_text(client: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        let line = hear(client).await?;
        if line == "." {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
}

/// Waits for something.
///
/// # Panics
/// When it does not come.
pub(crate) async fn until(mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not come");
}
