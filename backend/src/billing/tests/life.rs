//! From a first checkout to the end: as the owner sees it, and as Stripe tells it.

use super::*;
use crate::billing::desk::BillingError;

async fn ask_all(billing: &Billing) {
    while billing.ask().await.expect("asked") {}
}

fn kinds(mails: &[crate::accounts::mailbox::Mail]) -> Vec<&'static str> {
    let kind = |mail: &crate::accounts::mailbox::Mail| match &mail.letter {
        Letter::Billing { news, .. } => match news {
            BillingNews::Usage { .. } => "usage",
            BillingNews::TrialEnds { .. } => "trial",
            BillingNews::PaymentFailed { .. } => "failed",
            BillingNews::Unpaid => "unpaid",
            BillingNews::Ended { .. } => "ended",
            BillingNews::Erasure { .. } => "erasure",
        },
        _ => "other",
    };
    let mut kinds: Vec<_> = mails.iter().map(kind).collect();
    kinds.sort_unstable();
    kinds
}

#[db_test]
async fn a_whole_life(app: TestApp) {
    let store = app.store_with("wheelhouse", true, crate::testing::flow::settings()).await;
    let (billing, fake) = desk(&app);
    let (id, scope) = (organisation(&store), OrganisationScope::system(organisation(&store)));
    assert!(matches!(
        billing.checkout(&scope, "starter", Cycle::Month, "EUR").await,
        Err(BillingError::NotSynced(_))
    ));
    setup::sync(&billing.stripe, billing.book).await.expect("made");
    for (plan, cycle, currency) in
        [("free", Cycle::Month, "EUR"), ("gold", Cycle::Year, "EUR"), ("starter", Cycle::Month, "JPY")]
    {
        assert!(matches!(
            billing.checkout(&scope, plan, cycle, currency).await,
            Err(BillingError::NoPlan(_))
        ));
    }
    assert!(matches!(
        billing.preview(&scope, "growth", Cycle::Month).await,
        Err(BillingError::NotSubscribed)
    ));
    assert!(matches!(billing.end(&scope, false).await, Err(BillingError::NotSubscribed)));
    assert!(matches!(billing.go_beyond(&scope, true).await, Err(BillingError::NotSubscribed)));
    let url = billing.checkout(&scope, "starter", Cycle::Month, "CHF").await.expect("a page");
    assert!(url.starts_with("https://checkout.stripe.com/"));
    billing.checkout(&scope, "starter", Cycle::Month, "CHF").await.expect("a page");
    assert_eq!(fake.calls_to("POST /v1/customers").len(), 1, "one customer");
    let sessions = fake.calls_to("POST /v1/checkout/sessions");
    let form = &sessions.last().expect("a session").form;
    assert_eq!(form["subscription_data[trial_period_days]"], "14");
    assert_eq!(
        (form["tax_id_collection[enabled]"].as_str(), form["line_items[0][quantity]"].as_str()),
        ("true", "1")
    );
    assert!(form.contains_key("line_items[4][price]") && !form.contains_key("line_items[1][quantity]"));
    assert!(form["success_url"].contains(&format!("/stores/{}/organisation/billing", store.id())));

    // It was bought: a trial.
    let customer = row(&app, id).await.customer_id.expect("a customer");
    let start = START / SECOND;
    let trial_end = start + 14 * 86_400;
    let keys = [
        "cartwheel_starter_month_chf",
        "cartwheel_starter_month_chf_email",
        "cartwheel_starter_month_chf_email",
    ];
    fake.subscribe(
        "sub_1",
        &customer,
        &keys,
        start,
        json!({ "status": "trialing", "trial_end": trial_end, "billing_cycle_anchor": trial_end }),
    );
    let tell = async |n: u32| {
        billing
            .receive(&event(&format!("evt_{n}"), "customer.subscription.updated", &customer))
            .await
            .expect("kept");
        ask_all(&billing).await;
        settle(&billing).await;
    };
    tell(1).await;
    let now = row(&app, id).await;
    assert_eq!(
        (now.plan.as_str(), now.status.as_str(), now.currency.as_str()),
        ("starter", "trialing", "CHF")
    );
    assert!(matches!(
        billing.checkout(&scope, "growth", Cycle::Month, "CHF").await,
        Err(BillingError::Subscribed)
    ));
    app.clock().set(trial_end * SECOND - 2 * DAY);
    ask_all(&billing).await;
    settle(&billing).await;
    assert_eq!(kinds(&mails(&app).await), ["trial"]);
    fake.change("sub_1", json!({ "status": "active" }));
    tell(2).await;

    // A larger plan: what it costs, then so.
    let preview = billing.preview(&scope, "growth", Cycle::Year).await.expect("a preview");
    assert_eq!((preview.now_minor, preview.cycle_minor, preview.lines.len()), (6_000, 149_000, 3));
    assert!(matches!(billing.change(&scope, "starter", Cycle::Month, None).await, Err(BillingError::Same)));
    fake.script([Fault::Status(402)]);
    assert!(billing.preview(&scope, "growth", Cycle::Year).await.is_err());
    billing.change(&scope, "growth", Cycle::Year, Some(preview.at)).await.expect("changed");
    let sent = fake.calls_to("POST /v1/subscriptions/sub_1").pop().expect("a change").form;
    assert_eq!(sent["proration_date"], preview.at.to_string());
    assert_eq!((sent["items[0][id]"].as_str(), sent["items[1][id]"].as_str()), ("si_sub_1_0", "si_sub_1_1"));
    assert_eq!(
        (sent["items[2][id]"].as_str(), sent["items[2][deleted]"].as_str()),
        ("si_sub_1_2", "true"),
        "a second one of its kind goes"
    );
    let now = row(&app, id).await;
    assert_eq!((now.plan.as_str(), now.cycle.as_str()), ("growth", "year"));
    billing.go_beyond(&scope, true).await.expect("allowed");
    assert!(row(&app, id).await.beyond);

    // A payment fails: sending goes on for a while, then waits, then goes on.
    fake.change("sub_1", json!({ "status": "past_due" }));
    tell(3).await;
    assert_eq!((row(&app, id).await.hold, kinds(&mails(&app).await)), (None, vec!["failed", "trial"]));
    app.clock().advance(14 * DAY);
    settle(&billing).await;
    assert_eq!(row(&app, id).await.hold.as_deref(), Some("unpaid"));
    assert_eq!(kinds(&mails(&app).await), ["failed", "trial", "unpaid"]);
    fake.change("sub_1", json!({ "status": "active" }));
    tell(4).await;
    let now = row(&app, id).await;
    assert_eq!((now.hold, now.past_due_since), (None, None));

    // The end, taken back, asked for again, and come.
    billing.end(&scope, false).await.expect("asked for");
    assert!(row(&app, id).await.cancel_at.is_some());
    billing.resume(&scope).await.expect("taken back");
    assert_eq!(row(&app, id).await.cancel_at, None);
    billing.end(&scope, false).await.expect("asked for");
    let ended = app.env().now() / SECOND;
    fake.change("sub_1", json!({ "status": "canceled", "ended_at": ended }));
    tell(5).await;
    let over = row(&app, id).await;
    assert_eq!((over.status.as_str(), over.hold.as_deref()), ("canceled", Some("ended")));
    assert_eq!(account::retained_until(billing.book, &over), Some(ended * SECOND + 60 * DAY));
    assert_eq!(kinds(&mails(&app).await), ["ended", "failed", "trial", "unpaid"]);
    tell(6).await;
    assert_eq!(mails(&app).await.len(), 4, "told once");

    // Back on the free plan; and a second subscription has no trial.
    billing.change(&scope, "free", Cycle::Month, None).await.expect("free");
    let now = row(&app, id).await;
    assert_eq!((now.plan.as_str(), now.status.as_str(), now.hold), ("free", "none", None));
    billing.checkout(&scope, "starter", Cycle::Month, "CHF").await.expect("a page");
    let form = fake.calls_to("POST /v1/checkout/sessions").pop().expect("a session").form;
    assert!(!form.contains_key("subscription_data[trial_period_days]"));
    fake.subscribe("sub_2", &customer, &["cartwheel_scale_month_chf"], app.env().now() / SECOND, json!({}));
    tell(7).await;
    assert_eq!((row(&app, id).await.plan.as_str(), row(&app, id).await.next_plan), ("scale", None));
    let invoices = billing.invoices(&scope, 10).await.expect("invoices");
    assert_eq!(
        (invoices.len(), invoices[0].pdf.as_deref()),
        (1, None),
        "a link that is none of the web's is none"
    );
    assert!(billing.portal(&scope).await.expect("a page").starts_with("https://billing.stripe.com/"));
    app.allow_leftovers();
}

