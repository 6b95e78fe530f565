//! What a watcher is told, and what not.

use super::{Changed, Live, Watch};
use crate::{
    channels::fake::Fake,
    testing::{TestApp, flow::Flow},
};
use cartwheel_domain::{
    ids::MessageId,
    time::{HOUR, MINUTE},
};
use cartwheel_macros::db_test;
use tokio::sync::broadcast::Receiver;

fn told(changes: &mut Receiver<super::Change>) -> Vec<Changed> {
    std::iter::from_fn(|| changes.try_recv().ok()).map(|(_, what)| what).collect()
}

#[db_test]
async fn a_watcher_of_messages_hears_of_a_new_one_and_of_what_becomes_of_it(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let live = Live::default();
    let mut watcher = live.watch(flow.store.id(), Watch::Messages, app.env().now());
    live.look(app.db()).await.expect("a look");
    assert_eq!(told(&mut watcher.changes), []);

    flow.left("ann@example.com").await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    while flow.engine().tick().await.expect("a pass").claimed > 0 {}
    live.look(app.db()).await.expect("a look");
    let queued = flow.messages().await;
    let mine = Changed::Message(MessageId(queued[0].id));
    assert_eq!(told(&mut watcher.changes), [mine], "queued");

    live.look(app.db()).await.expect("a look");
    assert_eq!(told(&mut watcher.changes), [], "nothing happened in between");

    flow.drain().await;
    live.look(app.db()).await.expect("a look");
    assert_eq!(told(&mut watcher.changes), [mine], "sent");
}

#[db_test]
async fn a_store_is_asked_about_only_while_somebody_watches(app: TestApp) {
    let store = app.store("a").await;
    let live = Live::default();
    let (one, two) = (
        live.watch(store.id(), Watch::Carts, app.env().now()),
        live.watch(store.id(), Watch::Carts, app.env().now()),
    );
    drop(one);
    assert_eq!(live.watched.lock().expect("whole").len(), 1);
    drop(two);
    assert!(live.watched.lock().expect("whole").is_empty());
    live.look(app.db()).await.expect("a look");
}
