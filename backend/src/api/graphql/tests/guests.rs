//! Stores opened to agencies and to the staff, and roles in single stores: who sees what, from when on, until when.

use super::{
    Service,
    team::{person, verdict},
};
use crate::{
    accounts::team::{keys, members},
    db::{OrganisationScope, Role},
    testing::{TestApp, TestStore},
};
use cartwheel_domain::{ids::OrganisationId, time::HOUR};
use cartwheel_entity::{organisation, service_mail, session};
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

/// Makes an organisation what it is to be.
pub(super) async fn becomes(app: &TestApp, organisation: OrganisationId, kind: &str) {
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let change =
        system.update::<organisation::Entity>().col_expr(organisation::Column::Kind, Expr::value(kind));
    let change = change.filter(organisation::Column::Id.eq(organisation.uuid()));
    change.exec(system.on()).await.expect("changed");
    // Whoever is signed in has shown a code: the staff reaches nothing without.
    let coded = system.update::<session::Entity>().col_expr(session::Column::SecondFactor, Expr::value(true));
    coded.exec(system.on()).await.expect("changed");
    tx.commit().await.expect("committed");
}

impl Service {
    /// The answer's data; errors fail the test.
    pub(super) async fn told(&self, token: &str, query: &str, variables: Value) -> Value {
        let answer = self.ask(Some(token), query, variables).await;
        assert!(answer.errors.is_empty(), "{query}: {:?}", answer.errors);
        answer.data.into_json().expect("JSON")
    }

    /// What a change of the team is refused for: path and code; nothing when it is done.
    pub(super) async fn refused(&self, token: &str, change: &str, variables: Value) -> Vec<(String, String)> {
        let heads = ["$o", "$s", "$g"].into_iter().filter(|name| change.contains(name));
        let heads: Vec<String> = heads.map(|name| format!("{name}: ID!")).collect();
        let query =
            format!("mutation({}) {{ a: {change} {{ userErrors {{ path code }} }} }}", heads.join(", "));
        let data = self.told(token, &query, variables).await;
        let errors = data["a"]["userErrors"].as_array().expect("a list").clone();
        let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|e| (word(&e["path"][0]), word(&e["code"]))).collect()
    }
}

pub(super) fn at(path: &str, code: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), code.to_owned())]
}

pub(super) const OPEN: &str = "openStore(organisationId: $o, storeId: $s, agencyId: $g, role: ADMIN)";
pub(super) const CLOSE: &str = "closeStore(organisationId: $o, storeId: $s, guestId: $g)";

/// A merchant with a store, an agency with one of its own, and who works there.
pub(super) struct Two {
    pub merchant: TestStore,
    pub agency: TestStore,
    pub owner: String,
}

impl Two {
    pub(super) async fn of(app: &TestApp, service: &Service) -> Self {
        let (merchant, agency) = (app.store("m").await, app.store("g").await);
        becomes(app, agency.keys.organisation_id, "agency").await;
        let (_, owner) = person(service, app, &merchant, Role::Owner, "olga").await;
        Self { merchant, agency, owner }
    }

    pub(super) fn ids(&self) -> Value {
        json!({ "o": self.merchant.keys.organisation_id, "s": self.merchant.id(), "g": self.agency.keys.organisation_id })
    }

    /// The merchant's store as somebody sees it: their role, and through which organisation they came.
    async fn seen(&self, service: &Service, token: &str) -> Value {
        let query = "query($s: ID!) { store(id: $s) { role visit { guestId } } }";
        service.told(token, query, json!({ "s": self.merchant.id() })).await["store"].clone()
    }

    pub(super) async fn log(&self, service: &Service, token: &str, of: &TestStore) -> Vec<(String, String)> {
        let query = "query($o: ID!) { organisation(id: $o) { auditLog { action actorName } } }";
        let data = service.told(token, query, json!({ "o": of.keys.organisation_id })).await;
        let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let list = data["organisation"]["auditLog"].as_array().expect("a list").clone();
        list.iter().map(|e| (word(&e["action"]), word(&e["actorName"]))).collect()
    }
}

