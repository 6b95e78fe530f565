//! Lists: what a filter finds, page by page, and what is read for it.

use super::{
    super::{
        cart::{CartKind, CartStatus},
        lists::{self, Way, before},
    },
    Service,
};
use crate::{
    db::{Dialect, Scoped},
    testing::{TestApp, database::plan},
};
use cartwheel_domain::consent::{Channel, SuppressionReason};
use cartwheel_entity::{cart, contact, message};
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;

/// The word of a status or a kind as the API has it.
fn word(stored: &str) -> String {
    stored.to_uppercase()
}

fn literal(dialect: Dialect, id: Uuid) -> String {
    match dialect {
        Dialect::Sqlite => format!("x'{}'", id.simple()),
        Dialect::Postgres => format!("'{id}'"),
    }
}

/// Carts of each status and kind, three at each of a few moments.
async fn fill(app: &TestApp, scoped: &Scoped<'_>) -> Vec<(i64, Uuid, CartStatus, CartKind)> {
    let store = literal(app.db().dialect(), scoped.store_id().uuid());
    let mut all = Vec::new();
    for (s, status) in CartStatus::ALL.into_iter().enumerate() {
        for (k, kind) in CartKind::ALL.into_iter().enumerate() {
            for n in 0..3_u8 {
                let id = Uuid::from_u128(u128::from(n) << 64 | (s * 7 + k * 3 + 1) as u128);
                let at = 1_000 + ((s * 5 + k * 3 + usize::from(n) * 2) % 4) as i64;
                let row = literal(app.db().dialect(), id);
                let sql = format!(
                    "INSERT INTO cart (store_id, id, kind, status, currency, total_minor, item_count, items, source_at, \
                     last_activity_at, source, bot, test, staff, entries, created_at, updated_at) VALUES ({store}, {row}, '{}', \
                     '{}', 'EUR', 1, 1, '[]', 1, 1, 'api', FALSE, FALSE, FALSE, 0, 1, {at})",
                    kind.as_str(),
                    status.as_str()
                );
                scoped.on().execute_unprepared(&sql).await.expect("a cart");
                all.push((at, id, status, kind));
            }
        }
    }
    all.sort_by_key(|c| std::cmp::Reverse((c.0, c.1)));
    all
}

