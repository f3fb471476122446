//! Letters over SMTP: as they arrive, and what becomes of them when the mail server has its moods.

use chrono::Duration;
use kernel::Timestamp;
use serde_json::json;
use testkit::{Client, Response};

use crate::database::lines;
use crate::smtp::{MailServer, Mood, Taken, until};
use crate::support::{Stage, on_prepared_stage};

const LEE: &str = "lee@example.com";

fn with_mail<F: Future<Output = ()>>(test: impl FnOnce(std::rc::Rc<Stage>, MailServer) -> F) {
    on_prepared_stage(|world| MailServer::of(world, "s%40cret"), test);
}

async fn invite(admin: &Client, email: &str) -> Response {
    let invited = admin.post("/identity/v1/invitations", &json!({ "email": email, "roles": ["SME"] })).await;
    invited.expect(201);
    invited
}

/// The one letter to an address, however long it has to wait.
async fn arrives(stage: &Stage, server: &MailServer, to: &str) -> Taken {
    until(async || {
        stage.clock.advance(Duration::seconds(20));
        !server.taken(to).is_empty()
    })
    .await;
    // Whoever comes last is behind everybody who waited.
    invite(&stage.another_session().await, &format!("last-after-{to}")).await;
    until(async || !server.taken(&format!("last-after-{to}")).is_empty()).await;
    let [taken] = &server.taken(to)[..] else { panic!("more than one letter to {to}") };
    taken.clone()
}

/// Whether the link in a letter leads to its invitation.
async fn leads_in(stage: &Stage, taken: &Taken) {
    let look = json!({ "token": taken.letter().token() });
    let seen = stage.anonymous.post("/identity/v1/invitations/look", &look).await;
    assert_eq!(seen.expect(200).body["email"], taken.to, "{}", seen.text);
}

/// What is kept of the last failure to send a letter.
async fn errors(stage: &Stage) -> Vec<String> {
    let mut behind = stage.world.administrator().await;
    lines(&mut behind, "select last_error as line from identity.letters where last_error is not null").await.unwrap()
}

#[test]
fn an_invitation_arrives_with_a_link_that_works() {
    with_mail(async |stage, server| {
        let invited = invite(&stage.admin, LEE).await;
        until(async || !server.taken(LEE).is_empty()).await;
        let taken = server.taken(LEE).remove(0);
        let letter = taken.letter();
        assert_eq!((letter.subject.as_str(), taken.login.as_str()), ("Join Northwind", "cairn:s@cret"));
        let head = taken.text.split_once("\r\n\r\n").unwrap().0;
        for line in [
            "From: Cairn <cairn@localhost>",
            "To: lee@example.com",
            "Message-ID: <",
            "Date: ",
            "Content-Type: text/plain",
        ] {
            assert!(head.contains(line), "{line} in {head}");
        }
        let until: Timestamp = invited.body["expiresAt"].as_str().unwrap().parse().unwrap();
        assert!(letter.text.contains(&format!("Follow this link before {}:", until.in_words())), "{}", letter.text);
        leads_in(&stage, &taken).await;
    });
}

#[test]
fn what_a_server_does_not_take_now_it_gets_later_and_once() {
    with_mail(async |stage, server| {
        for (mood, to) in
            [(Mood::Busy, "a@x.example"), (Mood::BusyInTheEnd, "b@x.example"), (Mood::Abrupt, "c@x.example")]
        {
            server.feels(mood);
            invite(&stage.another_session().await, to).await;
            until(async || !errors(&stage).await.is_empty()).await;
            server.feels(Mood::Kind);
            let taken = arrives(&stage, &server, to).await;
            leads_in(&stage, &taken).await;
        }
    });
}

#[test]
fn a_mailbox_that_does_not_exist_is_given_up_and_keeps_nobody_waiting() {
    with_mail(async |stage, server| {
        server.feels(Mood::Strict);
        invite(&stage.admin, "gone@example.com").await;
        invite(&stage.admin, LEE).await;
        arrives(&stage, &server, LEE).await;
        let mut behind = stage.world.administrator().await;
        let waiting = lines(&mut behind, "select kind as line from identity.letters").await.unwrap();
        assert_eq!(waiting, [""; 0]);
        assert!(observe::metrics().contains("cairn_letters_given_up_total 1"));
        assert!(server.taken("gone@example.com").is_empty());
    });
}

#[test]
fn a_server_that_says_nothing_holds_up_no_request() {
    with_mail(async |stage, server| {
        server.feels(Mood::Silent);
        invite(&stage.admin, LEE).await;
        until(async || server.conversations() == 1).await;
        invite(&stage.admin, "ann@example.com").await;
        stage.admin.get("/identity/v1/me").await.expect(200);
        server.feels(Mood::Kind);
        let taken = arrives(&stage, &server, LEE).await;
        leads_in(&stage, &taken).await;
        assert_eq!(server.taken("ann@example.com").len(), 1);
    });
}

#[test]
fn a_server_that_refuses_the_password_loses_no_letter_and_does_not_have_it_written_down() {
    with_mail(async |stage, server| {
        server.feels(Mood::Blunt);
        invite(&stage.admin, LEE).await;
        until(async || !errors(&stage).await.is_empty()).await;
        assert_eq!(errors(&stage).await, ["the mail server answered 535"]);
        assert!(!format!("{:?}", stage.platform.config).contains("s%40cret"));
        server.feels(Mood::Kind);
        arrives(&stage, &server, LEE).await;
    });
}
