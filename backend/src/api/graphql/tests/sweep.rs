//! Tenant isolation, from the schema itself: every field and every argument that names something, asked by everybody who
//! has no right to it, answers a foreign id like one that never was. A field or an argument without a fixture fails here.

use super::{Service, team::person};
use crate::{
    accounts::team::{invitations, keys, members},
    channels::fake::Fake,
    db::{OrganisationScope, Role},
    testing::{TestApp, TestStore, flow::Flow},
};
use async_graphql::{
    Request, Response, Variables,
    parser::{
        parse_schema,
        types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::{
        ApiKeyId, CartId, ContactId, DeliveryId, DryRunId, HookId, InvitationId, JourneyId, MemberId,
        MemberIdentityId, MessageId, OrganisationId, PasskeyId, ProviderId, SessionId, StoreId, TemplateId,
    },
    journey::default_recovery_journey_with,
    time::{HOUR, MINUTE},
};
use cartwheel_entity as entity;
use cartwheel_macros::db_test;
use futures_util::{FutureExt, StreamExt};
use sea_orm::{ActiveValue::Set, QueryOrder};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

mod fixture;

pub(super) use fixture::Named;
use fixture::{Filled, fixture};

/// A document, with its ids left open.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// `Type.field` that it is about.
    pub about: String,
    /// The field through which its type was reached; empty for a root.
    pub through: String,
    pub operation: &'static str,
    pub text: String,
    pub slots: Vec<(String, Named)>,
}

pub(super) struct Walk {
    types: BTreeMap<String, TypeKind>,
    fields: BTreeSet<String>,
    ids: BTreeSet<String>,
}

fn name_of(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => name_of(inner),
    }
}

impl Walk {
    pub(super) fn of(sdl: &str) -> Self {
        let types = parse_schema(sdl).expect("a schema").definitions.into_iter().filter_map(|d| match d {
            TypeSystemDefinition::Type(t) => Some((t.node.name.node.to_string(), t.node.kind)),
            _ => None,
        });
        Self { types: types.collect(), fields: BTreeSet::new(), ids: BTreeSet::new() }
    }

