//! How notifications end, and what is refused.

use super::*;

#[db_test]
async fn a_no_to_notifications_silences_them_alone_and_a_new_yes_brings_them_back(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    let ann = story.ann().await;
    story.flow.leave(ann).await;
    story.flow.drain().await;
    let sent = story.notice().await;
    let key = app.master_key();
    let at = (story.flow.store.id(), MessageId(sent.id));
    // Pressed on the page, whatever it was called there: of a notification it is a no to notifications.
    let said = unsubscribe(app.db(), app.env(), &key, at, Choice::Email, ("page", &|_| None)).await;
    said.expect("written");
    assert!(!story.says_yes(ann).await);
    story.hours(2).await;
    let mail = story.flow.messages().await.into_iter().find(|m| m.channel == "email").expect("a mail");
    assert_eq!(mail.status, SENT, "mail stays as it is");
    story.hours(8 * 24).await;
    story.flow.leave(ann).await;
    story.flow.drain().await;
    assert_eq!(story.told().await, (SUPPRESSED, Some("any.withdrawn".into())));
    story.browse(vec![story.subscribed(PHONE)]).await;
    story.vouched("ann@example.com", &[PHONE]).await;
    assert!(story.says_yes(ann).await);
    story.flow.leave(ann).await;
    story.flow.drain().await;
    assert_eq!(story.told().await, (SENT, None));
}

#[db_test]
async fn a_browser_takes_back_its_own_subscription_and_no_other(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    let ann = story.ann().await;
    let ended = |by: Browser, endpoint: &str| {
        story.call(by, "Push Unsubscribed", json!({ "subscription": { "endpoint": endpoint } }))
    };
    story.browse(vec![ended(LAPTOP, PHONE.endpoint)]).await;
    assert_eq!(story.endpoints().await.len(), 2, "not by another's token");
    story.browse(vec![ended(PHONE, PHONE.endpoint)]).await;
    assert_eq!(story.endpoints().await, BTreeSet::from([LAPTOP.endpoint.to_owned()]));
    assert!(story.says_yes(ann).await, "there is another browser");
    story.browse(vec![ended(LAPTOP, LAPTOP.endpoint), ended(LAPTOP, LAPTOP.endpoint)]).await;
    assert!(!story.says_yes(ann).await);
    let noes = story.rows::<consent_event::Entity>().await;
    let noes: Vec<_> = noes.iter().filter(|row| row.action == Action::Withdrawn.as_str()).collect();
    assert_eq!(noes.len(), 1, "once");
    assert_eq!(noes[0].method, "browser");
    // Nobody takes a subscription over by naming its address.
    story.browse(vec![story.subscribed(PHONE)]).await;
    let stolen = Browser { endpoint: PHONE.endpoint, ..LAPTOP };
    story.browse(vec![story.subscribed(stolen)]).await;
    let rows = story.rows::<push_device::Entity>().await;
    assert_eq!(rows.iter().map(|row| row.browser.as_str()).collect::<Vec<_>>(), [PHONE.token]);
}

#[db_test]
async fn what_is_no_subscription_is_refused_at_its_field(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    let good = story.subscribed(PHONE);
    let spoilt = |spoil: &dyn Fn(&mut Value)| {
        let mut call = good.clone();
        call["messageId"] = app.env().uuid().to_string().into();
        spoil(&mut call);
        call
    };
    for (place, call) in [
        ("/batch/0/properties/subscription", spoilt(&|c| c["properties"]["subscription"] = json!("x"))),
        (
            "/batch/0/properties/subscription/endpoint",
            spoilt(&|c| c["properties"]["subscription"]["endpoint"] = json!("http://10.0.0.7/")),
        ),
        (
            "/batch/0/properties/subscription/keys/p256dh",
            spoilt(&|c| c["properties"]["subscription"]["keys"]["p256dh"] = json!("AAAA")),
        ),
        (
            "/batch/0/properties/subscription/keys/auth",
            spoilt(&|c| c["properties"]["subscription"]["keys"]["auth"] = json!("")),
        ),
        (
            "/batch/0/properties/consent/wording",
            spoilt(&|c| c["properties"]["consent"]["wording"] = json!(" ")),
        ),
        ("/batch/0/properties/key", spoilt(&|c| c["properties"]["key"] = Value::Null)),
        ("/batch/0/properties/cart_token", spoilt(&|c| c["context"] = json!({}))),
        (
            "/batch/0/anonymousId",
            spoilt(&|c| {
                c["anonymousId"] = Value::Null;
                c["userId"] = json!("u");
            }),
        ),
    ] {
        let (status, said) = story.send(&story.flow.store.keys.public_key, vec![call]).await;
        assert_eq!(
            (status, &said["errors"][0]["pointer"]),
            (StatusCode::BAD_REQUEST, &json!(place)),
            "{said}"
        );
    }
    assert_eq!(story.endpoints().await, BTreeSet::new());
}

