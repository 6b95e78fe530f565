//! The fences between tenants, each with the one before it taken away.
//!
//! The first fence is the condition on the store or the organisation that `db/` puts into every statement. Here the product does its
//! work for one store while each statement it makes is written down; then each is asked again in another's name, one condition
//! left out, as if it had been forgotten there. PostgreSQL must answer as if it stood there still: row-level security is the
//! next fence. SQLite has none, and must answer otherwise: so a forgotten condition is seen by whoever compares what a neighbour is
//! told and what there is (`sweep.rs`).

use super::{
    Service,
    sweep::{Walk, ask, side},
};
use crate::{
    db::{Db, Dialect, OrganisationScope, StoreScope},
    privacy,
    testing::{START, TestApp, TestStore, door::whole},
};
use actix_web::{
    App as WebApp,
    test::{TestRequest, call_service, init_service},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::time::{DAY, HOUR, MINUTE, to_rfc3339};
use cartwheel_entity::{invitation, message_content, store_signal};
use cartwheel_macros::db_test;
use sea_orm::{ActiveValue::Set, ConnectionTrait, QueryResult, Statement, Value};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

mod by_hand;
mod reading;

/// By what conditions are put into statements, on both.
const MEANS: [&str; 8] = [
    "Organised::delete",
    "Organised::find",
    "Organised::update",
    "Scoped::change_fenced",
    "Scoped::delete",
    "Scoped::find",
    "Scoped::set_once",
    "Scoped::update",
];
/// And on PostgreSQL; SQLite does the same by `find` and `delete`.
const MEANS_POSTGRES: [&str; 2] = ["Scoped::delete_among", "Scoped::find_among and find_pairs"];
/// And on SQLite.
const MEANS_SQLITE: [&str; 1] = ["Scoped beside others"];

/// Times that one statement is asked again with other values.
const INSTANCES: usize = 4;

/// A condition on the tenant inside a statement: what stands on its left, and on its right.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    /// Bytes of the statement it takes up.
    at: std::ops::Range<usize>,
    table: String,
    organisation: bool,
    /// What the tenant comes from: a value, or a column of a list of values.
    right: String,
}

/// The conditions of a statement that its scope put there: `"cart"."store_id" = $1`, `message.store_id = v.store_id`.
fn filters(sql: &str) -> Vec<Filter> {
    let word = |c: char| c.is_ascii_alphanumeric() || "_\".".contains(c);
    let mut found = Vec::new();
    for column in ["store_id", "organisation_id"] {
        for (at, _) in sql.match_indices(column) {
            let after = &sql[at + column.len()..];
            let Some(right) = after.strip_prefix("\" = ").or_else(|| after.strip_prefix(" = ")) else {
                continue;
            };
            let left = sql[..at].trim_end_matches(word);
            let owner =
                sql[left.len()..at].trim_matches(['"', '.']).rsplit(['.', '"']).next().unwrap_or_default();
            let length = right.find(|c: char| !(word(c) || c == '$' || c == '?')).unwrap_or(right.len());
            let value = &right[..length];
            let own = value.starts_with(['$', '?']) || value.starts_with("v.");
            if owner.is_empty() || !own {
                continue;
            }
            let start = left.len();
            let end = sql.len() - right.len() + length;
            let organisation = column == "organisation_id";
            found.push(Filter {
                at: start..end,
                table: owner.to_owned(),
                organisation,
                right: value.to_owned(),
            });
        }
    }
    found.sort_by_key(|f| f.at.start);
    found
}

/// The statement as if somebody had forgotten the condition; its values keep their places.
fn without(sql: &str, filter: &Filter) -> String {
    let cast = if filter.right.starts_with('$') { "::uuid" } else { "" };
    format!("{}({}{cast} IS NOT NULL){}", &sql[..filter.at.start], filter.right, &sql[filter.at.end..])
}

/// By which means of `db/` a statement was made.
fn means(sql: &str, filter: &Filter) -> &'static str {
    let kind = sql.split_whitespace().next().unwrap_or_default();
    match kind {
        "WITH" if sql.contains("SET") && sql.contains(".epoch = v.epoch") => "Scoped::change_fenced",
        "WITH" if sql.contains("SET") => "Scoped::set_once",
        "WITH" => "Scoped beside others",
        "DELETE" if sql.contains("jsonb_to_recordset") => "Scoped::delete_among",
        "SELECT" if sql.contains("jsonb_to_recordset") => "Scoped::find_among and find_pairs",
        "SELECT" if filter.organisation => "Organised::find",
        "UPDATE" if filter.organisation => "Organised::update",
        "DELETE" if filter.organisation => "Organised::delete",
        "SELECT" => "Scoped::find",
        "UPDATE" => "Scoped::update",
        "DELETE" => "Scoped::delete",
        other => panic!("{other}: how was this made? {sql}"),
    }
}

