//! Plans and usage as owners, admins, keys and strangers see them.

use super::{
    Service,
    team::{person, verdict},
};
use crate::{
    accounts::team::keys,
    api::graphql::{Api, schema},
    billing::setup,
    channels::fake::Fake,
    db::{OrganisationScope, Role},
    testing::{
        TestApp,
        flow::Flow,
        stripe::{FakeStripe, billing},
    },
};
use cartwheel_domain::time::{DAY, HOUR, MINUTE, SECOND};
use cartwheel_macros::db_test;
use serde_json::{Value, json};

const LOOK: &str = "query($o: ID!) { organisation(id: $o) { billing {
    plan cycle currency priceMinor status hold { reason until } beyond periodStart periodEnd
    usage { measure used included cap percent forecast } warnings { measure percent }
    stores { id name sandbox usage { measure used } units(first: 2) {
        edges { cursor node { messageId acceptedAt measure subject } } pageInfo { hasNextPage endCursor } } }
    reports { identifier units status } invoices { number status totalMinor currency url pdf }
    plans { key prices { currency cycle minor } limits { measure included most } beyond { measure currency minor } }
} } }";

fn over(app: &TestApp, url: &str) -> Service {
    let api = Api { billing: Some(billing(app, url)), ..Service::over(app).api };
    Service { schema: schema(api.clone(), false), api }
}

async fn answer(service: &Service, token: &str, query: &str, variables: Value) -> Value {
    let said = service.ask(Some(token), query, variables).await;
    assert!(said.errors.is_empty(), "{:?}", said.errors);
    said.data.into_json().expect("JSON")
}

/// Each billed unit is a message one can open, and the figures are their sums.
#[db_test]
async fn an_owner_sees_what_is_paid_for_and_why(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (fake, url) = FakeStripe::start();
    let service = over(&app, &url);
    let desk = service.api.billing.clone().expect("billing");
    let o = flow.store.keys.organisation_id.to_string();
    for name in ["ann", "ben", "cyd"] {
        flow.left(&format!("{name}@example.com")).await;
    }
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    while desk.tick().await.expect("a pass") {}
    let (_, owner) = person(&service, &app, &flow.store, Role::Owner, "olga").await;
    let seen = answer(&service, &owner, LOOK, json!({ "o": o })).await;
    let b = &seen["organisation"]["billing"];
    assert_eq!((&b["plan"], &b["status"], &b["priceMinor"]), (&json!("free"), &json!("none"), &json!(0)));
    assert_eq!(
        b["usage"][0],
        json!({ "measure": "email", "used": 3, "included": 500, "cap": 500, "percent": 0, "forecast": 63 })
    );
    assert_eq!(b["usage"][4]["used"], 3, "three people were seen");
    assert_eq!((&b["warnings"], &b["invoices"], &b["hold"]), (&json!([]), &json!([]), &Value::Null));
    let store = &b["stores"][0];
    assert_eq!((&store["id"], &store["usage"][0]["used"]), (&json!(flow.store.id().to_string()), &json!(3)));
    assert_eq!(store["units"]["edges"].as_array().map(Vec::len), Some(2));
    let page =
        "query($o: ID!, $a: String) { organisation(id: $o) { billing { stores { units(first: 2, after: $a) {
        edges { node { messageId } } pageInfo { hasNextPage } } } } } }";
    let after = &store["units"]["pageInfo"]["endCursor"];
    let rest = answer(&service, &owner, page, json!({ "o": o, "a": after })).await;
    let rest = &rest["organisation"]["billing"]["stores"][0]["units"];
    assert_eq!(
        (rest["edges"].as_array().map(Vec::len), &rest["pageInfo"]["hasNextPage"]),
        (Some(1), &json!(false))
    );
    let unit = &store["units"]["edges"][0]["node"];
    let open = "query($s: ID!, $m: ID!) { store(id: $s) { message(id: $m) { id status } } }";
    let opened =
        answer(&service, &owner, open, json!({ "s": flow.store.id(), "m": unit["messageId"] })).await;
    assert_eq!(opened["store"]["message"]["status"], "sent");

    // Bought, and told of.
    setup::sync(&desk.stripe, desk.book).await.expect("made");
    let buy = "mutation($o: ID!) { startCheckout(organisationId: $o, plan: \"starter\", cycle: MONTH, currency: EUR) { url userErrors { code } } }";
    let page = answer(&service, &owner, buy, json!({ "o": o })).await;
    assert!(
        page["startCheckout"]["url"].as_str().is_some_and(|u| u.starts_with("https://checkout.stripe.com/")),
        "{page}"
    );
    fake.subscribe(
        "sub_1",
        "cus_1000",
        &["cartwheel_starter_month_eur"],
        app.env().now() / SECOND,
        json!({}),
    );
    let customer = desk
        .look(app.db(), &OrganisationScope::system(flow.store.keys.organisation_id))
        .await
        .expect("an account")
        .customer_id;
    fake.change("sub_1", json!({ "customer": customer }));
    app.clock().advance(DAY);
    assert!(desk.ask().await.expect("asked"));
    // A day later a session is over.
    let (_, owner) = person(&service, &app, &flow.store, Role::Owner, "otto").await;
    let preview = "mutation($o: ID!) { previewPlan(organisationId: $o, plan: \"growth\", cycle: MONTH) { preview { nowMinor cycleMinor currency at lines { amountMinor proration description } } userErrors { code } } }";
    let cost = answer(&service, &owner, preview, json!({ "o": o })).await;
    assert_eq!(
        (&cost["previewPlan"]["preview"]["nowMinor"], &cost["previewPlan"]["preview"]["cycleMinor"]),
        (&json!(6_000), &json!(14_900))
    );
    let change = "mutation($o: ID!, $at: Int) { changePlan(organisationId: $o, plan: \"growth\", cycle: MONTH, at: $at) { organisation { billing { plan priceMinor } } userErrors { code path } } }";
    let changed =
        answer(&service, &owner, change, json!({ "o": o, "at": cost["previewPlan"]["preview"]["at"] })).await;
    assert_eq!(
        changed["changePlan"]["organisation"]["billing"],
        json!({ "plan": "growth", "priceMinor": 14_900 })
    );
    let seen = answer(&service, &owner, LOOK, json!({ "o": o })).await;
    assert_eq!(
        seen["organisation"]["billing"]["invoices"][0],
        json!({ "number": "CW-0001", "status": "paid", "totalMinor": 3_451,
        "currency": "EUR", "url": "https://invoice.stripe.com/i/1", "pdf": null })
    );
    for (mutation, wanted) in [
        ("setBeyond(organisationId: $o, beyond: true)", json!([])),
        ("cancelPlan(organisationId: $o)", json!([])),
        ("resumePlan(organisationId: $o)", json!([])),
        (
            "changePlan(organisationId: $o, plan: \"gold\", cycle: YEAR)",
            json!([{ "code": "not_found", "path": ["plan"] }]),
        ),
        (
            "changePlan(organisationId: $o, plan: \"growth\", cycle: MONTH)",
            json!([{ "code": "same", "path": ["plan"] }]),
        ),
    ] {
        let text = format!("mutation($o: ID!) {{ it: {mutation} {{ userErrors {{ code path }} }} }}");
        assert_eq!(
            answer(&service, &owner, &text, json!({ "o": o })).await["it"]["userErrors"],
            wanted,
            "{mutation}"
        );
    }
    let log = "query($o: ID!) { organisation(id: $o) { auditLog { action } } }";
    let log = answer(&service, &owner, log, json!({ "o": o })).await.to_string();
    for action in [
        "billing.checkout_started",
        "billing.plan_changed",
        "billing.plan_ended",
        "billing.plan_resumed",
        "billing.beyond_changed",
    ] {
        assert!(log.contains(action), "{action} in {log}");
    }
    app.allow_leftovers();
}