#[db_test]
async fn an_agency_works_in_a_store_while_it_is_open_to_it(app: TestApp) {
    let service = Service::over(&app);
    let two = Two::of(&app, &service).await;
    let (_, admin) = person(&service, &app, &two.agency, Role::Admin, "ada").await;
    let (_, editor) = person(&service, &app, &two.agency, Role::Editor, "emil").await;
    let (_, support) = person(&service, &app, &two.agency, Role::Support, "sven").await;
    let guest = two.agency.keys.organisation_id;
    assert_eq!(two.seen(&service, &admin).await, Value::Null);
    assert_eq!(service.refused(&two.owner, OPEN, two.ids()).await, vec![]);
    for (token, role) in [(&admin, "admin"), (&editor, "editor"), (&support, "support")] {
        assert_eq!(two.seen(&service, token).await, json!({ "role": role, "visit": { "guestId": guest } }));
    }
    assert_eq!(two.seen(&service, &two.owner).await, json!({ "role": "owner", "visit": null }));

    // What was opened stands beside the agency's own, with its figures; support looks at no figures.
    let stores = "query($g: ID!) { organisation(id: $g) { kind stores { name } figures(days: 7) { store { name } carts } } }";
    let data = service.told(&editor, stores, json!({ "g": guest })).await;
    let names = json!([{ "name": "g" }, { "name": "m" }]);
    assert_eq!((&data["organisation"]["kind"], &data["organisation"]["stores"]), (&json!("agency"), &names));
    assert_eq!(data["organisation"]["figures"].as_array().map(Vec::len), Some(2));
    let data = service.told(&support, stores, json!({ "g": guest })).await;
    assert_eq!(data["organisation"]["figures"], json!([]));

    // They work there, and the merchant reads who did what.
    let change = "mutation($s: ID!) { updateStoreSettings(storeId: $s, input: { senderName: \"Milk\" }) { userErrors { code } } }";
    service.told(&admin, change, json!({ "s": two.merchant.id() })).await;
    let refused = service.ask(Some(&editor), change, json!({ "s": two.merchant.id() })).await;
    assert_eq!(verdict(&refused), "forbidden");
    let log = two.log(&service, &two.owner, &two.merchant).await;
    assert_eq!(log[0], ("store.settings_changed".to_owned(), "ada".to_owned()));
    assert_eq!(log[1], ("store_access.given".to_owned(), "olga".to_owned()));
    assert_eq!(two.log(&service, &admin, &two.agency).await[0].0, "store_access.given");

    // A guest is no member: the organisation stays closed, and nobody is let in by a guest.
    let members = "query($o: ID!) { organisation(id: $o) { id } }";
    let data = service.told(&admin, members, json!({ "o": two.merchant.keys.organisation_id })).await;
    assert_eq!(data["organisation"], Value::Null);
    assert_eq!(service.refused(&admin, OPEN, two.ids()).await, at("organisationId", "not_found"));
    let own = json!({ "o": guest, "s": two.merchant.id(), "g": guest });
    assert_eq!(service.refused(&admin, OPEN, own).await, at("storeId", "not_found"));

    assert_eq!(service.refused(&two.owner, CLOSE, two.ids()).await, vec![]);
    for token in [&admin, &editor, &support] {
        assert_eq!(two.seen(&service, token).await, Value::Null);
    }
    assert_eq!(service.refused(&two.owner, CLOSE, two.ids()).await, at("guestId", "not_found"));
    let data = service.told(&editor, stores, json!({ "g": guest })).await;
    assert_eq!(data["organisation"]["stores"], json!([{ "name": "g" }]));
    app.allow_leftovers();
}

