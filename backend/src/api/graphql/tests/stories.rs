//! What the API tells of a cart, and how carts and people are found.

use super::Service;
use crate::{
    channels::fake::Fake,
    recovery::{
        receipts::{Receipts, Seen},
        restore,
    },
    testing::{TestApp, flow::Flow},
};
use cartwheel_domain::{
    ids::{CartId, ContactId, MessageId},
    recovery::machine::HitKind,
    time::{HOUR, MINUTE},
};
use cartwheel_entity::{cart, company};
use cartwheel_macros::db_test;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

/// Changes columns of a cart behind everybody's back.
async fn change(flow: &Flow, id: CartId, columns: Vec<(cart::Column, sea_orm::sea_query::SimpleExpr)>) {
    let mut tx = flow.app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let query = columns
        .into_iter()
        .fold(scoped.update::<cart::Entity>(), |query, (column, value)| query.col_expr(column, value));
    query.filter(cart::Column::Id.eq(id.uuid())).exec(scoped.on()).await.expect("changed");
    tx.commit().await.expect("committed");
}

#[db_test]
async fn a_cart_tells_that_it_was_left_and_brought_back(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (_, cart) = flow.left("ann@example.com").await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    app.clock().advance(5 * MINUTE);
    let message = MessageId(flow.messages().await[0].id);
    let link = restore::link_id(&app.master_key(), (flow.store.id(), cart), Some(message));
    let receipts = Receipts::new(app.db().clone(), app.env().clone(), flow.tools.wake.clone());
    receipts.take(Seen {
        store: flow.store.id(),
        message,
        kind: HitKind::Click,
        link: 0,
        restore: Some(link),
        method: "GET".into(),
        agent: Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0".into()),
        purpose: None,
        at: app.env().now(),
        by_script: true,
    });
    assert_eq!(receipts.tick().await.expect("written"), 1);
    // The shopper is back at work on it: the row forgets that it was ever left.
    let back = vec![
        (cart::Column::Status, Expr::value("active")),
        (cart::Column::AbandonedAt, Expr::value(Option::<i64>::None)),
    ];
    change(&flow, cart, back).await;

    let query = "query($s: ID!, $c: ID!) { store(id: $s) { cart(id: $c) { timeline { id at kind code } } } }";
    let answer =
        Service::over(&app).data(&flow.store, query, json!({ "s": flow.store.id(), "c": cart })).await;
    let lines = answer["store"]["cart"]["timeline"].as_array().expect("lines").clone();
    let told: Vec<&str> = lines.iter().filter_map(|line| line["code"].as_str()).collect();
    let place =
        |code: &str| told.iter().position(|one| *one == code).unwrap_or_else(|| panic!("{code}: {told:?}"));
    assert_eq!(place("abandoned"), 0, "{told:?}");
    assert!(place("entered") < place("sent") && place("sent") < place("restored"), "{told:?}");
    assert_eq!(told.iter().filter(|code| **code == "restored").count(), 1, "{told:?}");
    place("clicked");
    let ids: std::collections::HashSet<_> = lines.iter().filter_map(|line| line["id"].as_str()).collect();
    assert_eq!(ids.len(), lines.len(), "each line has an id of its own");
    app.allow_leftovers();
}

#[db_test]
async fn a_quote_names_its_company_in_the_mail(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (_, cart) = flow.left("ann@example.com").await;
    let id = app.env().id::<ContactId>().uuid();
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let row = company::ActiveModel {
        store_id: Set(flow.store.id().uuid()),
        id: Set(id),
        external_key: Set("name:weber & co".into()),
        name: Set("Weber & Co".into()),
        created_at: Set(app.env().now()),
    };
    scoped.insert::<company::Entity>(vec![row]).await.expect("a company");
    tx.commit().await.expect("committed");
    let quote = vec![
        (cart::Column::Kind, Expr::value("quote")),
        (cart::Column::Number, Expr::value("Q-7")),
        (cart::Column::CompanyId, Expr::value(id)),
    ];
    change(&flow, cart, quote).await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    let mail = flow.fake.ledger().remove(0).message;
    assert!(mail.text.contains("Weber & Co"), "{}", mail.text);
    assert!(mail.html.contains("Weber &amp; Co"), "{}", mail.html);
    app.allow_leftovers();
}

#[db_test]
async fn carts_and_people_are_found_by_address_and_number_page_by_page(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let mut carts = Vec::new();
    for email in ["ann@example.com", "anna@example.com", "ben@example.com"] {
        carts.push(flow.left(email).await.1.to_string());
        app.clock().advance(MINUTE);
    }
    let (_, quote) = flow.left("zoe@example.com").await;
    change(&flow, quote, vec![(cart::Column::Number, Expr::value("Q-7"))]).await;
    let service = Service::over(&app);
    let query = "query($s: ID!, $q: String, $n: Int, $after: String) { store(id: $s) {
        carts(search: $q, first: $n, after: $after) { pageInfo { hasNextPage endCursor } edges { node { id } } }
        contacts(search: $q, first: $n, after: $after) { pageInfo { hasNextPage endCursor } edges { node { email } } }
    } }";
    let asked = async |text: &str, first: i32, after: Value| {
        let variables = json!({ "s": flow.store.id(), "q": text, "n": first, "after": after });
        service.data(&flow.store, query, variables).await["store"].clone()
    };
    let ids = |page: &Value| -> Vec<String> {
        let edges = page["carts"]["edges"].as_array().cloned().unwrap_or_default();
        edges.iter().filter_map(|edge| edge["node"]["id"].as_str().map(str::to_owned)).collect()
    };
    let emails = |page: &Value| -> Vec<String> {
        let edges = page["contacts"]["edges"].as_array().cloned().unwrap_or_default();
        edges.iter().filter_map(|edge| edge["node"]["email"].as_str().map(str::to_owned)).collect()
    };

    let both = asked(" Ann", 25, Value::Null).await;
    assert_eq!(ids(&both), [carts[1].clone(), carts[0].clone()], "the latest first");
    assert_eq!(emails(&both), ["anna@example.com", "ann@example.com"]);
    assert_eq!(ids(&asked("Q-7", 25, Value::Null).await), [quote.to_string()]);
    assert_eq!(ids(&asked("Q-", 25, Value::Null).await), [] as [String; 0], "a number is found whole");
    assert_eq!(ids(&asked("nobody", 25, Value::Null).await), [] as [String; 0]);

    for list in ["carts", "contacts"] {
        let first = asked("ann", 1, Value::Null).await;
        assert_eq!(first[list]["pageInfo"]["hasNextPage"], true, "{list}");
        let second = asked("ann", 1, first[list]["pageInfo"]["endCursor"].clone()).await;
        assert_eq!(second[list]["pageInfo"]["hasNextPage"], false, "{list}");
        assert_ne!(first[list]["edges"], second[list]["edges"], "{list}");
        assert_eq!(second[list]["edges"].as_array().map(Vec::len), Some(1), "{list}");
    }
    app.allow_leftovers();
}
