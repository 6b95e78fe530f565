//! The whole application behind its real routes.

use super::TestApp;
use crate::{
    app::{App, Parts},
    channels::{Channel, fake::Fake},
    config::{Config, Secret, SignUp},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::sync::Arc;

/// The service as it is put together for serving, with mail, strangers let in, and a Stripe that nobody answers for. Nobody is told
/// that they ask too much.
///
/// # Panics
/// When it cannot be put together.
pub async fn whole(app: &TestApp) -> App {
    whole_at(app, 1_000_000).await
}

/// The same, with so many requests a second for each caller.
///
/// # Panics
/// When it cannot be put together.
pub async fn whole_at(app: &TestApp, api_rate: u32) -> App {
    let config = Config {
        api_rate,
        public_url: "https://cartwheel.example".into(),
        mail_from: Some("no-reply@cartwheel.example".into()),
        sign_up: SignUp::Open,
        stripe_key: Some(Secret::new("sk_test_door")),
        stripe_webhook_secret: Some(Secret::new("whsec_door")),
        stripe_url: "http://127.0.0.1:9".into(),
        ..Config::default()
    };
    let fake = || Arc::<Fake>::default() as Arc<dyn Channel>;
    let (url, carriers) = (config.public_url.clone(), (Some(fake()), fake(), fake()));
    let parts = Parts::new(
        app.db().clone(),
        app.env().clone(),
        app.master_key(),
        &url,
        carriers,
        config.stripe_key.is_some(),
    );
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    App::over(config, parts, metrics).await.expect("put together")
}
