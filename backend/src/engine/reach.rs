//! Where people can be reached, for the runs of one store whose journeys choose between channels.

use crate::{
    accounts::{MasterKey, StoreInfo},
    db::{Among, DbError, Scoped},
    journeys::{Version, facts::cart_status},
    messages::{History, Look, People, address, owners},
};
use cartwheel_domain::{
    consent::Channel,
    event::CartKind,
    ids::CartId,
    journey::Reach,
    last_look::{About, reach},
    time::Millis,
};
use cartwheel_entity::{cart, contact, journey_run, message};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// What the choice between channels asks for, beside the facts of every step.
pub struct Reachable {
    store: Arc<StoreInfo>,
    people: People,
    history: History,
    owners: HashMap<Uuid, HashSet<String>>,
    clicks: HashMap<(Uuid, Channel), Millis>,
    now: Millis,
}

impl Reachable {
    /// Loads for the runs whose versions ask; `None` where none does. The number of queries does not grow with the runs.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(
        scoped: &Scoped<'_>,
        (store, key): (Option<Arc<StoreInfo>>, &MasterKey),
        runs: &[journey_run::Model],
        versions: &HashMap<Uuid, Arc<Version>>,
        now: Millis,
    ) -> Result<Option<Self>, DbError> {
        let asks = |run: &&journey_run::Model| {
            versions.get(&run.version_id).is_some_and(|version| !version.needs.reach.is_empty())
        };
        let asking: Vec<&journey_run::Model> = runs.iter().filter(asks).collect();
        let Some(store) = store.filter(|_| !asking.is_empty()) else { return Ok(None) };
        let needs = || asking.iter().filter_map(|run| Some(&versions.get(&run.version_id)?.needs));
        let channels: BTreeSet<Channel> = needs().flat_map(|needs| needs.reach.iter().copied()).collect();
        let whom = asking.iter().map(|run| run.contact_id).collect();
        let people = People::load(scoped, key, whom, &channels, (now, Look::Shown)).await?;
        let persons: HashSet<Uuid> = asking
            .iter()
            .map(|run| people.contact(run.contact_id).map_or(run.contact_id, |contact| contact.id))
            .collect();
        let carts: HashSet<Uuid> = asking.iter().filter_map(|run| run.cart_id).collect();
        let clicks = match needs().any(|needs| needs.clicks) {
            true => clicks(scoped, &persons).await?,
            false => HashMap::new(),
        };
        let owners = match channels.contains(&Channel::Push) {
            true => owners(scoped, &carts).await?,
            false => HashMap::new(),
        };
        let history = History::load(scoped, persons, carts, &HashSet::new()).await?;
        Ok(Some(Self { store, people, history, owners, clicks, now }))
    }

    /// Where the person of a run can be reached about its cart, on the channels its version asks about.
    pub fn of(
        &self,
        contact: &contact::Model,
        cart: &cart::Model,
        version: &Version,
    ) -> BTreeMap<Channel, Reach> {
        let id = CartId(cart.id).to_string();
        let own = self.owners.get(&cart.id);
        let asked = version.needs.reach.iter().map(|channel| {
            let has_address = match channel {
                Channel::Push => self
                    .people
                    .browsers(contact)
                    .any(|browser| browser.vouched || own.is_some_and(|own| own.contains(&browser.browser))),
                _ => address(contact, *channel).is_some(),
            };
            let about = About {
                id: &id,
                kind: CartKind::from_name(&cart.kind).unwrap_or(CartKind::Cart),
                status: cart_status(&cart.status),
                excluded: cart.bot || cart.test || cart.staff,
                empty: cart.item_count == 0,
                valid_until: cart.valid_until,
                abandoned_at: cart.abandoned_at,
                messages_sent: self.history.about(cart.id, *channel),
            };
            let settings = &self.store.settings;
            let recipient = || self.people.recipient(contact, *channel, Some(cart), settings);
            let mut found = reach(*channel, has_address, recipient, &about, settings, self.now);
            found.clicked_at = self.clicks.get(&(contact.id, *channel)).copied();
            (*channel, found)
        });
        asked.collect()
    }
}

/// When each person last clicked in a message on each channel. By the index of a person's messages, of which caps allow few.
async fn clicks(
    scoped: &Scoped<'_>,
    persons: &HashSet<Uuid>,
) -> Result<HashMap<(Uuid, Channel), Millis>, DbError> {
    let rows: Vec<(Uuid, String, Option<Millis>)> = scoped
        .find::<message::Entity>()
        .select_only()
        .columns([message::Column::ContactId, message::Column::Channel])
        .column_as(message::Column::ClickedAt.max(), "clicked_at")
        .filter(message::Column::ContactId.among(persons.iter().copied().collect::<Vec<_>>()))
        .filter(message::Column::ClickedAt.is_not_null())
        .group_by(message::Column::ContactId)
        .group_by(message::Column::Channel)
        .into_tuple()
        .all(scoped.on())
        .await?;
    let known = rows
        .into_iter()
        .filter_map(|(contact, channel, at)| Some(((contact, Channel::from_name(&channel)?), at?)));
    Ok(known.collect())
}
