//! Servers are added, changed, checked and taken away.

use super::{Post, named, with_password};
use crate::{
    channels::email::server::Unusable,
    mail::{
        check::check,
        provider::{self, Change, MOST, ProviderError},
        ways,
    },
    testing::{TestApp, database, smtp::SmtpServer},
};
use cartwheel_domain::ids::ProviderId;
use cartwheel_entity::{mail_provider, store};
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, QueryFilter};
use tokio::{io::AsyncWriteExt, net::TcpListener};

async fn rows(post: &Post) -> Vec<mail_provider::Model> {
    let mut tx = post.flow.app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&post.flow.store.scope()).await.expect("the store");
    provider::all(&scoped).await.expect("rows")
}

async fn refused(post: &Post, local: bool, change: Change) -> ProviderError {
    let app = &post.flow.app;
    let mut tx = app.db().write().await.expect("a transaction");
    let with = (&post.flow.store.scope(), app.env(), &app.master_key());
    provider::save(&mut tx, with, local, None, &change).await.expect_err("refused")
}

async fn own(post: &Post) -> bool {
    let mut tx = post.flow.app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let query = system.find::<store::Entity>().filter(store::Column::Id.eq(post.flow.store.id().uuid()));
    query.one(system.on()).await.expect("asked").expect("the store").mail_own
}

#[db_test]
async fn servers_have_an_order_and_a_password_that_nobody_sees(app: TestApp) {
    let post = Post::new(&app).await;
    let server = SmtpServer::start().await;
    assert!(!own(&post).await);
    let a = post.server(&server, with_password("A", "shop-user", "canary-password")).await;
    let b = post.server(&server, named("B")).await;
    let c = post.server(&server, named("C")).await;
    assert!(own(&post).await);
    let stolen = database::dump(app.db()).await;
    for secret in ["canary-password", "shop-user"] {
        assert!(!stolen.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
    assert!(!format!("{:?}", rows(&post).await).contains("canary"));
    let reorder = async |ids: &[ProviderId]| {
        let mut tx = app.db().write().await.expect("a transaction");
        let done = provider::order(&mut tx, &post.flow.store.scope(), ids).await;
        tx.commit().await.expect("committed");
        done
    };
    reorder(&[c, a, b]).await.expect("ordered");
    for wrong in [vec![c, a], vec![c, a, a], vec![c, a, b, a], vec![]] {
        assert!(matches!(reorder(&wrong).await, Err(ProviderError::Order)), "{wrong:?}");
    }
    let names = async || rows(&post).await.into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!(names().await, ["C", "A", "B"]);
    let mut tx = app.db().write().await.expect("a transaction");
    provider::delete(&mut tx, &post.flow.store.scope(), a).await.expect("taken away");
    assert!(matches!(provider::delete(&mut tx, &post.flow.store.scope(), a).await, Err(ProviderError::None)));
    tx.commit().await.expect("committed");
    assert_eq!(rows(&post).await.iter().map(|row| row.position).collect::<Vec<_>>(), [0, 1]);
    for id in [b, c] {
        post.save(Some(id), Change { on: Some(false), ..Change::default() }).await;
    }
    assert!(!own(&post).await, "none is on");
}

#[db_test]
async fn what_cannot_be_a_server_is_refused_at_its_field(app: TestApp) {
    let post = Post::new(&app).await;
    let base = || Change { host: Some("smtp.example.com".into()), ..Change::default() };
    for (field, change) in [
        ("host", Change::default()),
        ("host", Change { host: Some("10.1.2.3".into()), ..base() }),
        ("host", Change { host: Some("localhost".into()), ..base() }),
        ("host", Change { host: Some("kubernetes.default.svc.internal".into()), ..base() }),
        ("port", Change { port: Some(22), ..base() }),
        ("port", Change { port: Some(70_000), ..base() }),
        ("security", Change { security: Some("ssl3".into()), ..base() }),
        ("security", Change { security: Some("none".into()), ..base() }),
        ("password", Change { user: Some("shop".into()), ..base() }),
        ("password", with_password("x", "shop", "two\r\nlines")),
        ("name", named("two\nlines")),
        ("service", Change { service: Some("pigeon".into()), ..base() }),
        ("sender", Change { sender: Some("nobody".into()), ..base() }),
        ("warmFirst", Change { warm_first: Some(0), ..base() }),
    ] {
        match refused(&post, false, change.clone()).await {
            ProviderError::Field(Unusable(found, _)) => assert_eq!(found, field, "{change:?}"),
            other => panic!("{field}: {other}"),
        }
    }
    assert_eq!(rows(&post).await, []);
    for n in 0..MOST {
        post.save(None, Change { name: Some(n.to_string()), ..base() }).await;
    }
    assert!(matches!(refused(&post, false, base()).await, ProviderError::TooMany));
}

/// Each way a server can be wrong has a word of its own; the password is not in it.
#[db_test]
async fn a_check_says_what_is_wrong(app: TestApp) {
    let post = Post::new(&app).await;
    let server = SmtpServer::start().await;
    server.lock_to("shop", "right");
    let checked = async |id| {
        let api = (app.db(), post.flow.store.scope(), app.master_key());
        let one = ways::one(api.0, &api.1, &api.2, id, true).await.expect("looked");
        check(one.as_ref()).await
    };
    let id = post.server(&server, with_password("A", "shop", "right")).await;
    assert_eq!(checked(id).await.word, "fine");
    assert_eq!(server.ledger(), [], "no mail is sent");
    post.save(Some(id), with_password("A", "shop", "canary-wrong")).await;
    let wrong = checked(id).await;
    assert_eq!(wrong.word, "sign_in_refused");
    assert!(wrong.said.contains("535") && !wrong.said.contains("canary"), "{}", wrong.said);
    // A password alone that is not given stays.
    post.save(Some(id), with_password("A", "shop", "right")).await;
    post.save(Some(id), named("Renamed")).await;
    assert_eq!(checked(id).await.word, "fine");
    post.save(Some(id), Change { security: Some("starttls".into()), ..Change::default() }).await;
    assert_eq!(checked(id).await.word, "tls", "it offers no STARTTLS");
    let web = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = i32::from(web.local_addr().expect("an address").port());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = web.accept().await.expect("a client");
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let other = Change { port: Some(port), security: Some("none".into()), ..Change::default() };
    post.save(Some(id), other).await;
    assert_eq!(checked(id).await.word, "no_smtp");
    serving.await.expect("served");
    assert_eq!(checked(id).await.word, "unreachable", "nobody listens any more");
    // Where this machine is not to be reached, the row of before is not used.
    let elsewhere = ways::one(app.db(), &post.flow.store.scope(), &app.master_key(), id, false).await;
    assert!(elsewhere.expect("looked").is_none());
}