/// A statement, and a copy of the database as it was asked.
type Noted = (Statement, Option<PathBuf>);

/// What was asked of the database since it was last looked at; of SQLite also how it stood when that was asked, which what comes
/// after may have changed.
#[derive(Clone)]
struct Written {
    statements: Arc<Mutex<Vec<Noted>>>,
    copied: Arc<Mutex<HashMap<String, usize>>>,
    file: Option<PathBuf>,
    folder: Arc<tempfile::TempDir>,
}

impl Written {
    fn of(db: &Db) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let file = db.file().map(Path::to_owned);
        Self { statements: Arc::default(), copied: Arc::default(), file, folder }
    }

    fn take(&self) -> Vec<Noted> {
        std::mem::take(&mut *self.statements.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, statement: &Statement) {
        let copy = self.copy(statement);
        let mut all = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((statement.clone(), copy));
    }

    /// Nobody commits while a statement's end is told, and what is not committed does not count in a copy.
    fn copy(&self, statement: &Statement) -> Option<PathBuf> {
        let file = self.file.as_ref()?;
        if filters(&statement.sql).is_empty() {
            return None;
        }
        let mut copied = self.copied.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = copied.values().sum();
        let times = copied.entry(statement.sql.clone()).or_default();
        if *times >= 2 * INSTANCES {
            return None;
        }
        *times += 1;
        let to = self.folder.path().join(format!("{all}.db"));
        std::fs::copy(file, &to).expect("copied");
        std::fs::copy(file.with_extension("db-wal"), to.with_extension("db-wal")).expect("copied");
        Some(to)
    }

    fn on(&self, db: &Db) -> Db {
        let to = self.clone();
        db.told(Arc::new(move |statement| to.note(statement)))
    }
}

/// A row, as far as anybody could tell it from another.
fn seen(row: &QueryResult) -> String {
    let columns = row.column_names();
    let cell = |n: usize| {
        if let Ok(n) = row.try_get_by_index::<Option<i64>>(n) {
            return format!("{n:?}");
        }
        if let Ok(n) = row.try_get_by_index::<Option<i32>>(n) {
            return format!("{n:?}");
        }
        if let Ok(id) = row.try_get_by_index::<Option<Uuid>>(n) {
            return format!("{id:?}");
        }
        if let Ok(text) = row.try_get_by_index::<Option<String>>(n) {
            return format!("{text:?}");
        }
        if let Ok(json) = row.try_get_by_index::<Option<serde_json::Value>>(n) {
            return format!("{json:?}");
        }
        if let Ok(yes) = row.try_get_by_index::<Option<bool>>(n) {
            return format!("{yes:?}");
        }
        if let Ok(number) = row.try_get_by_index::<Option<f64>>(n) {
            return format!("{number:?}");
        }
        format!("{:?}", row.try_get_by_index::<Option<Vec<u8>>>(n).ok())
    };
    (0..columns.len()).map(cell).collect::<Vec<_>>().join("|")
}

/// In whose name something is asked.
#[derive(Clone, Copy)]
struct Neighbour {
    store: StoreScope,
    organisation: OrganisationScope,
}

/// What comes of a statement in another's name: rows, or how many were changed; an error in its words. Nothing of it is kept.
async fn outcome(
    db: &Db,
    who: &Neighbour,
    organisation: bool,
    statement: Statement,
) -> Result<Vec<String>, String> {
    let mut tx = db.write().await.expect("a transaction");
    let asks = statement.sql.starts_with("SELECT")
        || statement.sql.contains("RETURNING")
        || !changes(&statement.sql);
    let run = async |on: &sea_orm::DatabaseTransaction| {
        if asks {
            let rows = on.query_all_raw(statement).await.map_err(|e| e.to_string())?;
            let mut rows: Vec<String> = rows.iter().map(seen).collect();
            rows.sort();
            Ok(rows)
        } else {
            let done = on.execute_raw(statement).await.map_err(|e| e.to_string())?;
            Ok(vec![done.rows_affected().to_string()])
        }
    };
    if organisation {
        run(tx.organisation(&who.organisation).await.expect("theirs").on()).await
    } else {
        run(tx.enter(&who.store).await.expect("theirs").on()).await
    }
}

fn changes(sql: &str) -> bool {
    ["INSERT", "UPDATE", "DELETE"].iter().any(|word| sql.contains(word))
}