/// Who may look and who may change; nobody learns of another's.
#[db_test]
async fn billing_is_the_owners_own(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let service = Service::over(&app);
    let (_, owner) = person(&service, &app, &a, Role::Owner, "olga").await;
    let (_, admin) = person(&service, &app, &a, Role::Admin, "adam").await;
    let (_, editor) = person(&service, &app, &a, Role::Editor, "edda").await;
    let whole = OrganisationScope::system(a.keys.organisation_id);
    let new = keys::NewKey { name: "all".into(), role: Role::Owner, store: None, expires_at: None };
    let mut tx = app.db().write().await.expect("a transaction");
    let (_, key) = keys::make(&mut tx, app.env(), &whole, new).await.expect("made");
    tx.commit().await.expect("committed");
    let look = "query($o: ID!) { organisation(id: $o) { billing { plan } } }";
    let change = "mutation($o: ID!) { cancelPlan(organisationId: $o) { userErrors { code } } }";
    let portal = "mutation($o: ID!) { openBillingPortal(organisationId: $o) { url userErrors { code } } }";
    let mine = json!({ "o": a.keys.organisation_id });
    for (token, looks, changes) in [
        (&owner, "ok", "ok"),
        (&admin, "ok", "forbidden"),
        (&editor, "forbidden", "forbidden"),
        (&key, "people_only", "people_only"),
    ] {
        assert_eq!(verdict(&service.ask(Some(token), look, mine.clone()).await), looks);
        assert_eq!(verdict(&service.ask(Some(token), change, mine.clone()).await), changes);
        assert_eq!(verdict(&service.ask(Some(token), portal, mine.clone()).await), changes);
    }
    let theirs = answer(&service, &owner, change, json!({ "o": b.keys.organisation_id })).await;
    let nobodys = answer(
        &service,
        &owner,
        change,
        json!({ "o": cartwheel_domain::ids::OrganisationId(app.env().uuid()) }),
    )
    .await;
    assert_eq!((&theirs, &theirs["cancelPlan"]["userErrors"][0]["code"]), (&nobodys, &json!("not_found")));
    let refused = answer(&service, &owner, change, mine.clone()).await;
    assert_eq!(refused["cancelPlan"]["userErrors"][0]["code"], "not_subscribed");
    let off = Service {
        schema: schema(Api { billing: None, ..service.api.clone() }, false),
        api: service.api.clone(),
    };
    assert_eq!(answer(&off, &owner, look, mine.clone()).await["organisation"]["billing"], Value::Null);
    assert_eq!(answer(&off, &owner, change, mine).await["cancelPlan"]["userErrors"][0]["code"], "off");
}
