//! Where the links of mails lead, looked up together when they are asked for together.
//!
//! A mail to many is clicked by many at once. As events are committed together, so these are read together: while one
//! look-up runs, the next ones gather.

use crate::db::{Among, Db, DbError, StoreScope};
use cartwheel_domain::ids::{MessageId, StoreId};
use cartwheel_entity::message_link;
use sea_orm::QueryFilter;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::sync::{mpsc, oneshot};

/// Links looked up together at most.
const MOST: usize = 128;
/// Links that may wait; past it whoever asks waits for a place.
const WAITING: usize = 1_024;

/// Which link.
type Link = (StoreId, MessageId, u16);

struct Asked {
    link: Link,
    answer: oneshot::Sender<Result<Option<String>, String>>,
}

/// The look-up. Cheap to clone; its task ends with the last clone.
#[derive(Clone)]
pub struct Destinations(mpsc::Sender<Asked>);

impl Destinations {
    /// Starts on the present runtime.
    pub fn start(db: Db) -> Self {
        let (sender, asked) = mpsc::channel(WAITING);
        tokio::spawn(answer_all(db, asked));
        Self(sender)
    }

    /// Where a link of a message leads, if there is such a link.
    ///
    /// # Errors
    /// What the database says, as text.
    pub async fn of(
        &self,
        store: StoreId,
        message: MessageId,
        number: u16,
    ) -> Result<Option<String>, String> {
        let gone = || "the service is shutting down".to_owned();
        let (answer, answered) = oneshot::channel();
        let asked = Asked { link: (store, message, number), answer };
        self.0.send(asked).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn answer_all(db: Db, mut asked: mpsc::Receiver<Asked>) {
    let mut group = Vec::with_capacity(MOST);
    while asked.recv_many(&mut group, MOST).await > 0 {
        let found = look_up(&db, group.iter().map(|a| a.link)).await.map_err(|e| e.to_string());
        for Asked { link, answer } in group.drain(..) {
            let one = found.as_ref().map(|all| all.get(&link).cloned()).map_err(Clone::clone);
            // Whoever does not wait any longer needs no answer.
            let _ = answer.send(one);
        }
    }
}

async fn look_up(db: &Db, links: impl Iterator<Item = Link>) -> Result<HashMap<Link, String>, DbError> {
    use message_link::Column as C;
    let mut stores: BTreeMap<StoreId, (BTreeSet<MessageId>, BTreeSet<u16>)> = BTreeMap::new();
    for (store, message, number) in links {
        let (messages, numbers) = stores.entry(store).or_default();
        messages.insert(message);
        numbers.insert(number);
    }
    let mut found = HashMap::new();
    let mut tx = db.read().await?;
    for (store, (messages, numbers)) in stores {
        let scoped = tx.enter(&StoreScope::shop(store)).await?;
        // Two lists: each pair is a look-up by the primary key.
        let query = scoped.find::<message_link::Entity>();
        let query = query.filter(C::MessageId.among(messages.iter().map(|m| m.uuid())));
        let query = query.filter(C::Number.among(numbers.iter().map(|n| i32::from(*n))));
        for row in query.all(scoped.on()).await? {
            if let Ok(number) = u16::try_from(row.number) {
                found.insert((store, MessageId(row.message_id), number), row.url);
            }
        }
    }
    Ok(found)
}
