//! What was handed over before: to each person, and about each cart.

use super::model::{ATTEMPTING, SENT, UNCERTAIN};
use crate::db::{Among, DbError, Scoped};
use cartwheel_domain::{consent::Channel, last_look::counts_before, time::Millis};
use cartwheel_entity::message;
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Earlier hand-overs, and those of this very batch as they are decided.
#[derive(Default)]
pub struct History {
    to_contact: HashMap<Uuid, Vec<Millis>>,
    about_cart: HashMap<(Uuid, Channel), u32>,
}

type Seen = (Uuid, Uuid, Option<Uuid>, String, Option<Millis>, Millis);

impl History {
    /// Loads for these people and carts, leaving out the messages of the batch itself.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(
        scoped: &Scoped<'_>,
        contacts: HashSet<Uuid>,
        carts: HashSet<Uuid>,
        batch: &HashSet<Uuid>,
    ) -> Result<Self, DbError> {
        let mut history = Self::default();
        let mut counted = HashSet::new();
        for whose in [message::Column::ContactId.among(contacts), message::Column::CartId.among(carts)] {
            let rows: Vec<Seen> = scoped
                .find::<message::Entity>()
                .select_only()
                .columns([
                    message::Column::Id,
                    message::Column::ContactId,
                    message::Column::CartId,
                    message::Column::Channel,
                    message::Column::SentAt,
                    message::Column::NextAt,
                ])
                .filter(whose)
                .filter(message::Column::Status.is_in([ATTEMPTING, SENT, UNCERTAIN]))
                .into_tuple()
                .all(scoped.on())
                .await?;
            for (id, contact, cart, channel, sent, next) in rows {
                if !batch.contains(&id) && counted.insert(id) {
                    // What is on its way or uncertain counts as gone when it was last due.
                    history.add((contact, cart), &channel, sent.unwrap_or(next));
                }
            }
        }
        Ok(history)
    }

    /// Counts one more.
    pub fn add(&mut self, (contact, cart): (Uuid, Option<Uuid>), channel: &str, at: Millis) {
        self.to_contact.entry(contact).or_default().push(at);
        if let (Some(cart), Some(channel)) = (cart, Channel::from_name(channel)) {
            *self.about_cart.entry((cart, channel)).or_insert(0) += 1;
        }
    }

    /// When messages went to this person.
    pub fn to(&self, contact: Uuid) -> &[Millis] {
        self.to_contact.get(&contact).map_or(&[], Vec::as_slice)
    }

    /// How many went about this cart, as far as they count before a message on this channel.
    pub fn about(&self, cart: Uuid, channel: Channel) -> u32 {
        let counted = Channel::ALL.iter().filter(|sent| counts_before(channel, **sent));
        counted.filter_map(|sent| self.about_cart.get(&(cart, *sent))).sum()
    }
}
