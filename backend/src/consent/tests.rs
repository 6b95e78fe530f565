//! The ledger, the noes and the page, on both databases.

use super::{
    http::{Desk, routes},
    ledger::{self, Said, VerifyError},
    links, suppression,
    unsubscribe::Choice,
};
use crate::{
    accounts::MasterKey,
    db::{DbError, Scoped},
    testing::{TestApp, TestStore},
};
use actix_web::{
    App,
    body::to_bytes,
    http::{Method as Verb, StatusCode, header},
    test::{TestRequest, call_service, init_service},
    web::Data,
};
use cartwheel_domain::{
    consent::{
        Channel, ContentClass, Decision, GateInput, Method, Purpose, Recipient, StoreFacts, Suppression,
        SuppressionReason,
        ledger::{Action, State},
        may_send,
    },
    ids::{ContactId, MessageId, SuppressionId},
    recovery::link::{LinkPurpose, LinkToken},
    time::{DAY, HOUR},
};
use cartwheel_entity::{consent_event, contact, message, message_content};
use cartwheel_macros::db_test;
use sea_orm::{ActiveValue::Set, ColumnTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

/// Whether a standing no is on record for an address, as lists of people ask it. A channel we do not know has none.
async fn suppressed(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    channel: &str,
    address: &str,
) -> Result<bool, DbError> {
    let Some(channel) = Channel::from_name(channel) else { return Ok(false) };
    let asked = [(channel.as_str(), address), (channel.as_str(), "stranger@example.com")];
    let found = suppression::standing_among(scoped, key, &asked).await?;
    let found: Vec<&str> = found.iter().map(|no| no.address).collect();
    assert_eq!(
        found == [address],
        suppression::standing(scoped, key, (channel, address)).await?.is_some(),
        "one is judged as many are"
    );
    Ok(!found.is_empty())
}

async fn inside<T>(app: &TestApp, store: &TestStore, body: impl AsyncFnOnce(&Scoped<'_>) -> T) -> T {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let out = body(&scoped).await;
    tx.commit().await.expect("committed");
    out
}

fn said(app: &TestApp, contact: ContactId, purpose: Purpose, action: Action) -> Said {
    Said {
        contact,
        channel: Channel::Email,
        purpose,
        action,
        method: Method::Checkbox.as_str().into(),
        occurred_at: app.env().now(),
        wording: Some("Yes, remind me".into()),
        place: Some("https://shop.example/checkout".into()),
        evidence: json!({"form": "checkout", "share": 0.5}),
    }
}

async fn queue(
    app: &TestApp,
    store: &TestStore,
    contact: ContactId,
    purpose: Purpose,
    status: i32,
) -> MessageId {
    let id: MessageId = app.env().id();
    let now = app.env().now();
    let row = message::ActiveModel {
        store_id: Set(store.id().uuid()),
        id: Set(id.uuid()),
        send_key: Set(id.to_string()),
        node: Set("mail_1".into()),
        contact_id: Set(contact.uuid()),
        channel: Set("email".into()),
        purpose: Set(purpose.as_str().into()),
        content_class: Set("informational".into()),
        template_key: Set("recovery_1".into()),
        status: Set(status),
        next_at: Set(now + DAY),
        epoch: Set(1),
        attempt: Set(0),
        lane: Set(0),
        created_at: Set(now),
        ..Default::default()
    };
    inside(app, store, async |s| s.insert::<message::Entity>(vec![row]).await.expect("a message")).await;
    id
}

fn token_of(app: &TestApp, store: &TestStore, message: MessageId, purpose: LinkPurpose) -> String {
    let token = LinkToken {
        purpose,
        store: store.id(),
        message,
        number: 0,
        expires_at: app.env().now() + HOUR,
        key_id: links::KEY_ID,
    };
    links::sign(&app.master_key(), &token)
}

fn desk(app: &TestApp) -> Data<Desk> {
    Data::new(Desk {
        db: app.db().clone(),
        env: app.env().clone(),
        key: app.master_key(),
        stores: app.stores().clone(),
    })
}

struct Answer {
    status: StatusCode,
    headers: header::HeaderMap,
    text: String,
}

async fn ask(app: &TestApp, request: TestRequest) -> Answer {
    let service = init_service(App::new().app_data(desk(app)).configure(routes)).await;
    let response = call_service(&service, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = to_bytes(response.into_body()).await.expect("a body");
    Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

async fn one_click(app: &TestApp, token: &str) -> Answer {
    let request = TestRequest::post().uri(&format!("/u/{token}"));
    ask(
        app,
        request
            .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"))
            .set_payload("List-Unsubscribe=One-Click"),
    )
    .await
}

async fn press(app: &TestApp, token: &str, choice: &str) -> Answer {
    let request = TestRequest::post().uri(&format!("/u/{token}"));
    ask(
        app,
        request
            .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"))
            .set_payload(format!("choice={choice}")),
    )
    .await
}

async fn entries(app: &TestApp, store: &TestStore) -> Vec<consent_event::Model> {
    inside(app, store, async |s| s.find::<consent_event::Entity>().all(s.on()).await.expect("rows")).await
}

async fn status_of(app: &TestApp, store: &TestStore, id: MessageId) -> message::Model {
    let which = message::Column::Id.eq(id.uuid());
    inside(app, store, async |s| {
        s.find::<message::Entity>().filter(which).one(s.on()).await.expect("asked").expect("a row")
    })
    .await
}

#[db_test]
async fn the_ledger_is_chained_and_tampering_is_found(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let (ann, bea) = (a.contact("ann@example.com").await, b.contact("bea@example.com").await);
    for store in [(&a, ann), (&b, bea)] {
        for action in [Action::Given, Action::Withdrawn, Action::Given] {
            let one = said(&app, store.1, Purpose::CartEmail, action);
            inside(&app, store.0, async |s| ledger::append(s, app.env(), vec![one]).await.expect("appended"))
                .await;
        }
    }
    let verify = async |store| inside(&app, store, async |s| ledger::verify(s).await).await;
    assert_eq!((verify(&a).await.ok(), verify(&b).await.ok()), (Some(3), Some(3)));
    let rows = entries(&app, &a).await;
    assert_ne!(rows[0].hash, entries(&app, &b).await[0].hash, "each store has a chain of its own");
    assert_eq!(rows[0].evidence["share"], json!("0.5"));

    let second = rows.iter().find(|r| r.sequence == 2).expect("three").id;
    inside(&app, &a, async |s| {
        let change =
            s.update::<consent_event::Entity>().col_expr(consent_event::Column::Action, Expr::value("given"));
        change.filter(consent_event::Column::Id.eq(second)).exec(s.on()).await.expect("changed")
    })
    .await;
    assert!(matches!(verify(&a).await, Err(VerifyError::Broken(_))), "a withdrawal turned into a yes");
    inside(&app, &b, async |s| {
        let gone = s.delete::<consent_event::Entity>().filter(consent_event::Column::Sequence.eq(2));
        gone.exec(s.on()).await.expect("deleted")
    })
    .await;
    assert!(matches!(verify(&b).await, Err(VerifyError::Broken(_))), "an entry taken out");
}

#[db_test]
async fn states_are_loaded_for_a_batch_of_one_store(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let (ann, bob) = (a.contact("ann@example.com").await, a.contact("bob@example.com").await);
    let foreign = b.contact("ann@example.com").await;
    let yes = vec![
        said(&app, ann, Purpose::CartEmail, Action::Given),
        said(&app, bob, Purpose::CartEmail, Action::Objected),
    ];
    let ids = inside(&app, &a, async |s| ledger::append(s, app.env(), yes).await.expect("appended")).await;
    assert_eq!(ids.len(), 2);
    assert!(
        inside(&app, &a, async |s| ledger::append(s, app.env(), vec![]).await.expect("nothing"))
            .await
            .is_empty()
    );
    let states =
        inside(&app, &a, async |s| ledger::states(s, &[ann, bob, foreign]).await.expect("loaded")).await;
    let state =
        |c| states.get(&c).and_then(|s| s.standing(Channel::Email, Purpose::CartEmail)).map(|s| s.state);
    assert_eq!((state(ann), state(bob), state(foreign)), (Some(State::Given), Some(State::Objected), None));
    let theirs = inside(&app, &b, async |s| ledger::states(s, &[ann, bob]).await.expect("loaded")).await;
    assert!(theirs.is_empty(), "another store's people are nobody");
}

#[db_test]
async fn a_graver_reason_stays_and_only_a_persons_own_no_is_lifted(app: TestApp) {
    use SuppressionReason::{Complaint, Erased, HardBounce, Manual, Objected, Unsubscribed};
    let (a, b) = (app.store("a").await, app.store("b").await);
    let key = app.master_key();
    let at = (Channel::Email, "ann@example.com");
    let put = async |reason| {
        inside(&app, &a, async |s| {
            suppression::suppress(s, app.env(), &key, at, reason, None).await.expect("written")
        })
        .await
    };
    let lift = async || {
        inside(&app, &a, async |s| suppression::lift(s, app.env(), &key, at).await.expect("written")).await
    };
    let now = async |store| {
        inside(&app, store, async |s| suppression::standing(s, &key, at).await.expect("read")).await
    };

    assert!(put(Unsubscribed).await);
    assert!(!put(Unsubscribed).await && !put(Manual).await, "nothing new");
    assert_eq!((now(&a).await, now(&b).await), (Some(Unsubscribed), None), "another store's address");
    assert!(lift().await && !lift().await);
    assert_eq!(now(&a).await, None);
    assert!(put(Objected).await && put(Complaint).await && put(HardBounce).await);
    assert!(!put(Unsubscribed).await);
    assert_eq!(now(&a).await, Some(HardBounce));
    assert!(!lift().await, "a mailbox that does not exist cannot be talked back");
    let other = (Channel::Email, "bob@example.com");
    inside(&app, &a, async |s| {
        suppression::suppress(s, app.env(), &key, other, Erased, None).await.expect("written")
    })
    .await;
    assert!(
        !inside(&app, &a, async |s| suppression::lift(s, app.env(), &key, other).await.expect("written"))
            .await
    );
    let asked = async |channel: &'static str, address: &'static str| {
        inside(&app, &a, async |s| suppressed(s, &key, channel, address).await.expect("read")).await
    };
    assert!(asked("email", "bob@example.com").await);
    assert!(!asked("sms", "bob@example.com").await && !asked("pigeon", "bob@example.com").await);
}

#[db_test]
async fn looking_changes_nothing(app: TestApp) {
    let a = app.store("a").await;
    let ann = a.contact("ann@example.com").await;
    let id = queue(&app, &a, ann, Purpose::CartEmail, 0).await;
    let token = token_of(&app, &a, id, LinkPurpose::Unsubscribe);
    for verb in [Verb::GET, Verb::HEAD] {
        let shown = ask(&app, TestRequest::default().method(verb.clone()).uri(&format!("/u/{token}"))).await;
        assert_eq!(shown.status, StatusCode::OK);
        if verb == Verb::GET {
            assert!(shown.text.contains("a•••@example.com") && !shown.text.contains("ann@example.com"));
            assert!(shown.text.contains("method=\"post\""));
        }
        let csp = shown
            .headers
            .get(header::CONTENT_SECURITY_POLICY)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        assert!(
            csp.starts_with("default-src 'none'; style-src 'sha256-")
                && csp.contains("frame-ancestors 'none'")
        );
        assert_eq!(
            shown.headers.get(header::REFERRER_POLICY).map(|v| v.as_bytes()),
            Some(&b"no-referrer"[..])
        );
        assert!(shown.headers.get(header::SET_COOKIE).is_none());
    }
    assert!(entries(&app, &a).await.is_empty());
    assert_eq!(status_of(&app, &a, id).await.status, 0);
}

#[db_test]
async fn one_click_stops_all_mail_at_once_and_for_good(app: TestApp) {
    let a = app.store("a").await;
    let (ann, bob) = (a.contact("ann@example.com").await, a.contact("bob@example.com").await);
    let waiting = queue(&app, &a, ann, Purpose::CartEmail, 0).await;
    let leased = queue(&app, &a, ann, Purpose::MarketingEmail, 1).await;
    let asked_for = queue(&app, &a, ann, Purpose::Service, 0).await;
    let sent = queue(&app, &a, ann, Purpose::CartEmail, 3).await;
    let others = queue(&app, &a, bob, Purpose::CartEmail, 0).await;
    let token = token_of(&app, &a, sent, LinkPurpose::Unsubscribe);
    // The link outlives its expiry: an old mail still says no.
    app.clock().advance(900 * DAY);
    let answer = one_click(&app, &token).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.headers.get(header::LOCATION).is_none() && answer.headers.get(header::SET_COOKIE).is_none()
    );

    for (id, status, epoch) in
        [(waiting, 4, 2), (leased, 4, 2), (asked_for, 0, 1), (sent, 3, 1), (others, 0, 1)]
    {
        let row = status_of(&app, &a, id).await;
        assert_eq!((row.status, row.epoch), (status, epoch));
        assert_eq!(row.reason.as_deref(), (status == 4).then_some("unsubscribed"));
    }
    assert!(status_of(&app, &a, sent).await.unsubscribed_at.is_some());
    let rows = entries(&app, &a).await;
    let mut said: Vec<_> = rows
        .iter()
        .map(|r| (r.purpose.as_str(), r.action.as_str(), r.method.as_str(), r.wording.is_none()))
        .collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [("cart_email", "withdrawn", "one_click", true), ("marketing_email", "withdrawn", "one_click", true)]
    );
    assert!(gate_refuses(&app, &a, ann).await && !gate_refuses(&app, &a, bob).await);
    app.allow_leftovers();
}

/// What the gate says of a person in the United States, where nothing but a no refuses.
async fn gate_refuses(app: &TestApp, store: &TestStore, who: ContactId) -> bool {
    let key = app.master_key();
    let (consents, standing) = inside(app, store, async |s| {
        let found = s.find::<contact::Entity>().filter(contact::Column::Id.eq(who.uuid())).one(s.on()).await;
        let email = found.expect("asked").expect("a contact").email.unwrap_or_default();
        let states = ledger::states(s, &[who]).await.expect("loaded").remove(&who).unwrap_or_default();
        (states, suppression::standing(s, &key, (Channel::Email, &email)).await.expect("read"))
    })
    .await;
    let decide = |consents, suppressions| {
        let recipient =
            Recipient { country: "US".parse().ok(), consents, suppressions, ..Recipient::default() };
        let store = StoreFacts { has_postal_address: true, ..StoreFacts::default() };
        let input = GateInput {
            recipient: &recipient,
            channel: Channel::Email,
            purpose: Purpose::CartEmail,
            content_class: ContentClass::Informational,
            cart: None,
            store: &store,
            now: app.env().now(),
        };
        matches!(may_send(&input), Decision::Deny(_))
    };
    let at = app.env().now();
    let suppression = standing.map(|reason| Suppression {
        id: app.env().id::<SuppressionId>().to_string(),
        channel: Some(Channel::Email),
        reason,
        at,
    });
    // Each of the two is enough by itself.
    let (by_ledger, by_suppression) =
        (decide(consents, vec![]), decide(Default::default(), suppression.into_iter().collect()));
    assert_eq!(by_ledger, by_suppression);
    by_ledger
}

#[db_test]
async fn a_thousand_presses_leave_one_trace(app: TestApp) {
    let a = app.store("a").await;
    let ann = a.contact("ann@example.com").await;
    let id = queue(&app, &a, ann, Purpose::CartEmail, 3).await;
    let token = token_of(&app, &a, id, LinkPurpose::Unsubscribe);
    let service = init_service(App::new().app_data(desk(&app)).configure(routes)).await;
    for round in 0..100 {
        let posts = (0..10).map(|_| {
            let request =
                TestRequest::post().uri(&format!("/u/{token}")).set_payload("List-Unsubscribe=One-Click");
            call_service(&service, request.to_request())
        });
        for response in futures_util::future::join_all(posts).await {
            assert_eq!(response.status(), StatusCode::OK, "round {round}");
        }
    }
    assert_eq!(entries(&app, &a).await.len(), 2);
    assert_eq!(inside(&app, &a, async |s| ledger::verify(s).await.ok()).await, Some(2));
    let noes = inside(&app, &a, async |s| {
        s.find::<cartwheel_entity::suppression::Entity>().count(s.on()).await.expect("counted")
    })
    .await;
    assert_eq!(noes, 1);
}

#[db_test]
async fn the_page_offers_less_and_more_than_all_mail(app: TestApp) {
    let a = app.store("a").await;
    let key = app.master_key();
    for (choice, purposes, action, suppressed_by) in [
        (Choice::Reminders, 1, "withdrawn", None),
        (Choice::Email, 2, "withdrawn", Some(SuppressionReason::Unsubscribed)),
        (Choice::Everything, 2, "objected", Some(SuppressionReason::Objected)),
    ] {
        let address = format!("{}@example.com", choice.as_str());
        let who = a.contact(&address).await;
        let id = queue(&app, &a, who, Purpose::CartEmail, 0).await;
        let offer = queue(&app, &a, who, Purpose::MarketingEmail, 0).await;
        let answer = press(&app, &token_of(&app, &a, id, LinkPurpose::Unsubscribe), choice.as_str()).await;
        assert_eq!(answer.status, StatusCode::OK);
        let rows: Vec<_> =
            entries(&app, &a).await.into_iter().filter(|r| r.contact_id == who.uuid()).collect();
        assert!(
            rows.len() == purposes
                && rows.iter().all(|r| r.action == action && r.method == "page" && r.wording.is_some())
        );
        let standing = inside(&app, &a, async |s| {
            suppression::standing(s, &key, (Channel::Email, &address)).await.expect("read")
        })
        .await;
        assert_eq!(standing, suppressed_by);
        let statuses = (status_of(&app, &a, id).await.status, status_of(&app, &a, offer).await.status);
        assert_eq!(statuses, (4, if choice == Choice::Reminders { 0 } else { 4 }));
    }
    app.allow_leftovers();
}

#[db_test]
async fn whatever_is_posted_with_a_genuine_link_is_a_no(app: TestApp) {
    let a = app.store("a").await;
    let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (n, body) in ["", "choice=nonsense", multipart, "\u{0}\u{fffd}"].into_iter().enumerate() {
        let address = format!("p{n}@example.com");
        let who = a.contact(&address).await;
        let id = queue(&app, &a, who, Purpose::CartEmail, 3).await;
        let uri = format!("/u/{}", token_of(&app, &a, id, LinkPurpose::Unsubscribe));
        let answer = ask(&app, TestRequest::post().uri(&uri).set_payload(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{body:?}");
        assert!(
            inside(&app, &a, async |s| suppressed(s, &app.master_key(), "email", &address)
                .await
                .expect("read"))
            .await,
            "{body:?}"
        );
    }
}

#[db_test]
async fn a_link_that_is_none_does_nothing_and_tells_nothing(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let ann = a.contact("ann@example.com").await;
    let id = queue(&app, &a, ann, Purpose::CartEmail, 0).await;
    let good = token_of(&app, &a, id, LinkPurpose::Unsubscribe);
    let mut changed = good.clone();
    changed.replace_range(40..41, if &good[40..41] == "A" { "B" } else { "A" });
    let click = token_of(&app, &a, id, LinkPurpose::Click);
    let cut = good[..81].to_owned();
    for bad in [changed, click, cut, "x".into(), format!("{good}A")] {
        for request in [TestRequest::get(), TestRequest::post().set_payload("List-Unsubscribe=One-Click")] {
            let answer = ask(&app, request.uri(&format!("/u/{bad}"))).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{bad}");
            assert!(!answer.text.contains("example.com"));
        }
    }
    // A genuine link of a message that is gone answers like any other, and writes for nobody.
    let gone = token_of(&app, &b, id, LinkPurpose::Unsubscribe);
    assert_eq!(one_click(&app, &gone).await.status, StatusCode::OK);
    assert!(entries(&app, &a).await.is_empty() && entries(&app, &b).await.is_empty());
    assert_eq!(status_of(&app, &a, id).await.status, 0);
}

#[db_test]
async fn the_address_the_mail_went_to_is_stopped_and_the_merged_person_answers(app: TestApp) {
    let a = app.store("a").await;
    let (old, new) = (a.contact("old@example.com").await, a.contact("new@example.com").await);
    let id = queue(&app, &a, old, Purpose::CartEmail, 3).await;
    let content = message_content::ActiveModel {
        store_id: Set(a.id().uuid()),
        message_id: Set(id.uuid()),
        sender: Set("shop@example.com".into()),
        recipient: Set("Old Name <old@example.com>".into()),
        headers: Set(json!({})),
        html: Set(String::new()),
        text: Set(String::new()),
    };
    inside(&app, &a, async |s| {
        s.insert::<message_content::Entity>(vec![content]).await?;
        let merge =
            s.update::<contact::Entity>().col_expr(contact::Column::MergedInto, Expr::value(new.uuid()));
        merge
            .col_expr(contact::Column::Email, Expr::value(None::<String>))
            .filter(contact::Column::Id.eq(old.uuid()))
            .exec(s.on())
            .await?;
        Ok::<_, DbError>(())
    })
    .await
    .expect("merged");
    assert_eq!(
        one_click(&app, &token_of(&app, &a, id, LinkPurpose::Unsubscribe)).await.status,
        StatusCode::OK
    );
    assert!(
        inside(&app, &a, async |s| suppressed(s, &app.master_key(), "email", "old@example.com")
            .await
            .expect("read"))
        .await
    );
    assert!(entries(&app, &a).await.iter().all(|r| r.contact_id == new.uuid()));
}

#[db_test]
async fn the_page_speaks_the_readers_language(app: TestApp) {
    let a = app.store("a").await;
    let ann = a.contact("ann@example.com").await;
    let id = queue(&app, &a, ann, Purpose::CartEmail, 3).await;
    let uri = format!("/u/{}", token_of(&app, &a, id, LinkPurpose::Unsubscribe));
    for (accepted, lang) in [
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("pt, it;q=0.5", "it"),
        ("fr", "fr"),
        ("", "en"),
        ("\u{fe}", "en"),
    ] {
        let request =
            TestRequest::get().uri(&uri).insert_header((header::ACCEPT_LANGUAGE, accepted.as_bytes()));
        assert!(ask(&app, request).await.text.contains(&format!("lang=\"{lang}\"")), "{accepted}");
    }
    // The language of the person comes before that of the browser.
    inside(&app, &a, async |s| {
        let change = s.update::<contact::Entity>().col_expr(contact::Column::Locale, Expr::value("fr-FR"));
        change.filter(contact::Column::Id.eq(ann.uuid())).exec(s.on()).await.expect("changed")
    })
    .await;
    let request = TestRequest::get().uri(&uri).insert_header((header::ACCEPT_LANGUAGE, "de"));
    assert!(ask(&app, request).await.text.contains("lang=\"fr\""));
}
