//! Keys are replaced while others work.

use super::*;
use crate::crash::{Fate, armed};
use futures_util::future::{join, join_all};

async fn planted(app: &TestApp, ring: &MasterKey, names: &[&str]) -> Vec<TestStore> {
    let mut stores = Vec::new();
    for name in names {
        let store = app.store(name).await;
        plant(app, ring, &store).await;
        stores.push(store);
    }
    stores
}

async fn current_keys(app: &TestApp) -> Vec<data_key::Model> {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let query = system.find::<data_key::Entity>().filter(data_key::Column::RetiredAt.is_null());
    query.all(system.on()).await.expect("keys")
}

#[db_test]
async fn the_old_master_key_can_go_when_all_is_wrapped_anew(app: TestApp) {
    let before = ring(&app, &[1]).await;
    let stores = planted(&app, &before, &["a", "b"]).await;
    let both = ring(&app, &[2, 1]).await;
    let found = surveyed(&app, &both).await;
    assert_eq!((found.keys, found.old_keys, found.values, found.old_values), (4, 4, 6, 0));
    let done = rotated(&app, &both, false).await;
    assert_eq!((done.wrapped, done.sealed, done.replaced), (4, 0, 0), "values stay as they are");
    let after = ring(&app, &[2]).await;
    assert_opens(&app, &after).await;
    assert_clean(&app, &after).await;
    assert!(MasterKey::open(app.db(), app.env(), &given(&[1])).await.is_err());
    // Whoever was there before goes on with what they have open.
    assert_opens(&app, &before).await;
    assert_eq!(
        before.address_hash(stores[0].id(), "email", "x@y.example"),
        after.address_hash(stores[0].id(), "email", "x@y.example")
    );
    assert_eq!(rotated(&app, &after, false).await.wrapped, 0, "nothing is left to do");
}

/// The file is read again when it is needed, so no process has to be started anew.
#[db_test]
async fn a_running_service_finds_the_new_master_key_in_its_file(app: TestApp) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("master.key");
    let file = Given::File { path: path.clone(), make: false };
    std::fs::write(&path, text(&[1])).expect("written");
    let running = MasterKey::open(app.db(), app.env(), &file).await.expect("opened");
    let a = app.store("a").await;
    put(&app, &app_ring(&app, &file).await, a.id(), "of a").await;
    std::fs::write(&path, text(&[2, 1])).expect("written");
    rotated(&app, &app_ring(&app, &file).await, false).await;
    let found = get(&app, &running, a.id()).await.expect("opened").expect("a credential");
    assert_eq!(found.expose(), "of a", "never seen before, and wrapped by a key that came later");

    // What it makes itself is wrapped by the key that is in force now.
    let b = app.store("b").await;
    std::fs::write(&path, text(&[3, 2])).expect("written");
    put(&app, &running, b.id(), "of b").await;
    let prints: Vec<String> = current_keys(&app).await.into_iter().map(|key| key.wrapped_by).collect();
    assert!(prints.contains(&Key::new([3; 32]).print()), "{prints:?}");

    // A line that is taken away too early is missed by the next process, not by this one.
    std::fs::write(&path, text(&[3])).expect("written");
    let c = app.store("c").await;
    put(&app, &running, c.id(), "of c").await;
    let cold = running.without_memory();
    assert!(get(&app, &cold, a.id()).await.expect("opened").is_some());
    assert!(MasterKey::open(app.db(), app.env(), &file).await.is_err());

    // One whose keys are in the settings says what it needs; it was not told of the new one.
    let deaf = ring(&app, &[2, 3]).await;
    rotated(&app, &ring(&app, &[4, 3, 2]).await, false).await;
    let said = get(&app, &deaf, b.id()).await.expect_err("refused").to_string();
    assert!(said.contains(&Key::new([4; 32]).print()) && said.contains("CARTWHEEL_MASTER_KEY"), "{said}");
}