#[db_test]
async fn new_keys_end_all_subscriptions_and_the_private_half_is_never_readable(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    let ann = story.ann().await;
    let old = story.inside(async |scoped| push::pair(scoped, &app.master_key()).await.expect("opened")).await;
    let old = old.expect("a pair");
    assert_eq!(old.public(), story.key);
    let with = (&app.master_key(), app.env());
    let mut tx = app.db().write().await.expect("a transaction");
    // Asked again, it makes no other.
    push::ensure(&mut tx, &story.flow.store.scope(), with).await.expect("there");
    let ended = push::rotate(&mut tx, &story.flow.store.scope(), with).await.expect("rotated");
    tx.commit().await.expect("committed");
    assert_eq!(ended, 2);
    let now = story.current_key().await;
    assert_ne!(now, story.key);
    // A page that was open knows the old key: nothing could be sent there.
    story.browse(vec![story.subscribed(PHONE)]).await;
    assert_eq!(story.endpoints().await, BTreeSet::new());
    let story = Story { key: now, ..story };
    story.browse(vec![story.subscribed(PHONE)]).await;
    assert_eq!(story.endpoints().await.len(), 1);
    let kept = story.rows::<store_secret::Entity>().await;
    let kept = kept.iter().find(|row| row.kind == SecretKind::PushKey.as_str()).expect("sealed");
    assert!(!kept.sealed.contains(&old.text()));
    let pair =
        story.inside(async |scoped| push::pair(scoped, &app.master_key()).await.expect("opened")).await;
    assert!(!kept.sealed.contains(&pair.expect("a pair").text()));
    // Without a route messages wait and say so.
    story
        .inside(async |scoped| {
            let gone = scoped.delete::<store_secret::Entity>();
            gone.filter(store_secret::Column::Kind.eq("push_key"))
                .exec(scoped.on())
                .await
                .expect("taken out");
        })
        .await;
    story.vouched("ann@example.com", &[PHONE]).await;
    story.flow.leave(ann).await;
    story.flow.drain().await;
    assert_eq!(story.told().await, (QUEUED, Some("no_push_route".into())));
    app.allow_leftovers();
}

#[db_test]
async fn whoever_is_erased_or_stays_away_for_a_year_is_notified_nowhere(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    let ann = story.ann().await;
    app.clock().advance(push::KEPT - DAY);
    story.browse(vec![story.subscribed(PHONE)]).await;
    app.clock().advance(2 * DAY);
    assert_eq!(push::sweep(app.db(), app.env()).await.expect("swept"), 1);
    assert_eq!(
        story.endpoints().await,
        BTreeSet::from([PHONE.endpoint.to_owned()]),
        "it was there last year"
    );
    story.vouched("ann@example.com", &[PHONE]).await;
    let (env, key): (&Env, _) = (app.env(), app.master_key());
    story
        .inside(async |scoped| {
            privacy::erase_contacts(scoped, env, &key, &[ann.uuid()], privacy::Why::Asked)
                .await
                .expect("erased");
        })
        .await;
    assert_eq!(story.endpoints().await, BTreeSet::new());
}

#[db_test]
async fn ten_browsers_of_a_person_are_kept(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    for n in 0..13 {
        app.clock().advance(MINUTE);
        let endpoint = Box::leak(format!("https://push.example/{n}").into_boxed_str());
        story.browse(vec![story.subscribed(Browser { endpoint, ..PHONE })]).await;
    }
    let left = story.endpoints().await;
    assert_eq!(left.len(), 10);
    assert!(left.contains("https://push.example/12") && !left.contains("https://push.example/2"), "{left:?}");
}
