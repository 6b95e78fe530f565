//! The service's own mails on their way out.

use super::{Postman, Sender};
use crate::{
    accounts::mailbox::{self, Letter, Mail},
    channels::fake::{Act, Fake},
    testing::{TestApp, mails},
};
use cartwheel_domain::{
    locale::Language,
    time::{DAY, HOUR, MINUTE},
};
use cartwheel_macros::db_test;
use std::sync::Arc;

fn postman(app: &TestApp, fake: &Arc<Fake>) -> Postman {
    Postman {
        db: app.db().clone(),
        env: app.env().clone(),
        master: app.master_key(),
        channel: fake.clone(),
        sender: "Cartwheel <no-reply@cartwheel.example>".parse().expect("a sender"),
        public_url: "https://cartwheel.example".into(),
    }
}

async fn queue(app: &TestApp, letter: Letter) {
    let mail = Mail { to: "ann@example.com".into(), language: Language::It, letter };
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    mailbox::queue(&system, app.env(), &app.master_key(), &mail).await.expect("queued");
    tx.commit().await.expect("committed");
}

#[db_test]
async fn a_mail_is_handed_over_once_and_forgotten(app: TestApp) {
    let fake = Arc::new(Fake::forgetful());
    let postman = postman(&app, &fake);
    queue(&app, Letter::SignUp { token: "cwm_x".into() }).await;
    queue(&app, Letter::Nothing).await;
    assert_eq!(postman.tick().await.expect("a pass"), 2);
    assert_eq!(postman.tick().await.expect("a pass"), 0);
    let ledger = fake.ledger();
    let [sent] = ledger.as_slice() else { panic!("one mail: {ledger:?}") };
    assert_eq!(sent.message.to, "ann@example.com");
    assert_eq!(
        (sent.message.from.as_str(), sent.message.from_name.as_str()),
        ("no-reply@cartwheel.example", "Cartwheel")
    );
    assert_eq!(sent.message.subject, "Il suo account Cartwheel");
    assert!(sent.message.text.contains("https://cartwheel.example/welcome#cwm_x"));
    assert!(mails(&app).await.is_empty());
}

/// A provider that cannot be reached, defers, or is silent is asked again; one that refuses for good is not.
#[db_test]
async fn what_fails_is_tried_again_under_the_same_name(app: TestApp) {
    let fake = Arc::new(Fake::forgetful());
    let postman = postman(&app, &fake);
    fake.script([Act::Unreachable, Act::Defer(Some(30 * MINUTE)), Act::AcceptSilently]);
    queue(&app, Letter::PasswordChanged).await;
    assert_eq!(postman.tick().await.expect("a pass"), 1);
    assert_eq!(postman.tick().await.expect("a pass"), 0, "not at once");
    app.clock().advance(MINUTE);
    assert_eq!(postman.tick().await.expect("a pass"), 1);
    app.clock().advance(29 * MINUTE);
    assert_eq!(postman.tick().await.expect("a pass"), 0, "as long as the provider asks for");
    app.clock().advance(MINUTE);
    assert_eq!(postman.tick().await.expect("a pass"), 1);
    app.clock().advance(HOUR);
    assert_eq!(postman.tick().await.expect("a pass"), 1);
    assert!(mails(&app).await.is_empty());
    let keys: std::collections::BTreeSet<String> = fake.ledger().into_iter().map(|a| a.key).collect();
    assert_eq!(keys.len(), 1, "a repeated mail carries its first name");

    fake.script([Act::NoSuchMailbox]);
    queue(&app, Letter::PasswordChanged).await;
    postman.tick().await.expect("a pass");
    assert!(mails(&app).await.is_empty());
}

/// What nobody could hand over in time is given up, and what another worker has in hand is left to it.
#[db_test]
async fn a_mail_is_one_workers_and_ends_with_its_use(app: TestApp) {
    let fake = Arc::new(Fake::forgetful());
    let postman = postman(&app, &fake);
    queue(&app, Letter::PasswordChanged).await;
    let claimed = postman.claim().await.expect("claimed");
    assert_eq!((claimed.len(), postman.tick().await.expect("a pass")), (1, 0));
    app.clock().advance(10 * MINUTE);
    assert_eq!(postman.tick().await.expect("a pass"), 1, "its worker died");
    assert_eq!(fake.ledger().len(), 1);

    queue(&app, Letter::PasswordChanged).await;
    app.clock().advance(4 * DAY);
    postman.tick().await.expect("a pass");
    assert!(mails(&app).await.is_empty());
    assert_eq!(fake.ledger().len(), 1, "news of last week is none");
}

#[test]
fn a_sender_is_a_name_and_an_address() {
    let shown = |text: &str| text.parse::<Sender>().map(|s| s.to_string()).ok();
    assert_eq!(
        shown("Cartwheel <No-Reply@Example.com>").as_deref(),
        Some("Cartwheel <no-reply@example.com>")
    );
    assert_eq!(shown("no-reply@example.com").as_deref(), Some(" <no-reply@example.com>"));
    for wrong in ["", "Cartwheel", "a <b> <c@d.example>", "a\r\nBcc: x <c@d.example>", "x c@d.example>"] {
        assert_eq!(shown(wrong), None, "{wrong:?}");
    }
}
