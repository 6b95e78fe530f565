//! The whole application behind its real routes.

use super::TestApp;
use crate::{
    app::{App, Parts},
    channels::{Channel, fake::Fake},
    config::{Config, Secret, SignUp},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::sync::Arc;

/// The service as it is put together for serving, with mail, strangers let in, and a Stripe that nobody answers for.
pub async fn whole(app: &TestApp) -> App {
    let config = Config {
        public_url: "https://cartwheel.example".into(),
        mail_from: Some("no-reply@cartwheel.example".into()),
        sign_up: SignUp::Open,
        stripe_key: Some(Secret::new("sk_test_door")),
        stripe_webhook_secret: Some(Secret::new("whsec_door")),
        stripe_url: "http://127.0.0.1:9".into(),
        ..Config::default()
    };
    let (url, mail) = (config.public_url.clone(), Some(Arc::<Fake>::default() as Arc<dyn Channel>));
    let parts = Parts::new(
        app.db().clone(),
        app.env().clone(),
        app.master_key(),
        &url,
        mail,
        config.stripe_key.is_some(),
    );
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    App::over(config, parts, metrics).await.expect("put together")
}
