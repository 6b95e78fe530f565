//! Text messages from the journey to the phone and back, on both databases.

use super::{Desk, http::routes};
use crate::{
    accounts::{SecretKind, secrets},
    channels::{
        fake::{Act, Fake},
        sms::signature,
    },
    consent::{
        ledger::{self, Said},
        suppression,
    },
    db::Scoped,
    messages::{
        model::{CANCELLED, FAILED, QUEUED, SENT, SUPPRESSED, UNCERTAIN},
        usage::hour_of,
    },
    testing::{
        TestApp,
        flow::{Flow, settings},
    },
};
use actix_web::{
    App,
    body::to_bytes,
    http::StatusCode,
    test::{TestRequest, call_service, init_service},
    web::Data,
};
use cartwheel_domain::{
    consent::{Channel, Purpose, ledger::Action},
    ids::{CartId, ContactId, MessageId},
    journey::Definition,
    time::{HOUR, MINUTE},
};
use cartwheel_entity::{contact, contact_identity, event, journey_run, message, message_content, usage_hour};
use cartwheel_macros::db_test;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

const TOKEN: &str = "token-of-the-account";
const PHONE: &str = "+12125550123";
const PUBLIC: &str = "https://cartwheel.example";

/// A text at once, a mail an hour later, a second text an hour after that.
fn journey() -> Definition {
    Definition::from_json(
        &json!({
            "schema": 1, "name": "Texts", "start": "left",
            "nodes": {
                "left": {"type": "trigger", "on": ["cart"], "next": "text"},
                "text": {"type": "message", "channel": "sms", "template": "recovery_sms", "content_class": "informational",
                    "purpose": "cart_sms", "next": "pause"},
                "pause": {"type": "wait", "seconds": 3600, "next": "mail"},
                "mail": {"type": "message", "channel": "email", "template": "recovery_1", "content_class": "informational",
                    "purpose": "cart_email", "next": "rest"},
                "rest": {"type": "wait", "seconds": 3600, "next": "again"},
                "again": {"type": "message", "channel": "sms", "template": "recovery_sms", "content_class": "informational",
                    "purpose": "cart_sms", "next": "end"},
                "end": {"type": "exit"}
            }
        })
        .to_string(),
    )
    .expect("a journey")
}

struct Story {
    flow: Flow,
    ann: ContactId,
    cart: CartId,
}

impl Story {
    /// Somebody who has agreed to text messages has left a cart, at noon by any American clock.
    async fn of(app: &TestApp, fake: Fake) -> Self {
        let mut settings = settings();
        settings.set("sms_account", &format!("AC{}", "0a".repeat(16))).expect("set");
        settings.set("sms_sender", "+12125550100").expect("set");
        settings.set("support_email", "help@wheelhouse.example").expect("set");
        let flow = Flow::with(app, fake, settings, &journey()).await;
        app.clock().advance(10 * HOUR);
        let ann = flow.store.contact("ann@example.com").await;
        let story = Self { ann, cart: CartId(uuid::Uuid::nil()), flow };
        story
            .inside(async |scoped| {
                let env = app.env();
                secrets::put(scoped, &app.master_key(), env, SecretKind::TwilioToken, TOKEN)
                    .await
                    .expect("kept");
                scoped
                    .update::<contact::Entity>()
                    .col_expr(contact::Column::Phone, Expr::value(PHONE))
                    .filter(contact::Column::Id.eq(ann.uuid()))
                    .exec(scoped.on())
                    .await
                    .expect("a number");
                let known = contact_identity::ActiveModel {
                    store_id: Set(scoped.store_id().uuid()),
                    kind: Set("phone".into()),
                    value: Set(PHONE.into()),
                    contact_id: Set(ann.uuid()),
                };
                scoped.insert::<contact_identity::Entity>(vec![known]).await.expect("known");
                let said = |action| Said {
                    contact: ann,
                    channel: Channel::Sms,
                    purpose: Purpose::CartSms,
                    action,
                    method: "double_opt_in".into(),
                    occurred_at: env.now(),
                    wording: Some("Reminders of my cart by text message".into()),
                    place: None,
                    evidence: json!({}),
                };
                let both = vec![said(Action::Given), said(Action::Confirmed)];
                ledger::append(scoped, env, both).await.expect("written");
            })
            .await;
        let cart = story.flow.leave(ann).await;
        Self { cart, ..story }
    }

