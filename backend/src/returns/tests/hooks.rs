//! The doors: who may tell, and what the providers' words mean.

use super::{Amazon, desk, row, sent, standing};
use crate::{
    accounts::service,
    clock::blinding,
    mail::desk as rows,
    returns::{http::routes, sns::at_amazon},
    testing::{TestApp, TestStore},
};
use actix_web::{
    dev::ServiceResponse,
    test::{TestRequest, call_service, init_service},
    web,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::consent::SuppressionReason;
use cartwheel_macros::db_test;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:mail";

async fn secret(app: &TestApp, store: &TestStore) -> String {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let row = rows::row(&scoped).await.expect("asked");
    rows::token(&app.master_key(), store.id(), row.hook_round)
}

async fn set(app: &TestApp, store: &TestStore, key: &str, value: &str) {
    let done = service::change_settings(app.db(), &store.scope(), |settings| settings.set(key, value)).await;
    done.expect("set");
    app.stores().forget(store.id());
}

/// Posts to a door; the status.
async fn post(
    app: &TestApp,
    amazon: &Arc<Amazon>,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> u16 {
    let desk = web::Data::new(desk(app, Arc::clone(amazon)));
    let web = init_service(actix_web::App::new().app_data(desk).configure(routes)).await;
    let mut request = TestRequest::post().uri(path).set_payload(body.to_vec());
    for (name, value) in headers {
        request = request.insert_header((*name, value.as_str()));
    }
    let response: ServiceResponse = call_service(&web, request.to_request()).await;
    response.status().as_u16()
}

#[db_test]
async fn who_does_not_know_the_address_is_told_that_there_is_none(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let amazon = Arc::<Amazon>::default();
    let mails = sent(&app, &a, &["ann@example.com".into(), "ben@example.com".into()]).await;
    let (own, other) = (secret(&app, &a).await, secret(&app, &b).await);
    let body = |n: usize| {
        json!({ "RecordType": "Bounce", "Type": "HardBounce", "Description": "gone", "Metadata": { "cartwheel": mails[n].reference } })
            .to_string()
            .into_bytes()
    };
    for path in [
        format!("/v1/mail/{}/{other}/postmark", a.id()),
        format!("/v1/mail/{}/{own}/postmark", b.id()),
        format!("/v1/mail/{}/{}/postmark", a.id(), "0".repeat(40)),
        format!("/v1/mail/nobody/{own}/postmark"),
    ] {
        assert_eq!(post(&app, &amazon, &path, &[], &body(0)).await, 404, "{path}");
    }
    // With the address of one store nothing is said of another's mail.
    let door = format!("/v1/mail/{}/{other}/postmark", b.id());
    assert_eq!(post(&app, &amazon, &door, &[], &body(0)).await, 204);
    assert_eq!(standing(&app, &a, "ann@example.com").await, None);
    let door = format!("/v1/mail/{}/{own}/postmark", a.id());
    assert_eq!(post(&app, &amazon, &door, &[], &body(0)).await, 204);
    assert_eq!(standing(&app, &a, "ann@example.com").await, Some(SuppressionReason::HardBounce));
    // Replaced, the address of before is none any more.
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&a.scope()).await.expect("the store");
    rows::replace(&scoped).await.expect("replaced");
    tx.commit().await.expect("committed");
    assert_eq!(post(&app, &amazon, &door, &[], &body(1)).await, 404);
    let large = vec![b'x'; 2 * 1024 * 1024];
    let door = format!("/v1/mail/{}/{}/raw", a.id(), secret(&app, &a).await);
    assert_eq!(post(&app, &amazon, &door, &[], &large).await, 413);
    assert_eq!(
        post(&app, &amazon, &door, &[], b"nothing").await,
        204,
        "what says nothing is taken and forgotten"
    );
}

#[db_test]
async fn postmarks_words_mean_what_they_mean(app: TestApp) {
    let store = app.store("a").await;
    let amazon = Arc::<Amazon>::default();
    let door = format!("/v1/mail/{}/{}/postmark", store.id(), secret(&app, &store).await);
    for (kind, word, expected) in [
        ("Bounce", "HardBounce", Some("hard")),
        ("Bounce", "SoftBounce", Some("soft")),
        ("Bounce", "Blocked", Some("soft")),
        ("Bounce", "Transient", None),
        ("Bounce", "AutoResponder", None),
        ("Bounce", "SpamComplaint", Some("spam")),
        ("SpamComplaint", "", Some("spam")),
        ("Delivery", "", Some("there")),
        ("SubscriptionChange", "", None),
        ("Open", "", None),
    ] {
        let mail = sent(&app, &store, &[format!("{kind}{word}@example.com").to_lowercase()]).await.remove(0);
        let body = json!({ "RecordType": kind, "Type": word, "Details": "said", "Metadata": { "cartwheel": mail.reference } });
        assert_eq!(post(&app, &amazon, &door, &[], body.to_string().as_bytes()).await, 204, "{kind} {word}");
        let row = row(&app, &store, mail.id).await;
        let found = row
            .bounce
            .clone()
            .or(row.complained_at.map(|_| "spam".into()))
            .or(row.delivered_at.map(|_| "there".into()));
        assert_eq!(found.as_deref(), expected, "{kind} {word}");
    }
}

#[db_test]
async fn sendgrids_events_count_with_its_signature_alone(app: TestApp) {
    let store = app.store("a").await;
    let amazon = Arc::<Amazon>::default();
    let door = format!("/v1/mail/{}/{}/sendgrid", store.id(), secret(&app, &store).await);
    let random: SystemRandom = blinding();
    let pair = |random: &SystemRandom| {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, random).expect("a key");
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.as_ref(), random).expect("a key")
    };
    let (key, stranger) = (pair(&random), pair(&random));
    let mut shown = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").expect("hex");
    shown.extend_from_slice(key.public_key().as_ref());
    let mails = sent(&app, &store, &(0..6).map(|n| format!("p{n}@example.com")).collect::<Vec<_>>()).await;
    let event = |n: usize, more: Value| {
        let mut one =
            json!({ "email": "x@example.com", "sg_event_id": "e", "cartwheel": mails[n].reference });
        one.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        one
    };
    let body = json!([
        event(0, json!({ "event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 user unknown" })),
        event(1, json!({ "event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "blocked" })),
        event(2, json!({ "event": "spamreport" })),
        event(3, json!({ "event": "delivered" })),
        event(4, json!({ "event": "deferred", "response": "451" })),
        event(5, json!({ "event": "dropped", "reason": "Bounced Address" })),
        { "event": 7 }, "nonsense",
    ])
    .to_string();
    let signed = |key: &EcdsaKeyPair, at: &str, body: &str| {
        let signature = key.sign(&random, format!("{at}{body}").as_bytes()).expect("signed");
        [
            ("x-twilio-email-event-webhook-signature", STANDARD.encode(signature.as_ref())),
            ("x-twilio-email-event-webhook-timestamp", at.to_owned()),
        ]
    };
    let good = signed(&key, "1772445600", &body);
    assert_eq!(post(&app, &amazon, &door, &good, body.as_bytes()).await, 403, "no key is set yet");
    set(&app, &store, "sendgrid_key", &STANDARD.encode(&shown)).await;
    let bad = signed(&stranger, "1772445600", &body);
    assert_eq!(post(&app, &amazon, &door, &bad, body.as_bytes()).await, 403, "somebody else's key");
    assert_eq!(post(&app, &amazon, &door, &[], body.as_bytes()).await, 403, "no signature");
    let changed = body.replace("deferred", "delivered");
    assert_eq!(post(&app, &amazon, &door, &good, changed.as_bytes()).await, 403, "another body");
    let mut later = good.clone();
    later[1].1 = "1772445601".into();
    assert_eq!(post(&app, &amazon, &door, &later, body.as_bytes()).await, 403, "another time");
    assert_eq!(standing(&app, &store, "p0@example.com").await, None);
    assert_eq!(post(&app, &amazon, &door, &good, body.as_bytes()).await, 204);
    let mut found = Vec::new();
    for mail in &mails {
        let row = row(&app, &store, mail.id).await;
        found.push(
            row.bounce
                .or(row.complained_at.map(|_| "spam".into()))
                .or(row.delivered_at.map(|_| "there".into())),
        );
    }
    let found: Vec<_> = found.iter().map(Option::as_deref).collect();
    assert_eq!(found, [Some("hard"), Some("soft"), Some("spam"), Some("there"), None, Some("hard")]);
}

/// A message of SNS, signed by the certificate of the tests.
fn envelope(kind: &str, topic: &str, message: &str, version: &str) -> Value {
    let mut all = json!({
        "Type": kind, "MessageId": "m-1", "TopicArn": topic, "Message": message, "Timestamp": "2026-03-02T10:00:00.000Z",
        "SignatureVersion": version, "Signature": "",
        "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
    });
    if kind != "Notification" {
        all["SubscribeURL"] =
            "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t".into();
        all["Token"] = "t".into();
    }
    let read: crate::returns::sns::Envelope = serde_json::from_value(all.clone()).expect("an envelope");
    let key = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("samples/sns-key.pem")).expect("a key");
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("a key");
    let mut signature = vec![0; key.public().modulus_len()];
    let signed = read.signed();
    key.sign(&RSA_PKCS1_SHA256, &blinding(), signed.as_bytes(), &mut signature).expect("signed");
    all["Signature"] = STANDARD.encode(signature).into();
    all
}

#[db_test]
async fn amazons_notifications_count_with_its_signature_alone(app: TestApp) {
    let store = app.store("a").await;
    let amazon = Arc::<Amazon>::default();
    let door = format!("/v1/mail/{}/{}/ses", store.id(), secret(&app, &store).await);
    let mails = sent(&app, &store, &(0..6).map(|n| format!("p{n}@example.com")).collect::<Vec<_>>()).await;
    let ses = |n: usize, more: Value| {
        let mut all = json!({ "mail": { "messageId": "x", "headers": [{ "name": "X-Cartwheel-Ref", "value": mails[n].reference }] } });
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all.to_string()
    };
    let gone = json!({ "notificationType": "Bounce", "bounce": { "bounceType": "Permanent", "bounceSubType": "General",
        "bouncedRecipients": [{ "emailAddress": "p0@example.com", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown" }] } });
    let tell = async |all: &Value| post(&app, &amazon, &door, &[], all.to_string().as_bytes()).await;
    let good = envelope("Notification", TOPIC, &ses(0, gone.clone()), "2");
    assert_eq!(tell(&good).await, 403, "no topic is set yet");
    set(&app, &store, "ses_topic", TOPIC).await;
    for (what, path, value) in [
        ("another message", "Message", json!(ses(1, gone.clone()))),
        ("another topic", "TopicArn", json!("arn:aws:sns:eu-central-1:123456789012:other")),
        (
            "a certificate from elsewhere",
            "SigningCertURL",
            json!("https://sns.eu-central-1.amazonaws.com.evil.example/x.pem"),
        ),
        ("a certificate by http", "SigningCertURL", json!("http://sns.eu-central-1.amazonaws.com/x.pem")),
        ("a version nobody knows", "SignatureVersion", json!("3")),
        ("the other hash", "SignatureVersion", json!("1")),
        ("no signature", "Signature", json!("")),
    ] {
        let mut bad = good.clone();
        bad[path] = value;
        assert_eq!(tell(&bad).await, 403, "{what}");
    }
    assert_eq!(standing(&app, &store, "p0@example.com").await, None);
    assert!(
        amazon
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .all(|url| at_amazon(url).is_some())
    );
    assert_eq!(tell(&good).await, 204);
    assert_eq!(standing(&app, &store, "p0@example.com").await, Some(SuppressionReason::HardBounce));
    let by_event = json!({ "eventType": "Complaint", "complaint": { "complaintFeedbackType": "abuse" },
        "mail": { "tags": { "cartwheel": [mails[1].reference] } } })
    .to_string();
    let away = json!({ "notificationType": "Bounce", "bounce": { "bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": [{ "emailAddress": "p2@example.com" }] } });
    let full = json!({ "notificationType": "Bounce", "bounce": { "bounceType": "Transient", "bounceSubType": "MailboxFull", "bouncedRecipients": [{ "status": "4.2.2", "diagnosticCode": "full" }] } });
    let there = json!({ "notificationType": "Delivery", "delivery": {} });
    let taken_back =
        json!({ "notificationType": "Complaint", "complaint": { "complaintFeedbackType": "not-spam" } });
    for message in [
        by_event,
        ses(2, away),
        ses(3, full),
        ses(4, there),
        ses(5, taken_back),
        "You have chosen to subscribe".into(),
    ] {
        assert_eq!(tell(&envelope("Notification", TOPIC, &message, "2")).await, 204, "{message}");
    }
    let mut found = Vec::new();
    for mail in &mails {
        let row = row(&app, &store, mail.id).await;
        found.push(
            row.bounce
                .or(row.complained_at.map(|_| "spam".into()))
                .or(row.delivered_at.map(|_| "there".into())),
        );
    }
    let found: Vec<_> = found.iter().map(Option::as_deref).collect();
    assert_eq!(found, [Some("hard"), Some("spam"), None, Some("soft"), Some("there"), None]);
}

#[db_test]
async fn a_subscription_is_confirmed_at_amazon_and_nowhere_else(app: TestApp) {
    let store = app.store("a").await;
    set(&app, &store, "ses_topic", TOPIC).await;
    let amazon = Arc::<Amazon>::default();
    let door = format!("/v1/mail/{}/{}/ses", store.id(), secret(&app, &store).await);
    let ask = envelope("SubscriptionConfirmation", TOPIC, "confirm", "2");
    let asked = |amazon: &Amazon| amazon.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut elsewhere = ask.clone();
    elsewhere["SubscribeURL"] = "https://evil.example/?Action=ConfirmSubscription".into();
    assert_eq!(post(&app, &amazon, &door, &[], elsewhere.to_string().as_bytes()).await, 403);
    assert!(asked(&amazon).iter().all(|url| !url.contains("ConfirmSubscription")));
    assert_eq!(post(&app, &amazon, &door, &[], ask.to_string().as_bytes()).await, 204);
    assert_eq!(
        asked(&amazon).iter().filter(|url| url.contains("Action=ConfirmSubscription&Token=t")).count(),
        1
    );
    // When Amazon's certificate cannot be had nothing is believed, and it is told to come again.
    let down = Arc::new(Amazon { down: true, ..Amazon::default() });
    assert_eq!(post(&app, &down, &door, &[], ask.to_string().as_bytes()).await, 503);
    for url in [
        "https://sns.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/x.pem",
        "https://evil.sns.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com:8443/x.pem",
        "https://sns.a.b.amazonaws.com/x.pem",
        "https://user@sns.eu-central-1.amazonaws.com/x.pem",
        "file:///etc/passwd",
        "https://169.254.169.254/x.pem",
    ] {
        assert!(at_amazon(url).is_none(), "{url}");
    }
    assert!(at_amazon("https://sns.cn-north-1.amazonaws.com.cn/x.pem").is_some());
}
