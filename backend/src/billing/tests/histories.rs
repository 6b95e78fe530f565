//! Webhooks that come twice, late, in any order, of the other mode, about others: the end is what Stripe says last.

use super::*;
use proptest::{
    prelude::{Strategy, any},
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// One change at Stripe.
fn changes() -> impl Strategy<Value = (usize, &'static str, &'static str, bool)> {
    let status = select(vec![
        "trialing",
        "active",
        "past_due",
        "unpaid",
        "canceled",
        "paused",
        "incomplete",
        "incomplete_expired",
    ]);
    let plan = select(vec![
        "cartwheel_starter_month_eur",
        "cartwheel_growth_year_chf",
        "cartwheel_scale_month_usd",
        "somebody_elses",
    ]);
    (0..2_usize, status, plan, any::<bool>())
}

/// What an account comes to, without the marks of when and how often Stripe was asked.
fn outcome(row: &billing_account::Model) -> billing_account::Model {
    let (epoch, news, attempts, judge_at) = (0, 0, 0, 0);
    billing_account::Model { epoch, news, attempts, judge_at, ask_at: 0, asked_at: None, ..row.clone() }
}

#[db_test]
async fn five_hundred_histories_end_as_stripe_says(app: TestApp) {
    let store = app.store("a").await;
    let (billing, fake) = desk(&app);
    let id = organisation(&store);
    put(&app, id, |r| r).await;
    let fresh = row(&app, id).await;
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]));
    let history = (proptest::collection::vec(changes(), 1..6), proptest::collection::vec(any::<u16>(), 40));
    let (mut news, mut known) = (0, 0);
    for seed in 0..500_u32 {
        let (steps, dice) = history.new_tree(&mut runner).expect("a history").current();
        let mut dice = dice.into_iter().cycle().map(usize::from);
        let mut roll = |n: usize| dice.next().map_or(0, |d| d % n);
        let customer = format!("cus_{seed}");
        fake.forget();
        put(&app, id, |r| billing_account::Model {
            customer_id: Some(customer.clone()),
            epoch: r.epoch,
            news: r.news,
            ..fresh.clone()
        })
        .await;
        let mut post: Vec<serde_json::Value> = Vec::new();
        for (n, (which, status, plan, ends)) in steps.iter().enumerate() {
            let fields = json!({ "status": status, "cancel_at_period_end": ends,
                "ended_at": (*status == "canceled").then_some(START / SECOND) });
            let subscription = format!("sub_{which}");
            let created = START / SECOND + i64::try_from(*which).expect("few");
            fake.subscribe(&subscription, &customer, &[plan], created, fields);
            for kind in ["customer.subscription.updated", "invoice.payment_failed"] {
                post.push(event(&format!("evt_{seed}_{n}_{kind}"), kind, &customer));
            }
            // Some come now, in any order, some twice; some not before the end.
            for _ in 0..roll(4) {
                if post.is_empty() {
                    break;
                }
                let which = roll(post.len());
                let one = if roll(2) == 0 { post.remove(which) } else { post[which].clone() };
                match billing.receive(&one).await.expect("kept") {
                    Some(Taken::News) => news += 1,
                    Some(Taken::Known) => known += 1,
                    other => panic!("seed {seed}: {other:?}"),
                }
            }
            if roll(3) == 0 {
                billing.ask().await.expect("asked");
            }
        }
        while !post.is_empty() {
            let one = post.swap_remove(roll(post.len()));
            billing.receive(&one).await.expect("kept");
            if roll(4) == 0 {
                billing.ask().await.expect("asked");
            }
        }
        let foreign = event(&format!("evt_{seed}_foreign"), "customer.subscription.deleted", "cus_of_nobody");
        assert_eq!(billing.receive(&foreign).await.expect("kept"), Some(Taken::Ignored));
        while billing.ask().await.expect("asked") {}

        let all = fake.subscriptions();
        let all = all.iter().filter_map(|v| Subscription::read(v, billing.book)).collect();
        let latest = Subscription::latest(all);
        let got = row(&app, id).await;
        let whole = overwritten(billing.book, fresh.clone(), latest.as_ref(), app.env().now());
        // What cannot be known of a price that is none of ours is what it was before.
        let unknown = latest.as_ref().is_some_and(|s| s.bought.is_none());
        let wanted = billing_account::Model {
            customer_id: Some(customer),
            plan: if unknown { got.plan.clone() } else { whole.plan.clone() },
            cycle: if unknown { got.cycle.clone() } else { whole.cycle.clone() },
            currency: if unknown || whole.subscription_id.is_none() || whole.status == "none" {
                got.currency.clone()
            } else {
                whole.currency.clone()
            },
            anchor: if whole.status == "none" { got.anchor } else { whole.anchor },
            hold: got.hold.clone(),
            hold_until: got.hold_until,
            contacts: got.contacts,
            ..whole
        };
        assert_eq!(outcome(&got), outcome(&wanted), "seed {seed}: {steps:?}");
        let held = match got.status.as_str() {
            "canceled" => Some("ended"),
            "unpaid" | "paused" => Some("unpaid"),
            _ => None,
        };
        assert_eq!(got.hold.as_deref(), held, "seed {seed}: {steps:?}");
    }
    assert!(news > 400 && known > 100, "{news} and {known}");
}

/// An answer to an older question never lies over a newer one, and news during a question are asked for.
#[db_test]
async fn a_late_answer_is_dropped_and_news_are_not(app: TestApp) {
    let store = app.store("a").await;
    let (billing, fake) = desk(&app);
    let id = organisation(&store);
    put(&app, id, |r| billing_account::Model { customer_id: Some("cus_x".into()), ..r }).await;
    fake.subscribe("sub_1", "cus_x", &["cartwheel_starter_month_eur"], START / SECOND, json!({}));
    fake.script([Fault::Status(500)]);
    assert!(billing.ask().await.expect("asked"));
    let failed = row(&app, id).await;
    assert_eq!((failed.plan.as_str(), failed.attempts, failed.ask_at), ("free", 1, START + MINUTE));
    assert!(!billing.ask().await.expect("asked"), "not at once");
    assert_eq!(
        billing.receive(&event("evt_1", "invoice.paid", "cus_x")).await.expect("kept"),
        Some(Taken::News)
    );
    assert_eq!(
        billing.receive(&event("evt_1", "invoice.paid", "cus_x")).await.expect("kept"),
        Some(Taken::Known)
    );
    assert!(billing.ask().await.expect("asked"), "news are a reason");
    assert_eq!(row(&app, id).await.plan, "starter");
    assert!(!billing.ask().await.expect("asked"));
    app.clock().advance(6 * HOUR);
    fake.change("sub_1", json!({ "status": "past_due" }));
    assert!(billing.ask().await.expect("asked"), "four times a day, in case its telling was lost");
    assert_eq!(row(&app, id).await.status, "past_due");
    let live = json!({ "id": "evt_2", "type": "invoice.paid", "livemode": true, "data": { "object": { "customer": "cus_x" } } });
    assert_eq!(billing.receive(&live).await.expect("kept"), Some(Taken::Ignored), "of the other mode");
    for none in [
        json!({}),
        json!([]),
        json!({ "id": "evt" }),
        json!({ "id": "", "type": "x" }),
        json!({ "id": 1, "type": "x" }),
    ] {
        assert_eq!(billing.receive(&none).await.expect("kept"), None, "{none}");
    }
}
