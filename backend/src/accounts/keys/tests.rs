//! Keys at rest, on both databases.

mod replaced;
mod start;

use super::{
    Given, KeyError, MasterKey, Place,
    cipher::Key,
    rotate::{Rotated, rotate},
    survey::{Survey, survey},
};
use crate::{
    accounts::{
        mailbox::{self, Letter, Mail},
        secrets::{self, SecretKind},
    },
    config::Secret,
    testing::{TestApp, TestStore},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{
    ids::{HookId, MailId, MemberId, ProviderId, StoreId},
    locale::Language,
};
use cartwheel_entity::{data_key, member, second_factor, service_key, service_mail, store_secret};
use cartwheel_macros::db_test;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};

/// Master keys of 32 equal bytes each.
fn given(masters: &[u8]) -> Given {
    Given::Text(Secret::new(text(masters)))
}

fn text(masters: &[u8]) -> String {
    masters.iter().map(|n| STANDARD.encode([*n; 32])).collect::<Vec<_>>().join("\n")
}

async fn ring(app: &TestApp, masters: &[u8]) -> MasterKey {
    MasterKey::open(app.db(), app.env(), &given(masters)).await.expect("the keys")
}

async fn rotated(app: &TestApp, ring: &MasterKey, data: bool) -> Rotated {
    let done = rotate(app.db(), app.env(), ring, data).await.expect("rotated");
    assert_eq!(done.lost, Vec::<String>::new());
    done
}

async fn surveyed(app: &TestApp, ring: &MasterKey) -> Survey {
    survey(app.db(), ring).await.expect("looked")
}

/// That nothing is sealed by an old key and everything opens.
async fn assert_clean(app: &TestApp, ring: &MasterKey) {
    let found = surveyed(app, ring).await;
    assert_eq!((found.old_keys, found.old_values, found.lost), (0, 0, 0), "{found:?}");
}

fn credential(store: StoreId) -> String {
    format!("shpss_{store}")
}

async fn put(app: &TestApp, ring: &MasterKey, store: StoreId, text: &str) {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&crate::db::StoreScope::system(store)).await.expect("the store");
    secrets::put(&scoped, ring, app.env(), SecretKind::Shopify, text).await.expect("kept");
    tx.commit().await.expect("committed");
}

async fn get(
    app: &TestApp,
    ring: &MasterKey,
    store: StoreId,
) -> Result<Option<Secret>, secrets::SecretError> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&crate::db::StoreScope::system(store)).await.expect("the store");
    secrets::get(&scoped, ring, SecretKind::Shopify).await
}

async fn member_of(app: &TestApp, store: &TestStore) -> MemberId {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let info = app.stores().by_id(store.id()).await.expect("asked").expect("the store");
    let email = format!("{}@owner.example", info.name);
    let query = system.find::<member::Entity>().filter(member::Column::Email.eq(email));
    MemberId(query.one(system.on()).await.expect("asked").expect("the owner").id)
}

fn mail() -> Mail {
    let letter = Letter::Reset { token: "cwm_sealed".into() };
    Mail { to: "ann@example.com".into(), language: Language::En, letter }
}

fn factor(member: MemberId, sealed: String) -> second_factor::ActiveModel {
    second_factor::ActiveModel {
        member_id: Set(member.uuid()),
        sealed: Set(sealed),
        created_at: Set(0),
        confirmed_at: Set(None),
        last_step: Set(0),
        tries: Set(0),
        tries_since: Set(0),
    }
}

/// One value of each kind: the credential of a store, its owner's second factor, a mail.
async fn plant(app: &TestApp, ring: &MasterKey, store: &TestStore) {
    put(app, ring, store.id(), &credential(store.id())).await;
    let member = member_of(app, store).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let sealed = ring.seal(&system, app.env(), Place::Factor(member), "SEED").await.expect("sealed");
    system.insert::<second_factor::Entity>(factor(member, sealed)).await.expect("kept");
    mailbox::queue(&system, app.env(), ring, &mail()).await.expect("queued");
    tx.commit().await.expect("committed");
}

