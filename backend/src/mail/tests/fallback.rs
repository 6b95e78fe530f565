//! When one server is in trouble the next takes over, and never sends what may have been sent.

use super::{Post, named, with_password};
use crate::{
    mail::provider::Change,
    messages::model::{FAILED, QUEUED, SENT, UNCERTAIN},
    testing::{
        TestApp,
        smtp::{Act, SmtpServer},
    },
};
use cartwheel_domain::time::{DAY, HOUR, MINUTE, SECOND};
use cartwheel_entity::{mail_provider, message_attempt};
use cartwheel_macros::db_test;
use sea_orm::QueryOrder;
use std::collections::BTreeMap;

async fn attempts(post: &Post) -> Vec<message_attempt::Model> {
    let mut tx = post.flow.app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&post.flow.store.scope()).await.expect("the store");
    let query = scoped.find::<message_attempt::Entity>().order_by_asc(message_attempt::Column::Number);
    query.all(scoped.on()).await.expect("attempts")
}

#[db_test]
async fn mail_goes_by_the_first_and_without_servers_not_at_all(app: TestApp) {
    let post = Post::new(&app).await;
    post.due(&["ann@example.com"]).await;
    post.send().await;
    let waits = &post.messages().await[0];
    assert_eq!((waits.status, waits.reason.as_deref()), (QUEUED, Some("no_mail_route")));
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    let from = Change { sender: Some("news@wheelhouse.example".into()), ..named("A") };
    post.server(&a, from).await;
    post.server(&b, named("B")).await;
    post.send_for(HOUR).await;
    assert_eq!((a.ledger().len(), b.ledger().len()), (1, 0));
    let taken = &a.ledger()[0];
    assert_eq!(taken.to, "ann@example.com");
    assert_eq!(taken.from, "news@wheelhouse.example", "no domain for a return path: the address in From");
    assert!(taken.text.contains("From: Wheelhouse <news@wheelhouse.example>"), "{}", taken.text);
    assert_eq!(post.messages().await[0].status, SENT);
    post.flow.assert_sound().await;
    app.allow_leftovers();
}

#[db_test]
async fn the_operators_server_carries_it_where_the_store_has_none_that_is_on(app: TestApp) {
    let mut post = Post::new(&app).await;
    post.flow.tools.channels.email = Some(post.flow.fake.clone());
    post.flow.tools.usual_mail = true;
    post.worker = post.flow.dispatcher();
    let a = SmtpServer::start().await;
    let id = post.server(&a, named("A")).await;
    post.save(Some(id), Change { on: Some(false), ..Change::default() }).await;
    post.due(&["ann@example.com"]).await;
    post.send().await;
    assert_eq!((post.flow.fake.ledger().len(), a.connections()), (1, 0));
    assert_eq!(attempts(&post).await[0].provider_id, None);
    app.allow_leftovers();
}

#[db_test]
async fn the_next_takes_over_at_once_and_the_message_goes_once(app: TestApp) {
    let post = Post::new(&app).await;
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    let first = post.server(&a, named("A")).await;
    let second = post.server(&b, named("B")).await;
    for (act, address, n) in [
        (Act::Busy, "busy@example.com", 1),
        // On the connection that rests, and on a fresh one.
        (Act::HangUp, "hang@example.com", 2),
        (Act::Closing, "closing@example.com", 1),
        (Act::Unwilling, "unwilling@example.com", 1),
    ] {
        a.script(vec![act; n]);
        post.due(&[address]).await;
        post.send().await;
        let before = b.ledger().len();
        app.clock().advance(SECOND);
        post.send().await;
        assert_eq!(b.ledger().len(), before + 1, "{act:?}: the next took over within a second");
        assert_eq!(b.ledger()[before].to, address);
    }
    assert_eq!(a.ledger(), []);
    let all = attempts(&post).await;
    let by = |n: i32| all.iter().filter(|it| it.number == n).map(|it| it.provider_id).collect::<Vec<_>>();
    assert_eq!(by(1), vec![Some(first.uuid()); 4]);
    assert_eq!(by(2), vec![Some(second.uuid()); 4]);
    assert!(post.messages().await.iter().all(|m| m.status == SENT));
    post.flow.assert_sound().await;
    app.allow_leftovers();
}

