//! The audit log: per organisation a chain of numbered entries, each bound to the one before by its hash.
//!
//! What an entry says of people stands beside the chain: the chain holds a salted commitment to it, so that it can be
//! erased and the chain still verifies. An entry that was changed, taken out, put in or moved breaks the chain; one cut
//! off at the end is found by comparing with a head that was written down elsewhere ([`heads`], [`compare`]).

use super::MasterKey;
use crate::{
    clock::Env,
    db::{Actor, Db, DbError, OrganisationScope, Organised},
};
use cartwheel_domain::{
    ids::{OrganisationId, StoreId},
    time::Millis,
};
use cartwheel_entity::{audit_entry, organisation};
use ring::digest::{SHA256, digest};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use std::collections::BTreeSet;

/// What can be done that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody signed up with it.
    OrganisationMade,
    /// Settings of a store were changed; the detail names which.
    StoreSettings,
    /// A version of a journey was published.
    JourneyPublished,
    /// A journey was switched on, paused or switched off.
    JourneySwitched,
    /// Whether people under way in a journey go on with its current version was changed.
    JourneyMoved,
    /// A version of a text was saved.
    TemplateSaved,
    /// An endpoint of outgoing webhooks was made.
    WebhookMade,
    /// An endpoint was changed, switched on or off by a member.
    WebhookChanged,
    /// An endpoint was taken away.
    WebhookDeleted,
    /// An endpoint was given another secret.
    WebhookSecret,
    /// An endpoint was switched off: it is gone, or nothing has reached it for days.
    WebhookOff,
    /// What had been told was told again.
    WebhookReplayed,
    /// Somebody was asked to join.
    MemberInvited,
    /// An invitation was taken back.
    InvitationWithdrawn,
    /// Somebody joined.
    MemberJoined,
    /// A member's role was changed.
    MemberRole,
    /// A member was taken out.
    MemberRemoved,
    /// What a member may do in one store was changed.
    StoreRole,
    /// The service's staff asked to be let into a store.
    AccessAsked,
    /// A store was opened to another organisation.
    AccessGiven,
    /// A store was closed to another organisation, by the one or the other; or what was asked for was declined.
    AccessEnded,
    /// A store began to share whom not to contact with the other stores of an agency.
    CircleJoined,
    /// A store stopped that, or its opening to the agency ended.
    CircleLeft,
    /// A key of the API was made.
    KeyMade,
    /// A key of the API was taken back.
    KeyRevoked,
    /// A store was made.
    StoreMade,
    /// Somebody went to buy a plan.
    CheckoutStarted,
    /// Another plan was chosen.
    PlanChanged,
    /// The end of a plan was asked for.
    PlanEnded,
    /// Such an end was taken back.
    PlanResumed,
    /// Whether sending goes on beyond what is included was changed.
    BeyondChanged,
    /// The people of a store were erased, for its plan was over for long.
    StoreErased,
    /// What entries say of a subject was erased.
    DetailErased,
}

impl Action {
    /// As stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrganisationMade => "organisation.made",
            Self::StoreSettings => "store.settings_changed",
            Self::JourneyPublished => "journey.published",
            Self::JourneySwitched => "journey.switched",
            Self::JourneyMoved => "journey.moved",
            Self::TemplateSaved => "template.saved",
            Self::WebhookMade => "webhook.made",
            Self::WebhookChanged => "webhook.changed",
            Self::WebhookDeleted => "webhook.deleted",
            Self::WebhookSecret => "webhook.secret_rotated",
            Self::WebhookOff => "webhook.switched_off",
            Self::WebhookReplayed => "webhook.replayed",
            Self::MemberInvited => "member.invited",
            Self::InvitationWithdrawn => "invitation.withdrawn",
            Self::MemberJoined => "member.joined",
            Self::MemberRole => "member.role_changed",
            Self::MemberRemoved => "member.removed",
            Self::StoreRole => "member.store_role_changed",
            Self::AccessAsked => "store_access.asked",
            Self::AccessGiven => "store_access.given",
            Self::AccessEnded => "store_access.ended",
            Self::CircleJoined => "circle.joined",
            Self::CircleLeft => "circle.left",
            Self::KeyMade => "api_key.made",
            Self::KeyRevoked => "api_key.revoked",
            Self::StoreMade => "store.made",
            Self::CheckoutStarted => "billing.checkout_started",
            Self::PlanChanged => "billing.plan_changed",
            Self::PlanEnded => "billing.plan_ended",
            Self::PlanResumed => "billing.plan_resumed",
            Self::BeyondChanged => "billing.beyond_changed",
            Self::StoreErased => "store.erased",
            Self::DetailErased => "detail.erased",
        }
    }
}