/// The same values, the neighbour's instead of the owner's.
fn in_the_name_of(statement: &Statement, from: (Uuid, Uuid), to: &Neighbour) -> Statement {
    let mut own = statement.clone();
    for value in own.values.iter_mut().flat_map(|values| values.0.iter_mut()) {
        if let Value::Uuid(Some(id)) = value {
            if *id == from.0 {
                *id = to.store.store_id().uuid();
            } else if *id == from.1 {
                *id = to.organisation.organisation_id().uuid();
            }
        }
    }
    own
}

/// What became of a condition that was left out.
#[derive(Debug, Default, Clone)]
struct Fate {
    means: &'static str,
    asked: usize,
    /// The neighbour was told or could change something of the owner's.
    seen: bool,
}

/// Some rows of many, in no order: as many, and none of the owner's.
fn own_alone(
    owner: (Uuid, Uuid),
    told: &Result<Vec<String>, String>,
    right: &Result<Vec<String>, String>,
) -> bool {
    let (Ok(told), Ok(right)) = (told, right) else { return false };
    let marks = [owner.0.to_string(), owner.1.to_string()];
    told.len() == right.len() && !told.iter().any(|row| marks.iter().any(|mark| row.contains(mark)))
}

/// The trial of all conditions.
struct Trial {
    /// Statements are asked again here, and are not written down for it.
    db: Db,
    written: Written,
    owner: (Uuid, Uuid),
    neighbour: Neighbour,
    /// Tables whose rows the database itself keeps apart.
    fenced: BTreeSet<String>,
    fates: BTreeMap<(String, usize), Fate>,
    inserts: BTreeSet<String>,
}

impl Trial {
    /// Asks again what was asked since the last time.
    async fn judge(&mut self) {
        for (statement, copy) in self.written.take() {
            if statement.sql.starts_with("INSERT") {
                self.insert(&statement).await;
                continue;
            }
            let mine = self.is_mine(&statement);
            let before = match copy {
                Some(file) if mine => {
                    Some(Db::connect(&format!("sqlite://{}", file.display())).await.expect("the copy opens"))
                }
                _ => None,
            };
            for (n, filter) in filters(&statement.sql).into_iter().enumerate() {
                // Tables above the tenants have no fence; only what was asked for the owner is an attack in another's name.
                if !self.fenced.contains(&filter.table) || !mine {
                    continue;
                }
                let fate = self.fates.entry((statement.sql.clone(), n)).or_default();
                fate.means = means(&statement.sql, &filter);
                if fate.seen || fate.asked >= INSTANCES {
                    continue;
                }
                fate.asked += 1;
                let mutant = Statement { sql: without(&statement.sql, &filter), ..statement.clone() };
                let proper = in_the_name_of(&statement, self.owner, &self.neighbour);
                for db in before.iter().chain([&self.db]) {
                    let told = outcome(db, &self.neighbour, filter.organisation, mutant.clone()).await;
                    let right = outcome(db, &self.neighbour, filter.organisation, proper.clone()).await;
                    if db.dialect() == Dialect::Postgres {
                        let one_of_many =
                            mutant.sql.contains("LIMIT") && own_alone(self.owner, &told, &right);
                        assert!(
                            told == right || one_of_many,
                            "it passes: {}\n{told:?}\n{right:?}",
                            mutant.sql
                        );
                        assert!(told.is_ok(), "{}: {told:?}", mutant.sql);
                    } else if told != right {
                        fate.seen = true;
                        break;
                    }
                }
            }
            if let Some(db) = before {
                db.close().await;
            }
        }
    }

    fn is_mine(&self, statement: &Statement) -> bool {
        let mut values = statement.values.iter().flat_map(|v| &v.0);
        values.any(|v| matches!(v, Value::Uuid(Some(id)) if *id == self.owner.0 || *id == self.owner.1))
    }

    /// A row of the owner's, written in the neighbour's name as if nobody had looked whose it is.
    async fn insert(&mut self, statement: &Statement) {
        let table = statement.sql.split('"').nth(1).unwrap_or_default().to_owned();
        let mine = self.is_mine(statement);
        if self.db.dialect() == Dialect::Sqlite
            || !mine
            || !self.fenced.contains(&table)
            || self.inserts.contains(&statement.sql)
        {
            return;
        }
        let organisation =
            statement.sql.contains("\"organisation_id\"") && !statement.sql.contains("\"store_id\"");
        let told = outcome(&self.db, &self.neighbour, organisation, statement.clone()).await;
        let refused = told.as_ref().err().is_some_and(|e| e.contains("row-level security"));
        assert!(refused, "PostgreSQL writes it down: {}: {told:?}", statement.sql);
        self.inserts.insert(statement.sql.clone());
    }
}