    async fn inside<T>(&self, body: impl AsyncFnOnce(&Scoped<'_>) -> T) -> T {
        let mut tx = self.flow.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.flow.store.scope()).await.expect("the store");
        let out = body(&scoped).await;
        tx.commit().await.expect("committed");
        out
    }

    async fn messages(&self) -> Vec<message::Model> {
        let all = async |scoped: &Scoped<'_>| {
            let rows = scoped.find::<message::Entity>().order_by_asc(message::Column::CreatedAt);
            rows.all(scoped.on()).await.expect("read")
        };
        self.inside(all).await
    }

    /// Ann's.
    async fn first(&self) -> message::Model {
        let all = self.messages().await;
        all.into_iter().find(|m| m.contact_id == self.ann.uuid()).expect("hers")
    }

    async fn silenced(&self) -> bool {
        let key = self.flow.app.master_key();
        let at = (Channel::Sms, PHONE);
        self.inside(async |scoped| suppression::standing(scoped, &key, at).await.expect("read").is_some())
            .await
    }

    /// A call of Twilio's, signed by this token.
    async fn call(&self, path: &str, token: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let app = &self.flow.app;
        let desk = Desk {
            db: app.db().clone(),
            env: app.env().clone(),
            key: app.master_key(),
            stores: app.stores().clone(),
            public_url: PUBLIC.into(),
            metered: true,
        };
        let web = init_service(App::new().app_data(Data::new(desk)).configure(routes)).await;
        let owned: Vec<_> = fields.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let signed = signature::sign(token, &format!("{PUBLIC}{path}"), &owned);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = TestRequest::post()
            .uri(path)
            .insert_header(("x-twilio-signature", signed))
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload(body);
        let response = call_service(&web, request.to_request()).await;
        let status = response.status();
        let body = to_bytes(response.into_body()).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn report(&self, sid: &str, status: &str, code: &str) -> StatusCode {
        let path = self.status_path(MessageId(self.first().await.id));
        let fields = [("MessageSid", sid), ("MessageStatus", status), ("ErrorCode", code), ("To", PHONE)];
        self.call(&path, TOKEN, &fields).await.0
    }

    fn status_path(&self, message: MessageId) -> String {
        format!("/v1/sms/{}/status?message={message}", self.flow.store.id())
    }

    async fn answers(&self, sid: &str, text: &str) -> String {
        let path = format!("/v1/sms/{}/answer", self.flow.store.id());
        let fields = [("MessageSid", sid), ("From", PHONE), ("To", "+12125550100"), ("Body", text)];
        let (status, body) = self.call(&path, TOKEN, &fields).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    async fn hours(&self, n: i64) {
        for _ in 0..n {
            self.flow.app.clock().advance(HOUR + MINUTE);
            self.flow.drain().await;
        }
    }
}

#[db_test]
async fn a_text_goes_where_it_was_agreed_to_and_in_america_once_for_a_cart(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    story.flow.drain().await;
    story.hours(3).await;
    let all = story.messages().await;
    let told: Vec<_> = all.iter().map(|m| (m.channel.as_str(), m.status, m.reason.as_deref())).collect();
    assert_eq!(
        told,
        [("sms", SENT, None), ("email", SENT, None), ("sms", SUPPRESSED, Some("us.tcpa-no-cart-consent"))]
    );
    let ledger = story.flow.fake.ledger();
    let text = &ledger[0].message;
    assert_eq!((text.to.as_str(), text.from.as_str(), text.html.as_str()), (PHONE, "+12125550100", ""));
    assert!(text.text.starts_with("Wheelhouse: you left something in your cart."), "{}", text.text);
    assert!(text.text.contains("https://cartwheel.example/r/") && text.text.ends_with("Reply STOP to end."));
    let content = story
        .inside(async |scoped| {
            let query = scoped.find::<message_content::Entity>();
            let mine = query.filter(message_content::Column::MessageId.eq(all[0].id));
            mine.one(scoped.on()).await.expect("read").expect("kept")
        })
        .await;
    assert_eq!((content.recipient.as_str(), content.text.as_str()), (PHONE, text.text.as_str()));
    assert_eq!(content.headers, json!([["Parts", "1"], ["Alphabet", "GSM 7"]]));
    story.flow.assert_sound().await;
}

#[db_test]
async fn nobody_is_texted_without_a_yes_at_night_or_without_an_account(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    // Nine in the evening in New York.
    app.clock().advance(5 * HOUR);
    story.flow.drain().await;
    let first = story.first().await;
    assert_eq!((first.status, first.reason.as_deref()), (QUEUED, Some("quiet_hours")));
    let ben = story.flow.store.contact("ben@example.com").await;
    story.flow.leave(ben).await;
    story.flow.drain().await;
    let all = story.messages().await;
    let ben_s = all.iter().find(|m| m.contact_id == ben.uuid()).expect("his");
    assert_eq!((ben_s.status, ben_s.reason.as_deref()), (SUPPRESSED, Some("no_address")));
    story
        .inside(async |scoped| {
            let kind = cartwheel_entity::store_secret::Column::Kind.eq(SecretKind::TwilioToken.as_str());
            let gone = scoped.delete::<cartwheel_entity::store_secret::Entity>().filter(kind);
            gone.exec(scoped.on()).await.expect("taken out");
        })
        .await;
    app.clock().set(first.next_at);
    story.flow.drain().await;
    let waits = story.first().await;
    assert_eq!((waits.status, waits.reason.as_deref()), (QUEUED, Some("no_sms_route")));
}

#[db_test]
async fn a_report_settles_a_doubt_and_moves_forward_alone(app: TestApp) {
    let fake = Fake::forgetful();
    fake.script([Act::AcceptSilently]);
    let story = Story::of(&app, fake).await;
    story.flow.drain().await;
    assert_eq!(story.first().await.status, UNCERTAIN);
    assert_eq!(story.report("SM1", "queued", "").await, StatusCode::NO_CONTENT);
    assert_eq!(story.first().await.status, UNCERTAIN, "on its way says no more than that it was called");
    assert_eq!(story.report("SM1", "sent", "").await, StatusCode::NO_CONTENT);
    let settled = story.first().await;
    assert_eq!((settled.status, settled.provider_id.as_deref(), settled.reason), (SENT, Some("SM1"), None));
    assert!(settled.sent_at.is_some() && settled.delivered_at.is_none());
    assert_eq!(story.report("SM1", "delivered", "").await, StatusCode::NO_CONTENT);
    for (sid, status, code) in
        [("SM1", "sent", ""), ("SM1", "undelivered", "30005"), ("SM2", "failed", "21610")]
    {
        assert_eq!(story.report(sid, status, code).await, StatusCode::NO_CONTENT);
    }
    let arrived = story.first().await;
    assert!(
        arrived.status == SENT && arrived.delivered_at.is_some() && arrived.bounced_at.is_none(),
        "{arrived:?}"
    );
    let counted = story
        .inside(async |scoped| scoped.find::<usage_hour::Entity>().all(scoped.on()).await.expect("read"))
        .await;
    assert_eq!(
        counted.iter().map(|u| (u.channel.as_str(), u.accepted)).collect::<Vec<_>>(),
        [("sms", 1)],
        "once"
    );
    story.flow.assert_sound().await;
}

async fn undelivered(app: &TestApp, code: &str, silenced: bool) {
    let story = Story::of(app, Fake::forgetful()).await;
    // Doctor compares hours from the second on.
    story
        .inside(async |scoped| {
            let before = usage_hour::ActiveModel {
                store_id: Set(scoped.store_id().uuid()),
                channel: Set("sms".into()),
                hour: Set(hour_of(app.env().now()) - HOUR),
                accepted: Set(0),
                counted: Set(0),
                reported: Set(0),
            };
            scoped.insert::<usage_hour::Entity>(vec![before]).await.expect("inserted");
        })
        .await;
    story.flow.drain().await;
    let sid = story.first().await.provider_id.expect("told");
    assert_eq!(story.report(&sid, "undelivered", code).await, StatusCode::NO_CONTENT);
    let failed = story.first().await;
    let expected = format!("undelivered {code}");
    assert_eq!((failed.status, failed.reason.as_deref()), (FAILED, Some(expected.as_str())));
    assert_eq!(story.silenced().await, silenced, "{code}");
    // It was accepted, and is paid for, whatever became of it.
    story.flow.assert_sound().await;
}

#[db_test]
async fn a_number_that_is_none_is_not_written_to_again(app: TestApp) {
    undelivered(&app, "30006", true).await;
}

#[db_test]
async fn a_stop_told_to_the_provider_holds_here_too(app: TestApp) {
    undelivered(&app, "21610", true).await;
}

#[db_test]
async fn what_a_network_filtered_says_nothing_of_the_number(app: TestApp) {
    undelivered(&app, "30007", false).await;
}

#[db_test]
async fn stop_holds_from_the_commit_on_and_start_takes_it_back(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    story.flow.drain().await;
    // The second text is queued for tomorrow morning; she answers before.
    story.hours(1).await;
    let standing = async |purpose| {
        let state = story
            .inside(async |scoped| {
                ledger::states(scoped, &[story.ann]).await.expect("read").remove(&story.ann)
            })
            .await;
        state.expect("a ledger").standing(Channel::Sms, purpose).map(|s| s.state.is_no())
    };
    let body = story.answers("SM10", " Stop! ").await;
    assert_eq!(
        body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response></Response>",
        "Twilio says goodbye itself"
    );
    assert!(story.silenced().await);
    assert_eq!(
        (standing(Purpose::CartSms).await, standing(Purpose::SmsMarketing).await),
        (Some(true), Some(true))
    );
    story.hours(2).await;
    let again = story.messages().await.pop().expect("the second text");
    assert_eq!((again.channel.as_str(), again.status), ("sms", SUPPRESSED));
    assert!(again.refusal.is_some_and(|r| r.to_string().contains("unsubscribed")), "{:?}", again.reason);
    story.answers("SM11", "START").await;
    assert!(!story.silenced().await);
    assert_eq!(
        (standing(Purpose::CartSms).await, standing(Purpose::SmsMarketing).await),
        (Some(false), Some(true)),
        "a yes comes back only where there was one"
    );
    // A no said again after that holds again; the same call twice is one.
    for _ in 0..2 {
        story.answers("SM12", "unsubscribe").await;
    }
    assert!(story.silenced().await);
    story.answers("SM11", "START").await;
    assert!(story.silenced().await, "an old call that is repeated takes no later no back");
}

#[db_test]
async fn who_answers_is_left_to_people_and_who_asks_is_told(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    story.flow.drain().await;
    let help = story.answers("SM20", "help?").await;
    assert!(
        help.contains("<Message>Wheelhouse: reminders about your cart. Questions: help@wheelhouse.example. Reply STOP to end.</Message>"),
        "{help}"
    );
    let runs = async || {
        let all = async |scoped: &Scoped<'_>| {
            scoped.find::<journey_run::Entity>().all(scoped.on()).await.expect("read")
        };
        story.inside(all).await.into_iter().map(|r| r.end_reason).collect::<Vec<_>>()
    };
    assert_eq!(runs().await, [None]);
    for _ in 0..2 {
        story.answers("SM21", "Do you have it in blue & <large>?").await;
    }
    assert_eq!(runs().await, [Some("answered".to_owned())]);
    story.hours(3).await;
    assert_eq!(story.messages().await.len(), 1, "no channel speaks into a conversation");
    let kept = story
        .inside(async |scoped| {
            let rows = scoped.find::<event::Entity>().filter(event::Column::Kind.eq("message_answered"));
            rows.order_by_asc(event::Column::OccurredAt).all(scoped.on()).await.expect("read")
        })
        .await;
    let told: Vec<_> = kept.iter().map(|e| (e.cart_id, e.raw.contains("in blue & <large>?"))).collect();
    assert_eq!(told, [(Some(story.cart.uuid()), false), (Some(story.cart.uuid()), true)]);
}