#[db_test]
async fn a_store_is_opened_only_by_its_own_to_an_agency_and_never_for_more_than_they_have(app: TestApp) {
    let service = Service::over(&app);
    let two = Two::of(&app, &service).await;
    let (_, admin) = person(&service, &app, &two.merchant, Role::Admin, "ada").await;
    let (_, editor) = person(&service, &app, &two.merchant, Role::Editor, "emil").await;
    let (_, theirs) = person(&service, &app, &two.agency, Role::Admin, "gina").await;
    let other = app.store("other").await;
    let with = |key: &str, id: String| {
        let mut ids = two.ids();
        ids[key] = json!(id);
        ids
    };
    let random = || OrganisationId(app.env().uuid()).to_string();
    // A merchant is no agency, and looks like nobody.
    for guest in [
        other.keys.organisation_id.to_string(),
        random(),
        two.merchant.keys.organisation_id.to_string(),
        "x".into(),
    ] {
        assert_eq!(service.refused(&two.owner, OPEN, with("g", guest)).await, at("agencyId", "not_found"));
    }
    for store in [other.id().to_string(), two.agency.id().to_string(), random()] {
        assert_eq!(service.refused(&two.owner, OPEN, with("s", store)).await, at("storeId", "not_found"));
    }
    let owner = OPEN.replace("ADMIN", "OWNER");
    assert_eq!(service.refused(&two.owner, &owner, two.ids()).await, at("role", "invalid"));
    let past = OPEN.replace(')', ", endsAt: \"2001-01-01T00:00:00Z\")");
    assert_eq!(service.refused(&two.owner, &past, two.ids()).await, at("endsAt", "invalid"));
    let query = format!("mutation($o: ID!, $s: ID!, $g: ID!) {{ {OPEN} {{ userErrors {{ code }} }} }}");
    assert_eq!(verdict(&service.ask(Some(&editor), &query, two.ids()).await), "forbidden");
    assert_eq!(two.seen(&service, &theirs).await, Value::Null);

    // It ends by itself, with what was given to people there, and opens again as it is said then.
    let hour = chrono::DateTime::from_timestamp_millis(app.env().now() + HOUR).expect("a time").to_rfc3339();
    let for_an_hour = OPEN.replace("role: ADMIN", &format!("role: SUPPORT, endsAt: \"{hour}\""));
    assert_eq!(service.refused(&admin, &for_an_hour, two.ids()).await, vec![]);
    assert_eq!(two.seen(&service, &theirs).await["role"], "support");
    let (nina, nina_token) = person(&service, &app, &two.agency, Role::Editor, "nina").await;
    let set = "setStoreRole(organisationId: $o, storeId: $s, id: $g, role: ADMIN)";
    let of_nina = json!({ "o": two.agency.keys.organisation_id, "s": two.merchant.id(), "g": nina });
    assert_eq!(service.refused(&theirs, set, of_nina).await, vec![]);
    assert_eq!(two.seen(&service, &nina_token).await["role"], "support");
    app.clock().advance(HOUR);
    let sessions = service.api.grants.sessions();
    let theirs =
        sessions.sign_in("gina@team.example", "correct horse battery", None, "test").await.expect("in");
    assert_eq!(two.seen(&service, &theirs.access_token).await, Value::Null);
    let visits = "query($o: ID!) { organisation(id: $o) { guests { guestId } visits { storeId } } }";
    let guests = async |store: &TestStore, token: &str| {
        service.told(token, visits, json!({ "o": store.keys.organisation_id })).await["organisation"].clone()
    };
    assert_eq!(guests(&two.agency, &theirs.access_token).await, json!({ "guests": [], "visits": [] }));
    let admin =
        sessions.sign_in("ada@team.example", "correct horse battery", None, "test").await.expect("in");
    assert_eq!(service.refused(&admin.access_token, OPEN, two.ids()).await, vec![]);
    assert_eq!(two.seen(&service, &theirs.access_token).await["role"], "admin");
    let nina =
        sessions.sign_in("nina@team.example", "correct horse battery", None, "test").await.expect("in");
    assert_eq!(
        two.seen(&service, &nina.access_token).await["role"],
        "editor",
        "what she was given has ended"
    );
    let shown = guests(&two.merchant, &admin.access_token).await;
    assert_eq!(shown["guests"], json!([{ "guestId": two.agency.keys.organisation_id }]));

    // The agency gives it back.
    let leave = "leaveStore(organisationId: $o, storeId: $s)";
    let back = json!({ "o": two.agency.keys.organisation_id, "s": two.merchant.id(), "g": "" });
    assert_eq!(service.refused(&theirs.access_token, leave, back.clone()).await, vec![]);
    assert_eq!(service.refused(&theirs.access_token, leave, back).await, at("storeId", "not_found"));
    assert_eq!(two.seen(&service, &theirs.access_token).await, Value::Null);
    app.allow_leftovers();
}

