use super::{TeamError, invitations, keys, members};
use crate::{
    accounts::audit,
    db::{Actor, OrganisationScope, Role},
    testing::{TestApp, TestStore},
};
use cartwheel_domain::{contact_point::EmailAddress, ids::MemberId, time::DAY};
use cartwheel_macros::db_test;

/// Somebody with a role in a store's organisation, and their proof.
async fn person(app: &TestApp, store: &TestStore, name: &str, role: Role) -> (MemberId, OrganisationScope) {
    let owner = OrganisationScope::system(store.keys.organisation_id);
    let email: EmailAddress = format!("{name}@team.example").parse().expect("an address");
    let mut tx = app.db().write().await.expect("a transaction");
    let (_, token) = invitations::invite(&mut tx, app.env(), &owner, &email, role).await.expect("invited");
    let offer = invitations::offer(&mut tx, app.env(), &token).await.expect("asked").expect("open");
    let joiner =
        invitations::Joiner::New { name: name.into(), password_hash: "none".into(), language: "en".into() };
    let id = invitations::accept(&mut tx, app.env(), &offer, joiner).await.expect("asked").expect("in");
    tx.commit().await.expect("committed");
    (id, OrganisationScope::granted(store.keys.organisation_id, role, Actor::Member(id)))
}

/// What an organisation's log says was done, oldest first.
async fn log(app: &TestApp, store: &TestStore) -> Vec<String> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scope = OrganisationScope::system(store.keys.organisation_id);
    let organised = tx.organisation(&scope).await.expect("the organisation");
    let mut rows = audit::page(&organised, None, 100).await.expect("rows");
    rows.reverse();
    rows.into_iter().map(|e| e.action).collect()
}

#[db_test]
async fn an_invitation_lets_one_person_in_once(app: TestApp) {
    let store = app.store("a").await;
    let (ann, owner) = person(&app, &store, "ann", Role::Owner).await;
    let email: EmailAddress = "ben@team.example".parse().expect("an address");
    let invite = async || {
        let mut tx = app.db().write().await.expect("a transaction");
        let made =
            invitations::invite(&mut tx, app.env(), &owner, &email, Role::Editor).await.expect("invited");
        tx.commit().await.expect("committed");
        made.1
    };
    let offer = async |token: &str| {
        let mut tx = app.db().read().await.expect("a transaction");
        invitations::offer(&mut tx, app.env(), token).await.expect("asked")
    };
    let (replaced, token) = (invite().await, invite().await);
    assert_eq!(offer(&replaced).await, None, "a second invitation replaces the first");
    for unknown in ["", "cwi_x", &"x".repeat(1_000)] {
        assert_eq!(offer(unknown).await, None);
    }
    let found = offer(&token).await.expect("open");
    assert_eq!((found.name.as_str(), found.role, found.known), ("a org", Role::Editor, None));
    let joiner = || invitations::Joiner::New {
        name: "Ben".into(),
        password_hash: "none".into(),
        language: "en".into(),
    };
    let take = async || {
        let mut tx = app.db().write().await.expect("a transaction");
        let id = invitations::accept(&mut tx, app.env(), &found, joiner()).await.expect("asked");
        tx.commit().await.expect("committed");
        id
    };
    let both = futures_util::future::join(take(), take()).await;
    assert_eq!([both.0, both.1].into_iter().flatten().count(), 1, "of two at once one gets in");
    assert_eq!(offer(&token).await, None);
    let mut tx = app.db().write().await.expect("a transaction");
    let again = invitations::invite(&mut tx, app.env(), &owner, &email, Role::Support).await;
    assert!(matches!(again, Err(TeamError::Member(_))));
    let list = members::list(&mut tx, &owner).await.expect("listed");
    let roles: Vec<_> = list.iter().map(|c| (c.member.name.as_str(), c.role)).collect();
    assert!(
        roles.contains(&("Ben", Some(Role::Editor))) && roles.contains(&("ann", Some(Role::Owner))),
        "{roles:?}"
    );
    drop(tx);
    let late = {
        let mut tx = app.db().write().await.expect("a transaction");
        let email = "late@team.example".parse().expect("an address");
        let made =
            invitations::invite(&mut tx, app.env(), &owner, &email, Role::Support).await.expect("invited");
        tx.commit().await.expect("committed");
        made.1
    };
    app.clock().advance(invitations::LIFE - 1);
    assert!(offer(&late).await.is_some());
    app.clock().advance(1);
    assert_eq!(offer(&late).await, None, "a week is over");
    let done = log(&app, &store).await;
    assert_eq!(
        done,
        [
            "member.invited",
            "member.joined",
            "member.invited",
            "member.invited",
            "member.joined",
            "member.invited"
        ]
    );
    assert_eq!(audit::verify(app.db()).await.expect("verified"), []);
    assert_ne!(ann, MemberId(uuid::Uuid::nil()));
}