/// A no about the recipient is a no, whoever carries it; greylisting wants the same server again.
#[db_test]
async fn what_is_about_the_recipient_is_no_reason_to_ask_another(app: TestApp) {
    let post = Post::new(&app).await;
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    post.server(&a, named("A")).await;
    post.server(&b, named("B")).await;
    a.script([Act::NoSuchMailbox]);
    post.due(&["gone@example.com"]).await;
    post.send().await;
    a.script([Act::Greylist]);
    post.due(&["grey@example.com"]).await;
    post.send_for(HOUR).await;
    assert_eq!((a.ledger().len(), b.connections()), (1, 0));
    let mut ends: Vec<_> = post.messages().await.into_iter().map(|m| (m.status, m.reason)).collect();
    ends.sort_unstable();
    assert_eq!(ends, [(SENT, None), (FAILED, Some("no_such_mailbox".into()))]);
    app.allow_leftovers();
}

#[db_test]
async fn a_server_that_fails_again_and_again_is_left_alone(app: TestApp) {
    let post = Post::new(&app).await;
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    post.server(&a, named("A")).await;
    post.server(&b, named("B")).await;
    a.script([Act::HangUp; 5]);
    post.due(&["1@example.com", "2@example.com", "3@example.com", "4@example.com", "5@example.com"]).await;
    post.send().await;
    app.clock().advance(SECOND);
    post.send().await;
    assert_eq!((a.connections(), b.ledger().len()), (5, 5));
    let row = {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&post.flow.store.scope()).await.expect("the store");
        let query = scoped.find::<mail_provider::Entity>().order_by_asc(mail_provider::Column::Position);
        query.all(scoped.on()).await.expect("rows").remove(0)
    };
    assert!(row.down_until.is_some_and(|until| until > app.env().now()), "people see it: {row:?}");
    post.due(&["6@example.com"]).await;
    // The clock has moved past the circuit's rest: one goes first, and all is well again.
    post.send().await;
    assert_eq!((a.ledger().len(), b.ledger().len()), (1, 5));
    post.flow.assert_sound().await;
    app.allow_leftovers();
}

#[db_test]
async fn when_all_are_in_trouble_it_waits_and_when_all_refuse_it_fails(app: TestApp) {
    let post = Post::new(&app).await;
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    post.server(&a, named("A")).await;
    post.server(&b, named("B")).await;
    (a.script([Act::Busy; 2]), b.script([Act::Busy]));
    post.due(&["ann@example.com"]).await;
    let began = app.env().now();
    post.send_for(HOUR).await;
    assert_eq!((a.ledger().len(), b.ledger().len()), (0, 1), "a, b, a, then b took it");
    assert!(app.env().now() - began > 20 * SECOND, "when both have failed nobody hurries");
    a.script([Act::Unwilling]);
    b.script([Act::Unwilling]);
    post.due(&["ben@example.com"]).await;
    post.send_for(HOUR).await;
    let failed = post.messages().await.into_iter().filter(|m| m.status == FAILED).collect::<Vec<_>>();
    assert_eq!(failed.iter().map(|m| m.reason.as_deref()).collect::<Vec<_>>(), [Some("own_fault")]);
    assert_eq!(failed[0].attempt, 2);
    app.allow_leftovers();
}

#[db_test]
async fn what_may_have_been_taken_is_never_given_to_another(app: TestApp) {
    let post = Post::new(&app).await;
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    post.server(&a, named("A")).await;
    post.server(&b, named("B")).await;
    a.script([Act::AcceptSilently, Act::Forget]);
    post.due(&["ann@example.com", "ben@example.com"]).await;
    post.send_for(10 * DAY).await;
    app.clock().advance(HOUR);
    post.worker.rescue().await.expect("looked");
    post.send_for(DAY).await;
    assert!(post.messages().await.iter().all(|m| m.status == UNCERTAIN));
    assert_eq!((a.ledger().len(), b.connections()), (1, 0));
    post.flow.assert_sound().await;
    app.allow_leftovers();
}