#[db_test]
async fn a_key_of_an_agency_opens_what_was_opened_to_it_and_a_key_of_one_store_does_not(app: TestApp) {
    let service = Service::over(&app);
    let two = Two::of(&app, &service).await;
    assert_eq!(service.refused(&two.owner, OPEN, two.ids()).await, vec![]);
    let scope = OrganisationScope::system(two.agency.keys.organisation_id);
    let mut tx = app.db().write().await.expect("a transaction");
    let new = keys::NewKey { name: "all".into(), role: Role::Analyst, store: None, expires_at: None };
    let (_, all) = keys::make(&mut tx, app.env(), &scope, new).await.expect("made");
    tx.commit().await.expect("committed");
    assert_eq!(two.seen(&service, &all).await["role"], "analyst");
    assert_eq!(two.seen(&service, &two.agency.keys.api_key).await, Value::Null);
    app.allow_leftovers();
}

#[db_test]
async fn the_staff_is_let_in_for_a_reason_and_a_time_and_only_if_the_merchant_agrees(app: TestApp) {
    let service = Service::sending(&app);
    let two = Two::of(&app, &service).await;
    let (_, sven) = person(&service, &app, &two.agency, Role::Editor, "sven").await;
    let ids = json!({ "o": two.agency.keys.organisation_id, "s": two.merchant.id(), "g": "" });
    let ask = "askForStore(organisationId: $o, storeId: $s, role: ADMIN, reason: \"mails of Tuesday are missing\", hours: 4)";
    // An agency is no staff.
    assert_eq!(service.refused(&sven, ask, ids.clone()).await, at("role", "above_own"));
    let ask = ask.replace("ADMIN", "EDITOR");
    assert_eq!(service.refused(&sven, &ask, ids.clone()).await, at("organisationId", "invalid"));
    becomes(&app, two.agency.keys.organisation_id, "staff").await;
    for (wrong, place) in [("hours: 0", "hours"), ("hours: 73", "hours")] {
        assert_eq!(
            service.refused(&sven, &ask.replace("hours: 4", wrong), ids.clone()).await,
            at(place, "invalid")
        );
    }
    assert_eq!(
        service.refused(&sven, &ask.replace("mails of Tuesday are missing", " x "), ids.clone()).await,
        at("reason", "invalid")
    );
    assert_eq!(service.refused(&sven, &ask, ids.clone()).await, vec![]);
    assert_eq!(two.seen(&service, &sven).await, Value::Null, "asking opens nothing");
    let mails = async || {
        let mut tx = app.db().read().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        system.find::<service_mail::Entity>().count(system.on()).await.expect("counted")
    };
    assert_eq!(mails().await, 2, "the store's two owners are told");
    let key = "makeApiKey(organisationId: $o, input: { name: \"all\", role: SUPPORT })";
    let (_, boss) = person(&service, &app, &two.agency, Role::Admin, "boss").await;
    becomes(&app, two.agency.keys.organisation_id, "staff").await;
    assert_eq!(service.refused(&boss, key, ids.clone()).await, at("organisationId", "invalid"));

    // What was read is approved, and nothing in its place.
    let asked = app.env().now();
    let approve = async |token: &str, at: i64| {
        let at = chrono::DateTime::from_timestamp_millis(at).expect("a time").to_rfc3339();
        let approve =
            format!("approveStoreAccess(organisationId: $o, storeId: $s, guestId: $g, askedAt: \"{at}\")");
        service.refused(token, &approve, two.ids()).await
    };
    app.clock().advance(1);
    assert_eq!(service.refused(&sven, &ask.replace("hours: 4", "hours: 72"), ids.clone()).await, vec![]);
    assert_eq!(approve(&two.owner, asked).await, at("askedAt", "outdated"));
    app.clock().advance(1);
    assert_eq!(service.refused(&sven, &ask, ids.clone()).await, vec![]);
    assert_eq!(approve(&two.owner, app.env().now()).await, vec![]);
    let until = app.env().now() + 4 * HOUR;
    let query = "query($s: ID!) { store(id: $s) { role visit { guestId endsAt } } }";
    let shown = service.told(&sven, query, json!({ "s": two.merchant.id() })).await["store"].clone();
    assert_eq!(shown["role"], "editor");
    let ends = shown["visit"]["endsAt"].as_str().and_then(|t| chrono::DateTime::parse_from_rfc3339(t).ok());
    assert_eq!(ends.map(|t| t.timestamp_millis()), Some(until));
    let staff = "query($s: ID!) { store(id: $s) { staffUntil } }";
    let told = service.told(&two.owner, staff, json!({ "s": two.merchant.id() })).await;
    assert_eq!(told["store"]["staffUntil"], shown["visit"]["endsAt"]);
    assert_eq!(service.refused(&sven, &ask, ids.clone()).await, at("storeId", "invalid"), "it is open");
    let list = "query($o: ID!) { organisation(id: $o) { guests { staff reason hours role givenAt } } }";
    let data = service.told(&two.owner, list, json!({ "o": two.merchant.keys.organisation_id })).await;
    let guest = &data["organisation"]["guests"][0];
    assert_eq!((&guest["staff"], &guest["hours"]), (&json!(true), &json!(4)));
    assert_eq!(guest["reason"], "mails of Tuesday are missing");

    app.clock().advance(4 * HOUR);
    let sessions = service.api.grants.sessions();
    let again =
        sessions.sign_in("sven@team.example", "correct horse battery", None, "test").await.expect("in");
    // Without a code even the staff's own organisation stays closed.
    let viewer = "query { viewer { organisations { kind } secondFactor { withheld } } }";
    let data = service.told(&again.access_token, viewer, json!({})).await;
    assert_eq!(data["viewer"], json!({ "organisations": [], "secondFactor": { "withheld": true } }));
    becomes(&app, two.agency.keys.organisation_id, "staff").await;
    assert_eq!(two.seen(&service, &again.access_token).await, Value::Null, "its time is over");

    // Asked again and declined.
    assert_eq!(service.refused(&again.access_token, &ask, ids).await, vec![]);
    let owner =
        sessions.sign_in("olga@team.example", "correct horse battery", None, "test").await.expect("in");
    assert_eq!(service.refused(&owner.access_token, CLOSE, two.ids()).await, vec![]);
    assert_eq!(approve(&owner.access_token, app.env().now()).await, at("guestId", "not_found"));
    app.allow_leftovers();
}

