//! What a process finds at its start, and whether it may go on.

use super::*;
use crate::{accounts::keys::masters::Masters, config::Secret};
use futures_util::future::join_all;
use ring::hmac;

async fn refusal(app: &TestApp, given: &Given) -> String {
    match MasterKey::open(app.db(), app.env(), given).await {
        Ok(_) => panic!("it was let in"),
        Err(error) => error.to_string(),
    }
}

async fn kinds(app: &TestApp) -> Vec<String> {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let rows = system.find::<service_key::Entity>().all(system.on()).await.expect("keys");
    let mut kinds: Vec<String> = rows.into_iter().map(|row| row.kind).collect();
    kinds.sort();
    kinds
}

/// Links in mails that are out, and hashes of those who have said no, are as they were.
#[db_test]
async fn an_installation_of_before_goes_on(app: TestApp) {
    let store = app.store("a").await;
    plant_of_old(&app, 1, &store).await;
    let old = ring(&app, &[1]).await;
    assert_opens(&app, &old).await;
    let sign =
        |key: &[u8], what: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), what).as_ref().to_vec();
    let mut purpose = b"suppression\0".to_vec();
    purpose.extend(store.id().uuid().as_bytes());
    let once = hex::encode(sign(&sign(&[1; 32], &purpose), b"email\0ann@example.com"));
    assert_eq!(old.address_hash(store.id(), "email", "ann@example.com"), once);
    let found = surveyed(&app, &old).await;
    assert_eq!((found.values, found.old_values, found.lost), (3, 3, 0));

    let done = rotated(&app, &ring(&app, &[2, 1]).await, false).await;
    assert_eq!((done.wrapped, done.sealed), (2, 3), "root and the service's key; three values");
    let new = ring(&app, &[2]).await;
    assert_opens(&app, &new).await;
    assert_clean(&app, &new).await;
    assert_eq!(new.address_hash(store.id(), "email", "ann@example.com"), once);
}

#[db_test]
async fn of_several_that_start_at_once_one_begins(app: TestApp) {
    let given = given(&[1]);
    let starts = (0..6).map(|_| MasterKey::open(app.db(), app.env(), &given));
    let rings: Vec<MasterKey> =
        join_all(starts).await.into_iter().map(|ring| ring.expect("opened")).collect();
    assert_eq!(kinds(&app).await, ["data", "root"]);
    let store = app.store("a").await;
    // The first credential of a store, by several at once: one key is made, and all find it.
    let texts: Vec<String> = (0..6).map(|n| format!("secret {n}")).collect();
    join_all(rings.iter().zip(&texts).map(|(ring, text)| put(&app, ring, store.id(), text))).await;
    for ring in &rings {
        let found = get(&app, ring, store.id()).await.expect("opened").expect("one of them");
        assert!(texts.iter().any(|text| text == found.expose()));
    }
    assert_eq!(surveyed(&app, &rings[0]).await.keys, 3);
}

#[db_test]
async fn a_wrong_master_key_is_refused_at_the_start(app: TestApp) {
    let store = app.store("a").await;
    plant(&app, &ring(&app, &[1]).await, &store).await;
    let said = refusal(&app, &given(&[2, 3])).await;
    let print = |n: u8| Key::new([n; 32]).print();
    for part in ["CARTWHEEL_MASTER_KEY", &print(1), &print(2), &print(3), "cartwheel keys rotate"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(&text(&[1])) && !said.contains(&text(&[2])), "{said}");
    assert_opens(&app, &ring(&app, &[2, 1]).await).await;
}

/// Else what was sealed would open no more, and links would lead nowhere, for good.
#[db_test]
async fn an_installation_of_before_takes_no_other_root(app: TestApp) {
    let store = app.store("a").await;
    plant_of_old(&app, 1, &store).await;
    assert!(refusal(&app, &given(&[2])).await.contains("does not open with the master key"));
    assert!(refusal(&app, &given(&[2, 1])).await.contains("start once with the old one alone"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("master.key");
    let file = Given::File { path: path.clone(), make: true };
    assert!(refusal(&app, &file).await.contains("is missing"));
    assert!(!path.exists(), "no other is made in its place");
    assert!(kinds(&app).await.is_empty(), "nothing was written");
    assert_opens(&app, &ring(&app, &[1]).await).await;
    assert!(refusal(&app, &file).await.contains("is missing"));
}

/// Looking writes nothing, and opens what there is.
#[db_test]
async fn a_look_changes_nothing(app: TestApp) {
    let store = app.store("a").await;
    plant_of_old(&app, 1, &store).await;
    let looked = MasterKey::look(app.db(), app.env(), &given(&[1])).await.expect("looked");
    assert_opens(&app, &looked).await;
    assert!(kinds(&app).await.is_empty());
    assert!(MasterKey::look(app.db(), app.env(), &given(&[2])).await.is_err());
}

#[db_test]
async fn a_changed_root_is_named(app: TestApp) {
    ring(&app, &[1]).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let rows = system.find::<service_key::Entity>().all(system.on()).await.expect("keys");
    let data = rows.iter().find(|row| row.kind == "data").expect("the service's key").wrapped.clone();
    system
        .update::<service_key::Entity>()
        .col_expr(service_key::Column::Wrapped, sea_orm::sea_query::Expr::value(data))
        .filter(service_key::Column::Kind.eq("root"))
        .exec(system.on())
        .await
        .expect("changed");
    tx.commit().await.expect("committed");
    let said = refusal(&app, &given(&[1])).await;
    assert!(said.contains("root key") && said.contains("backup"), "{said}");
}

#[db_test]
async fn a_key_file_is_made_once_and_kept_private(app: TestApp) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("below").join("master.key");
    let named = Given::File { path: path.clone(), make: false };
    assert!(refusal(&app, &named).await.contains("is missing"), "a file that is named is there");
    let file = Given::File { path: path.clone(), make: true };
    let first = MasterKey::open(app.db(), app.env(), &file).await.expect("made");
    let again = MasterKey::open(app.db(), app.env(), &named).await.expect("read");
    let store = app.env().id();
    assert_eq!(
        first.address_hash(store, "email", "a@b.example"),
        again.address_hash(store, "email", "a@b.example")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).expect("file").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn keys_are_read_from_a_list() {
    let prints = |text: &str| {
        let read = Masters::parse(&Secret::new(text), "here");
        read.map(|masters| masters.prints().into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let (one, two) = (text(&[1]), text(&[2]));
    let both = vec![Key::new([1; 32]).print(), Key::new([2; 32]).print()];
    for list in [format!("{one}\n{two}\n"), format!(" {one}, {two} "), format!("{one},{two}")] {
        assert_eq!(prints(&list).expect("two keys"), both);
    }
    for (wrong, nth) in [("", 1), ("\n", 1), ("short", 1), (&format!("{one} {}", &two[4..]), 2)] {
        let said = prints(wrong).expect_err("refused").to_string();
        assert!(said.starts_with(&format!("here: key {nth} is not 32 bytes")), "{said}");
        assert!(wrong.trim().is_empty() || !said.contains(wrong.trim()), "a key is not repeated: {said}");
    }
}