/// What is to be written down.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was done.
    pub action: Action,
    /// In which store.
    pub store: Option<StoreId>,
    /// To what: an id.
    pub subject: Option<String>,
    /// What else there is to say.
    pub detail: serde_json::Value,
}

impl Entry {
    /// Something done to `subject`.
    pub fn new(action: Action, subject: impl ToString, detail: serde_json::Value) -> Self {
        Self { action, store: None, subject: Some(subject.to_string()), detail }
    }

    /// The same, in a store.
    #[must_use]
    pub fn within(self, store: StoreId) -> Self {
        Self { store: Some(store), ..self }
    }
}

/// Who acts, as an id or a word.
pub fn actor_name(actor: Actor) -> String {
    match actor {
        Actor::Member(id) => id.to_string(),
        Actor::ApiKey(id) => id.to_string(),
        Actor::Shop => "shop".into(),
        Actor::System => "system".into(),
    }
}

fn sha(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}

fn commitment(salt: &str, detail: &str) -> String {
    sha(&format!("{salt}\n{detail}"))
}

/// The hash of an entry after `previous`. Its fields as a JSON array, so that no two entries have one text.
fn hash(previous: &str, e: &audit_entry::Model) -> String {
    let store = e.store_id.map(|id| StoreId(id).to_string());
    let organisation = OrganisationId(e.organisation_id).to_string();
    let fields = (previous, organisation, e.seq, e.at, &e.actor, &e.action, store, &e.subject, &e.commitment);
    sha(&serde_json::to_string(&fields).unwrap_or_default())
}

async fn last(organised: &Organised<'_>) -> Result<Option<audit_entry::Model>, DbError> {
    let query = organised.find::<audit_entry::Entity>().order_by_desc(audit_entry::Column::Seq).limit(1);
    Ok(query.one(organised.on()).await?)
}

/// Writes down what was done, in the transaction in which it is done.
///
/// # Errors
/// What the database says.
pub async fn append(organised: &Organised<'_>, env: &Env, actor: Actor, entry: Entry) -> Result<(), DbError> {
    organised.lock().await?;
    let before = last(organised).await?;
    let (salt, detail) = (hex::encode(env.random::<16>()), entry.detail.to_string());
    let mut row = audit_entry::Model {
        organisation_id: organised.organisation_id().uuid(),
        seq: before.as_ref().map_or(1, |e| e.seq + 1),
        at: env.now(),
        actor: actor_name(actor),
        action: entry.action.as_str().into(),
        store_id: entry.store.map(StoreId::uuid),
        subject: entry.subject,
        commitment: commitment(&salt, &detail),
        salt: Some(salt),
        detail: Some(detail),
        hash: String::new(),
    };
    row.hash = hash(before.as_ref().map_or("", |e| &e.hash), &row);
    let row = audit_entry::ActiveModel {
        organisation_id: Set(row.organisation_id),
        seq: Set(row.seq),
        at: Set(row.at),
        actor: Set(row.actor),
        action: Set(row.action),
        store_id: Set(row.store_id),
        subject: Set(row.subject),
        commitment: Set(row.commitment),
        salt: Set(row.salt),
        detail: Set(row.detail),
        hash: Set(row.hash),
    };
    organised.insert::<audit_entry::Entity>(row).await
}

/// Erases what entries say of a subject beside the chain, and writes down that it was; the chain itself stays whole.
///
/// # Errors
/// What the database says.
pub async fn forget(
    organised: &Organised<'_>,
    env: &Env,
    actor: Actor,
    subject: &str,
) -> Result<u64, DbError> {
    let done = organised
        .update::<audit_entry::Entity>()
        .col_expr(audit_entry::Column::Salt, Expr::value(None::<String>))
        .col_expr(audit_entry::Column::Detail, Expr::value(None::<String>))
        .filter(audit_entry::Column::Subject.eq(subject))
        .exec(organised.on())
        .await?;
    let entries = serde_json::json!({ "entries": done.rows_affected });
    append(organised, env, actor, Entry::new(Action::DetailErased, subject, entries)).await?;
    Ok(done.rows_affected)
}