#[db_test]
async fn a_role_in_one_store_counts_there_alone(app: TestApp) {
    let service = Service::over(&app);
    let two = Two::of(&app, &service).await;
    assert_eq!(service.refused(&two.owner, OPEN, two.ids()).await, vec![]);
    let (_, boss) = person(&service, &app, &two.agency, Role::Admin, "boss").await;
    let (emil, editor) = person(&service, &app, &two.agency, Role::Editor, "emil").await;
    let (ada, admin) = person(&service, &app, &two.agency, Role::Admin, "ada").await;
    let guest = two.agency.keys.organisation_id;
    let set = async |token: &str, member: &dyn ToString, role: &str, store: &TestStore| {
        let change = format!("setStoreRole(organisationId: $o, storeId: $s, id: $g, role: {role})");
        let ids = json!({ "o": guest, "s": store.id(), "g": member.to_string() });
        service.refused(token, &change, ids).await
    };
    let role = async |token: &str, store: &TestStore| {
        let query = "query($s: ID!) { store(id: $s) { role } }";
        let data = service.told(token, query, json!({ "s": store.id() })).await;
        data["store"]["role"].as_str().unwrap_or("none").to_owned()
    };
    // Less in one store, more in another, and admins everywhere the same.
    assert_eq!(set(&boss, &emil, "SUPPORT", &two.merchant).await, vec![]);
    assert_eq!(set(&boss, &ada, "SUPPORT", &two.merchant).await, vec![]);
    assert_eq!(
        (role(&editor, &two.merchant).await, role(&editor, &two.agency).await),
        ("support".into(), "editor".into())
    );
    assert_eq!(role(&admin, &two.merchant).await, "admin");
    assert_eq!(set(&boss, &emil, "ADMIN", &two.agency).await, vec![]);
    assert_eq!(role(&editor, &two.agency).await, "admin");
    // More than the store was opened for is not lent by saying so.
    let analyst = OPEN.replace("ADMIN", "ANALYST");
    assert_eq!(service.refused(&two.owner, &analyst, two.ids()).await, vec![]);
    assert_eq!(set(&boss, &emil, "ADMIN", &two.merchant).await, vec![]);
    assert_eq!(role(&editor, &two.merchant).await, "analyst");

    // Without a role in all, what is said of single stores is all there is.
    let nobody = "setMemberRole(organisationId: $o, id: $g)";
    let of = json!({ "o": guest, "s": "", "g": emil });
    assert_eq!(service.refused(&boss, nobody, of).await, vec![]);
    let viewer = "query { viewer { organisations { role stores { name role } } } }";
    let data = service.told(&editor, viewer, json!({})).await;
    let stores = json!([{ "name": "g", "role": "admin" }, { "name": "m", "role": "analyst" }]);
    assert_eq!(data["viewer"]["organisations"], json!([{ "role": null, "stores": stores }]));
    assert_eq!(set(&boss, &emil, "null", &two.agency).await, vec![]);
    assert_eq!(role(&editor, &two.agency).await, "none");
    let members = "query($o: ID!) { organisation(id: $o) { members { name role stores { storeId role } } } }";
    let data = service.told(&boss, members, json!({ "o": guest })).await;
    let list = data["organisation"]["members"].as_array().expect("a list").clone();
    let shown = list.iter().find(|m| m["name"] == "emil").expect("emil");
    assert_eq!(shown["stores"], json!([{ "storeId": two.merchant.id(), "role": "admin" }]));
    assert_eq!(shown["role"], Value::Null);
    // It goes with the opening: opened anew, it is not there.
    assert_eq!(service.refused(&two.owner, CLOSE, two.ids()).await, vec![]);
    assert_eq!(service.refused(&two.owner, OPEN, two.ids()).await, vec![]);
    assert_eq!(role(&editor, &two.merchant).await, "none");

    let other = app.store("other").await;
    assert_eq!(set(&boss, &emil, "SUPPORT", &other).await, at("storeId", "not_found"));
    assert_eq!(set(&boss, &emil, "OWNER", &two.agency).await, at("role", "invalid"));
    assert_eq!(set(&boss, &guest, "SUPPORT", &two.agency).await, at("id", "not_found"));
    let (gone, _) = person(&service, &app, &other, Role::Editor, "elsewhere").await;
    assert_eq!(set(&boss, &gone, "SUPPORT", &two.agency).await, at("id", "not_found"));
    let refused = service
        .ask(Some(&editor), &format!("mutation {{ setStoreRole(organisationId: \"{guest}\", id: \"{emil}\", storeId: \"{}\", role: ADMIN) {{ userErrors {{ code }} }} }}", two.agency.id()), json!({}))
        .await;
    assert_eq!(refused.data.into_json().expect("JSON")["setStoreRole"]["userErrors"][0]["code"], "not_found");
    app.allow_leftovers();
}

