//! Who may do what to a team, cell by cell, and what a stranger learns of it.

use super::Service;
use crate::{
    accounts::{mailbox::Letter, team::invitations},
    db::{OrganisationScope, Role},
    testing::{TestApp, TestStore},
};
use cartwheel_domain::{contact_point::EmailAddress, ids::MemberId};
use cartwheel_entity::member;
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

pub(super) const ROLES: [Role; 5] = [Role::Support, Role::Analyst, Role::Editor, Role::Admin, Role::Owner];

/// A signed-in person of a role: their id and access token.
pub(super) async fn person(
    service: &Service,
    app: &TestApp,
    store: &TestStore,
    role: Role,
    name: &str,
) -> (MemberId, String) {
    let scope = OrganisationScope::system(store.keys.organisation_id);
    let email: EmailAddress = format!("{name}@team.example").parse().expect("an address");
    let mut tx = app.db().write().await.expect("a transaction");
    let (_, token) = invitations::invite(&mut tx, app.env(), &scope, &email, role).await.expect("invited");
    let offer = invitations::offer(&mut tx, app.env(), &token).await.expect("asked").expect("open");
    let joiner =
        invitations::Joiner::New { name: name.into(), password_hash: "none".into(), language: "en".into() };
    let id = invitations::accept(&mut tx, app.env(), &offer, joiner).await.expect("asked").expect("in");
    // The first owner's hash, so that nothing is hashed for each.
    let system = tx.system().await.expect("all");
    let known = system.find::<member::Entity>().filter(member::Column::PasswordHash.ne("none"));
    let hash = known.one(system.on()).await.expect("asked").expect("an owner").password_hash;
    let change = system.update::<member::Entity>().col_expr(member::Column::PasswordHash, Expr::value(hash));
    change.filter(member::Column::Id.eq(id.uuid())).exec(system.on()).await.expect("changed");
    tx.commit().await.expect("committed");
    let sessions = service.api.grants.sessions();
    let granted = sessions.sign_in(email.as_str(), "correct horse battery", None, "test").await.expect("in");
    (id, granted.access_token)
}

/// Data as text, its fields in one order: they are resolved side by side, and stand as they were done.
pub(super) fn text(data: &async_graphql::Value) -> String {
    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields: std::collections::BTreeMap<_, _> =
                    fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
                Value::Object(fields.into_iter().collect())
            }
            Value::Array(list) => Value::Array(list.into_iter().map(sorted).collect()),
            plain => plain,
        }
    }
    sorted(data.clone().into_json().expect("JSON")).to_string()
}

/// What an answer comes to: allowed, refused for want of a role, or for being a key.
pub(super) fn verdict(answer: &async_graphql::Response) -> String {
    match answer.errors.first() {
        None => "ok".into(),
        Some(e) => e
            .extensions
            .as_ref()
            .and_then(|x| x.get("code"))
            .map_or_else(|| e.message.clone(), |code| code.to_string().trim_matches('"').to_owned()),
    }
}

/// Each role and a key against each field and change of the team: every cell.
#[db_test]
async fn the_matrix_of_roles_holds(app: TestApp) {
    let store = app.store("a").await;
    let service = Service::over(&app);
    let organisation = store.keys.organisation_id.to_string();
    let nobody = MemberId(app.env().uuid()).to_string();
    let cells: [(&str, Role); 11] = [
        (
            "query($o: ID!, $n: ID!) { organisation(id: $o) { members { id } } a: organisation(id: $n) { id } }",
            Role::Support,
        ),
        (
            "query($o: ID!, $n: ID!) { organisation(id: $o) { invitations { id } } a: organisation(id: $n) { id } }",
            Role::Admin,
        ),
        (
            "query($o: ID!, $n: ID!) { organisation(id: $o) { apiKeys { id } } a: organisation(id: $n) { id } }",
            Role::Admin,
        ),
        (
            "query($o: ID!, $n: ID!) { organisation(id: $o) { auditLog { seq } } a: organisation(id: $n) { id } }",
            Role::Admin,
        ),
        (
            "mutation($o: ID!, $n: ID!) { inviteMember(organisationId: $o, email: \"no address\", role: SUPPORT) { link } a: endSession(id: $n) { ended } }",
            Role::Admin,
        ),
        (
            "mutation($o: ID!, $n: ID!) { withdrawInvitation(organisationId: $o, id: $n) { userErrors { code } } }",
            Role::Admin,
        ),
        (
            "mutation($o: ID!, $n: ID!) { setMemberRole(organisationId: $o, id: $n, role: SUPPORT) { userErrors { code } } }",
            Role::Admin,
        ),
        (
            "mutation($o: ID!, $n: ID!) { removeMember(organisationId: $o, id: $n) { userErrors { code } } }",
            Role::Admin,
        ),
        (
            "mutation($o: ID!, $n: ID!) { makeApiKey(organisationId: $o, input: { name: \"\", role: SUPPORT }) { secret } a: endSession(id: $n) { ended } }",
            Role::Admin,
        ),
        (
            "mutation($o: ID!, $n: ID!) { revokeApiKey(organisationId: $o, id: $n) { userErrors { code } } }",
            Role::Admin,
        ),
        (
            "mutation($o: ID!, $n: ID!) { createStore(organisationId: $o, input: { name: \"\" }) { writeKey } a: endSession(id: $n) { ended } }",
            Role::Admin,
        ),
    ];
    let mut asserted = 0;
    for role in ROLES {
        let (_, token) = person(&service, &app, &store, role, role.as_str()).await;
        for (query, least) in cells {
            let answer = service.ask(Some(&token), query, json!({ "o": organisation, "n": nobody })).await;
            let expected = if role >= least { "ok" } else { "forbidden" };
            assert_eq!(verdict(&answer), expected, "{} {query}", role.as_str());
            asserted += 1;
        }
    }
    // The first key of a store is bound to it, and opens no organisation; one of the organisation is no person.
    let (_, owner) = person(&service, &app, &store, Role::Owner, "ann").await;
    let make = "mutation($o: ID!) { makeApiKey(organisationId: $o, input: { name: \"all\", role: OWNER }) { secret } }";
    let made =
        service.ask(Some(&owner), make, json!({ "o": organisation })).await.data.into_json().expect("JSON");
    let wide = made["makeApiKey"]["secret"].as_str().expect("a key").to_owned();
    for (query, _) in cells {
        let answer = service.ask(Some(&wide), query, json!({ "o": organisation, "n": nobody })).await;
        assert_eq!(verdict(&answer), "people_only", "{query}");
        let bound =
            service.ask(Some(&store.keys.api_key), query, json!({ "o": organisation, "n": nobody })).await;
        let unknown =
            service.ask(Some(&store.keys.api_key), query, json!({ "o": nobody, "n": nobody })).await;
        assert_eq!(text(&bound.data), text(&unknown.data), "{query}");
        assert_eq!(verdict(&bound), verdict(&unknown), "{query}");
        asserted += 2;
    }
    assert_eq!(asserted, 77);
}

