//! Journeys taken over from one store into others, and many stores paused at once.

use super::{
    Service,
    team::{person, verdict},
};
use crate::{
    accounts::service::{self, Shop},
    db::Role,
    opening,
    testing::{TestApp, TestStore},
};
use cartwheel_domain::{ids::StoreId, settings::StoreSettings};
use cartwheel_macros::db_test;
use serde_json::{Value, json};

/// A second store of an organisation, with texts and a journey that is on.
pub(super) async fn second(app: &TestApp, store: &TestStore, name: &str) -> StoreId {
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let settings = StoreSettings::default();
    let shop = Shop { name: name.into(), live: false, settings: settings.clone() };
    let keys = service::add_store(&system, app.env(), store.keys.organisation_id, shop).await.expect("made");
    opening::furnish(&mut tx, app.env(), keys.store_id, &settings).await.expect("furnished");
    tx.commit().await.expect("committed");
    keys.store_id
}

/// One person's look at two stores.
struct Desk<'a> {
    service: &'a Service,
    token: String,
}

impl Desk<'_> {
    async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer = self.service.ask(Some(&self.token), query, variables).await;
        assert!(answer.errors.is_empty(), "{query}: {:?}", answer.errors);
        answer.data.into_json().expect("JSON")
    }

    /// The first journey of a store: id, status, newest number and definition.
    async fn journey(&self, store: StoreId) -> Value {
        let query =
            "query($s: ID!) { store(id: $s) { journeys { id name status versions { number definition } } } }";
        self.ask(query, json!({ "s": store })).await["store"]["journeys"][0].clone()
    }

    /// Publishes the store's journey with other values at some places.
    async fn change(&self, store: StoreId, places: &[(&str, Value)]) {
        let journey = self.journey(store).await;
        let mut definition = journey["versions"][0]["definition"].clone();
        for (pointer, value) in places {
            *definition.pointer_mut(pointer).expect("a place") = value.clone();
        }
        let query = "mutation($s: ID!, $j: ID!, $d: Json!) { publishJourney(storeId: $s, journeyId: $j, definition: $d) { userErrors { message } } }";
        let data = self.ask(query, json!({ "s": store, "j": journey["id"], "d": definition })).await;
        assert_eq!(data["publishJourney"]["userErrors"], json!([]));
    }

    async fn plan(&self, from: StoreId, to: &[StoreId]) -> Vec<Value> {
        let query = "query($s: ID!, $j: ID!, $t: [ID!]!) { store(id: $s) { journey(id: $j) { rollOut(storeIds: $t)
            { storeId state baseVersion sourceVersion replaces problems differences { place before after } kept { place before after } } } } }";
        let journey = self.journey(from).await["id"].clone();
        let data = self.ask(query, json!({ "s": from, "j": journey, "t": to })).await;
        data["store"]["journey"]["rollOut"].as_array().expect("plans").clone()
    }

    async fn take(&self, from: StoreId, to: &[(StoreId, i64)]) -> Value {
        let newest = self.journey(from).await["versions"][0]["number"].as_i64().expect("a number");
        self.take_of(from, newest, to).await
    }

    async fn take_of(&self, from: StoreId, version: i64, to: &[(StoreId, i64)]) -> Value {
        let query = "mutation($s: ID!, $j: ID!, $v: Int!, $t: [RollOutTarget!]!)
            { rollOutJourney(storeId: $s, journeyId: $j, sourceVersion: $v, to: $t) { changed userErrors { path code } } }";
        let journey = self.journey(from).await["id"].clone();
        let to: Vec<Value> =
            to.iter().map(|(id, base)| json!({ "storeId": id, "baseVersion": base })).collect();
        self.ask(query, json!({ "s": from, "j": journey, "v": version, "t": to })).await["rollOutJourney"]
            .clone()
    }
}

fn places(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|one| {
        let place = one["place"].as_array().expect("a place").iter();
        place.map(|part| part.as_str().unwrap_or_default()).collect::<Vec<_>>().join(".")
    })
    .collect()
}