#[db_test]
async fn an_invitation_can_be_for_some_stores_alone(app: TestApp) {
    let service = Service::over(&app);
    let two = Two::of(&app, &service).await;
    let invite = "mutation($o: ID!, $s: [ID!]) { inviteMember(organisationId: $o, email: \"new@team.example\", role: EDITOR, storeIds: $s)
        { link invitation { storeIds role } userErrors { path code } } }";
    let ask = async |stores: Value| {
        let ids = json!({ "o": two.merchant.keys.organisation_id, "s": stores });
        service.told(&two.owner, invite, ids).await["inviteMember"].clone()
    };
    let foreign = ask(json!([two.merchant.id(), two.agency.id()])).await;
    assert_eq!(foreign["userErrors"], json!([{ "path": ["storeId"], "code": "not_found" }]));
    let asked = ask(json!([two.merchant.id(), two.merchant.id()])).await;
    assert_eq!(asked["invitation"], json!({ "storeIds": [two.merchant.id()], "role": "editor" }));
    let token = asked["link"].as_str().and_then(|l| l.split_once('#')).expect("a link").1.to_owned();
    let second = {
        let mut tx = app.db().write().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        let shop = crate::accounts::service::Shop {
            name: "Second".into(),
            live: false,
            settings: Default::default(),
        };
        let keys =
            crate::accounts::service::add_store(&system, app.env(), two.merchant.keys.organisation_id, shop)
                .await;
        tx.commit().await.expect("committed");
        keys.expect("made").store_id
    };
    let join = crate::auth::session::Join {
        token: &token,
        name: "Nora",
        password: "correct horse battery",
        language: cartwheel_domain::locale::Language::En,
    };
    let granted = service.api.grants.sessions().join(join, None, "test").await.expect("in");
    let viewer = "query { viewer { organisations { role stores { id role } } } }";
    let data = service.told(&granted.access_token, viewer, json!({})).await;
    let stores = json!([{ "id": two.merchant.id(), "role": "editor" }]);
    assert_eq!(data["viewer"]["organisations"], json!([{ "role": null, "stores": stores }]));
    let other = "query($s: ID!) { store(id: $s) { id } }";
    assert_eq!(
        service.told(&granted.access_token, other, json!({ "s": second })).await["store"],
        Value::Null
    );
    let scope = OrganisationScope::system(two.merchant.keys.organisation_id);
    let mut tx = app.db().read().await.expect("a transaction");
    let team = members::list(&mut tx, &scope).await.expect("listed");
    assert!(team.iter().any(|c| c.member.name == "Nora" && c.role.is_none() && c.stores.len() == 1));
    app.allow_leftovers();
}