/// Entries before a number, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    organised: &Organised<'_>,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<audit_entry::Model>, DbError> {
    let mut query = organised.find::<audit_entry::Entity>();
    if let Some(seq) = before {
        query = query.filter(audit_entry::Column::Seq.lt(seq));
    }
    Ok(query.order_by_desc(audit_entry::Column::Seq).limit(limit).all(organised.on()).await?)
}

/// The newest entry of a chain, written down where this process cannot rewrite it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// Whose chain.
    pub organisation: OrganisationId,
    /// Number of its newest entry.
    pub seq: i64,
    /// Time of that entry.
    pub at: Millis,
    /// Its hash.
    pub hash: String,
    /// HMAC-SHA-256 of the rest under a key derived from the root, hex: that we wrote it.
    pub seal: String,
}

fn seal(master: &MasterKey, organisation: OrganisationId, seq: i64, at: Millis, hash: &str) -> String {
    let text = format!("{organisation}\n{seq}\n{at}\n{hash}");
    hex::encode(ring::hmac::sign(&master.derive_global("audit heads"), text.as_bytes()).as_ref())
}

async fn organisations(db: &Db) -> Result<Vec<OrganisationId>, DbError> {
    let mut tx = db.read().await?;
    let system = tx.system().await?;
    let query = system.find::<organisation::Entity>().select_only().column(organisation::Column::Id);
    let ids: Vec<uuid::Uuid> = query.into_tuple().all(system.on()).await?;
    Ok(ids.into_iter().map(OrganisationId).collect())
}

/// The heads of all chains that have an entry.
///
/// # Errors
/// What the database says.
pub async fn heads(db: &Db, master: &MasterKey) -> Result<Vec<Head>, DbError> {
    let mut heads = Vec::new();
    for id in organisations(db).await? {
        let mut tx = db.read().await?;
        let organised = tx.organisation(&OrganisationScope::system(id)).await?;
        if let Some(e) = last(&organised).await? {
            let seal = seal(master, id, e.seq, e.at, &e.hash);
            heads.push(Head { organisation: id, seq: e.seq, at: e.at, hash: e.hash, seal });
        }
    }
    Ok(heads)
}

/// Appends the heads of all chains to a file, a JSON object a line.
///
/// # Errors
/// What the database or the file says.
pub async fn write_heads(db: &Db, master: &MasterKey, file: &std::path::Path) -> Result<(), DbError> {
    let mut lines = String::new();
    for head in heads(db, master).await? {
        lines.push_str(&serde_json::to_string(&head).unwrap_or_default());
        lines.push('\n');
    }
    let path = file.to_owned();
    let write = move || -> std::io::Result<()> {
        use std::io::Write;
        let mut out = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        out.write_all(lines.as_bytes())?;
        out.sync_all()
    };
    let written = tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other).flatten();
    written.map_err(|source| DbError::File { path: file.to_owned(), source })
}

/// What is wrong with a chain, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tampered {
    /// A number is missing or stands twice.
    #[error("{0}: entry {1} is missing")]
    Missing(OrganisationId, i64),
    /// An entry is not what was written, or not where it was written.
    #[error("{0}: entry {1} was changed or moved")]
    Changed(OrganisationId, i64),
    /// What stands beside an entry is not what it committed to.
    #[error("{0}: the detail of entry {1} was changed")]
    Detail(OrganisationId, i64),
    /// A head that was written down is not in the chain any more.
    #[error("{0}: entry {1} is not what was written down elsewhere: the log was cut or rewritten")]
    Cut(OrganisationId, i64),
    /// A head that we did not write.
    #[error("{0}: the written head of entry {1} carries no seal of ours")]
    Forged(OrganisationId, i64),
}

/// Entries looked at in one read.
const PORTION: u64 = 1_000;

/// Verifies all chains; says the first fault of each.
///
/// # Errors
/// What the database says.
pub async fn verify(db: &Db) -> Result<Vec<Tampered>, DbError> {
    let mut found = Vec::new();
    for id in organisations(db).await? {
        found.extend(chain(db, id).await?);
    }
    Ok(found)
}

