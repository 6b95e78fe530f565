//! Whom the messages of one store go to: contacts, what they agreed to, what they refused, what they bought.

use crate::{
    accounts::MasterKey,
    consent::circle::{self, Heard},
    db::{Among, DbError, Scoped},
    push,
};
use cartwheel_domain::{
    consent::{
        Channel, Dealing, Method, Purpose, Recipient, Suppression, SuppressionReason,
        ledger::{Action, Entry, fold},
    },
    event::OrderState,
    ids::{CartId, ConsentId, ContactId, OrderId, StoreId, SuppressionId},
    last_look::dealings,
    settings::StoreSettings,
    time::Millis,
};
use cartwheel_entity::{cart, consent_event, contact, push_device, shop_order, suppression};
use sea_orm::{ColumnTrait, QueryFilter};
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
};
use uuid::Uuid;

/// What the answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// To hand messages over, in this transaction.
    Last,
    /// To be shown.
    Shown,
}

/// The people of a batch.
pub struct People {
    contacts: HashMap<Uuid, contact::Model>,
    entries: HashMap<Uuid, Vec<Entry>>,
    suppressions: HashMap<String, Vec<Suppression>>,
    elsewhere: HashMap<Channel, Heard>,
    sales: HashMap<Uuid, shop_order::Model>,
    browsers: HashMap<Uuid, Vec<push_device::Model>>,
    store: StoreId,
    key: MasterKey,
}