/// A worker dies after the hand-over: whether the first server has the mail nobody knows, so the second does not get it.
#[db_test]
async fn a_worker_that_dies_leaves_nothing_for_the_next_server(app: TestApp) {
    let post = Post::new(&app).await;
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    post.server(&a, named("A")).await;
    post.server(&b, named("B")).await;
    post.due(&["ann@example.com"]).await;
    app.dies("dispatch.called", 1, post.worker.tick()).await;
    app.clock().advance(HOUR);
    post.worker.rescue().await.expect("looked");
    post.send_for(DAY).await;
    assert_eq!((a.ledger().len(), b.ledger().len()), (1, 0));
    assert_eq!(post.messages().await[0].status, UNCERTAIN);
    app.allow_leftovers();
}

#[db_test]
async fn a_wrong_password_is_the_servers_trouble_and_the_next_takes_over(app: TestApp) {
    let post = Post::new(&app).await;
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    a.lock_to("shop", "right");
    b.lock_to("shop", "right");
    let first = post.server(&a, with_password("A", "shop", "wrong")).await;
    post.server(&b, with_password("B", "shop", "right")).await;
    post.due(&["ann@example.com"]).await;
    post.send_for(MINUTE).await;
    assert_eq!((a.ledger().len(), b.ledger().len()), (0, 1));
    let told = attempts(&post).await.remove(0).reply.unwrap_or_default();
    assert!(told.contains("refuses our sign-in") && !told.contains("wrong"), "{told}");
    // Mended, it is used again, and the connection of before is not.
    post.save(Some(first), with_password("A", "shop", "right")).await;
    post.due(&["ben@example.com"]).await;
    post.send_for(MINUTE).await;
    assert_eq!((a.ledger().len(), b.ledger().len()), (1, 1));
    app.allow_leftovers();
}

/// Whatever two servers do: a message is accepted once at most, and one that nobody accepted is not called sent.
#[db_test]
async fn whatever_two_servers_do_a_message_is_accepted_once_at_most(app: TestApp) {
    let post = Post::new(&app).await;
    let (a, b) = (SmtpServer::start().await, SmtpServer::start().await);
    post.server(&a, named("A")).await;
    post.server(&b, named("B")).await;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = || {
        // xorshift: the same each time.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        Act::ALL[usize::try_from(seed % 10).expect("small")]
    };
    let people: Vec<String> = (0..48).map(|n| format!("p{n}@d{}.example", n % 3)).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    for twelve in people.chunks(12) {
        a.script((0..14).map(|_| draw()).collect::<Vec<_>>());
        b.script((0..10).map(|_| draw()).collect::<Vec<_>>());
        post.due(twelve).await;
        post.send_for(8 * HOUR).await;
    }
    post.worker.rescue().await.expect("looked");
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for one in a.ledger().into_iter().chain(b.ledger()) {
        *taken.entry(one.to).or_insert(0) += 1;
    }
    let (mut per_person, mut sent, mut doubtful) = (BTreeMap::<_, u32>::new(), 0, 0);
    for message in post.messages().await {
        sent += u32::from(message.status == SENT);
        doubtful += u32::from(message.status == UNCERTAIN);
        // A later mail of the journey goes to the same person.
        let handed = matches!(message.status, SENT | UNCERTAIN);
        *per_person.entry(message.contact_id).or_insert(0) += u32::from(handed);
    }
    let total: u32 = taken.values().sum();
    assert!(total <= sent + doubtful && total >= sent, "{total} accepted, {sent} sent, {doubtful} in doubt");
    assert!(sent > 10 && doubtful > 2, "the scripts do something: {sent} {doubtful}");
    let texts: Vec<String> = a.ledger().into_iter().chain(b.ledger()).map(|one| id_of(&one.text)).collect();
    let unique: std::collections::BTreeSet<&String> = texts.iter().collect();
    assert_eq!(unique.len(), texts.len(), "no message is with both, or twice with one");
    post.flow.assert_sound().await;
    app.allow_leftovers();
}

fn id_of(text: &str) -> String {
    let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    id.expect("each mail has one").to_owned()
}