#[db_test]
async fn nobody_gives_what_they_do_not_have(app: TestApp) {
    let store = app.store("a").await;
    let (owner_id, owner) = person(&app, &store, "ann", Role::Owner).await;
    let (_, admin) = person(&app, &store, "ben", Role::Admin).await;
    let (support_id, _) = person(&app, &store, "cleo", Role::Support).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let email: EmailAddress = "x@team.example".parse().expect("an address");
    let made = invitations::invite(&mut tx, app.env(), &admin, &email, Role::Owner).await;
    assert!(matches!(made, Err(TeamError::AboveOwn("owner"))));
    let key = |role| keys::NewKey { name: "k".into(), role, store: None, expires_at: None };
    let made = keys::make(&mut tx, app.env(), &admin, key(Role::Owner)).await;
    assert!(matches!(made, Err(TeamError::AboveOwn("owner"))));
    let (owners_key, _) = keys::make(&mut tx, app.env(), &owner, key(Role::Owner)).await.expect("made");
    let organised = tx.organisation(&admin).await.expect("the organisation");
    let env = app.env();
    for refused in [
        members::set_role(&organised, env, &admin, support_id, Some(Role::Owner)).await,
        members::set_role(&organised, env, &admin, owner_id, Some(Role::Support)).await,
        members::remove(&organised, env, &admin, owner_id).await,
        keys::revoke(&organised, env, &admin, owners_key.id.into()).await,
    ] {
        assert!(matches!(refused, Err(TeamError::AboveOwn("owner"))), "{refused:?}");
    }
    members::set_role(&organised, env, &admin, support_id, Some(Role::Admin))
        .await
        .expect("within their own");
}

/// Of two owners who take each other out at the same moment, one stays.
#[db_test]
async fn an_organisation_keeps_an_owner(app: TestApp) {
    let store = app.store("a").await;
    let (ann, as_ann) = person(&app, &store, "ann", Role::Owner).await;
    let (ben, as_ben) = person(&app, &store, "ben", Role::Owner).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let first = members::list(&mut tx, &as_ann).await.expect("listed");
    let first = first.iter().find(|c| c.member.email == "a@owner.example").expect("the first owner");
    let organised = tx.organisation(&as_ann).await.expect("the organisation");
    members::remove(&organised, app.env(), &as_ann, MemberId(first.member.id)).await.expect("removed");
    tx.commit().await.expect("committed");
    let out = async |scope: OrganisationScope, id: MemberId| {
        let mut tx = app.db().write().await.expect("a transaction");
        let organised = tx.organisation(&scope).await.expect("the organisation");
        let outcome = members::set_role(&organised, app.env(), &scope, id, Some(Role::Support)).await;
        tx.commit().await.expect("committed");
        outcome
    };
    let (a, b) = futures_util::future::join(out(as_ann, ben), out(as_ben, ann)).await;
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    // Whoever came second was owner no more when their turn came; and who is left cannot go.
    assert!([&a, &b].into_iter().any(|o| matches!(o, Err(TeamError::None("member")))));
    let (left, scope) = if a.is_ok() { (ann, as_ann) } else { (ben, as_ben) };
    assert!(matches!(out(scope, left).await, Err(TeamError::LastOwner)));
}