impl People {
    /// Loads contacts of these ids (and whom they were merged into) with all that the gate asks of them on some channels.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(
        scoped: &Scoped<'_>,
        key: &MasterKey,
        ids: HashSet<Uuid>,
        channels: &BTreeSet<Channel>,
        (now, look): (Millis, Look),
    ) -> Result<Self, DbError> {
        let mut contacts = by_id(scoped, ids).await?;
        let targets: HashSet<Uuid> = contacts.values().filter_map(|c| c.merged_into).collect();
        if !targets.is_empty() {
            contacts.extend(by_id(scoped, targets).await?);
        }
        let all: Vec<Uuid> = contacts.keys().copied().collect();
        let mut entries: HashMap<Uuid, Vec<Entry>> = HashMap::new();
        let whose = consent_event::Column::ContactId;
        for row in scoped.find_among::<consent_event::Entity, _>(whose, all.iter().copied()).await? {
            if let Some(entry) = entry(&row) {
                entries.entry(row.contact_id).or_default().push(entry);
            }
        }
        let store = scoped.store_id();
        let mut hashes: Vec<(&str, String)> = Vec::with_capacity(contacts.len());
        for channel in channels {
            let known = contacts.values().filter_map(|c| address(c, *channel));
            hashes.extend(known.map(|to| (channel.as_str(), key.address_hash(store, channel.as_str(), &to))));
        }
        let mut suppressions: HashMap<String, Vec<Suppression>> = HashMap::new();
        // The hash says the channel already; named so that the look-up is one by the key and not through all of the store's.
        let columns = (suppression::Column::Channel, suppression::Column::AddressHash);
        let pairs = hashes.iter().map(|(channel, hash)| (*channel, hash.as_str())).collect();
        let rows = scoped.find_pairs::<suppression::Entity>(columns, &pairs).await?;
        for row in rows.into_iter().filter(|row| row.lifted_at.is_none()) {
            let found = Suppression {
                id: SuppressionId(row.id).to_string(),
                channel: Channel::from_name(&row.channel),
                // A word we do not know is still a no.
                reason: SuppressionReason::from_name(&row.reason).unwrap_or(SuppressionReason::Manual),
                at: row.created_at,
            };
            suppressions.entry(row.address_hash).or_default().push(found);
        }
        let mut elsewhere = HashMap::new();
        for channel in channels {
            if *channel == Channel::Push {
                // A browser is known to one store alone: there is nobody to hear of it from.
                continue;
            }
            let known: Vec<_> = contacts.values().filter_map(|c| address(c, *channel)).collect();
            let addresses = known.iter().map(AsRef::as_ref).collect();
            let last = look == Look::Last;
            let heard = circle::heard(scoped, key, now, *channel, &addresses, last).await?;
            elsewhere.insert(*channel, heard);
        }
        let sold = [OrderState::Purchased, OrderState::Awaiting].map(OrderState::as_str);
        let mut rows = scoped
            .find::<shop_order::Entity>()
            .filter(shop_order::Column::ContactId.among(all))
            .filter(shop_order::Column::State.is_in(sold))
            .filter(shop_order::Column::Test.eq(false))
            .all(scoped.on())
            .await?;
        // Sorted here: asked for in this order, SQLite reads all orders of the store in it. The latest sale counts.
        rows.sort_by_key(|o| o.placed_at);
        let sales = rows.into_iter().filter_map(|o| Some((o.contact_id?, o))).collect();
        let browsers = match channels.contains(&Channel::Push) {
            true => push::of_contacts(scoped, contacts.keys().copied().collect()).await?,
            false => HashMap::new(),
        };
        Ok(Self { contacts, entries, suppressions, elsewhere, sales, browsers, store, key: key.clone() })
    }

    /// The browsers in which a person may be notified, the last seen first.
    pub fn browsers(&self, contact: &contact::Model) -> impl Iterator<Item = &push_device::Model> {
        self.browsers.get(&contact.id).into_iter().flatten()
    }

    /// The person an id stands for today.
    pub fn contact(&self, id: Uuid) -> Option<&contact::Model> {
        let contact = self.contacts.get(&id)?;
        contact.merged_into.and_then(|target| self.contacts.get(&target)).or(Some(contact))
    }

    /// Whether somebody is writing a no at this moment that could be about one of them.
    pub fn being_told(&self) -> bool {
        self.elsewhere.values().any(|heard| heard.busy)
    }

    /// What the gate asks of a person on a channel, about one cart.
    pub fn recipient(
        &self,
        contact: &contact::Model,
        channel: Channel,
        cart: Option<&cart::Model>,
        settings: &StoreSettings,
    ) -> Recipient {
        // Entries stay with the id they were written for; a merged person answers for all of theirs.
        let entries =
            self.contacts.values().filter(|c| c.id == contact.id || c.merged_into == Some(contact.id));
        let entries: Vec<&Entry> = entries.filter_map(|c| self.entries.get(&c.id)).flatten().collect();
        let to = address(contact, channel);
        let hash = to.as_ref().map(|to| self.key.address_hash(self.store, channel.as_str(), to));
        let elsewhere = self.elsewhere.get(&channel);
        Recipient {
            country: contact.country.as_deref().and_then(|c| c.parse().ok()),
            consents: fold(entries),
            circle: to.and_then(|to| elsewhere?.noes.get(to.as_ref())).cloned().unwrap_or_default(),
            suppressions: hash.and_then(|h| self.suppressions.get(&h)).cloned().unwrap_or_default(),
            dealings: self.dealings(contact, cart, settings),
            preference_list_clear: false,
        }
    }

    fn dealings(
        &self,
        contact: &contact::Model,
        cart: Option<&cart::Model>,
        settings: &StoreSettings,
    ) -> Vec<Dealing> {
        let sale = self.sales.get(&contact.id).map(|o| (o.placed_at, OrderId(o.id).to_string()));
        let cart = cart.map(|c| (c.last_activity_at, CartId(c.id).to_string()));
        let sale = sale.as_ref().map(|(at, id)| (*at, id.as_str()));
        dealings(settings, sale, cart.as_ref().map(|(at, id)| (*at, id.as_str())))
    }
}

/// Where a person is reached on a channel. Notifications go to the person, in whichever browsers there are.
pub fn address(contact: &contact::Model, channel: Channel) -> Option<Cow<'_, str>> {
    match channel {
        Channel::Email => contact.email.as_deref().map(Cow::from),
        Channel::Sms => contact.phone.as_deref().map(Cow::from),
        Channel::Push => Some(ContactId(contact.id).to_string().into()),
        _ => None,
    }
}

async fn by_id(scoped: &Scoped<'_>, ids: HashSet<Uuid>) -> Result<HashMap<Uuid, contact::Model>, DbError> {
    let rows = scoped.find_among::<contact::Entity, _>(contact::Column::Id, ids).await?;
    Ok(rows.into_iter().map(|c| (c.id, c)).collect())
}

/// A ledger entry in the gate's words; one in words of a later version says nothing here.
fn entry(row: &consent_event::Model) -> Option<Entry> {
    Some(Entry {
        id: ConsentId(row.id).to_string(),
        channel: Channel::from_name(&row.channel)?,
        purpose: Purpose::from_name(&row.purpose)?,
        action: Action::from_name(&row.action)?,
        method: Method::from_name(&row.method),
        at: row.occurred_at,
    })
}
