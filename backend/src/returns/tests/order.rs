//! Reports are repeated and come in any order.

use super::{Amazon, desk, row, sent, standing};
use crate::{
    consent::suppression,
    returns::{Told, What, keep},
    testing::TestApp,
};
use cartwheel_domain::{
    consent::{Channel, SuppressionReason},
    mail::Bounce,
    time::DAY,
};
use cartwheel_entity::{message, message_receipt, metric_day};
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use std::sync::Arc;

fn told(reference: &str, what: What) -> Vec<Told> {
    vec![Told { reference: reference.to_owned(), what }]
}

fn soft() -> What {
    What::Bounced(Bounce::Soft, "552 5.2.2 ann@example.com is full".into())
}

/// Whatever comes in whatever order, and however often: the same end.
#[db_test]
async fn any_order_comes_to_the_same_end(app: TestApp) {
    let store = app.store("a").await;
    let desk = desk(&app, Arc::<Amazon>::default());
    let reports = || [What::Delivered, soft(), What::Bounced(Bounce::Hard, "gone".into()), What::Complained];
    let mut orders = Vec::new();
    for a in 0..4 {
        for b in 0..4 {
            for c in 0..4 {
                for d in 0..4 {
                    let order = [a, b, c, d];
                    if (0..4).all(|n| order.contains(&n)) {
                        orders.push(order);
                    }
                }
            }
        }
    }
    assert_eq!(orders.len(), 24);
    let addresses: Vec<String> = (0..24).map(|n| format!("p{n}@example.com")).collect();
    for (mail, order) in sent(&app, &store, &addresses).await.iter().zip(orders) {
        for n in order {
            for _ in 0..2 {
                keep(&desk, None, told(&mail.reference, reports()[n].clone())).await.expect("kept");
            }
        }
        let row = row(&app, &store, mail.id).await;
        assert_eq!(row.bounce.as_deref(), Some("hard"), "{order:?}");
        assert!(row.complained_at.is_some() && row.bounced_at.is_some() && row.status == 3, "{order:?}");
        assert_eq!(standing(&app, &store, &mail.to).await, Some(SuppressionReason::HardBounce), "{order:?}");
    }
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let counted = scoped
        .find::<metric_day::Entity>()
        .filter(metric_day::Column::Metric.is_in(["bounced", "complained"]));
    let counted = counted.all(scoped.on()).await.expect("counts");
    assert_eq!(counted.iter().map(|row| row.n).collect::<Vec<_>>(), [24, 24], "each mail once");
    let told = scoped.find::<message_receipt::Entity>().filter(message_receipt::Column::Kind.eq("bounced"));
    let texts: Vec<_> =
        told.all(scoped.on()).await.expect("receipts").into_iter().filter_map(|r| r.detail).collect();
    assert!(texts.iter().all(|text| !text.contains('@')), "no address is kept with it: {texts:?}");
}

#[db_test]
async fn the_fifth_that_comes_back_for_now_is_one_too_many(app: TestApp) {
    let store = app.store("a").await;
    let desk = desk(&app, Arc::<Amazon>::default());
    let five = |who: &str| vec![format!("{who}@example.com"); 5];
    let (ann, ben) = (sent(&app, &store, &five("ann")).await, sent(&app, &store, &five("ben")).await);
    // In whatever order they come back.
    let eve = sent(&app, &store, &five("eve")).await;
    for (n, at) in [3, 0, 4, 1, 2].into_iter().enumerate() {
        assert_eq!(standing(&app, &store, "eve@example.com").await, None, "after {n}");
        keep(&desk, None, told(&eve[at].reference, soft())).await.expect("kept");
    }
    assert_eq!(standing(&app, &store, "eve@example.com").await, Some(SuppressionReason::HardBounce));
    for (n, mail) in ann.iter().enumerate() {
        assert_eq!(standing(&app, &store, "ann@example.com").await, None, "after {n}");
        keep(&desk, None, told(&mail.reference, soft())).await.expect("kept");
    }
    assert_eq!(standing(&app, &store, "ann@example.com").await, Some(SuppressionReason::HardBounce));
    // One in between has arrived: not five in a row.
    for (n, mail) in ben.iter().enumerate() {
        let what = if n == 2 { What::Delivered } else { soft() };
        keep(&desk, None, told(&mail.reference, what)).await.expect("kept");
    }
    assert_eq!(standing(&app, &store, "ben@example.com").await, None);
}

#[db_test]
async fn what_came_late_or_for_another_store_says_nothing(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let desk = desk(&app, Arc::<Amazon>::default());
    let mail = sent(&app, &a, &["ann@example.com".into()]).await.remove(0);
    let hard = || told(&mail.reference, What::Bounced(Bounce::Hard, String::new()));
    assert_eq!(keep(&desk, Some(b.id()), hard()).await.expect("kept"), 0, "by the door of another store");
    app.clock().advance(31 * DAY);
    assert_eq!(keep(&desk, Some(a.id()), hard()).await.expect("kept"), 0, "a month later");
    assert_eq!(standing(&app, &a, "ann@example.com").await, None);
    app.clock().advance(-2 * DAY);
    assert_eq!(keep(&desk, Some(a.id()), hard()).await.expect("kept"), 1);
    assert_eq!(standing(&app, &b, "ann@example.com").await, None, "the other store's people are its own");
}

/// A hand-over of which nobody knew is settled by what comes back.
#[db_test]
async fn a_report_settles_what_was_in_doubt(app: TestApp) {
    let store = app.store("a").await;
    let desk = desk(&app, Arc::<Amazon>::default());
    let mail = sent(&app, &store, &["ann@example.com".into()]).await.remove(0);
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let doubt = scoped.update::<message::Entity>().col_expr(message::Column::Status, Expr::value(7));
    let doubt = doubt.col_expr(message::Column::SentAt, Expr::value(None::<i64>));
    doubt.filter(message::Column::Id.eq(mail.id.uuid())).exec(scoped.on()).await.expect("in doubt");
    tx.commit().await.expect("committed");
    keep(&desk, None, told(&mail.reference, What::Delivered)).await.expect("kept");
    let row = row(&app, &store, mail.id).await;
    assert!(row.status == 3 && row.sent_at.is_some() && row.delivered_at.is_some(), "{row:?}");
}

#[db_test]
async fn a_complaint_cannot_be_lifted(app: TestApp) {
    let store = app.store("a").await;
    let desk = desk(&app, Arc::<Amazon>::default());
    let mail = sent(&app, &store, &["ann@example.com".into()]).await.remove(0);
    keep(&desk, None, told(&mail.reference, What::Complained)).await.expect("kept");
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let at = (Channel::Email, "ann@example.com");
    let lifted = suppression::lift(&scoped, app.env(), &app.master_key(), at).await.expect("asked");
    assert!(!lifted, "not by the tenant");
    let rows = scoped.find::<message_receipt::Entity>().count(scoped.on()).await.expect("receipts");
    assert_eq!(rows, 1);
    drop(tx);
    assert_eq!(standing(&app, &store, "ann@example.com").await, Some(SuppressionReason::Complaint));
    assert_ne!(mail.contact.uuid(), mail.id.uuid());
}