#[db_test]
async fn somebody_makes_another_organisation_and_owns_it(app: TestApp) {
    let service = Service::over(&app);
    let store = app.store("a").await;
    let (_, sven) = person(&service, &app, &store, Role::Support, "sven").await;
    let make = "mutation($n: String!, $k: OrganisationKindName!) { createOrganisation(name: $n, kind: $k) { organisationId withheld userErrors { path code } } }";
    let ask = async |name: &str, kind: &str| {
        service.told(&sven, make, json!({ "n": name, "k": kind })).await["createOrganisation"].clone()
    };
    assert_eq!(ask(" ", "MERCHANT").await["userErrors"], json!([{ "path": ["name"], "code": "invalid" }]));
    let made = ask("Second shop", "MERCHANT").await;
    assert_eq!((&made["withheld"], &made["userErrors"]), (&json!(false), &json!([])));
    let agency = ask("Friends & co", "AGENCY").await;
    assert_eq!(agency["withheld"], json!(true), "an agency opens to its owner by a code");
    let viewer = "query { viewer { organisations { id name role kind } secondFactor { withheld } } }";
    // From the next request on.
    let data = service.told(&sven, viewer, json!({})).await;
    let own = data["viewer"]["organisations"].as_array().expect("a list").clone();
    let second = own.iter().find(|o| o["name"] == "Second shop").expect("made");
    assert_eq!(
        (&second["id"], &second["role"], &second["kind"]),
        (&made["organisationId"], &json!("owner"), &json!("merchant"))
    );
    assert!(own.iter().all(|o| o["name"] != "Friends & co"));
    assert_eq!(data["viewer"]["secondFactor"]["withheld"], json!(true));
    let key = service.ask(Some(&store.keys.api_key), make, json!({ "n": "x1", "k": "MERCHANT" })).await;
    assert_eq!(verdict(&key), "people_only");
    for n in 0..18 {
        assert_eq!(ask(&format!("No. {n}"), "MERCHANT").await["userErrors"], json!([]));
    }
    assert_eq!(
        ask("One more", "MERCHANT").await["userErrors"],
        json!([{ "path": ["name"], "code": "too_many" }])
    );
    app.allow_leftovers();
}