#[db_test]
async fn a_key_is_the_organisations_own(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let (_, owner) = person(&app, &a, "ann", Role::Owner).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let env = app.env();
    let key = |name: &str, store, expires_at| keys::NewKey {
        name: name.into(),
        role: Role::Admin,
        store,
        expires_at,
    };
    let foreign = keys::make(&mut tx, env, &owner, key("k", Some(b.id()), None)).await;
    assert!(matches!(foreign, Err(TeamError::None("store"))));
    let past = keys::make(&mut tx, env, &owner, key("k", None, Some(env.now()))).await;
    assert!(matches!(past, Err(TeamError::Invalid("expiresAt", _))));
    for wrong in ["", " ", "a\nb", "a\u{202e}b", "\u{200b}", &"x".repeat(81)] {
        let made = keys::make(&mut tx, env, &owner, key(wrong, None, None)).await;
        assert!(matches!(made, Err(TeamError::Invalid("name", _))), "{wrong:?}");
    }
    let (row, text) = keys::make(&mut tx, env, &owner, key("erp", Some(a.id()), Some(env.now() + DAY)))
        .await
        .expect("made");
    assert!(text.starts_with(&row.prefix) && !row.key_hash.contains(&text[4..]));
    let organised = tx.organisation(&owner).await.expect("the organisation");
    let theirs = keys::revoke(&organised, env, &owner, keys_of(&app, &b).await).await;
    assert!(matches!(theirs, Err(TeamError::None("key"))), "another organisation's key is none");
    keys::revoke(&organised, env, &owner, row.id.into()).await.expect("revoked");
    keys::revoke(&organised, env, &owner, row.id.into()).await.expect("no change");
    tx.commit().await.expect("committed");
    let done = log(&app, &a).await;
    assert_eq!(done[2..], ["api_key.made", "api_key.revoked"]);
}

async fn keys_of(app: &TestApp, store: &TestStore) -> cartwheel_domain::ids::ApiKeyId {
    let mut tx = app.db().read().await.expect("a transaction");
    let scope = OrganisationScope::system(store.keys.organisation_id);
    let organised = tx.organisation(&scope).await.expect("the organisation");
    keys::list(&organised).await.expect("listed")[0].id.into()
}

/// The database itself shows no other organisation's rows where it can, and the query layer none anywhere.
#[db_test]
#[expect(clippy::disallowed_methods, reason = "takes the first fence away on purpose")]
async fn an_organisation_sees_only_its_own(app: TestApp) {
    use cartwheel_entity::{api_key, audit_entry, invitation, membership};
    use sea_orm::{EntityTrait, PaginatorTrait};
    let (a, b) = (app.store("a").await, app.store("b").await);
    person(&app, &a, "ann", Role::Owner).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scope = OrganisationScope::system(b.keys.organisation_id);
    let mine = tx.organisation(&scope).await.expect("b");
    assert_eq!(mine.find::<audit_entry::Entity>().count(mine.on()).await.expect("count"), 0);
    assert_eq!(mine.find::<membership::Entity>().count(mine.on()).await.expect("count"), 1);
    assert_eq!(mine.find::<api_key::Entity>().count(mine.on()).await.expect("count"), 1);
    assert_eq!(mine.delete::<invitation::Entity>().exec(mine.on()).await.expect("delete").rows_affected, 0);
    let row = {
        use sea_orm::{ActiveModelTrait, IntoActiveModel};
        let theirs = OrganisationScope::system(a.keys.organisation_id);
        let organised = tx.organisation(&theirs).await.expect("a");
        let row =
            organised.find::<membership::Entity>().one(organised.on()).await.expect("asked").expect("a row");
        row.into_active_model().reset_all()
    };
    let mine = tx.organisation(&scope).await.expect("b");
    assert!(mine.insert::<membership::Entity>(row).await.is_err());
    let postgres = app.db().dialect() == crate::db::Dialect::Postgres;
    let seen = audit_entry::Entity::find().count(mine.on()).await.expect("count");
    assert_eq!(seen, if postgres { 0 } else { 2 });
    let inside = tx.enter(&a.scope()).await.expect("a store");
    let seen = api_key::Entity::find().count(inside.on()).await.expect("count");
    assert_eq!(seen, if postgres { 0 } else { 2 }, "a store's transaction sees no keys");
}