/// The same as it was kept before there were data keys: sealed by the master key itself.
async fn plant_of_old(app: &TestApp, master: u8, store: &TestStore) {
    let (key, member, id) = (Key::new([master; 32]), member_of(app, store).await, app.env().id::<MailId>());
    let old = |place: Place, text: &str| key.seal(app.env(), &place.bound_once(), text.as_bytes());
    let secret = store_secret::ActiveModel {
        store_id: Set(store.id().uuid()),
        kind: Set("shopify_secret".into()),
        sealed: Set(old(Place::Secret(store.id(), SecretKind::Shopify), &credential(store.id()))),
        created_at: Set(0),
    };
    let letter = service_mail::ActiveModel {
        id: Set(id.uuid()),
        sealed: Set(old(Place::Mail(id), &serde_json::to_string(&mail()).expect("JSON"))),
        attempts: Set(0),
        created_at: Set(app.env().now()),
        due_at: Set(app.env().now()),
        expires_at: Set(app.env().now() + 1),
    };
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    system.insert::<store_secret::Entity>(secret).await.expect("kept");
    system
        .insert::<second_factor::Entity>(factor(member, old(Place::Factor(member), "SEED")))
        .await
        .expect("kept");
    system.insert::<service_mail::Entity>(letter).await.expect("kept");
    tx.commit().await.expect("committed");
}

/// That all there is opens, and holds what was sealed.
async fn assert_opens(app: &TestApp, ring: &MasterKey) {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let secrets = system.find::<store_secret::Entity>().all(system.on()).await.expect("credentials");
    let factors = system.find::<second_factor::Entity>().all(system.on()).await.expect("factors");
    for row in factors {
        let place = Place::Factor(MemberId(row.member_id));
        let opened = ring.unseal(&system, place, &row.sealed).await.expect("opened").expect("a seed");
        assert_eq!(opened.expose(), "SEED");
    }
    for row in system.find::<service_mail::Entity>().all(system.on()).await.expect("mails") {
        assert_eq!(mailbox::open(&system, ring, &row).await.expect("opened"), Some(mail()));
    }
    drop(tx);
    for row in secrets {
        let store = StoreId(row.store_id);
        let opened = get(app, ring, store).await.expect("opened").expect("a credential");
        assert_eq!(opened.expose(), credential(store));
    }
}

#[db_test]
async fn a_sealed_value_opens_only_where_it_belongs(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let ring = app.master_key();
    plant(&app, &ring, &a).await;
    plant(&app, &ring, &b).await;
    assert_opens(&app, &ring).await;

    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let rows = system.find::<store_secret::Entity>().all(system.on()).await.expect("credentials");
    let of = |store: &TestStore| {
        rows.iter().find(|row| row.store_id == store.id().uuid()).expect("its row").sealed.clone()
    };
    let (sealed, member) = (of(&a), app.env().id());
    // Elsewhere above the stores, by another's id, and as another table's.
    for place in [Place::Factor(member), Place::Mail(app.env().id())] {
        assert!(ring.unseal(&system, place, &sealed).await.expect("looked").is_none(), "{place:?}");
    }
    let scoped = tx.enter(&a.scope()).await.expect("the store");
    let own = Place::Secret(a.id(), SecretKind::Shopify);
    assert!(ring.unseal(&scoped, own, &sealed).await.expect("looked").is_some());
    for other in [Place::Secret(a.id(), SecretKind::SmtpUrl), Place::Secret(b.id(), SecretKind::Shopify)] {
        assert!(ring.unseal(&scoped, other, &sealed).await.expect("looked").is_none(), "{other:?}");
    }
    let (head, body) = sealed.rsplit_once('.').expect("three parts");
    let mut bytes = STANDARD.decode(body).expect("base64");
    bytes[20] ^= 1;
    for changed in [&format!("{head}.{}", STANDARD.encode(bytes)), body, "", "v1.", "v1..", &sealed[3..]] {
        assert!(ring.unseal(&scoped, own, changed).await.expect("looked").is_none(), "{changed}");
    }
    let scoped = tx.enter(&b.scope()).await.expect("the store");
    let moved = Place::Secret(b.id(), SecretKind::Shopify);
    for ring in [&ring, &app.master_key()] {
        assert!(ring.unseal(&scoped, moved, &sealed).await.expect("looked").is_none(), "to another store");
    }

    // Not even with its key beside it: that is bound to its own row.
    let system = tx.system().await.expect("all");
    let keys = system.find::<data_key::Entity>().all(system.on()).await.expect("keys");
    let key = keys.into_iter().find(|key| key.store_id == a.id().uuid()).expect("its key");
    let copy = data_key::ActiveModel {
        store_id: Set(b.id().uuid()),
        id: Set(key.id),
        wrapped: Set(key.wrapped),
        wrapped_by: Set(key.wrapped_by),
        created_at: Set(key.created_at),
        retired_at: Set(Some(0)),
    };
    system.insert::<data_key::Entity>(copy).await.expect("copied");
    let scoped = tx.enter(&b.scope()).await.expect("the store");
    let stolen = ring.unseal(&scoped, moved, &sealed).await;
    assert!(matches!(stolen, Err(KeyError::Broken(_))), "{:?}", stolen.err());
    drop(tx);
    assert!(ring.unseal_elsewhere(&app, &a, &sealed).await, "the row itself was not touched");
}