async fn fenced(db: &Db) -> BTreeSet<String> {
    use sea_orm::DatabaseBackend;
    // SQLite has the same tables, without the fence.
    let sql = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../entity/src")).expect("the entities");
    let mut all = BTreeSet::new();
    for file in sql.filter_map(|f| f.ok()).map(|f| f.path()) {
        let text = std::fs::read_to_string(&file).expect("an entity");
        let name = file.file_stem().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if text.contains("Tenant for Entity") || text.contains("Owned for Entity") {
            all.insert(name);
        }
    }
    if db.dialect() == Dialect::Postgres {
        let query = "SELECT relname::text AS name FROM pg_class WHERE relrowsecurity AND relforcerowsecurity";
        let mut tx = db.read().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        let rows = system
            .on()
            .query_all_raw(Statement::from_string(DatabaseBackend::Postgres, query))
            .await
            .expect("tables");
        let forced: BTreeSet<String> = rows.iter().map(|r| r.try_get("", "name").expect("a name")).collect();
        let open: Vec<_> = all.difference(&forced).collect();
        assert!(open.is_empty(), "no second fence around {open:?}");
    }
    all
}

/// Carts, people and orders come in for both stores at once, as they do in one group of a group commit.
async fn events(app: &TestApp, whole: &crate::app::App, stores: &[&TestStore]) {
    let service = init_service(WebApp::new().configure(whole.routes())).await;
    let line = |n: i64| json!([{ "product_id": format!("lamp{n}"), "price": 12, "quantity": n }]);
    for round in 0..3_i64 {
        for store in stores {
            let basic = format!("Basic {}", STANDARD.encode(format!("{}:", store.keys.write_key)));
            let at = to_rfc3339(START);
            let mut batch = Vec::new();
            for (n, event) in
                ["Cart Updated", "Checkout Started", "Order Completed", "Order Refunded"].iter().enumerate()
            {
                batch.push(json!({ "type": "track", "messageId": format!("{round}.{n}"), "timestamp": at, "userId": "u", "anonymousId": "x", "event": event,
                    "properties": { "cart_id": format!("c{round}"), "checkout_id": format!("k{round}"), "order_id": format!("o{round}"), "total": 12, "currency": "EUR",
                        "email": "ben@example.com", "products": line(round + 1) } }));
            }
            batch.push(json!({ "type": "identify", "messageId": format!("{round}.i"), "timestamp": at, "userId": "u", "anonymousId": "x",
                "traits": { "email": "ben@example.com", "company": { "id": "co", "name": "Lamps" } } }));
            batch.push(json!({ "type": "group", "messageId": format!("{round}.g"), "timestamp": at, "userId": "u", "groupId": "co", "traits": { "name": "Lamps" } }));
            let request = TestRequest::post().uri("/v1/batch").insert_header(("authorization", basic));
            let request = request.set_json(json!({ "batch": batch })).to_request();
            assert!(call_service(&service, request).await.status().is_success());
        }
        app.clock().advance(MINUTE);
    }
}

/// Opens the links of every mail that was sent.
async fn links(whole: &crate::app::App, app: &TestApp, store: &TestStore) {
    let service = init_service(WebApp::new().configure(whole.routes())).await;
    let rows = {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        scoped.find::<message_content::Entity>().all(scoped.on()).await.expect("mails")
    };
    for row in rows {
        for part in row.html.split('"').filter_map(|part| part.strip_prefix("https://cartwheel.example/")) {
            let path = format!("/{}", part.replace("&amp;", "&"));
            let request =
                TestRequest::get().uri(&path).insert_header(("user-agent", "Mozilla/5.0 Firefox/130.0"));
            call_service(&service, request.to_request()).await;
            if path.starts_with("/u/") {
                let form = TestRequest::post()
                    .uri(&path)
                    .insert_header(("content-type", "application/x-www-form-urlencoded"));
                call_service(&service, form.set_payload("List-Unsubscribe=One-Click").to_request()).await;
            }
            if path.starts_with("/c/") || path.starts_with("/r/") {
                let json = path.replacen("/c/", "/r/", 1);
                let request = TestRequest::get().uri(&format!("{json}/cart.json"));
                call_service(&service, request.to_request()).await;
            }
        }
    }
    whole.parts().receipts.tick().await.expect("kept");
}

