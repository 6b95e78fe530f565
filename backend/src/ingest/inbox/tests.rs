use super::*;
use crate::{
    ingest::project::event_id,
    testing::{START, TestApp},
};
use cartwheel_domain::event::{Body, Event, EventKind, Marks, Source, Who};
use cartwheel_entity::event;
use cartwheel_macros::db_test;
use sea_orm::PaginatorTrait;

fn nobody() -> Changed {
    Arc::new(|_, _| {})
}

fn page(id: &str) -> Arrived {
    let who = Who { anonymous_id: Some("b".into()), ..Who::default() };
    let event = Event {
        source: Source::Api,
        source_id: id.into(),
        occurred_at: START,
        kind: EventKind::PageViewed,
        name: "page".into(),
        who,
        body: Body::Plain(Default::default()),
        marks: Marks::default(),
    };
    Arrived::new(event, "{}".into(), None)
}

async fn kept(app: &TestApp) -> u64 {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all stores");
    system.find::<event::Entity>().count(system.on()).await.expect("a count")
}

#[db_test]
async fn what_is_answered_is_kept_and_a_group_shares_its_commit(app: TestApp) {
    let inbox =
        Inbox::start(app.db().clone(), app.env().clone(), Wake::default(), nobody(), InboxLimits::default());
    let store = app.store("a").await;
    let info = app.stores().by_id(store.id()).await.expect("a look").expect("the store");
    let all = (0..50).map(|i| inbox.accept(info.clone(), vec![page(&i.to_string()), page("same")]));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(kept(&app).await, 51);
    let repeats =
        answers.into_iter().flat_map(|a| a.expect("kept")).filter(|o| *o == Outcome::Duplicate).count();
    assert_eq!((repeats, inbox.queued()), (49, 0));
    inbox.close().await;
    assert!(matches!(inbox.accept(info, vec![page("late")]).await, Err(InboxError::Closed)));
}

#[db_test]
async fn one_that_cannot_be_kept_takes_no_other_along(app: TestApp) {
    let inbox =
        Inbox::start(app.db().clone(), app.env().clone(), Wake::default(), nobody(), InboxLimits::default());
    let (good, gone) = (app.store("good").await, app.store("gone").await);
    let good = app.stores().by_id(good.id()).await.expect("a look").expect("the store");
    let known = app.stores().by_id(gone.id()).await.expect("a look").expect("the store");
    // A store the database does not know: its rows break a foreign key.
    let mut stranger = (*known).clone();
    stranger.id = app.env().id();
    let stranger = Arc::new(stranger);
    let first = async { (inbox.accept(good.clone(), vec![page("1")]).await, inbox.queued()) };
    let (a, b, c) = tokio::join!(
        first,
        inbox.accept(stranger, vec![page("2"), page("3")]),
        inbox.accept(good.clone(), vec![page("4")]),
    );
    assert!(a.0.is_ok() && c.is_ok());
    // Whoever has their answer may send the next at once: theirs must not count any more as waiting.
    assert!(a.1 <= 3, "{} wait while the first has its answer", a.1);
    assert!(matches!(b, Err(InboxError::Database(_))));
    assert_eq!(kept(&app).await, 2);
    inbox.close().await;
}

#[db_test]
async fn past_its_bound_the_inbox_says_come_back(app: TestApp) {
    let limits = InboxLimits { arrivals: 100, events: 10 };
    let inbox = Inbox::start(app.db().clone(), app.env().clone(), Wake::default(), nobody(), limits);
    let store = app.store("a").await;
    let info = app.stores().by_id(store.id()).await.expect("a look").expect("the store");
    let all =
        (0..20).map(|i| inbox.accept(info.clone(), vec![page(&format!("{i}a")), page(&format!("{i}b"))]));
    let answers = futures_util::future::join_all(all).await;
    let full = answers.iter().filter(|a| matches!(a, Err(InboxError::Full))).count();
    assert!(full > 0, "forty events do not fit where ten do");
    let answered = answers.iter().filter(|a| a.is_ok()).count() as u64 * 2;
    assert_eq!(
        (kept(&app).await, inbox.queued()),
        (answered, 0),
        "what was answered is kept, the rest is not"
    );
    // One larger than the bound comes in when nothing waits.
    let large: Vec<_> = (0..15).map(|i| page(&format!("large{i}"))).collect();
    assert!(inbox.accept(info, large).await.is_ok());
    inbox.close().await;
}

#[test]
fn ids_are_of_source_and_source_id() {
    assert_eq!(event_id(Source::Api, "1"), event_id(Source::Api, "1"));
    assert_ne!(event_id(Source::Api, "1"), event_id(Source::Snippet, "1"));
    assert_eq!(event_id(Source::Api, "1").get_version_num(), 8);
}

#[test]
fn the_queue_is_as_long_as_the_pace_allows() {
    let mut pace = Pace::default();
    assert_eq!(pace.allowed(), LARGEST, "one group, while nothing is known");
    for _ in 0..20 {
        pace.learn(2_000, 200);
    }
    let quick = pace.allowed();
    assert!((3_990..=4_010).contains(&quick), "four tenths of 10,000 a second: {quick}");
    for (events, millis) in [(10, 1_000), (2_000, 0), (2_000, -5)] {
        pace.learn(events, millis);
    }
    assert_eq!(pace.allowed(), quick, "a small group, and a clock that stands or goes back, tell nothing");
    for _ in 0..40 {
        pace.learn(2_000, 4_000);
    }
    assert_eq!(pace.allowed(), LARGEST, "one group may always wait");
}