#[db_test]
async fn each_filter_finds_its_carts_in_order_page_by_page(app: TestApp) {
    let store = app.store("a").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let all = fill(&app, &tx.enter(&store.scope()).await.expect("entered")).await;
    tx.commit().await.expect("committed");
    let service = Service::over(&app);
    let query = "query($s: ID!, $status: CartStatus, $kind: CartKind, $after: String) { store(id: $s) {
        carts(status: $status, kind: $kind, first: 5, after: $after) {
            totalCount pageInfo { hasNextPage endCursor } edges { node { id } } } } }";
    let statuses = || CartStatus::ALL.into_iter().map(Some).chain([None]);
    for (status, kind) in
        statuses().flat_map(|s| CartKind::ALL.into_iter().map(Some).chain([None]).map(move |k| (s, k)))
    {
        let wanted: Vec<String> = all
            .iter()
            .filter(|c| status.is_none_or(|s| s == c.2) && kind.is_none_or(|k| k == c.3))
            .map(|c| cartwheel_domain::ids::CartId(c.1).to_string())
            .collect();
        let (mut found, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({
                "s": store.id(), "after": after,
                "status": status.map(|s| word(s.as_str())), "kind": kind.map(|k| word(k.as_str())),
            });
            let page = service.data(&store, query, variables).await["store"]["carts"].clone();
            assert_eq!(page["totalCount"], json!(wanted.len()), "{status:?} {kind:?}");
            let edges = page["edges"].as_array().cloned().unwrap_or_default();
            found.extend(edges.iter().filter_map(|e| e["node"]["id"].as_str().map(str::to_owned)));
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
            assert!(found.len() < wanted.len(), "{status:?} {kind:?}: more pages than carts");
            after = page["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(found, wanted, "{status:?} {kind:?}");
    }
    app.allow_leftovers();
}

/// A page costs the same wherever it lies and whatever else the store has: the index begins at its place.
#[db_test]
async fn what_stands_before_a_page_is_not_read(app: TestApp) {
    let store = app.store("a").await;
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("entered");
    let place = Some((7, Uuid::from_u128(7)));
    let carts = |status, kind| {
        lists::page_of_carts(lists::carts(&scoped, Way::Along, status, kind), Way::Along, place, 25)
    };
    let contacts = {
        let place = before(contact::Column::LastSeenAt, contact::Column::Id, 7, Uuid::from_u128(7));
        let query = scoped.find::<contact::Entity>().filter(contact::Column::MergedInto.is_null());
        let query = query.filter(place);
        query.order_by_desc(contact::Column::LastSeenAt).order_by_desc(contact::Column::Id).limit(26)
    };
    let filtered = carts(Some(CartStatus::Abandoned), Some(CartKind::Quote));
    let pair = match app.db().dialect() {
        Dialect::Sqlite => ["(updated_at,id)<(?,?)", "(last_seen_at,id)<(?,?)"],
        Dialect::Postgres => ["ROW(updated_at, id) < ROW(", "ROW(last_seen_at, id) < ROW("],
    };
    for (plan, index, place) in [
        (plan(&scoped, carts(None, None)).await, "cart_list", pair[0]),
        (plan(&scoped, filtered).await, "cart_status", pair[0]),
        (plan(&scoped, contacts).await, "contact_seen", pair[1]),
    ] {
        assert!(plan.contains(index) && plan.contains(place), "{index}: {plan}");
        let condition = plan.lines().find(|line| line.contains(place)).unwrap_or_default();
        assert!(!condition.contains("Filter"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
    }
}

/// Whoever searches gets the carts of a few people: they are found by their owners, whatever else is asked for, and not by a walk along
/// the list.
#[db_test]
async fn a_search_does_not_walk_the_list(app: TestApp) {
    let store = app.store("a").await;
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("entered");
    for (which, index) in [
        (message::Column::CartId.eq(Uuid::from_u128(7)), "message_cart"),
        (message::Column::ContactId.eq(Uuid::from_u128(7)), "message_contact"),
    ] {
        let plan = plan(&scoped, lists::latest_messages(&scoped, which, 100)).await;
        match app.db().dialect() {
            Dialect::Sqlite => assert!(plan.contains(index), "{plan}"),
            // An empty PostgreSQL takes any index; what it has to sort did not come along the list.
            Dialect::Postgres => assert!(plan.contains("Sort"), "{plan}"),
        }
    }
    let people: Vec<Uuid> = (0..128).map(Uuid::from_u128).collect();
    let place = Some((7, Uuid::from_u128(7)));
    for (status, kind) in [(None, None), (Some(CartStatus::Abandoned), Some(CartKind::Quote))] {
        let found = || lists::carts(&scoped, Way::Found, status, kind);
        let theirs = found().filter(cart::Column::ContactId.is_in(people.clone()));
        let numbered = found().filter(cart::Column::Number.eq("Q-7"));
        for (question, index) in [(theirs, "cart_contact"), (numbered, "cart_number")] {
            for place in [None, place] {
                let page = lists::page_of_carts(question.clone(), Way::Found, place, 25);
                let plan = plan(&scoped, page).await;
                // An empty PostgreSQL takes any index but one in the order of the list.
                let there = app.db().dialect() == Dialect::Postgres || plan.contains(index);
                assert!(there && !plan.contains("cart_list") && !plan.contains("updated_at<"), "{plan}");
            }
        }
    }
}

/// A page of people is asked about all at once; each gets the answer of their own address.
#[db_test]
async fn who_has_said_no_is_marked_in_the_list(app: TestApp) {
    let store = app.store("a").await;
    for email in ["ann@example.com", "ben@example.com", "zoe@example.com"] {
        store.contact(email).await;
    }
    let other = app.store("b").await;
    other.contact("ann@example.com").await;
    let mut tx = app.db().write().await.expect("a transaction");
    for (store, email) in
        [(&store, "ben@example.com"), (&other, "ann@example.com"), (&store, "zoe@example.com")]
    {
        let scoped = tx.enter(&store.scope()).await.expect("entered");
        crate::consent::suppression::suppress(
            &scoped,
            app.env(),
            &app.master_key(),
            (Channel::Email, email),
            SuppressionReason::Unsubscribed,
            None,
        )
        .await
        .expect("suppressed");
    }
    let scoped = tx.enter(&store.scope()).await.expect("entered");
    let zoe = (Channel::Email, "zoe@example.com");
    assert!(
        crate::consent::suppression::lift(&scoped, app.env(), &app.master_key(), zoe).await.expect("lifted")
    );
    tx.commit().await.expect("committed");
    let query = "query($s: ID!) { store(id: $s) { contacts { edges { node { email suppressed } } } } }";
    let data = Service::over(&app).data(&store, query, json!({ "s": store.id() })).await;
    let edges = data["store"]["contacts"]["edges"].as_array().cloned().unwrap_or_default();
    let mut found: Vec<(&str, bool)> = edges
        .iter()
        .filter_map(|e| Some((e["node"]["email"].as_str()?, e["node"]["suppressed"].as_bool()?)))
        .collect();
    found.sort_unstable();
    assert_eq!(found, [("ann@example.com", false), ("ben@example.com", true), ("zoe@example.com", false)]);
    app.allow_leftovers();
}
