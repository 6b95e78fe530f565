use super::*;
use crate::{
    journeys::install_default,
    testing::{START, TestApp, TestStore},
};
use cartwheel_domain::{
    event::{Marks, Source},
    money::Currency,
    settings::StoreSettings,
    time::{DAY, MINUTE, SECOND},
};
use cartwheel_entity::{journey_run, metric_day};
use cartwheel_macros::db_test;
use sea_orm::IntoActiveModel;

fn abandoner(app: &TestApp) -> Abandoner {
    Abandoner::new(
        app.db().clone(),
        app.env().clone(),
        Wake::default(),
        app.stores().clone(),
        Versions::default(),
    )
}

async fn with_journey(app: &TestApp, name: &str) -> TestStore {
    app.allow_leftovers();
    let store = app.store(name).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    install_default(&scoped, app.env(), &StoreSettings::default()).await.expect("the default journey");
    tx.commit().await.expect("committed");
    store
}

async fn cart_of(app: &TestApp, store: &TestStore, contact: Option<Uuid>, idle_at: Option<Millis>) -> Uuid {
    let id = app.env().uuid();
    let mut model =
        crate::carts::created(store.id().uuid(), id, Source::Api, Currency::EUR, Marks::default(), START);
    (model.contact_id, model.idle_at, model.total_minor, model.item_count) = (contact, idle_at, 1990, 1);
    (model.last_activity_at, model.source_at) = (START, START);
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.insert::<cart::Entity>(vec![model.into_active_model()]).await.expect("a cart");
    tx.commit().await.expect("committed");
    id
}

async fn rows<E: cartwheel_entity::Tenant>(app: &TestApp, store: &TestStore) -> Vec<E::Model>
where
    E::Model: Send + Sync,
{
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.find::<E>().all(scoped.on()).await.expect("rows")
}

#[db_test]
async fn due_carts_are_judged_once_and_only_people_one_can_write_to_enter(app: TestApp) {
    let (a, b) = (with_journey(&app, "a").await, with_journey(&app, "b").await);
    let ann = a.contact("ann@example.com").await.uuid();
    let known = cart_of(&app, &a, Some(ann), Some(START + MINUTE)).await;
    let anonymous = cart_of(&app, &a, None, Some(START + MINUTE)).await;
    let later = cart_of(&app, &a, Some(ann), Some(START + DAY)).await;
    let done = cart_of(&app, &a, Some(ann), None).await;
    let other = cart_of(&app, &b, Some(b.contact("bo@example.com").await.uuid()), Some(START + MINUTE)).await;
    let judge = abandoner(&app);
    assert_eq!(judge.tick().await.expect("a round"), Swept::default(), "nothing is due yet");
    app.clock().advance(2 * MINUTE);
    assert_eq!(judge.tick().await.expect("a round"), Swept { abandoned: 3, runs: 2, ..Swept::default() });
    assert_eq!(judge.tick().await.expect("a round"), Swept::default(), "exactly once");
    let carts = rows::<cart::Entity>(&app, &a).await;
    let of = |id: Uuid| {
        carts.iter().find(|c| c.id == id).map(|c| (c.status.as_str(), c.entries, c.idle_at, c.abandoned_at))
    };
    for id in [known, anonymous] {
        assert_eq!(of(id), Some(("abandoned", 1, None, Some(START + 2 * MINUTE))));
    }
    assert_eq!(
        (of(later), of(done)),
        (Some(("active", 0, Some(START + DAY), None)), Some(("active", 0, None, None)))
    );
    let runs = rows::<journey_run::Entity>(&app, &a).await;
    assert_eq!(runs.iter().map(|r| (r.cart_id, r.contact_id)).collect::<Vec<_>>(), [(Some(known), ann)]);
    assert_eq!(
        rows::<journey_run::Entity>(&app, &b).await.iter().map(|r| r.cart_id).collect::<Vec<_>>(),
        [Some(other)]
    );
    let metrics = rows::<metric_day::Entity>(&app, &a).await;
    let metric = |name: &str| {
        metrics.iter().filter(|m| m.metric == name).fold((0, 0), |s, m| (s.0 + m.n, s.1 + m.minor))
    };
    assert_eq!((metric("abandoned"), metric("reachable")), ((2, 3980), (1, 0)));
}

#[db_test]
async fn two_workers_judge_a_cart_once(app: TestApp) {
    let store = with_journey(&app, "a").await;
    let ann = store.contact("ann@example.com").await.uuid();
    for _ in 0..20 {
        cart_of(&app, &store, Some(ann), Some(START)).await;
    }
    let (one, two) = (abandoner(&app), abandoner(&app));
    let (a, b) = tokio::join!(one.tick(), two.tick());
    let (a, b) = (a.expect("a round"), b.expect("a round"));
    assert_eq!((a.abandoned + b.abandoned, a.runs + b.runs), (20, 20));
    assert!(rows::<cart::Entity>(&app, &store).await.iter().all(|c| c.entries == 1));
}

#[db_test]
async fn what_is_too_old_is_closed_instead_of_reminded(app: TestApp) {
    let store = with_journey(&app, "a").await;
    let ann = store.contact("ann@example.com").await.uuid();
    cart_of(&app, &store, Some(ann), Some(START)).await;
    cart_of(&app, &store, Some(ann), None).await;
    app.clock().advance(31 * DAY);
    let fresh = cart_of(&app, &store, Some(ann), None).await;
    {
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        let update =
            scoped.update::<cart::Entity>().col_expr(cart::Column::UpdatedAt, Expr::value(app.env().now()));
        let update = update.col_expr(cart::Column::LastActivityAt, Expr::value(app.env().now() - SECOND));
        update.filter(cart::Column::Id.eq(fresh)).exec(scoped.on()).await.expect("touched");
        tx.commit().await.expect("committed");
    }
    let judge = abandoner(&app);
    assert_eq!(judge.tick().await.expect("a round"), Swept { expired: 1, ..Swept::default() });
    assert_eq!(judge.expire().await.expect("a round"), Swept { expired: 1, ..Swept::default() });
    assert_eq!(judge.expire().await.expect("a round"), Swept::default());
    let open = rows::<cart::Entity>(&app, &store).await.into_iter().filter(|c| c.status == "active").count();
    assert_eq!((open, rows::<journey_run::Entity>(&app, &store).await.len()), (1, 0));
}