/// Where the service sends mails, the link of an invitation goes to the mailbox alone.
#[db_test]
async fn an_invitation_goes_to_the_mailbox_and_not_to_the_inviter(app: TestApp) {
    let store = app.store("a").await;
    let service = Service::sending(&app);
    let (_, token) = person(&service, &app, &store, Role::Owner, "ann").await;
    let invite = "mutation($o: ID!) { inviteMember(organisationId: $o, email: \"Ben@New.example\", role: EDITOR) { link invitation { email } } }";
    let answer = service.ask(Some(&token), invite, json!({ "o": store.keys.organisation_id })).await;
    let answer = answer.data.into_json().expect("JSON");
    assert_eq!(answer["inviteMember"], json!({ "link": null, "invitation": { "email": "ben@new.example" } }));
    let mails = crate::testing::mails(&app).await;
    let [mail] = mails.as_slice() else { panic!("one mail: {mails:?}") };
    assert_eq!(mail.to, "ben@new.example");
    let Letter::Invitation { organisation, by, role, token } = &mail.letter else { panic!("{mail:?}") };
    assert_eq!((organisation.as_str(), by.as_str(), role.as_str()), ("a org", "ann", "editor"));
    let mut tx = app.db().read().await.expect("a transaction");
    let offer = invitations::offer(&mut tx, app.env(), token).await.expect("asked").expect("it works");
    assert_eq!(offer.email, "ben@new.example");
}

/// What an owner opens in the console has texts and a journey that is on, and is a sandbox; what is wrong with the wish is
/// named, and then there is no store.
#[db_test]
async fn a_store_is_opened_whole_or_not_at_all(app: TestApp) {
    let store = app.store("a").await;
    let service = Service::over(&app);
    let (id, token) = person(&service, &app, &store, Role::Admin, "ann").await;
    let open = "mutation($o: ID!, $i: StoreSettingsInput!) { createStore(organisationId: $o, input: $i) { writeKey userErrors { path code } \
                store { id name sandbox currency settings { senderName } journeys { status name } } } }";
    let ask = async |input: Value| {
        let variables = json!({ "o": store.keys.organisation_id, "i": input });
        let answer = service.ask(Some(&token), open, variables).await;
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        answer.data.into_json().expect("JSON")["createStore"].take()
    };
    let refused =
        ask(json!({ "name": " ", "currency": "XTS", "timeZone": "Mars/Olympus", "shopifySecret": "s" }))
            .await;
    let places: Vec<&str> = refused["userErrors"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|e| e["path"][1].as_str())
        .collect();
    assert_eq!(places, ["timeZone", "currency", "name", "shopifySecret"]);
    assert_eq!(refused["store"], Value::Null);

    let wish = json!({ "name": "Lampenladen", "country": "CH", "locale": "de", "currency": "CHF", "timeZone": "Europe/Zurich" });
    let opened = ask(wish).await;
    assert_eq!(opened["userErrors"], json!([]));
    let new = &opened["store"];
    let told = (&new["name"], &new["sandbox"], &new["currency"]);
    assert_eq!(told, (&json!("Lampenladen"), &json!(true), &json!("CHF")));
    assert_eq!(new["settings"], json!({ "senderName": "Lampenladen" }));
    assert_eq!(new["journeys"], json!([{ "status": "ON", "name": "Zurückholen, was liegen blieb" }]));
    assert!(opened["writeKey"].as_str().is_some_and(|key| key.starts_with("cww_")));

    let log = "query($o: ID!) { organisation(id: $o) { auditLog(first: 1) { actor action subject } stores { name } } }";
    let said = service.ask(Some(&token), log, json!({ "o": store.keys.organisation_id })).await;
    let said = said.data.into_json().expect("JSON");
    let entry = json!([{ "actor": id.to_string(), "action": "store.made", "subject": new["id"] }]);
    assert_eq!(said["organisation"]["auditLog"], entry);
    assert_eq!(said["organisation"]["stores"], json!([{ "name": "Lampenladen" }, { "name": "a" }]));
}

