//! Which channel people are tried on, by what stands in the database.

use super::*;
use crate::{
    channels::fake::Fake,
    consent::{
        ledger::{self, Said},
        suppression,
    },
    db::Scoped,
    testing::flow::{Flow, settings},
};
use cartwheel_domain::consent::{Channel, Purpose, SuppressionReason, ledger::Action};
use cartwheel_entity::run_step;
use serde_json::{Value, json};

const PHONE: &str = "+12125550123";

fn journey() -> Definition {
    let text = json!({"schema": 1, "name": "Choice", "start": "left", "nodes": {
        "left": {"type": "trigger", "on": ["cart"], "next": "where"},
        "where": {"type": "channel_choice", "by_preference": true, "none": "nobody", "ways": [
            {"channel": "email", "next": "mail"}, {"channel": "sms", "next": "text"}]},
        "mail": {"type": "message", "channel": "email", "template": "recovery_1", "content_class": "informational",
            "purpose": "cart_email", "next": "end"},
        "text": {"type": "message", "channel": "sms", "template": "recovery_sms", "content_class": "informational",
            "purpose": "cart_sms", "next": "end"},
        "end": {"type": "exit"}, "nobody": {"type": "exit"}}});
    Definition::from_json(&text.to_string()).expect("a journey")
}

async fn inside<T>(flow: &Flow, body: impl AsyncFnOnce(&Scoped<'_>) -> T) -> T {
    let mut tx = flow.app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let out = body(&scoped).await;
    tx.commit().await.expect("committed");
    out
}

/// Sets a column of a contact.
async fn know(flow: &Flow, person: ContactId, column: contact::Column, value: impl Into<sea_orm::Value>) {
    inside(flow, async |scoped| {
        let change = scoped.update::<contact::Entity>().col_expr(column, Expr::value(value));
        change.filter(contact::Column::Id.eq(person.uuid())).exec(scoped.on()).await.expect("known");
    })
    .await;
}

/// What was decided for the cart that this person leaves now.
async fn decided(flow: &Flow, person: ContactId) -> Value {
    let cart = flow.leave(person).await;
    flow.engine().tick().await.expect("a pass");
    let run = flow.runs().await.into_iter().find(|run| run.cart_id == Some(cart.uuid())).expect("a run");
    inside(flow, async |scoped| {
        let steps = scoped
            .find::<run_step::Entity>()
            .filter(run_step::Column::RunId.eq(run.id))
            .filter(run_step::Column::Decision.eq("channel_chosen"));
        let steps = steps.all(scoped.on()).await.expect("steps");
        assert_eq!(steps.len(), 1, "decided once");
        steps[0].detail.get("values").unwrap_or(&steps[0].detail).clone()
    })
    .await
}

#[db_test]
async fn people_are_tried_where_they_may_be_reached_and_like_to_be(app: TestApp) {
    let mut settings = settings();
    settings.set("sms_account", &format!("AC{}", "0a".repeat(16))).expect("set");
    settings.set("sms_sender", "+12125550100").expect("set");
    let flow = Flow::with(&app, Fake::idempotent(), settings, &journey()).await;
    app.clock().advance(10 * HOUR);
    let ann = flow.store.contact("ann@example.com").await;

    let found = decided(&flow, ann).await;
    assert_eq!((&found["channel"], &found["preferred"]), (&json!("email"), &json!(null)));

    // She has a number, and would rather be texted: but has not agreed to it.
    know(&flow, ann, contact::Column::Phone, PHONE).await;
    know(&flow, ann, contact::Column::Traits, json!({"preferred_channel": "sms"})).await;
    let found = decided(&flow, ann).await;
    assert_eq!((&found["channel"], &found["preferred"]), (&json!("email"), &json!("sms")));
    assert_eq!(found["asked"][0]["open"], json!(false), "{found}");

    inside(&flow, async |scoped| {
        let said = |action| Said {
            contact: ann,
            channel: Channel::Sms,
            purpose: Purpose::CartSms,
            action,
            method: "double_opt_in".into(),
            occurred_at: app.env().now(),
            wording: Some("Reminders of my cart by text message".into()),
            place: None,
            evidence: json!({}),
        };
        let both = vec![said(Action::Given), said(Action::Confirmed)];
        ledger::append(scoped, app.env(), both).await.expect("written");
    })
    .await;
    let found = decided(&flow, ann).await;
    assert_eq!(found["channel"], json!("sms"), "{found}");

    // Nothing said, but a text was clicked: there she is heard.
    know(&flow, ann, contact::Column::Traits, json!({})).await;
    assert_eq!(decided(&flow, ann).await["channel"], json!("email"));
    inside(&flow, async |scoped| {
        let clicked = scoped
            .update::<message::Entity>()
            .col_expr(message::Column::ClickedAt, Expr::value(app.env().now()))
            .filter(message::Column::Channel.eq("sms"));
        assert_eq!(clicked.exec(scoped.on()).await.expect("clicked").rows_affected, 1);
    })
    .await;
    let found = decided(&flow, ann).await;
    assert_eq!((&found["channel"], &found["preferred"]), (&json!("sms"), &json!("sms")));

    // Who has refused mail and has no number is reached nowhere.
    let ben = flow.store.contact("ben@example.com").await;
    inside(&flow, async |scoped| {
        let at = (Channel::Email, "ben@example.com");
        let why = SuppressionReason::Complaint;
        suppression::suppress(scoped, app.env(), &app.master_key(), at, why, None).await.expect("suppressed");
    })
    .await;
    let found = decided(&flow, ben).await;
    assert_eq!(found["channel"], json!(null));
    let rules: Vec<&Value> = found["asked"].as_array().expect("a list").iter().map(|a| &a["rule"]).collect();
    assert_eq!(rules.len(), 2);
    assert_eq!(rules[1], &json!("no_address"));
    let sent: Vec<_> = flow.messages().await.into_iter().filter(|m| m.contact_id == ben.uuid()).collect();
    assert!(sent.is_empty(), "nothing was even tried");
    app.allow_leftovers();
}
