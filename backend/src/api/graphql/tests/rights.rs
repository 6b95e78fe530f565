//! Who may ask what: every field of the schema, asked by each role and by a key, gives the table in `docs/rights.md`.

use super::{
    Service,
    sweep::{Document, Named, Walk, ask, random},
    team::{ROLES, person, text, verdict},
};
use crate::{
    accounts::team::keys,
    channels::fake::Fake,
    db::{OrganisationScope, Role},
    testing::{TestApp, flow::Flow},
};
use cartwheel_domain::time::{HOUR, MINUTE};
use cartwheel_macros::db_test;
use serde_json::json;
use std::collections::BTreeMap;

/// The fields that people begin with; what lies below is named only where it needs more than the way to it.
const ROOTS: [&str; 6] = ["Query", "Viewer", "Organisation", "Store", "Mutation", "Subscription"];

/// Who may ask a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct May {
    least: Role,
    keys: bool,
}

fn table(fields: &BTreeMap<String, May>, ways: &BTreeMap<String, String>) -> String {
    let mut text = String::from(
        "# Who may ask what\n\n\
         Made by asking each field of the schema as each role, and by a key of the organisation that has the role owner\n\
         (`backend/src/api/graphql/tests/rights.rs`, which fails when this page is out of date). What is not listed needs no more than\n\
         the field it lies below. A key has the role it was made with; what says \"no\" under *key* is for people.\n",
    );
    for root in ROOTS {
        text.push_str(&format!(
            "\n## {root}\n\n| field | support | analyst | editor | admin | owner | key |\n| --- | --- | --- | --- | --- | --- | --- |\n"
        ));
        for (field, may) in fields.iter().filter(|(field, _)| field.starts_with(&format!("{root}."))) {
            let cells = ROLES.map(|role| if role >= may.least { "yes" } else { "no" }).join(" | ");
            let name = &field[root.len() + 1..];
            text.push_str(&format!("| `{name}` | {cells} | {} |\n", if may.keys { "yes" } else { "no" }));
        }
    }
    let deeper = fields.iter().filter(|(field, may)| {
        let root = ROOTS.iter().any(|root| field.starts_with(&format!("{root}.")));
        !root && ways.get(*field).and_then(|way| fields.get(way)) != Some(may)
    });
    for (field, may) in deeper {
        text.push_str(&format!("\n`{field}` needs the role {}.\n", may.least.as_str()));
    }
    text
}

#[db_test]
async fn the_table_of_rights_is_what_the_schema_answers(app: TestApp) {
    let store = app.store("a").await;
    let service = Service::over(&app);
    let mut walk = Walk::of(&crate::api::sdl());
    let mut documents = walk.documents("query", "Query");
    documents.extend(walk.documents("mutation", "Mutation"));
    documents.extend(walk.documents("subscription", "Subscription"));
    // Store and organisation are one's own; nothing else that is named exists, so that nothing of it is changed.
    let mut ids = random(&app);
    ids.insert(Named::Store, store.id().to_string());
    ids.insert(Named::Organisation, store.keys.organisation_id.to_string());
    let fill = |document: &Document| -> Vec<String> {
        document.slots.iter().map(|(_, named)| ids[named].clone()).collect()
    };
    let mut people = Vec::new();
    for role in ROLES {
        people.push((role, person(&service, &app, &store, role, role.as_str()).await.1));
    }
    let owner = OrganisationScope::system(store.keys.organisation_id);
    let new = keys::NewKey { name: "all".into(), role: Role::Owner, store: None, expires_at: None };
    let mut tx = app.db().write().await.expect("a transaction");
    let (_, key) = keys::make(&mut tx, app.env(), &owner, new).await.expect("made");
    tx.commit().await.expect("committed");

    let (mut fields, mut ways) = (BTreeMap::new(), BTreeMap::new());
    for document in &documents {
        let mut least = None;
        for (role, token) in &people {
            let said = verdict(&ask(&service, Some(token), document, &fill(document)).await);
            match (said.as_str(), least) {
                ("ok", None) => least = Some(*role),
                ("ok", Some(_)) | ("forbidden", None) => {}
                _ => panic!("{} as {}: {said}", document.about, role.as_str()),
            }
        }
        let least = least.unwrap_or_else(|| panic!("nobody may ask {}", document.about));
        let keys = match verdict(&ask(&service, Some(&key), document, &fill(document)).await).as_str() {
            "ok" => true,
            "people_only" => false,
            other => panic!("{} by a key: {other}", document.about),
        };
        // The answer of a change holds what can be asked for as well; what counts is the question.
        fields.entry(document.about.clone()).or_insert(May { least, keys });
        ways.entry(document.about.clone()).or_insert(document.through.clone());
    }
    let table = table(&fields, &ways);
    let kept = include_str!("../../../../../docs/rights.md");
    assert!(kept == table, "docs/rights.md is to be:\n{table}");
    app.allow_leftovers();
}

/// What is kept from a role is kept from it by every path: a cart's timeline names its journey, and no more.
#[db_test]
async fn the_timeline_of_a_cart_opens_no_journey(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (_, cart) = flow.left("ann@example.com").await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    let service = Service::over(&app);
    let (_, support) = person(&service, &app, &flow.store, Role::Support, "sven").await;
    let (_, analyst) = person(&service, &app, &flow.store, Role::Analyst, "ada").await;
    let ask = async |token: &str, fields: &str| {
        let query = format!(
            "query($s: ID!, $c: ID!) {{ store(id: $s) {{ cart(id: $c) {{ timeline {{ journey {{ {fields} }} }} }} }} }}"
        );
        service.ask(Some(token), &query, json!({ "s": flow.store.id(), "c": cart })).await
    };
    let named = ask(&support, "id name status").await;
    assert_eq!(verdict(&named), "ok");
    assert!(text(&named.data).contains("journey_"), "the cart has passed through a journey");
    for fields in ["counts(days: 30) { runs }", "versions { number }", "publishedVersion { definition }"] {
        assert_eq!(verdict(&ask(&support, fields).await), "forbidden", "{fields}");
        assert_eq!(verdict(&ask(&analyst, fields).await), "ok", "{fields}");
    }
    app.allow_leftovers();
}
