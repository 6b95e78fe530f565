//! What comes back, on both databases.

mod corpus;
mod hooks;
mod order;
mod samples;

use super::{Desk, sns};
use crate::{
    accounts::MasterKey,
    db::StoreScope,
    mail::reference,
    testing::{TestApp, TestStore},
};
use async_trait::async_trait;
use cartwheel_domain::{
    consent::{Channel, SuppressionReason},
    ids::{ContactId, MessageId},
};
use cartwheel_entity::{message, message_attempt, message_content};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Amazon's hosts, as a test wants them: one certificate, and a list of what was asked for.
#[derive(Default)]
struct Amazon {
    asked: Mutex<Vec<String>>,
    down: bool,
}

#[async_trait]
impl sns::Fetch for Amazon {
    async fn get(&self, url: &Url) -> Result<Vec<u8>, String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(url.to_string());
        if self.down {
            Err("nobody answers".into())
        } else {
            Ok(include_bytes!("samples/sns-certificate.pem").to_vec())
        }
    }
}

fn desk(app: &TestApp, amazon: Arc<Amazon>) -> Desk {
    Desk {
        db: app.db().clone(),
        env: app.env().clone(),
        key: app.master_key(),
        stores: app.stores().clone(),
        metered: true,
        sns: Arc::new(sns::Topics::new(amazon)),
    }
}

/// A mail that was handed over.
struct Sent {
    id: MessageId,
    contact: ContactId,
    to: String,
    reference: String,
    path: String,
}

/// Mails to these addresses, handed over just now; those with the same address go to the same person.
async fn sent(app: &TestApp, store: &TestStore, to: &[String]) -> Vec<Sent> {
    let mut people = std::collections::BTreeMap::new();
    for address in to {
        if !people.contains_key(address) {
            people.insert(address.clone(), store.contact(address).await);
        }
    }
    let (now, key) = (app.env().now(), app.master_key());
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let (mut all, mut rows, mut contents, mut tries) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (n, address) in (0_i64..).zip(to) {
        let id: MessageId = app.env().id();
        let contact = people[address];
        rows.push(message::ActiveModel {
            store_id: Set(store.id().uuid()),
            id: Set(id.uuid()),
            send_key: Set(format!("k{}", id.uuid().simple())),
            node: Set("mail_1".into()),
            contact_id: Set(contact.uuid()),
            channel: Set("email".into()),
            purpose: Set("cart_email".into()),
            content_class: Set("informational".into()),
            template_key: Set("recovery_1".into()),
            status: Set(3),
            next_at: Set(now),
            epoch: Set(1),
            attempt: Set(1),
            lane: Set(3),
            evidence: Set(Some(serde_json::json!({ "rule": "us.existing" }))),
            created_at: Set(now),
            sent_at: Set(Some(now + n)),
            ..Default::default()
        });
        contents.push(message_content::ActiveModel {
            store_id: Set(store.id().uuid()),
            message_id: Set(id.uuid()),
            sender: Set("Wheelhouse <shop@wheelhouse.example>".into()),
            recipient: Set(format!("Ann <{address}>")),
            headers: Set(serde_json::json!({})),
            html: Set(String::new()),
            text: Set(String::new()),
        });
        tries.push(message_attempt::ActiveModel {
            store_id: Set(store.id().uuid()),
            id: Set(app.env().uuid()),
            message_id: Set(id.uuid()),
            number: Set(1),
            started_at: Set(now),
            finished_at: Set(Some(now)),
            outcome: Set(Some("accepted".into())),
            ..Default::default()
        });
        let reference = reference::sign(&key, store.id(), id).expect("ours");
        let path = format!("b+{reference}@bounces.wheelhouse.example");
        all.push(Sent { id, contact, to: address.clone(), reference, path });
    }
    scoped.insert::<message::Entity>(rows).await.expect("messages");
    scoped.insert::<message_content::Entity>(contents).await.expect("contents");
    scoped.insert::<message_attempt::Entity>(tries).await.expect("attempts");
    tx.commit().await.expect("committed");
    all
}

async fn row(app: &TestApp, store: &TestStore, id: MessageId) -> message::Model {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let query = scoped.find::<message::Entity>().filter(message::Column::Id.eq(id.uuid()));
    query.one(scoped.on()).await.expect("asked").expect("the message")
}

async fn standing(app: &TestApp, store: &TestStore, address: &str) -> Option<SuppressionReason> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&StoreScope::system(store.id())).await.expect("the store");
    let key: MasterKey = app.master_key();
    let at = (Channel::Email, address);
    crate::consent::suppression::standing(&scoped, &key, at).await.expect("asked")
}
