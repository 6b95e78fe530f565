//! A store's templates in the database.

use super::sample;
use crate::{
    templates::{Edit, Ready, Templates, TemplatesError, Wanted, install_default_set, newest, save},
    testing::{TestApp, TestStore},
};
use cartwheel_domain::{
    ids::TemplateId,
    locale::{Formality, Language},
};
use cartwheel_macros::db_test;

pub(super) async fn with_set(app: &TestApp, name: &str) -> TestStore {
    let store = app.store(name).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    install_default_set(&scoped, app.env()).await.expect("installed");
    tx.commit().await.expect("committed");
    store
}

pub(super) fn wanted(language: Language, formality: Formality) -> Wanted<'static> {
    Wanted { key: "recovery_1", language, formality, store_language: Language::De }
}

pub(super) async fn edit(
    app: &TestApp,
    store: &TestStore,
    base: TemplateId,
    edit: Edit,
) -> Result<TemplateId, TemplatesError> {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let old = Templates::default().get(&scoped, base).await?;
    let ready = Ready::of(old.channel, edit.applied(&old), old.language, old.formality)?;
    let id = save(&scoped, app.env(), base, ready).await?.id;
    tx.commit().await.expect("committed");
    Ok(id)
}

#[db_test]
async fn a_new_store_has_its_set_in_every_language(app: TestApp) {
    let store = with_set(&app, "one").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    install_default_set(&scoped, app.env()).await.expect("a second time changes nothing");
    let all = newest(&scoped, None).await.expect("the list");
    assert_eq!(all.len(), 35);
    assert!(all.iter().all(|head| head.version == 1));
    let templates = Templates::default();
    for language in Language::ALL {
        let found = templates.find(&scoped, wanted(language, Formality::Formal)).await.expect("found");
        assert_eq!((found.language, found.formality, found.version), (language, Formality::Formal, 1));
        let mail = found.mail.render(&sample(language, Formality::Formal, "cart"), true).expect("renders");
        assert!(mail.html.contains("https://mail.shop.example/r/tok"));
    }
}

#[db_test]
async fn the_next_best_language_is_taken(app: TestApp) {
    let store = with_set(&app, "two").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let templates = Templates::default();
    let english = templates.find(&scoped, wanted(Language::En, Formality::Informal)).await.expect("found");
    assert_eq!((english.language, english.formality), (Language::En, Formality::Formal));
    use cartwheel_entity::template::{Column, Entity};
    use sea_orm::{ColumnTrait, QueryFilter};
    scoped.delete::<Entity>().filter(Column::Language.eq("fr")).exec(scoped.on()).await.expect("gone");
    let fallback = templates.find(&scoped, wanted(Language::Fr, Formality::Informal)).await.expect("found");
    assert_eq!((fallback.language, fallback.formality), (Language::De, Formality::Informal));
    scoped.delete::<Entity>().filter(Column::Language.eq("de")).exec(scoped.on()).await.expect("gone");
    let last = templates.find(&scoped, wanted(Language::Fr, Formality::Informal)).await.expect("found");
    assert_eq!(last.language, Language::En);
    let none = Wanted { key: "nope", ..wanted(Language::Fr, Formality::Informal) };
    assert!(matches!(templates.find(&scoped, none).await, Err(TemplatesError::Missing(_))));
}

#[db_test]
async fn an_edit_is_a_new_version_and_the_old_one_stays(app: TestApp) {
    let store = with_set(&app, "three").await;
    let templates = Templates::default();
    let first = {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        templates.find(&scoped, wanted(Language::De, Formality::Formal)).await.expect("found")
    };
    let change = Edit { subject: Some("Hallo {{ contact.first_name }}".into()), ..Edit::default() };
    let id = edit(&app, &store, first.id, change).await.expect("saved");
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let second = templates.find(&scoped, wanted(Language::De, Formality::Formal)).await.expect("found");
    assert_eq!((second.id, second.version), (id, 2));
    assert_eq!(second.mjml, first.mjml, "what was not given stays");
    let context = sample(Language::De, Formality::Formal, "cart");
    assert_eq!(second.mail.render(&context, true).expect("renders").subject, "Hallo Jonas");
    let again = templates.get(&scoped, first.id).await.expect("the old version is still there");
    assert!(again.mail.render(&context, true).expect("renders").subject.starts_with("Ihr Warenkorb"));
    drop(tx);
    let stale = edit(&app, &store, first.id, Edit::default()).await;
    assert!(matches!(stale, Err(TemplatesError::Changed { newest: 2 })), "{stale:?}");
}

#[db_test]
async fn a_mistake_is_refused_whole_with_its_place(app: TestApp) {
    let store = with_set(&app, "four").await;
    let templates = Templates::default();
    let base = {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        templates.find(&scoped, wanted(Language::It, Formality::Formal)).await.expect("found").id
    };
    for (change, field, line, column) in [
        (Edit { subject: Some("a {{ b".into()), ..Edit::default() }, "subject", 1, 3),
        (Edit { preheader: Some("{{ b | nope }}".into()), ..Edit::default() }, "preheader", 1, 8),
        (Edit { text: Some("\n {% if %}".into()), ..Edit::default() }, "text", 2, 8),
        (
            Edit {
                mjml: Some("<mjml>\n<mj-nope /></mjml>".into()),
                subject: Some("good".into()),
                ..Edit::default()
            },
            "mjml",
            2,
            1,
        ),
    ] {
        match edit(&app, &store, base, change).await {
            Err(TemplatesError::Invalid(fault)) => {
                assert_eq!(
                    (fault.field, fault.error.line, fault.error.column),
                    (field, line, column),
                    "{fault}"
                );
            }
            other => panic!("{field}: {other:?}"),
        }
    }
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let all = newest(&scoped, None).await.expect("the list");
    assert!(all.iter().all(|head| head.version == 1), "nothing was saved");
}

#[db_test]
async fn another_stores_template_is_not_there(app: TestApp) {
    let (a, b) = (with_set(&app, "a").await, with_set(&app, "b").await);
    let templates = Templates::default();
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&a.scope()).await.expect("the store");
    let of_a = templates.find(&scoped, wanted(Language::En, Formality::Formal)).await.expect("found");
    let scoped = tx.enter(&b.scope()).await.expect("the store");
    assert!(
        matches!(templates.get(&scoped, of_a.id).await, Err(TemplatesError::Missing(_))),
        "even though it is cached"
    );
    drop(tx);
    let foreign = edit(&app, &b, of_a.id, Edit { subject: Some("x".into()), ..Edit::default() }).await;
    assert!(matches!(foreign, Err(TemplatesError::Missing(_))));
}