/// A foreign organisation answers like one that never was, and keeps what it has.
#[db_test]
async fn a_foreign_organisation_looks_like_one_that_never_was(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let service = Service::over(&app);
    let (_, token) = person(&service, &app, &a, Role::Owner, "ann").await;
    let (victim, _) = person(&service, &app, &b, Role::Support, "ben").await;
    let (mine, theirs) = (a.keys.organisation_id.to_string(), b.keys.organisation_id.to_string());
    let never = cartwheel_domain::ids::OrganisationId(app.env().uuid()).to_string();
    for query in [
        "query($o: ID!, $m: ID!) { organisation(id: $o) { name members { id } } viewer { sessions { current } } a: organisation(id: $m) { id } }",
        "mutation($o: ID!, $m: ID!) { inviteMember(organisationId: $o, email: \"x@y.example\", role: OWNER) { link userErrors { path code message } } a: endSession(id: $m) { ended } }",
        "mutation($o: ID!, $m: ID!) { createStore(organisationId: $o, input: { name: \"s\" }) { writeKey userErrors { path code message } } a: endSession(id: $m) { ended } }",
        "mutation($o: ID!, $m: ID!) { setMemberRole(organisationId: $o, id: $m, role: OWNER) { userErrors { path code message } } }",
        "mutation($o: ID!, $m: ID!) { removeMember(organisationId: $o, id: $m) { userErrors { path code message } } }",
        "mutation($o: ID!, $m: ID!) { revokeApiKey(organisationId: $o, id: $m) { userErrors { path code message } } }",
        "mutation($o: ID!, $m: ID!) { withdrawInvitation(organisationId: $o, id: $m) { userErrors { path code message } } }",
        "mutation($o: ID!, $m: ID!) { makeApiKey(organisationId: $o, input: { name: \"k\", role: OWNER }) { secret userErrors { path code message } } a: endSession(id: $m) { ended } }",
    ] {
        let ask = async |organisation: &str, member: &str| {
            let answer = service.ask(Some(&token), query, json!({ "o": organisation, "m": member })).await;
            (text(&answer.data), verdict(&answer))
        };
        let foreign = ask(&theirs, &victim.to_string()).await;
        assert_eq!(foreign, ask(&never, &MemberId(app.env().uuid()).to_string()).await, "{query}");
        // In their own organisation a member of another is nobody.
        if query.contains("$m, role") || query.contains("removeMember") {
            assert_eq!(
                ask(&mine, &victim.to_string()).await,
                ask(&mine, &MemberId(app.env().uuid()).to_string()).await
            );
        }
    }
}

/// What is done in a store stands in the log of its organisation, without the values of settings.
#[db_test]
async fn changes_of_a_store_are_written_down(app: TestApp) {
    let store = app.store("a").await;
    let service = Service::over(&app);
    let (id, token) = person(&service, &app, &store, Role::Owner, "ann").await;
    let change = "mutation($s: ID!, $i: StoreSettingsInput!) { updateStoreSettings(storeId: $s, input: $i) { userErrors { code } } }";
    let input = json!({ "senderName": "Canary", "shopifySecret": "canary-secret", "name": "Canary" });
    service.ask(Some(&token), change, json!({ "s": store.id(), "i": input })).await;
    service.ask(Some(&token), change, json!({ "s": store.id(), "i": { "timeZone": "Mars/Olympus" } })).await;
    let log = "query($o: ID!) { organisation(id: $o) { auditLog(first: 1) { seq actor action storeId subject detail } } }";
    let said = service.ask(Some(&token), log, json!({ "o": store.keys.organisation_id })).await;
    let said = said.data.into_json().expect("JSON");
    let entry: &Value = &said["organisation"]["auditLog"][0];
    assert_eq!(
        *entry,
        json!({
            "seq": 3, "actor": id.to_string(), "action": "store.settings_changed", "storeId": store.id().to_string(),
            "subject": store.id().to_string(), "detail": { "changed": ["sender_name", "name", "shopify_secret"] },
        })
    );
    assert!(!said.to_string().to_lowercase().contains("canary"));
}