#[db_test]
async fn a_journey_is_taken_over_and_what_was_changed_there_stays(app: TestApp) {
    let service = Service::over(&app);
    let first = app.store("first").await;
    let (_, token) = person(&service, &app, &first, Role::Editor, "emil").await;
    let desk = Desk { service: &service, token };
    let (from, to) = (second(&app, &first, "library").await, second(&app, &first, "shop").await);
    desk.change(from, &[("/nodes/wait_1/seconds", json!(60)), ("/nodes/wait_2/seconds", json!(120))]).await;
    let before = desk.plan(from, &[to, from]).await;
    assert_eq!((&before[0]["state"], &before[0]["storeId"]), (&json!("UPDATE"), &json!(to)));
    assert_eq!(places(&before[0]["differences"]), ["nodes.wait_1.seconds", "nodes.wait_2.seconds"]);
    assert_eq!(before[0]["differences"][0]["after"], json!(60));
    assert_eq!((&before[0]["replaces"], &before[0]["sourceVersion"]), (&json!(true), &json!(2)));
    assert_eq!(before[1]["state"], "REFUSED");
    assert_eq!(desk.take(from, &[(to, 1)]).await, json!({ "changed": [to], "userErrors": [] }));
    assert_eq!(desk.plan(from, &[to]).await[0]["state"], "SAME");
    assert_eq!(desk.journey(to).await["status"], "ON", "a copy that was on stays on");

    // The shop goes its own way in one place, the library moves on in that and in another.
    desk.change(to, &[("/nodes/wait_1/seconds", json!(7)), ("/nodes/control/percent", json!(33))]).await;
    desk.change(from, &[("/nodes/wait_1/seconds", json!(61)), ("/nodes/wait_3/seconds", json!(180))]).await;
    let plan = desk.plan(from, &[to]).await[0].clone();
    assert_eq!((&plan["state"], &plan["baseVersion"]), (&json!("UPDATE"), &json!(3)));
    assert_eq!(places(&plan["differences"]), ["nodes.wait_3.seconds"]);
    assert_eq!(places(&plan["kept"]), ["nodes.control.percent", "nodes.wait_1.seconds"]);
    assert_eq!((&plan["kept"][1]["before"], &plan["kept"][1]["after"]), (&json!(61), &json!(7)));
    // What was looked at must be what is there.
    let stale = desk.take(from, &[(to, 2)]).await;
    assert_eq!(stale, json!({ "changed": [], "userErrors": [{ "path": ["to", "0"], "code": "outdated" }] }));
    let other = desk.take_of(from, 2, &[(to, 3)]).await;
    assert_eq!(other["userErrors"], json!([{ "path": ["sourceVersion"], "code": "outdated" }]));
    assert_eq!(desk.take(from, &[(to, 3)]).await["changed"], json!([to]));
    let now = desk.journey(to).await["versions"][0].clone();
    assert_eq!(now["number"], 4);
    let seconds = |wait: &str| now["definition"]["nodes"][wait]["seconds"].clone();
    assert_eq!((seconds("wait_1"), seconds("wait_2"), seconds("wait_3")), (json!(7), json!(120), json!(180)));
    assert_eq!(now["definition"]["nodes"]["control"]["percent"], 33);
    // A third store's journey of the same name does not take the place of this one's.
    let third = second(&app, &first, "third").await;
    let foreign = desk.plan(third, &[to]).await[0].clone();
    assert_eq!((&foreign["state"], &foreign["replaces"]), (&json!("NEW"), &json!(false)));
    // What was kept once is kept again.
    assert_eq!(
        places(&desk.plan(from, &[to]).await[0]["kept"]),
        ["nodes.control.percent", "nodes.wait_1.seconds"]
    );
    app.allow_leftovers();
}

#[db_test]
async fn a_journey_that_is_not_there_is_made_and_is_off(app: TestApp) {
    let service = Service::over(&app);
    let first = app.store("first").await;
    let (_, token) = person(&service, &app, &first, Role::Admin, "ada").await;
    let desk = Desk { service: &service, token };
    let (from, to) = (second(&app, &first, "library").await, second(&app, &first, "shop").await);
    desk.change(from, &[("/name", json!("Ours alone"))]).await;
    assert_eq!(desk.plan(from, &[to]).await[0]["state"], "NEW");
    assert_eq!(desk.take(from, &[(to, 0)]).await["changed"], json!([to]));
    let query = "query($s: ID!) { store(id: $s) { journeys { name status } } }";
    let list = desk.ask(query, json!({ "s": to })).await["store"]["journeys"].clone();
    let made = list.as_array().expect("a list").iter().find(|one| one["name"] == "Ours alone").cloned();
    assert_eq!(made.expect("made")["status"], "OFF");
    // A text the store does not have is said before anything is done.
    desk.change(from, &[("/nodes/mail_1/template", json!("recovery_1"))]).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&crate::db::StoreScope::system(to)).await.expect("the store");
    scoped.delete::<cartwheel_entity::template::Entity>().exec(scoped.on()).await.expect("gone");
    tx.commit().await.expect("committed");
    let plan = desk.plan(from, &[to]).await[0].clone();
    assert_eq!(plan["state"], "REFUSED");
    assert!(plan["problems"][0].as_str().is_some_and(|said| said.contains("recovery_1")), "{plan}");
    let refused = desk.take(from, &[(to, 1)]).await;
    assert_eq!(refused["userErrors"], json!([{ "path": ["to", "0"], "code": "unsound" }]));
    app.allow_leftovers();
}

#[db_test]
async fn many_stores_are_paused_and_resumed_where_one_may(app: TestApp) {
    let service = Service::over(&app);
    let (first, foreign) = (app.store("first").await, app.store("foreign").await);
    let other = second(&app, &first, "other").await;
    let (_, editor) = person(&service, &app, &first, Role::Editor, "emil").await;
    let (_, analyst) = person(&service, &app, &first, Role::Analyst, "anna").await;
    let desk = Desk { service: &service, token: editor };
    let query = "mutation($s: [ID!]!, $p: Boolean!) { pauseStores(storeIds: $s, pause: $p) { changed userErrors { path code } } }";
    let ids = json!([other, foreign.id(), "x"]);
    let paused = desk.ask(query, json!({ "s": ids, "p": true })).await["pauseStores"].clone();
    let errors = json!([{ "path": ["storeIds", "1"], "code": "not_found" }, { "path": ["storeIds", "2"], "code": "not_found" }]);
    assert_eq!(paused, json!({ "changed": [other], "userErrors": errors }));
    assert_eq!(desk.journey(other).await["status"], "PAUSED");
    let again = desk.ask(query, json!({ "s": [other], "p": true })).await["pauseStores"].clone();
    assert_eq!(again["changed"], json!([]));
    desk.ask(query, json!({ "s": [other], "p": false })).await;
    assert_eq!(desk.journey(other).await["status"], "ON");
    let refused = service.ask(Some(&analyst), query, json!({ "s": [other], "p": true })).await;
    assert_eq!(verdict(&refused), "forbidden");
    let many: Vec<String> = (0..101).map(|_| other.to_string()).collect();
    let refused = service.ask(Some(&desk.token), query, json!({ "s": many, "p": true })).await;
    assert!(refused.errors[0].message.contains("at most 100"), "{:?}", refused.errors);
    app.allow_leftovers();
}
