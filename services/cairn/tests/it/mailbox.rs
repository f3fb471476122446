//! The letters of a test's platform: files, as in development.

use std::time::Duration;

use serde_json::json;
use testkit::Client;

use crate::support::Stage;

/// A letter that was sent.
pub(crate) struct Letter {
    /// Its subject.
    pub(crate) subject: String,
    /// Its text.
    pub(crate) text: String,
}

impl Letter {
    /// What follows `#` in its link.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self.text.split_once('#').expect("a link");
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

/// The letters to an address about something, the oldest first, once there are `count` of them.
///
/// # Panics
/// When they do not come.
pub(crate) async fn letters(stage: &Stage, address: &str, about: &str, count: usize) -> Vec<Letter> {
    for _ in 0..200 {
        let found: Vec<_> = all(stage, address).into_iter().filter(|letter| letter.subject.contains(about)).collect();
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not {count} letters about `{about}` for {address}");
}

/// The one letter to an address about something.
pub(crate) async fn letter(stage: &Stage, address: &str, about: &str) -> Letter {
    letters(stage, address, about, 1).await.pop().unwrap()
}

/// Somebody proves that their address is theirs.
pub(crate) async fn confirm(stage: &Stage, person: &Client) {
    let me = person.get("/identity/v1/me").await;
    let address = me.expect(200).body["email"].as_str().unwrap();
    person.post("/identity/v1/me/email", &json!({ "email": address })).await.expect(202);
    let token = letter(stage, address, "Confirm").await.token();
    stage.anonymous.post("/identity/v1/email-verifications", &json!({ "token": token })).await.expect(204);
}

fn all(stage: &Stage, address: &str) -> Vec<Letter> {
    let folder = std::fs::read_dir(stage.platform.config.data.join("mail"));
    let mut files: Vec<_> = folder.into_iter().flatten().map(|entry| entry.unwrap()).collect();
    files.sort_by_key(|entry| entry.metadata().unwrap().modified().unwrap());
    let read = |entry: &std::fs::DirEntry| std::fs::read_to_string(entry.path()).unwrap();
    let texts = files.iter().filter(|entry| entry.path().extension().is_some_and(|end| end == "eml")).map(read);
    let to_address = |text: &String| text.lines().any(|line| line.starts_with("To: ") && line.contains(address));
    texts.filter(to_address).map(|text| read_letter(&text)).collect()
}

/// Reads a letter as it is sent.
pub(crate) fn read_letter(text: &str) -> Letter {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let subject = head.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default();
    Letter { subject: subject.to_owned(), text: body.to_owned() }
}
