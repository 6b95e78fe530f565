//! Whom not to contact, shared: who may switch it on and off, what each side reads, and what others can tell.

use super::{
    Service,
    guests::{CLOSE, OPEN, Two, at},
    team::{person, verdict},
};
use crate::{
    accounts::team::keys,
    db::{OrganisationScope, Role},
    testing::TestApp,
};
use cartwheel_domain::ids::OrganisationId;
use cartwheel_macros::db_test;
use serde_json::{Value, json};

const SHARE: &str = "shareSuppressions(organisationId: $o, storeId: $s, agencyId: $g, terms: 1)";
const KEEP: &str = "keepSuppressions(organisationId: $o, storeId: $s, agencyId: $g)";

/// The state of the merchant's stores as somebody reads it.
async fn state(service: &Service, token: &str, two: &Two) -> Value {
    let query = "query($o: ID!) { organisation(id: $o) { suppressionSharings { storeId agencyId since shared complete } } }";
    let data = service.told(token, query, json!({ "o": two.merchant.keys.organisation_id })).await;
    data["organisation"]["suppressionSharings"].clone()
}

#[db_test]
async fn a_merchant_alone_shares_and_stops(app: TestApp) {
    let service = Service::over(&app);
    let two = Two::of(&app, &service).await;
    let (_, admin) = person(&service, &app, &two.merchant, Role::Admin, "adam").await;
    let (_, agent) = person(&service, &app, &two.agency, Role::Admin, "gina").await;

    // Not before the store is open to the agency: and this looks like an agency that never was.
    let never = json!({ "o": two.merchant.keys.organisation_id, "s": two.merchant.id(), "g": OrganisationId(app.env().uuid()) });
    for ids in [two.ids(), never] {
        assert_eq!(service.refused(&two.owner, SHARE, ids).await, at("agencyId", "not_open"));
    }
    assert_eq!(service.refused(&two.owner, OPEN, two.ids()).await, vec![]);

    // The agency has an admin's rights in the store by now, and none to this; nor has anybody below an admin, nor a key.
    let guest = json!({ "o": two.agency.keys.organisation_id, "s": two.merchant.id(), "g": two.agency.keys.organisation_id });
    assert_eq!(service.refused(&agent, SHARE, guest).await, at("storeId", "not_found"));
    assert_eq!(service.refused(&agent, SHARE, two.ids()).await, at("organisationId", "not_found"));
    let ask = "mutation($o: ID!, $s: ID!, $g: ID!) { a: shareSuppressions(organisationId: $o, storeId: $s, agencyId: $g, terms: 1) { userErrors { code } } }";
    for role in [Role::Support, Role::Analyst, Role::Editor] {
        let (_, token) = person(&service, &app, &two.merchant, role, role.as_str()).await;
        assert_eq!(verdict(&service.ask(Some(&token), ask, two.ids()).await), "forbidden");
    }
    let owner = OrganisationScope::system(two.merchant.keys.organisation_id);
    let new = keys::NewKey { name: "all".into(), role: Role::Owner, store: None, expires_at: None };
    let mut tx = app.db().write().await.expect("a transaction");
    let (_, key) = keys::make(&mut tx, app.env(), &owner, new).await.expect("made");
    tx.commit().await.expect("committed");
    assert_eq!(verdict(&service.ask(Some(&key), ask, two.ids()).await), "people_only");
    assert_eq!(state(&service, &two.owner, &two).await, json!([]));

    // Another wording than the one that counts is not agreed to.
    let other = SHARE.replace("terms: 1", "terms: 2");
    assert_eq!(service.refused(&admin, &other, two.ids()).await, at("terms", "outdated"));
    assert_eq!(service.refused(&admin, SHARE, two.ids()).await, vec![]);
    assert_eq!(service.refused(&two.owner, SHARE, two.ids()).await, vec![], "said already");
    let told = state(&service, &two.owner, &two).await;
    assert_eq!(told[0]["storeId"], json!(two.merchant.id()));
    assert_eq!(told[0]["agencyId"], json!(two.agency.keys.organisation_id));
    assert_eq!((&told[0]["shared"], &told[0]["complete"]), (&json!(0), &json!(false)));

    assert_eq!(service.refused(&agent, KEEP, two.ids()).await, at("organisationId", "not_found"));
    assert_eq!(service.refused(&two.owner, KEEP, two.ids()).await, vec![]);
    assert_eq!(service.refused(&two.owner, KEEP, two.ids()).await, at("agencyId", "not_open"));
    assert_eq!(state(&service, &two.owner, &two).await, json!([]));

    // Closing the store ends it too, and both sides read all of it.
    assert_eq!(service.refused(&two.owner, SHARE, two.ids()).await, vec![]);
    assert_eq!(service.refused(&two.owner, CLOSE, two.ids()).await, vec![]);
    assert_eq!(state(&service, &two.owner, &two).await, json!([]));
    for (token, of) in [(&two.owner, &two.merchant), (&agent, &two.agency)] {
        let log = two.log(&service, token, of).await;
        let about = |action: &str| ["store_access.", "circle."].iter().any(|part| action.starts_with(part));
        let done: Vec<(&str, &str)> =
            log.iter().filter(|(action, _)| about(action)).map(|(a, by)| (a.as_str(), by.as_str())).collect();
        assert_eq!(
            done,
            [
                ("store_access.ended", "olga"),
                ("circle.left", "olga"),
                ("circle.joined", "olga"),
                ("circle.left", "olga"),
                ("circle.joined", "adam"),
                ("store_access.given", "olga"),
            ]
        );
    }
}