#[db_test]
async fn a_queued_text_is_cancelled_by_a_stop(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    story.flow.engine().tick().await.expect("queued");
    assert_eq!(story.first().await.status, QUEUED);
    story.answers("SM30", "STOP").await;
    story.flow.drain().await;
    let first = story.first().await;
    assert_eq!((first.status, first.reason.as_deref()), (CANCELLED, Some("unsubscribed")));
    story.hours(1).await;
    assert!(story.flow.fake.ledger().iter().all(|a| a.message.to != PHONE), "mail may go on");
    assert_eq!(story.flow.fake.ledger().len(), 1);
}

#[db_test]
async fn strangers_say_nothing_in_a_store_s_name(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    story.flow.drain().await;
    let other = app.store("other").await;
    let stop = [("MessageSid", "SM40"), ("From", PHONE), ("Body", "STOP")];
    let own = format!("/v1/sms/{}/answer", story.flow.store.id());
    let mut seen = Vec::new();
    for (path, token) in [
        (own.clone(), "another token"),
        (own.clone(), ""),
        (format!("/v1/sms/{}/answer", other.id()), TOKEN),
        ("/v1/sms/store_00000000000000000000000000/answer".to_owned(), TOKEN),
        ("/v1/sms/nonsense/answer".to_owned(), TOKEN),
    ] {
        let (status, body) = story.call(&path, token, &stop).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        seen.push(body);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "which stores there are is not told");
    assert!(!story.silenced().await);
    let none = [("MessageSid", "SM40"), ("From", "nobody"), ("Body", "STOP")];
    assert_eq!(story.call(&own, TOKEN, &none).await.0, StatusCode::BAD_REQUEST);
    // A message of nobody's, and one that is a mail.
    story.hours(1).await;
    let mail = story.messages().await.into_iter().find(|m| m.channel == "email").expect("a mail");
    for id in [MessageId(uuid::Uuid::nil()), MessageId(mail.id)] {
        let fields =
            [("MessageSid", "SM1"), ("MessageStatus", "failed"), ("ErrorCode", "30005"), ("To", PHONE)];
        let (status, _) = story.call(&story.status_path(id), TOKEN, &fields).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    assert!(!story.silenced().await && story.messages().await.iter().all(|m| m.status != FAILED));
    let bare = format!("/v1/sms/{}/status", story.flow.store.id());
    assert_eq!(story.call(&bare, TOKEN, &[("MessageStatus", "sent")]).await.0, StatusCode::BAD_REQUEST);
    // A number we do not know is silenced all the same.
    let unknown = [("MessageSid", "SM41"), ("From", "+12125550199"), ("Body", "STOP")];
    assert_eq!(story.call(&own, TOKEN, &unknown).await.0, StatusCode::OK);
    let key = app.master_key();
    let at = (Channel::Sms, "+12125550199");
    let no = story.inside(async |scoped| suppression::standing(scoped, &key, at).await.expect("read")).await;
    assert!(no.is_some());
}