async fn app_ring(app: &TestApp, given: &Given) -> MasterKey {
    MasterKey::open(app.db(), app.env(), given).await.expect("opened")
}

#[db_test]
async fn data_keys_are_replaced_and_everything_sealed_anew(app: TestApp) {
    let running = ring(&app, &[1]).await;
    planted(&app, &running, &["a", "b"]).await;
    let before = current_keys(&app).await;
    app.clock().advance(1_000);
    let done = rotated(&app, &running, true).await;
    assert_eq!((done.wrapped, done.replaced, done.sealed, done.resumed), (0, 2, 6, None));
    let after = current_keys(&app).await;
    assert!(after.len() == 2 && after.iter().all(|key| before.iter().all(|old| old.id != key.id)));
    assert_opens(&app, &running).await;
    assert_opens(&app, &ring(&app, &[1]).await).await;
    assert_clean(&app, &running).await;
    // Again at the same moment, by the clock: they are replaced again.
    assert_eq!(rotated(&app, &running, true).await.replaced, 2);
    assert_clean(&app, &running).await;
}

/// Wherever a rotation is killed, everything opens, by whoever was there before and whoever comes after; and the next one
/// brings it to its end.
#[db_test]
async fn a_rotation_that_was_killed_is_begun_again(app: TestApp) {
    let running = ring(&app, &[1]).await;
    planted(&app, &running, &["a", "b", "c"]).await;
    let points = [
        ("keys.wrapped", 1),
        ("keys.wrapped", 2),
        ("keys.begun", 1),
        ("keys.replaced", 1),
        ("keys.replaced", 2),
        ("keys.sealed", 1),
        ("keys.sealed", 3),
    ];
    for (n, (point, nth)) in (2_u8..).zip(points) {
        let (new, old) = (n, n - 1);
        let both = ring(&app, &[new, old]).await;
        app.clock().advance(1_000);
        let before = current_keys(&app).await;
        let (fate, _) = armed(point, nth, rotate(app.db(), app.env(), &both, true)).await;
        assert!(matches!(fate, Fate::Died), "{point} {nth} is never passed");
        crate::testing::database::await_idle(app.db()).await;
        assert_opens(&app, &both).await;
        assert_opens(&app, &ring(&app, &[new, old]).await).await;
        if point == "keys.wrapped" && nth == 1 {
            // Too early: the stores' keys are still under the old one.
            assert!(MasterKey::open(app.db(), app.env(), &given(&[new])).await.is_err());
        }
        let done = rotated(&app, &ring(&app, &[new, old]).await, true).await;
        let resumed = matches!(point, "keys.begun" | "keys.replaced");
        assert_eq!(done.resumed.is_some(), resumed, "{point} {nth}");
        if point == "keys.replaced" {
            assert_eq!(done.replaced, u64::from(3 - nth), "the others were done");
        }
        let last = ring(&app, &[new]).await;
        assert_opens(&app, &last).await;
        assert_clean(&app, &last).await;
        let after = current_keys(&app).await;
        assert!(after.len() == 3 && after.iter().all(|key| before.iter().all(|old| old.id != key.id)));
    }
}