impl MasterKey {
    /// The root and all data keys, for a test that looks for them where they must not be.
    pub(crate) async fn bytes(&self, app: &TestApp) -> Vec<[u8; 32]> {
        let mut tx = app.db().read().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        let mut keys = vec![*self.0.root.bytes()];
        for row in super::rotate::rows_after(&system, None, None).await.expect("keys") {
            let key = self.opened(&row).expect("opened");
            if row.kind.as_deref() != Some(super::vault::ROOT) {
                keys.push(*key.bytes());
            }
        }
        keys
    }

    /// The same with what its file holds, but with no data key unwrapped.
    fn without_memory(&self) -> Self {
        Self::over(self.0.root.clone(), (*self.masters()).clone())
    }

    async fn unseal_elsewhere(&self, app: &TestApp, store: &TestStore, sealed: &str) -> bool {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        let place = Place::Secret(store.id(), SecretKind::Shopify);
        self.unseal(&scoped, place, sealed).await.expect("looked").is_some()
    }
}

/// A service that is under way asks the database for a store's key once, and not for each credential.
#[db_test]
async fn a_key_is_looked_up_once(app: TestApp) {
    let store = app.store("a").await;
    let ring = app.master_key();
    put(&app, &ring, store.id(), "first").await;
    assert!(get(&app, &ring, store.id()).await.expect("opened").is_some());
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    system.delete::<data_key::Entity>().exec(system.on()).await.expect("taken away");
    tx.commit().await.expect("committed");
    assert!(get(&app, &ring, store.id()).await.expect("opened").is_some(), "from memory");
    assert!(get(&app, &app.master_key(), store.id()).await.is_err());
}

/// A column that is sealed and that no rotation knows would be lost with the key it is under.
#[test]
fn every_sealed_column_is_walked() {
    let folder =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../entity/src")).expect("the entities");
    let sealed = folder.filter_map(|file| {
        let path = file.ok()?.path();
        let text = std::fs::read_to_string(&path).ok()?;
        text.contains("pub sealed:").then(|| path.file_stem().and_then(|s| s.to_str()).map(str::to_owned))?
    });
    let mut sealed: Vec<String> = sealed.collect();
    sealed.sort();
    let id = uuid::Uuid::nil();
    let places = [
        Place::Hook(StoreId(id), HookId(id)),
        Place::Provider(StoreId(id), ProviderId(id)),
        Place::Factor(MemberId(id)),
        Place::Mail(MailId(id)),
        Place::Secret(StoreId(id), SecretKind::Shopify),
    ];
    assert_eq!(sealed, places.map(Place::table));
    assert_eq!(places.len(), super::walk::Table::ALL.len());
}
