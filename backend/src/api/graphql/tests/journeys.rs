//! Journeys made from blueprints.

use super::{
    Service,
    many::second,
    team::{person, verdict},
};
use crate::{db::Role, journeys::service::MOST, testing::TestApp};
use cartwheel_entity::journey;
use cartwheel_macros::db_test;
use sea_orm::ActiveValue::Set;
use serde_json::{Value, json};

const CREATE: &str = "mutation($s: ID!, $b: JourneyBlueprint!, $n: String!) { createJourney(storeId: $s, blueprint: $b, name: $n)
    { journey { id name status versions { number definition } } userErrors { path code message } } }";

#[db_test]
async fn each_blueprint_becomes_a_journey_that_is_off(app: TestApp) {
    let service = Service::over(&app);
    let first = app.store("first").await;
    let store = second(&app, &first, "shop").await;
    let (_, token) = person(&service, &app, &first, Role::Editor, "emil").await;
    let make = async |blueprint: &str, name: &str| -> Value {
        let answer =
            service.ask(Some(&token), CREATE, json!({ "s": store, "b": blueprint, "n": name })).await;
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        answer.data.into_json().expect("JSON")["createJourney"].clone()
    };
    for blueprint in ["RECOVERY", "CHECKOUT", "QUOTE", "EMPTY"] {
        let made = make(blueprint, &format!(" Ours {blueprint} ")).await;
        assert_eq!(made["userErrors"], json!([]), "{blueprint}");
        let journey = &made["journey"];
        assert_eq!(
            (&journey["name"], &journey["status"]),
            (&json!(format!("Ours {blueprint}")), &json!("OFF"))
        );
        assert_eq!(journey["versions"].as_array().map(Vec::len), Some(1));
    }
    for name in ["", "  ", &"x".repeat(121), "two\nlines"] {
        let refused = make("EMPTY", name).await;
        assert_eq!(
            (&refused["journey"], &refused["userErrors"][0]["path"]),
            (&Value::Null, &json!(["name"])),
            "{name:?}"
        );
    }
    // A store whose texts are gone is told so.
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&crate::db::StoreScope::system(store)).await.expect("the store");
    scoped.delete::<cartwheel_entity::template::Entity>().exec(scoped.on()).await.expect("gone");
    let row = |n: u64| journey::ActiveModel {
        store_id: Set(store.uuid()),
        id: Set(app.env().uuid()),
        name: Set(format!("{n}")),
        status: Set("off".into()),
        current_version_id: Set(None),
        moves_to: Set(None),
        moves_before: Set(None),
        created_at: Set(1),
        updated_at: Set(1),
    };
    scoped.insert::<journey::Entity>((5..MOST).map(row).collect()).await.expect("rows");
    tx.commit().await.expect("committed");
    let refused = make("QUOTE", "x").await;
    assert_eq!(refused["userErrors"][0]["path"], json!(["blueprint"]));
    assert!(
        refused["userErrors"][0]["message"].as_str().is_some_and(|m| m.contains("recovery_1")),
        "{refused}"
    );
    assert_eq!(make("EMPTY", "no message, no text").await["userErrors"][0]["code"], "too_many");
}

#[db_test]
async fn editors_make_journeys(app: TestApp) {
    let service = Service::over(&app);
    let store = app.store("one").await;
    for (role, said) in [(Role::Support, "forbidden"), (Role::Analyst, "forbidden"), (Role::Editor, "ok")] {
        let (_, token) = person(&service, &app, &store, role, role.as_str()).await;
        let ask = json!({ "s": store.id(), "b": "EMPTY", "n": "Mine" });
        assert_eq!(verdict(&service.ask(Some(&token), CREATE, ask).await), said, "{role:?}");
    }
}

#[db_test]
async fn moving_a_step_in_the_drawing_is_a_version_and_each_can_be_looked_at(app: TestApp) {
    let service = Service::over(&app);
    let first = app.store("one").await;
    let store = second(&app, &first, "shop").await;
    let (_, token) = person(&service, &app, &first, Role::Editor, "emil").await;
    let ask = async |query: &str, values: Value| -> Value {
        let answer = service.ask(Some(&token), query, values).await;
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        answer.data.into_json().expect("JSON")
    };
    let made = ask(CREATE, json!({ "s": store, "b": "RECOVERY", "n": "Mine" })).await;
    let journey = made["createJourney"]["journey"]["id"].clone();
    let mut definition = made["createJourney"]["journey"]["versions"][0]["definition"].clone();
    assert_eq!(definition["places"], Value::Null);
    let publish =
        "mutation($s: ID!, $j: ID!, $d: Json!) { publishJourney(storeId: $s, journeyId: $j, definition: $d)
        { journey { publishedVersion { number } } userErrors { path code message } } }";
    let put = async |definition: &Value| {
        let answer = ask(publish, json!({ "s": store, "j": journey, "d": definition })).await;
        answer["publishJourney"].clone()
    };
    definition["places"] = json!({ "wait_1": [12, -3] });
    let second = put(&definition).await;
    assert_eq!(second["journey"]["publishedVersion"]["number"], 2, "{second}");
    assert_eq!(
        put(&definition).await["journey"]["publishedVersion"]["number"],
        2,
        "the same again is no version"
    );
    definition["places"] = json!({ "nowhere": [0, 0], "wait_1": [2_001, 0] });
    let refused = put(&definition).await;
    let said: Vec<&str> = refused["userErrors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|e| e["message"].as_str())
        .collect();
    assert!(
        said.len() == 2 && said.iter().any(|one| one.contains("there is no node \"nowhere\"")),
        "{refused}"
    );
    let look = "query($s: ID!, $j: ID!) { store(id: $s) { journey(id: $j) {
        one: version(number: 1) { number definition } two: version(number: 2) { definition } three: version(number: 3) { number } } } }";
    let seen = ask(look, json!({ "s": store, "j": journey })).await["store"]["journey"].clone();
    assert_eq!((&seen["one"]["number"], &seen["one"]["definition"]["places"]), (&json!(1), &Value::Null));
    assert_eq!(
        (&seen["two"]["definition"]["places"], &seen["three"]),
        (&json!({ "wait_1": [12, -3] }), &Value::Null)
    );
    let (_, support) = person(&service, &app, &first, Role::Support, "sue").await;
    let denied = service.ask(Some(&support), look, json!({ "s": store, "j": journey })).await;
    assert_eq!(verdict(&denied), "forbidden");
}