/// What somebody's customer asks for, or a whole store.
async fn asked_for(app: &TestApp, store: &TestStore, kind: &'static str) {
    let request = privacy::Request {
        kind,
        source: "shopify",
        source_id: kind.into(),
        user_id: Some("u".into()),
        email: Some("ann@wheelhouse.example".parse().expect("an address")),
        phone: None,
        orders: Vec::new(),
        due_at: START + 30 * DAY,
    };
    let (db, key) = (app.db(), app.master_key());
    privacy::receive(db, app.env(), &key, store.id(), request).await.expect("kept");
    while privacy::work(db, app.env(), &key).await.expect("worked") > 0 {}
}

/// What nothing of the product does at the moment, by hand; it is taken back.
async fn rare(app: &TestApp, store: &TestStore) {
    let row =
        store_signal::ActiveModel { store_id: Set(store.id().uuid()), name: Set("rare".into()), at: Set(1) };
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.insert::<store_signal::Entity>(vec![row]).await.expect("a signal");
    tx.commit().await.expect("committed");
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.delete_among::<store_signal::Entity, _>(store_signal::Column::Name, ["rare"]).await.expect("gone");
    let owner = OrganisationScope::system(store.keys.organisation_id);
    let organised = tx.organisation(&owner).await.expect("the organisation");
    organised.delete::<invitation::Entity>().exec(organised.on()).await.expect("gone");
}

#[db_test]
async fn without_its_condition_no_statement_passes_the_next_fence(app: TestApp) {
    let plain = app.clone();
    let written = Written::of(plain.db());
    let app = TestApp::new(written.on(plain.db()));
    let service = Service::over(&app);
    let (store, ids, insider) = side(&app, &service).await;
    let b = app.store("b").await;
    let mut trial = Trial {
        db: plain.db().clone(),
        written,
        owner: (store.id().uuid(), store.keys.organisation_id.uuid()),
        neighbour: Neighbour {
            store: b.scope(),
            organisation: OrganisationScope::system(b.keys.organisation_id),
        },
        fenced: fenced(plain.db()).await,
        fates: BTreeMap::new(),
        inserts: BTreeSet::new(),
    };
    trial.judge().await;
    let whole = whole(&app).await;
    events(&app, &whole, &[&store, &b]).await;
    trial.judge().await;
    links(&whole, &app, &store).await;
    trial.judge().await;
    for _ in 0..3 {
        app.clock().advance(HOUR);
        whole.parts().drain().await.expect("worked off");
        trial.judge().await;
    }
    rare(&app, &store).await;
    trial.judge().await;
    let mut walk = Walk::of(&crate::api::sdl());
    let mut documents = walk.documents("query", "Query");
    documents.extend(walk.documents("mutation", "Mutation"));
    for document in documents {
        let own: Vec<String> = document.slots.iter().map(|(_, named)| ids[named].clone()).collect();
        ask(&service, Some(&insider), &document, &own).await;
        trial.judge().await;
    }
    for kind in ["access", "erase_contact", "erase_store"] {
        asked_for(&app, &store, kind).await;
        trial.judge().await;
    }
    whole.close().await;

    let mut by_means: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut tables = BTreeSet::new();
    for ((sql, n), fate) in &trial.fates {
        assert!(fate.asked > 0, "{sql}");
        let counts = by_means.entry(fate.means).or_default();
        counts.0 += 1;
        counts.1 += usize::from(fate.seen);
        tables.insert(filters(sql)[*n].table.clone());
        if !fate.seen && plain.db().dialect() == Dialect::Sqlite {
            println!("nothing there to be seen by: {sql}");
        }
    }
    let (all, seen) = by_means.values().fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
    println!("fences: {by_means:#?}");
    println!(
        "fences: {all} conditions on {} tables left out, {seen} let something through; {} inserts refused",
        tables.len(),
        trial.inserts.len()
    );
    let mut expected = BTreeSet::from(MEANS);
    match plain.db().dialect() {
        Dialect::Postgres => {
            expected.extend(MEANS_POSTGRES);
            assert_eq!(seen, 0, "and nothing passed the next fence");
            assert!(trial.inserts.len() >= 35, "{} inserts", trial.inserts.len());
        }
        Dialect::Sqlite => {
            expected.extend(MEANS_SQLITE);
            assert!(seen * 10 >= all * 7, "{seen} of {all}");
            let blind: Vec<_> = by_means.iter().filter(|(_, n)| n.1 == 0).collect();
            assert!(blind.is_empty(), "forgotten there, nobody would see it: {blind:?}");
        }
    }
    assert_eq!(by_means.keys().copied().collect::<BTreeSet<_>>(), expected, "each means has its trial");
    assert!(all >= 80 && tables.len() >= 22, "{all} {}", tables.len());
    plain.allow_leftovers();
}