/// Two operators, readers with cold and warm memories, and merchants who set their credentials anew, all at once. Where `CI` is
/// set, with a thousand stores.
#[db_test]
async fn nobody_notices_a_rotation(app: TestApp) {
    let first = app.store("a").await;
    let count = if std::env::var_os("CI").is_some() { 1_000 } else { 120 };
    ring(&app, &[1]).await;
    // A process that knows the new master key, as all do by now, and has read everything before.
    let running = ring(&app, &[1, 2]).await;
    let stores = many(&app, &first, count).await;
    for part in stores.chunks(500) {
        let mut tx = app.db().write().await.expect("a transaction");
        for store in part {
            let scoped = tx.enter(&crate::db::StoreScope::system(*store)).await.expect("the store");
            let text = credential(*store);
            secrets::put(&scoped, &running, app.env(), SecretKind::Shopify, &text).await.expect("kept");
        }
        tx.commit().await.expect("committed");
    }
    app.clock().advance(1_000);
    let both = ring(&app, &[2, 1]).await;
    let read = async |ring: &MasterKey, step: usize| {
        for store in stores.iter().step_by(step) {
            let found = get(&app, ring, *store).await.expect("opened").expect("a credential");
            assert_eq!(found.expose(), credential(*store));
        }
    };
    let write = async |ring: &MasterKey| {
        for store in stores.iter().rev().step_by(3) {
            put(&app, ring, *store, &credential(*store)).await;
        }
    };
    let (warm, cold) = (both.clone(), ring(&app, &[2, 1]).await);
    let work = join_all([read(&running, 1), read(&warm, 2), read(&cold, 1)]);
    let rotations = join(rotate(app.db(), app.env(), &both, true), async {
        rotate(app.db(), app.env(), &ring(&app, &[2, 1]).await, true).await
    });
    let ((one, two), _, ()) = futures_util::future::join3(rotations, work, write(&warm)).await;
    let (one, two) = (one.expect("rotated"), two.expect("rotated"));
    assert_eq!((one.lost.len(), two.lost.len()), (0, 0), "{one:?} {two:?}");
    assert!(one.replaced + two.replaced >= count as u64, "{one:?} {two:?}");
    let last = ring(&app, &[2]).await;
    read(&last, 1).await;
    assert_clean(&app, &last).await;
    assert_eq!(current_keys(&app).await.len(), count);
}

/// Stores with nothing but a row.
async fn many(app: &TestApp, like: &TestStore, count: usize) -> Vec<StoreId> {
    use cartwheel_entity::store;
    use sea_orm::IntoActiveModel;
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let query = system.find::<store::Entity>().filter(store::Column::Id.eq(like.id().uuid()));
    let row = query.one(system.on()).await.expect("asked").expect("a store");
    let mut made = Vec::new();
    for n in 0..count {
        let id: StoreId = app.env().id();
        let new = store::Model {
            id: id.uuid(),
            public_key: format!("cwp_{n}"),
            write_key_hash: format!("hash {n}"),
            ..row.clone()
        };
        system.insert::<store::Entity>(new.into_active_model()).await.expect("a store");
        made.push(id);
    }
    tx.commit().await.expect("committed");
    made
}

/// What was changed by hand is named and left alone, and does not keep the rest from being done.
#[db_test]
async fn what_does_not_open_is_named_and_left_alone(app: TestApp) {
    let running = ring(&app, &[1]).await;
    let stores = planted(&app, &running, &["a", "b"]).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let rows = system.find::<store_secret::Entity>().all(system.on()).await.expect("credentials");
    let from = rows.iter().find(|row| row.store_id == stores[0].id().uuid()).expect("a row").sealed.clone();
    system
        .update::<store_secret::Entity>()
        .col_expr(store_secret::Column::Sealed, sea_orm::sea_query::Expr::value(from.clone()))
        .filter(store_secret::Column::StoreId.eq(stores[1].id().uuid()))
        .exec(system.on())
        .await
        .expect("moved");
    tx.commit().await.expect("committed");
    let found = surveyed(&app, &running).await;
    assert_eq!(found.lost, 1);
    assert!(found.named[0].starts_with(&format!("shopify_secret of {}", stores[1].id())), "{found:?}");
    let done = rotate(app.db(), app.env(), &ring(&app, &[2, 1]).await, true).await.expect("rotated");
    assert_eq!((done.lost.len(), done.replaced, done.wrapped), (1, 2, 4), "{done:?}");
    let said = get(&app, &ring(&app, &[2]).await, stores[1].id()).await.expect_err("moved").to_string();
    assert!(said.contains("shopify_secret") && !said.contains(&from), "{said}");
}
