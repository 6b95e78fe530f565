//! Texts of one store taken over into another.

use super::stored::{edit, wanted, with_set};
use crate::{
    templates::{
        Edit, StoredTemplate, Templates, TemplatesError,
        rollout::{self, Change, Known, Plan},
    },
    testing::{TestApp, TestStore},
};
use cartwheel_domain::{
    ids::TemplateId,
    locale::{Formality, Language},
};
use cartwheel_entity::template;
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, QueryFilter};
use std::sync::Arc;

async fn newest(app: &TestApp, store: &TestStore, language: Language) -> Arc<StoredTemplate> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    Templates::default().find(&scoped, wanted(language, Formality::Formal)).await.expect("found")
}

async fn plan(app: &TestApp, library: &TestStore, shop: &TestStore) -> (rollout::Source, Plan) {
    let id = newest(app, library, Language::De).await.id;
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&library.scope()).await.expect("the library");
    let source = rollout::source(&scoped, id).await.expect("given");
    let scoped = tx.enter(&shop.scope()).await.expect("the shop");
    let plan = rollout::plan(&scoped, &source).await.expect("planned");
    (source, plan)
}

/// Takes over what was planned; how many versions were made.
async fn take(
    app: &TestApp,
    shop: &TestStore,
    (source, plan): &(rollout::Source, Plan),
) -> Result<usize, TemplatesError> {
    let ready = plan.ready(&mut Known::new())?;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&shop.scope()).await.expect("the shop");
    let made = rollout::take(&scoped, app.env(), source, (&plan.seen, ready)).await?;
    tx.commit().await.expect("committed");
    Ok(made.len())
}

fn german(plan: &Plan) -> &Change {
    let text = plan.texts.iter().find(|t| (t.language, t.formality) == (Language::De, Formality::Formal));
    text.expect("the German text")
}

async fn change(app: &TestApp, store: &TestStore, edited: Edit) -> TemplateId {
    let base = newest(app, store, Language::De).await.id;
    edit(app, store, base, edited).await.expect("saved")
}

fn subject(text: &str) -> Edit {
    Edit { subject: Some(text.into()), ..Edit::default() }
}

#[db_test]
async fn what_was_written_in_a_store_stays_and_the_rest_follows(app: TestApp) {
    let (library, shop) = (with_set(&app, "library").await, with_set(&app, "shop").await);
    let before = plan(&app, &library, &shop).await;
    assert!(!before.1.texts.iter().any(Change::changes), "both have what they were given");
    change(&app, &library, subject("Von der Agentur")).await;
    change(&app, &shop, Edit { preheader: Some("Vom Laden".into()), ..Edit::default() }).await;
    let looked = plan(&app, &library, &shop).await;
    let text = german(&looked.1);
    assert_eq!(
        (text.after.subject.as_str(), text.after.preheader.as_str()),
        ("Von der Agentur", "Vom Laden")
    );
    assert_eq!(text.kept, ["preheader"]);
    assert_eq!(looked.1.texts.iter().filter(|t| t.changes()).count(), 1);
    assert_eq!(take(&app, &shop, &looked).await.expect("taken"), 1);
    let taken = newest(&app, &shop, Language::De).await;
    assert_eq!(
        (taken.subject.as_str(), taken.preheader.as_str(), taken.version),
        ("Von der Agentur", "Vom Laden", 3)
    );
    let again = plan(&app, &library, &shop).await;
    assert_eq!(take(&app, &shop, &again).await.expect("taken"), 0, "there is nothing left to do");
    assert_eq!(german(&again.1).kept, ["preheader"], "and what stays is told still");

    // What came from the library follows it; what was written over it meanwhile does not.
    change(&app, &library, Edit { preheader: Some("Neu".into()), ..subject("Zweite Fassung") }).await;
    change(&app, &shop, subject("Lieber so")).await;
    let looked = plan(&app, &library, &shop).await;
    assert_eq!(german(&looked.1).kept, ["subject", "preheader"]);
    assert!(!german(&looked.1).changes());
    // Written back to what came from the library, it follows again.
    change(&app, &shop, subject("Von der Agentur")).await;
    let looked = plan(&app, &library, &shop).await;
    take(&app, &shop, &looked).await.expect("taken");
    assert_eq!(newest(&app, &shop, Language::De).await.subject, "Zweite Fassung");
}

#[db_test]
async fn nothing_is_done_but_what_was_looked_at(app: TestApp) {
    let (library, shop) = (with_set(&app, "library").await, with_set(&app, "shop").await);
    change(&app, &library, subject("eins")).await;
    let looked = plan(&app, &library, &shop).await;
    change(&app, &shop, subject("mein eigener")).await;
    let stale = take(&app, &shop, &looked).await;
    assert!(matches!(stale, Err(TemplatesError::Outdated)), "{stale:?}");
    let mut looked = plan(&app, &library, &shop).await;
    change(&app, &library, subject("zwei")).await;
    // The source is read anew when it is done.
    looked.0 = plan(&app, &library, &shop).await.0;
    let stale = take(&app, &shop, &looked).await;
    assert!(matches!(stale, Err(TemplatesError::Outdated)), "{stale:?}");
    assert_eq!(newest(&app, &shop, Language::De).await.subject, "mein eigener");
}

#[db_test]
async fn a_store_without_the_text_gets_all_of_it(app: TestApp) {
    let library = with_set(&app, "library").await;
    let shop = with_set(&app, "shop").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&shop.scope()).await.expect("the shop");
    let gone = scoped.delete::<template::Entity>().filter(template::Column::Key.eq("recovery_1"));
    gone.exec(scoped.on()).await.expect("gone");
    tx.commit().await.expect("committed");
    let looked = plan(&app, &library, &shop).await;
    assert!(looked.1.is_new());
    assert_eq!(take(&app, &shop, &looked).await.expect("taken"), 7);
    let (theirs, ours) =
        (newest(&app, &library, Language::It).await, newest(&app, &shop, Language::It).await);
    assert_eq!((&ours.mjml, &ours.subject, ours.version), (&theirs.mjml, &theirs.subject, 1));
    assert_ne!(ours.id, theirs.id);
}