    fn fields_of(&self, ty: &str) -> Vec<FieldDefinition> {
        match self.types.get(ty) {
            Some(TypeKind::Object(object)) => object.fields.iter().map(|f| f.node.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// The fields that hold values, of a type; its name where there is none.
    fn leaves(&self, ty: &str) -> String {
        let fields = self.fields_of(ty);
        if fields.is_empty() {
            return String::new();
        }
        let plain = fields.iter().filter(|f| {
            self.fields_of(name_of(&f.ty.node)).is_empty()
                && f.arguments.iter().all(|a| a.node.ty.node.nullable)
        });
        let names: Vec<String> = plain.map(|f| f.name.node.to_string()).collect();
        if names.is_empty() { " { __typename }".into() } else { format!(" {{ {} }}", names.join(" ")) }
    }

    /// An argument's text; ids become variables.
    fn argument(
        &mut self,
        (owner, field): (&str, &str),
        argument: &InputValueDefinition,
        slots: &mut Vec<(String, Named)>,
    ) -> Option<String> {
        let (name, ty) = (argument.name.node.as_str(), &argument.ty.node);
        if let Some(TypeKind::InputObject(input)) = self.types.get(name_of(ty)) {
            let inner = name_of(ty).to_owned();
            let fields = input.fields.clone();
            let parts = fields.iter().filter_map(|f| self.argument((&inner, field), &f.node, slots));
            let parts: Vec<String> = parts.collect();
            return Some(format!("{name}: {{ {} }}", parts.join(", ")));
        }
        match fixture(owner, field, name) {
            Filled::Id(named) => {
                self.ids.insert(format!("{owner}.{field}({name})"));
                slots.push((if named >= Named::CartPlace { "String" } else { "ID!" }.to_owned(), named));
                let list = matches!(ty.base, BaseType::List(_));
                let (open, close) = if list { ("[", "]") } else { ("", "") };
                Some(format!("{name}: {open}$v{}{close}", slots.len() - 1))
            }
            Filled::With(text) => Some(format!("{name}: {text}")),
            Filled::Absent => {
                assert!(ty.nullable, "{owner}.{field}({name}) cannot be absent");
                None
            }
        }
    }

    /// One document for each field that can be reached, by its shortest path.
    pub(super) fn documents(&mut self, operation: &'static str, root: &str) -> Vec<Document> {
        let mut documents = Vec::new();
        let mut seen = BTreeSet::from([root.to_owned()]);
        let start = (root.to_owned(), String::new(), String::new(), Vec::new(), String::new());
        let mut open = VecDeque::from([start]);
        while let Some((ty, before, after, slots, through)) = open.pop_front() {
            for f in self.fields_of(&ty) {
                let (name, mut slots) = (f.name.node.as_str(), slots.clone());
                let arguments: Vec<String> = f
                    .arguments
                    .iter()
                    .filter_map(|a| self.argument((&ty, name), &a.node, &mut slots))
                    .collect();
                let call = if arguments.is_empty() {
                    name.to_owned()
                } else {
                    format!("{name}({})", arguments.join(", "))
                };
                let inner = name_of(&f.ty.node).to_owned();
                self.fields.insert(format!("{ty}.{name}"));
                let heads: Vec<String> =
                    slots.iter().enumerate().map(|(i, (ty, _))| format!("$v{i}: {ty}")).collect();
                let heads = if heads.is_empty() { String::new() } else { format!("({})", heads.join(", ")) };
                documents.push(Document {
                    about: format!("{ty}.{name}"),
                    through: through.clone(),
                    operation,
                    text: format!("{operation}{heads} {{ {before}{call}{}{after} }}", self.leaves(&inner)),
                    slots: slots.clone(),
                });
                if !self.fields_of(&inner).is_empty() && seen.insert(inner.clone()) {
                    let through = format!("{ty}.{name}");
                    open.push_back((
                        inner,
                        format!("{before}{call} {{ "),
                        format!(" }}{after}"),
                        slots,
                        through,
                    ));
                }
            }
        }
        documents
    }
}

/// The ids of one side.
pub(super) type Ids = BTreeMap<Named, String>;

pub(super) fn random(app: &TestApp) -> Ids {
    let id = || app.env().uuid();
    let place = || crate::api::graphql::page::cursor((app.env().now(), id()));
    BTreeMap::from([
        (Named::Store, StoreId(id()).to_string()),
        (Named::Organisation, OrganisationId(id()).to_string()),
        (Named::Cart, CartId(id()).to_string()),
        (Named::Contact, ContactId(id()).to_string()),
        (Named::Journey, JourneyId(id()).to_string()),
        (Named::DryRun, DryRunId(id()).to_string()),
        (Named::Message, MessageId(id()).to_string()),
        (Named::Template, TemplateId(id()).to_string()),
        (Named::Member, MemberId(id()).to_string()),
        (Named::Invitation, InvitationId(id()).to_string()),
        (Named::Key, ApiKeyId(id()).to_string()),
        (Named::Session, SessionId(id()).to_string()),
        (Named::Passkey, PasskeyId(id()).to_string()),
        (Named::Identity, MemberIdentityId(id()).to_string()),
        (Named::Hook, HookId(id()).to_string()),
        (Named::Delivery, DeliveryId(id()).to_string()),
        (Named::Provider, ProviderId(id()).to_string()),
        (Named::CartPlace, place()),
        (Named::ContactPlace, place()),
        (Named::MessagePlace, place()),
    ])
}

pub(super) async fn ask(
    service: &Service,
    token: Option<&str>,
    document: &Document,
    ids: &[String],
) -> Response {
    ask_for(service, token, document, ids, 200).await
}

/// Asks, and gives a watcher so many moments to be refused.
async fn ask_for(
    service: &Service,
    token: Option<&str>,
    document: &Document,
    ids: &[String],
    moments: u32,
) -> Response {
    let variables: serde_json::Map<String, Value> =
        ids.iter().enumerate().map(|(i, id)| (format!("v{i}"), json!(id))).collect();
    if document.operation != "subscription" {
        return service.ask(token, &document.text, Value::Object(variables)).await;
    }
    let mut request = Request::new(&document.text).variables(Variables::from_json(Value::Object(variables)));
    super::loaders::insert(&mut request.data, &service.api);
    if let Some(token) = token
        && let Some(viewer) = service.api.grants.viewer(token).await.expect("asked")
    {
        request = request.data(viewer);
    }
    // A refused watcher is told at once; one that was let in waits for a change, and nothing changes here. On a busy machine "at once" takes
    // a while: only who was meant to be refused is waited for that long, where two answers differ.
    let mut stream = std::pin::pin!(service.schema.execute_stream(request));
    for _ in 0..moments {
        if let Some(first) = stream.next().now_or_never() {
            return first
                .unwrap_or_else(|| Response::new(async_graphql::Value::String("the stream ended".into())));
        }
        tokio::task::yield_now().await;
        crate::db::dialect::ping(&service.api.db).await.expect("a moment");
    }
    Response::new(async_graphql::Value::String("let in".into()))
}

/// What a caller can tell an answer by.
fn seen(answer: &Response) -> String {
    let errors: Vec<String> = answer
        .errors
        .iter()
        .map(|e| {
            let code = e.extensions.as_ref().and_then(|x| x.get("code")).map(ToString::to_string);
            assert_ne!(code.as_deref(), Some("\"internal\""), "a fault: {}", e.message);
            format!("{} {code:?}", e.message)
        })
        .collect();
    format!("{} {errors:?}", super::team::text(&answer.data))
}

macro_rules! rows {
    ($system:ident: $($table:ident)*) => {{
        const TABLES: &[&str] = &[$(stringify!($table)),*];
        let mut all = BTreeMap::new();
        $(
            let rows = $system.find::<entity::$table::Entity>().all($system.on()).await.expect("rows");
            all.insert(stringify!($table), rows.iter().map(|row| format!("{row:?}")).collect::<BTreeSet<String>>());
        )*
        (TABLES, all)
    }};
}

/// Every row of every table.
async fn everything(app: &TestApp) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let (tables, all) = rows!(system: api_key audit_entry billing_account billing_event billing_notice cart cart_key circle_entry circle_member circle_seat company consent_event contact contact_identity
        data_key dry_run dry_run_number event hook_attempt hook_delivery hook_endpoint invitation journey journey_copy journey_run journey_version mail_desk mail_pace mail_provider mail_token member member_identity membership message message_attempt
        message_content message_link message_receipt meter_report metric_day node_count order_refund organisation passkey platform_hint platform_link privacy_request push_device
        recovery_code restore_link run_context run_step run_wait second_factor service_key service_mail session shop_order store store_access store_role store_secret store_signal
        suppression template template_copy usage_hour usage_period);
    let folder =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../entity/src")).expect("the entities");
    let files = folder.filter_map(|f| f.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned));
    let files: BTreeSet<String> = files.filter(|f| f != "lib").collect();
    let listed: BTreeSet<String> = tables.iter().map(|t| (*t).to_owned()).collect();
    assert_eq!(files, listed, "each table is compared before and after");
    all
}

/// All there is of the side that is attacked. Its canary is its name, which stands in everything it has.
const CANARY: &str = "wheelhouse";

async fn first<T>(rows: impl Future<Output = Result<Option<T>, sea_orm::DbErr>>) -> T {
    rows.await.expect("asked").expect("a row")
}

pub(super) async fn side(app: &TestApp, service: &Service) -> (TestStore, Ids, String) {
    let flow = Flow::new(app, Fake::forgetful()).await;
    let (contact, cart) = flow.left(&format!("ann@{CANARY}.example")).await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    let store = flow.store.clone();
    let owner = OrganisationScope::system(store.keys.organisation_id);
    let (member, token) = person(service, app, &store, Role::Owner, &format!("olga.{CANARY}")).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let email: EmailAddress = format!("new@{CANARY}.example").parse().expect("an address");
    let (invitation, _) =
        invitations::invite(&mut tx, app.env(), &owner, &email, Role::Editor).await.expect("invited");
    let new = keys::NewKey { name: CANARY.into(), role: Role::Editor, store: None, expires_at: None };
    let (key, _) = keys::make(&mut tx, app.env(), &owner, new).await.expect("made");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let on = scoped.on();
    let message = first(scoped.find::<entity::message::Entity>().one(on)).await;
    let journey = first(scoped.find::<entity::journey::Entity>().one(on)).await;
    let template = first(scoped.find::<entity::template::Entity>().one(on)).await;
    let asked = crate::dry_run::Asked {
        journey: JourneyId(journey.id),
        definition: default_recovery_journey_with(0),
        days: 30,
        by: None,
    };
    let dry_run = crate::dry_run::start(&scoped, app.env(), asked).await.expect("begun");
    let number = entity::dry_run_number::ActiveModel {
        store_id: Set(store.id().uuid()),
        dry_run_id: Set(dry_run.uuid()),
        place: Set(0),
        kind: Set("entered".into()),
        node: Set(None),
        channel: Set(None),
        reason: Set(None),
        n: Set(1),
        of_carts: Set(1),
        carts: Set(cart.uuid().simple().to_string()),
    };
    scoped.insert::<entity::dry_run_number::Entity>(vec![number]).await.expect("inserted");
    let place = |at: i64, id| crate::api::graphql::page::cursor((at, id));
    let cart_row = first(scoped.find::<entity::cart::Entity>().one(on)).await;
    let person_row = first(scoped.find::<entity::contact::Entity>().one(on)).await;
    let system = tx.system().await.expect("all");
    let session = first(
        system
            .find::<entity::session::Entity>()
            .order_by_desc(entity::session::Column::CreatedAt)
            .one(system.on()),
    )
    .await;
    let (passkey, identity): (PasskeyId, MemberIdentityId) = (app.env().id(), app.env().id());
    let laptop = entity::passkey::ActiveModel {
        id: Set(passkey.uuid()),
        member_id: Set(member.uuid()),
        credential: Set(CANARY.into()),
        public_key: Set("{}".into()),
        name: Set(CANARY.into()),
        created_at: Set(app.env().now()),
        last_used_at: Set(None),
    };
    system.insert::<entity::passkey::Entity>(laptop).await.expect("inserted");
    let elsewhere = entity::member_identity::ActiveModel {
        id: Set(identity.uuid()),
        member_id: Set(member.uuid()),
        issuer: Set(format!("https://{CANARY}.example")),
        subject: Set(CANARY.into()),
        email: Set(Some(format!("olga@{CANARY}.example"))),
        created_at: Set(app.env().now()),
        last_used_at: Set(None),
    };
    system.insert::<entity::member_identity::Entity>(elsewhere).await.expect("inserted");
    browser(&mut tx, app, &store, contact.uuid()).await;
    let hook = webhooks(&mut tx, app, &store).await;
    let provider = mail_server(&mut tx, app, &store).await;
    tx.commit().await.expect("committed");
    let ids = BTreeMap::from([
        (Named::Provider, provider.to_string()),
        (Named::Hook, hook.0.to_string()),
        (Named::Delivery, hook.1.to_string()),
        (Named::Store, store.id().to_string()),
        (Named::Organisation, store.keys.organisation_id.to_string()),
        (Named::Cart, cart.to_string()),
        (Named::Contact, contact.to_string()),
        (Named::Journey, JourneyId(journey.id).to_string()),
        (Named::DryRun, dry_run.to_string()),
        (Named::Message, MessageId(message.id).to_string()),
        (Named::Template, TemplateId(template.id).to_string()),
        (Named::Member, member.to_string()),
        (Named::Invitation, InvitationId(invitation.id).to_string()),
        (Named::Key, ApiKeyId(key.id).to_string()),
        (Named::Session, SessionId(session.id).to_string()),
        (Named::Passkey, passkey.to_string()),
        (Named::Identity, identity.to_string()),
        (Named::CartPlace, place(cart_row.updated_at, cart_row.id)),
        (Named::ContactPlace, place(person_row.last_seen_at, person_row.id)),
        (Named::MessagePlace, place(message.created_at, message.id)),
    ]);
    (store, ids, token)
}

/// A mail server that warms up, with a queue.
async fn mail_server(tx: &mut crate::db::Tx, app: &TestApp, store: &TestStore) -> ProviderId {
    use crate::mail::{desk, pace, provider};
    let change = provider::Change {
        name: Some(CANARY.into()),
        host: Some(format!("smtp.{CANARY}.example")),
        user: Some(format!("{CANARY}-user")),
        password: Some(crate::config::Secret::new(CANARY)),
        warming: Some(true),
        ..Default::default()
    };
    let with = (&store.scope(), app.env(), &app.master_key());
    let row = provider::save(tx, with, false, None, &change).await.expect("made");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    pace::slow(&scoped, &format!("{CANARY}.example"), app.env().now()).await.expect("slowed");
    desk::replace(&scoped).await.expect("replaced");
    ProviderId(row.id)
}

/// A pair of keys for web push, and a browser that may be notified.
async fn browser(tx: &mut crate::db::Tx, app: &TestApp, store: &TestStore, contact: uuid::Uuid) {
    let with = (&app.master_key(), app.env());
    crate::push::ensure(tx, &store.scope(), with).await.expect("a pair of keys");
    let row = entity::push_device::ActiveModel {
        store_id: Set(store.id().uuid()),
        id: Set(app.env().uuid()),
        contact_id: Set(contact),
        endpoint: Set(format!("https://push.{CANARY}.example/1")),
        endpoint_hash: Set(CANARY.into()),
        p256dh: Set(CANARY.into()),
        auth: Set(CANARY.into()),
        browser: Set(CANARY.into()),
        visitor: Set(CANARY.into()),
        vouched: Set(true),
        label: Set(CANARY.into()),
        created_at: Set(app.env().now()),
        seen_at: Set(app.env().now()),
    };
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.insert::<entity::push_device::Entity>(vec![row]).await.expect("inserted");
}

/// An endpoint of outgoing webhooks that was told something, and what.
async fn webhooks(tx: &mut crate::db::Tx, app: &TestApp, store: &TestStore) -> (HookId, DeliveryId) {
    use crate::webhooks::endpoint;
    let change = endpoint::Change {
        url: Some(format!("https://{CANARY}.example/hooks")),
        kinds: Some(vec!["cart.abandoned".into()]),
        description: Some(CANARY.into()),
        on: None,
    };
    let with = (&store.scope(), app.env(), &app.master_key());
    let (row, _) = endpoint::create(tx, with, false, &change).await.expect("made");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let delivery = endpoint::test(&scoped, app.env(), HookId(row.id)).await.expect("written down");
    (HookId(row.id), delivery)
}

/// Everybody without a right to the other side, by name, with what they show.
async fn strangers(
    app: &TestApp,
    service: &Service,
    a: &TestStore,
    b: &TestStore,
) -> Vec<(&'static str, Option<String>)> {
    let mut list = vec![("nobody", None), ("a key of one store", Some(b.keys.api_key.clone()))];
    for role in [Role::Support, Role::Analyst, Role::Editor, Role::Admin, Role::Owner] {
        let (_, token) = person(service, app, b, role, &format!("b-{}", role.as_str())).await;
        list.push((role.as_str(), Some(token)));
    }
    let owner = OrganisationScope::system(b.keys.organisation_id);
    let new = keys::NewKey { name: "all".into(), role: Role::Owner, store: None, expires_at: None };
    let mut tx = app.db().write().await.expect("a transaction");
    let (_, text) = keys::make(&mut tx, app.env(), &owner, new).await.expect("made");
    tx.commit().await.expect("committed");
    list.push(("a key of the organisation", Some(text)));
    // Somebody who was let in and taken out again, with the token they had.
    let (gone, token) = person(service, app, a, Role::Owner, "gone").await;
    let theirs = OrganisationScope::system(a.keys.organisation_id);
    let mut tx = app.db().write().await.expect("a transaction");
    let organised = tx.organisation(&theirs).await.expect("the organisation");
    members::remove(&organised, app.env(), &theirs, gone).await.expect("removed");
    tx.commit().await.expect("committed");
    list.push(("somebody taken out", Some(token)));
    list
}

#[db_test]
async fn no_field_tells_a_foreign_id_from_one_that_never_was(app: TestApp) {
    let service = Service::over(&app);
    let (a, theirs, insider) = side(&app, &service).await;
    let b = app.store("b").await;
    let strangers = strangers(&app, &service, &a, &b).await;
    let mut walk = Walk::of(&crate::api::sdl());
    let mut documents = walk.documents("query", "Query");
    documents.extend(walk.documents("mutation", "Mutation"));
    documents.extend(walk.documents("subscription", "Subscription"));
    let fill = |document: &Document, ids: &Ids| -> Vec<String> {
        document.slots.iter().map(|(_, named)| ids[named].clone()).collect()
    };

    // The owner of it all sees it: else the sweep would compare nothing with nothing.
    let mut told = 0;
    for document in documents.iter().filter(|d| d.operation == "query") {
        let answer = ask(&service, Some(&insider), document, &fill(document, &theirs)).await;
        assert!(answer.errors.is_empty(), "{}: {:?}", document.text, answer.errors);
        told += usize::from(seen(&answer).contains(CANARY));
    }
    assert!(told >= 20, "only {told} documents show the canary to its owner");

    let before = everything(&app).await;
    let mut own = random(&app);
    own.insert(Named::Store, b.id().to_string());
    own.insert(Named::Organisation, b.keys.organisation_id.to_string());
    let mut calls = 0;
    // The lesser roles differ from the owner only in what they may not do; they are asked where `CI` is set.
    let few = ["nobody", "owner", "a key of one store", "somebody taken out"];
    let all = std::env::var_os("CI").is_some();
    for (who, token) in strangers.iter().filter(|(who, _)| all || few.contains(who)) {
        for document in &documents {
            if document.slots.is_empty() && document.operation == "query" {
                let own = seen(&ask(&service, token.as_deref(), document, &[]).await);
                assert!(!own.contains(CANARY), "{who} reads {}: {own}", document.about);
                calls += 1;
            }
            // All ids foreign; then one at a time, the others the stranger's own, or none at all.
            let all: Vec<usize> = (0..document.slots.len()).collect();
            let mut ways: Vec<Vec<usize>> = all.iter().map(|i| vec![*i]).collect();
            ways.push(all);
            ways.dedup();
            for foreign in ways {
                if foreign.is_empty() {
                    continue;
                }
                // What a stranger may change of their own is theirs to change: only others' ids are of interest.
                let never = random(&app);
                let with = |ids: &Ids| -> Vec<String> {
                    let one = |(i, (_, named)): (usize, &(String, Named))| {
                        if foreign.contains(&i) { ids[named].clone() } else { own[named].clone() }
                    };
                    document.slots.iter().enumerate().map(one).collect()
                };
                let (theirs, never) = (with(&theirs), with(&never));
                let mut real = seen(&ask(&service, token.as_deref(), document, &theirs).await);
                let mut none = seen(&ask(&service, token.as_deref(), document, &never).await);
                if real != none && document.operation == "subscription" {
                    real = seen(&ask_for(&service, token.as_deref(), document, &theirs, 20_000).await);
                    none = seen(&ask_for(&service, token.as_deref(), document, &never, 20_000).await);
                }
                calls += 2;
                assert!(!real.contains(CANARY), "{who} reads {}: {real}", document.about);
                let places = foreign.iter().all(|i| document.slots[*i].1 >= Named::CartPlace);
                // A place in a list is a time: before it there may be less of one's own than before another.
                if !places {
                    assert_eq!(real, none, "{who} can tell by {}: {}", document.about, document.text);
                }
            }
        }
    }
    let after = everything(&app).await;
    let marks = [a.id().uuid().to_string(), a.keys.organisation_id.uuid().to_string(), CANARY.to_owned()];
    for (table, rows) in &before {
        let changed = rows.symmetric_difference(&after[table]);
        let of_theirs: Vec<_> = changed.filter(|row| marks.iter().any(|mark| row.contains(mark))).collect();
        assert!(of_theirs.is_empty(), "{table} has changed: {of_theirs:?}");
    }
    println!(
        "isolation: {} fields, {} id arguments, {} strangers, {calls} calls, 0 differences",
        walk.fields.len(),
        walk.ids.len(),
        if all { strangers.len() } else { few.len() }
    );
    assert!(
        walk.fields.len() > 150 && walk.ids.len() >= 24 && calls > 1_000,
        "{} {} {calls}",
        walk.fields.len(),
        walk.ids.len()
    );
    app.allow_leftovers();
}