/// Whoever is taken out takes their invitations along, and what they had begun stops at the lock.
#[db_test]
async fn nobody_comes_back_by_a_link_of_their_own(app: TestApp) {
    let store = app.store("a").await;
    let (_, ann) = person(&app, &store, "ann", Role::Owner).await;
    let (mal_id, mal) = person(&app, &store, "mal", Role::Owner).await;
    let (ben_id, ben) = person(&app, &store, "ben", Role::Owner).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let mut invite = async |scope: &OrganisationScope, name: &str, role| {
        let email: EmailAddress = format!("{name}@team.example").parse().expect("an address");
        invitations::invite(&mut tx, app.env(), scope, &email, role).await.expect("invited").1
    };
    let (back, above, within) = (
        invite(&mal, "mal2", Role::Owner).await,
        invite(&ben, "ben2", Role::Owner).await,
        invite(&ben, "ben3", Role::Editor).await,
    );
    let organised = tx.organisation(&ann).await.expect("the organisation");
    members::remove(&organised, app.env(), &ann, mal_id).await.expect("removed");
    members::set_role(&organised, app.env(), &ann, ben_id, Some(Role::Admin)).await.expect("lowered");
    for (token, open) in [(&back, false), (&above, false), (&within, true)] {
        let offer = invitations::offer(&mut tx, app.env(), token).await.expect("asked");
        assert_eq!(offer.is_some(), open);
    }
    let email: EmailAddress = "mal3@team.example".parse().expect("an address");
    let late = invitations::invite(&mut tx, app.env(), &mal, &email, Role::Support).await;
    assert!(matches!(late, Err(TeamError::None("member"))), "{late:?}");
    let key = keys::NewKey { name: "k".into(), role: Role::Owner, store: None, expires_at: None };
    assert!(matches!(keys::make(&mut tx, app.env(), &ben, key).await, Err(TeamError::None("member"))));
}

/// A key in force is always shown, however many were made and revoked after it.
#[db_test]
async fn a_key_in_force_cannot_be_hidden(app: TestApp) {
    let store = app.store("a").await;
    let (_, ann) = person(&app, &store, "ann", Role::Owner).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let key =
        |name: &str| keys::NewKey { name: name.into(), role: Role::Owner, store: None, expires_at: None };
    let (kept, _) = keys::make(&mut tx, app.env(), &ann, key("kept")).await.expect("made");
    for n in 0..205 {
        let (row, _) = keys::make(&mut tx, app.env(), &ann, key(&format!("k{n}"))).await.expect("made");
        let organised = tx.organisation(&ann).await.expect("the organisation");
        keys::revoke(&organised, app.env(), &ann, row.id.into()).await.expect("revoked");
    }
    let organised = tx.organisation(&ann).await.expect("the organisation");
    let listed = keys::list(&organised).await.expect("listed");
    assert!(listed[..2].iter().any(|row| row.id == kept.id) && listed.len() == 202, "{}", listed.len());
}

/// Each invitation is a mail to somebody who did not ask for it.
#[db_test]
async fn nobody_is_invited_all_day(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let invite = async |store: &TestStore, email: &str| {
        let scope = OrganisationScope::system(store.keys.organisation_id);
        let mut tx = app.db().write().await.expect("a transaction");
        let email: EmailAddress = email.parse().expect("an address");
        let done = invitations::invite(&mut tx, app.env(), &scope, &email, Role::Support).await;
        tx.commit().await.expect("committed");
        done.map(|_| ()).map_err(|e| e.to_string())
    };
    for store in [&a, &b, &a, &b, &a] {
        invite(store, "ann@example.com").await.expect("invited");
    }
    let said = invite(&b, "ann@example.com").await.expect_err("five a day, from whomever");
    assert!(said.contains("wait until tomorrow"), "{said}");
    invite(&b, "ben@example.com").await.expect("somebody else");
    app.clock().advance(DAY + 1);
    invite(&b, "ann@example.com").await.expect("tomorrow");
}

#[test]
fn a_name_can_be_seen() {
    for text in ["", " ", "\u{3164}", "a\u{ad}", "\u{e0041}a", "\u{2800}", "...", &"a".repeat(81)] {
        assert!(super::name("name", text).is_err(), "{text:?}");
    }
    for text in ["Ann", "Zoë O’Neill", "株式会社", "Lampen & Licht 2", "Shop 🛒"] {
        assert_eq!(super::name("name", text).expect(text), text);
    }
}
