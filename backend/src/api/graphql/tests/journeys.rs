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