/// A wrong key of ours is not the owner's fault, and what Stripe cannot say now is said so.
#[db_test]
async fn a_stripe_that_cannot_be_asked_is_said_so(app: TestApp) {
    use crate::{billing::stripe::Stripe, config::Secret, https::Endpoint};
    let store = app.store("a").await;
    let scope = OrganisationScope::system(organisation(&store));
    let (_, url) = FakeStripe::start();
    let nowhere = billing(&app, "http://127.0.0.1:9");
    let endpoint = Endpoint::parse(&url).expect("an address");
    let wrong = Billing { stripe: Stripe::new(endpoint, Secret::new("sk_test_other")), ..nowhere.clone() };
    for desk in [nowhere, wrong] {
        let said = desk.checkout(&scope, "starter", Cycle::Month, "EUR").await;
        assert!(matches!(said, Err(BillingError::Unreachable)), "{said:?}");
    }
    for bad in [
        "",
        "stripe",
        "ftp://api.stripe.com",
        "https://",
        "https://a b",
        "http://api.stripe.com",
        "https://x:99999",
    ] {
        assert!(Endpoint::parse(bad).is_err(), "{bad}");
    }
    assert!(Endpoint::parse("https://api.stripe.com").is_ok());
}

/// Whoever pays for several stores finds a line for each on the invoice, once, whatever fails on the way.
#[db_test]
async fn an_invoice_has_a_line_for_each_store(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (billing, fake) = desk(&app);
    let id = organisation(&flow.store);
    put(&app, id, |r| billing_account::Model { customer_id: Some("cus_x".into()), anchor: START, ..r }).await;
    fake.subscribe("sub_1", "cus_x", &["cartwheel_starter_month_eur"], START / SECOND, json!({}));
    fake.draft("in_alone", START / SECOND, START / SECOND + 86_400);
    carts_left(&flow, &["ann", "ben"]).await;
    settle(&billing).await;
    assert!(billing.ask().await.expect("asked"));
    assert!(fake.calls_to("POST /v1/invoiceitems").is_empty(), "one store needs no line");
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let shop = crate::accounts::service::Shop {
        name: "second".into(),
        live: true,
        settings: crate::testing::flow::settings(),
    };
    crate::accounts::service::add_store(&system, app.env(), id, shop).await.expect("a store");
    tx.commit().await.expect("committed");
    let tell = async |n: u32| {
        billing.receive(&event(&format!("evt_{n}"), "invoice.created", "cus_x")).await.expect("kept")
    };
    tell(1).await;
    // The subscription, the drafts, the first line: and then nothing any more.
    fake.script_after(3, Fault::Status(500));
    assert!(billing.ask().await.expect("asked"));
    assert_eq!(fake.calls_to("POST /v1/invoices/in_alone").len(), 0);
    app.clock().advance(MINUTE);
    assert!(billing.ask().await.expect("asked"), "looked at again soon");
    tell(2).await;
    assert!(billing.ask().await.expect("asked"));
    let lines: Vec<_> = fake.calls_to("POST /v1/invoiceitems");
    let said: std::collections::BTreeMap<_, _> =
        lines.iter().map(|c| (c.key.clone(), c.form["description"].clone())).collect();
    assert_eq!(
        said.into_values().collect::<std::collections::BTreeSet<_>>(),
        ["second: nothing sent".to_owned(), "wheelhouse: 2 email".to_owned()].into()
    );
    assert!(lines.iter().all(|c| c.form["amount"] == "0" && c.form["invoice"] == "in_alone"));
    assert_eq!(fake.calls_to("POST /v1/invoices/in_alone").len(), 1, "marked once");
    app.allow_leftovers();
}