async fn chain(db: &Db, id: OrganisationId) -> Result<Option<Tampered>, DbError> {
    let (mut seq, mut previous) = (0, String::new());
    // Nothing stands before the first.
    let mut after = i64::MIN;
    // What was erased, and what the chain says was.
    let (mut bare, mut erased) = (Vec::new(), BTreeSet::new());
    loop {
        let mut tx = db.read().await?;
        let organised = tx.organisation(&OrganisationScope::system(id)).await?;
        let rows = organised
            .find::<audit_entry::Entity>()
            .filter(audit_entry::Column::Seq.gt(after))
            .order_by_asc(audit_entry::Column::Seq)
            .limit(PORTION)
            .all(organised.on())
            .await?;
        if rows.is_empty() {
            let unsaid = bare.into_iter().find(|(_, subject)| !erased.contains(subject));
            return Ok(unsaid.map(|(seq, _)| Tampered::Detail(id, seq)));
        }
        for e in rows {
            seq += 1;
            if e.seq != seq {
                return Ok(Some(Tampered::Missing(id, seq)));
            }
            if hash(&previous, &e) != e.hash {
                return Ok(Some(Tampered::Changed(id, seq)));
            }
            match (&e.salt, &e.detail) {
                (Some(salt), Some(detail)) if commitment(salt, detail) == e.commitment => {}
                (None, None) => bare.push((seq, e.subject.clone())),
                _ => return Ok(Some(Tampered::Detail(id, seq))),
            }
            if e.action == Action::DetailErased.as_str() {
                erased.insert(e.subject.clone());
            }
            (previous, after) = (e.hash, seq);
        }
    }
}

/// Compares the chains with heads that were written down elsewhere.
///
/// # Errors
/// What the database says.
pub async fn compare(db: &Db, master: &MasterKey, written: &[Head]) -> Result<Vec<Tampered>, DbError> {
    let mut found = Vec::new();
    for head in written {
        let id = head.organisation;
        if seal(master, id, head.seq, head.at, &head.hash) != head.seal {
            found.push(Tampered::Forged(id, head.seq));
            continue;
        }
        let mut tx = db.read().await?;
        let organised = tx.organisation(&OrganisationScope::system(id)).await?;
        let query = organised.find::<audit_entry::Entity>().filter(audit_entry::Column::Seq.eq(head.seq));
        let there = query.one(organised.on()).await?;
        if there.is_none_or(|e| e.hash != head.hash) {
            found.push(Tampered::Cut(id, head.seq));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;
    use cartwheel_macros::db_test;
    use proptest::prelude::*;
    use serde_json::json;

    async fn write(app: &TestApp, id: OrganisationId, n: usize) {
        let mut tx = app.db().write().await.expect("a transaction");
        let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
        for k in 0..n {
            let entry = Entry::new(Action::KeyMade, format!("key_{k}"), json!({ "name": format!("n{k}") }));
            append(&organised, app.env(), Actor::System, entry).await.expect("written");
            app.clock().advance(7);
        }
        tx.commit().await.expect("committed");
    }

    /// One tampering with a chain of `n` entries, in SQL that both databases understand.
    fn tamperings(n: i64) -> impl Strategy<Value = (String, String)> {
        let column = prop::sample::select(vec![
            ("at", "at + 1"),
            ("actor", "'member_0'"),
            ("action", "'member.removed'"),
            ("subject", "'key_x'"),
            ("subject", "NULL"),
            ("detail", "'{}'"),
            ("detail", "NULL"),
            ("detail", "NULL, salt = NULL"),
            ("seq", "0 - seq"),
            ("salt", "'00'"),
            ("commitment", "'00'"),
            ("hash", "'00'"),
        ]);
        let change = (column, 1..=n).prop_map(|((column, value), seq)| {
            (
                format!("{column} of {seq}"),
                format!("UPDATE audit_entry SET {column} = {value} WHERE seq = {seq}"),
            )
        });
        let delete = (1..n)
            .prop_map(|seq| (format!("delete {seq}"), format!("DELETE FROM audit_entry WHERE seq = {seq}")));
        let swap = (1..n).prop_map(|seq| {
            let (a, b) = (seq, seq + 1);
            let sql = format!(
                "UPDATE audit_entry SET subject = CASE seq WHEN {a} THEN 'key_{}' ELSE 'key_{}' END WHERE seq IN ({a}, {b})",
                b - 1,
                a - 1
            );
            (format!("swap {a} and {b}"), sql)
        });
        let insert = (1..=n).prop_map(move |seq| {
            let sql = format!(
                "INSERT INTO audit_entry SELECT organisation_id, {}, at, actor, action, store_id, subject, commitment, salt, detail, hash FROM audit_entry WHERE seq = {seq}",
                n + 1
            );
            (format!("copy {seq} to the end"), sql)
        });
        prop_oneof![6 => change, 2 => delete, 1 => swap, 1 => insert]
    }

    /// A thousand tamperings where `CI` is set: each is found, by the chain itself.
    #[db_test]
    async fn every_tampering_is_found(app: TestApp) {
        use proptest::strategy::ValueTree;
        use sea_orm::{ActiveModelTrait, ConnectionTrait, IntoActiveModel};
        const ENTRIES: i64 = 12;
        let id = app.store("a").await.keys.organisation_id;
        write(&app, id, 12).await;
        assert_eq!(verify(app.db()).await.expect("verified"), []);
        let rounds = if std::env::var_os("CI").is_some() { 1_000 } else { 100 };
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for _ in 0..rounds {
            let (what, sql) = tamperings(ENTRIES).new_tree(&mut runner).expect("a case").current();
            // In a transaction that is not committed the other connections see nothing; so it is done and undone.
            let mut tx = app.db().write().await.expect("a transaction");
            let system = tx.system().await.expect("all");
            let kept = system.find::<audit_entry::Entity>().all(system.on()).await.expect("rows");
            system.on().execute_unprepared(&sql).await.expect(&what);
            tx.commit().await.expect("committed");
            assert_eq!(verify(app.db()).await.expect("verified").len(), 1, "{what}");
            let mut tx = app.db().write().await.expect("a transaction");
            let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
            organised.delete::<audit_entry::Entity>().exec(organised.on()).await.expect("deleted");
            for row in kept {
                organised
                    .insert::<audit_entry::Entity>(row.into_active_model().reset_all())
                    .await
                    .expect("back");
            }
            tx.commit().await.expect("committed");
        }
        assert_eq!(verify(app.db()).await.expect("verified"), []);
    }

    /// What is cut off at the end is found by the heads that were written down, and a forged head by its seal.
    #[db_test]
    async fn a_cut_log_is_found_by_its_head(app: TestApp) {
        let id = app.store("a").await.keys.organisation_id;
        let master = MasterKey::for_tests();
        write(&app, id, 5).await;
        let written = heads(app.db(), &master).await.expect("heads");
        assert_eq!((written.len(), written[0].seq), (1, 5));
        write(&app, id, 2).await;
        assert_eq!(compare(app.db(), &master, &written).await.expect("compared"), []);
        let mut forged = written.clone();
        forged[0].seq = 4;
        assert_eq!(compare(app.db(), &master, &forged).await.expect("compared"), [Tampered::Forged(id, 4)]);
        let mut tx = app.db().write().await.expect("a transaction");
        let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
        organised
            .delete::<audit_entry::Entity>()
            .filter(audit_entry::Column::Seq.gt(4))
            .exec(organised.on())
            .await
            .expect("cut");
        tx.commit().await.expect("committed");
        assert_eq!(verify(app.db()).await.expect("verified"), [], "the chain alone does not tell");
        assert_eq!(compare(app.db(), &master, &written).await.expect("compared"), [Tampered::Cut(id, 5)]);
    }

    /// What is said of a person can be erased; that it was done stays provable.
    #[db_test]
    async fn details_can_be_erased(app: TestApp) {
        let id = app.store("a").await.keys.organisation_id;
        write(&app, id, 3).await;
        let mut tx = app.db().write().await.expect("a transaction");
        let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
        let by = Actor::System;
        assert_eq!(forget(&organised, app.env(), by, "key_1").await.expect("erased"), 1);
        tx.commit().await.expect("committed");
        assert_eq!(verify(app.db()).await.expect("verified"), []);
        let mut tx = app.db().read().await.expect("a transaction");
        let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
        let rows = page(&organised, None, 10).await.expect("rows");
        assert_eq!(
            rows.iter().map(|e| (e.seq, e.detail.is_some())).collect::<Vec<_>>(),
            [(4, true), (3, true), (2, false), (1, true)]
        );
    }
}
