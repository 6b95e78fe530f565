//! All sealed values, page by page, whoever's they are.

use super::{
    KeyError, Place,
    ring::{MasterKey, key_of},
    vault::{DATA, Wrapped},
};
use crate::{
    accounts::secrets::SecretKind,
    config::Secret,
    db::{DbError, System},
};
use cartwheel_domain::ids::{HookId, MailId, MemberId, ProviderId, StoreId};
use cartwheel_entity::{
    data_key, hook_endpoint, mail_provider, second_factor, service_key, service_mail, store_secret,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Values of one page.
pub(super) const PAGE: u64 = 200;

/// Tables with sealed values. A test compares them with the columns there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Secrets,
    Hooks,
    Providers,
    Factors,
    Mails,
}

impl Table {
    pub(super) const ALL: [Self; 5] =
        [Self::Secrets, Self::Hooks, Self::Providers, Self::Factors, Self::Mails];
}

/// One sealed value.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub place: Place,
    pub sealed: String,
}

/// What there is to say of a sealed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Sealed by the current data key.
    Current,
    /// Sealed by one that was replaced, or before there were any.
    Old,
    /// Opens with no key there is, for this reason.
    Lost(String),
}

/// The values of a table after one of them, in the order of their keys.
pub(super) async fn page(
    system: &System<'_>,
    table: Table,
    after: Option<&Item>,
) -> Result<Vec<Item>, DbError> {
    match table {
        Table::Secrets => {
            use store_secret::Column::{Kind, StoreId as Store};
            let mut query = system.find::<store_secret::Entity>();
            if let Some(Item { place: Place::Secret(store, kind), .. }) = after {
                let later = Condition::all().add(Store.eq(store.uuid())).add(Kind.gt(kind.as_str()));
                query = query.filter(Condition::any().add(Store.gt(store.uuid())).add(later));
            }
            let query = query.filter(Kind.is_in(SecretKind::ALL.map(SecretKind::as_str)));
            let rows = query.order_by_asc(Store).order_by_asc(Kind).limit(PAGE).all(system.on()).await?;
            Ok(rows.into_iter().filter_map(secret).collect())
        }
        Table::Hooks => {
            use hook_endpoint::Column::{Id, StoreId as Store};
            let mut query = system.find::<hook_endpoint::Entity>();
            if let Some(Item { place: Place::Hook(store, hook), .. }) = after {
                let later = Condition::all().add(Store.eq(store.uuid())).add(Id.gt(hook.uuid()));
                query = query.filter(Condition::any().add(Store.gt(store.uuid())).add(later));
            }
            let rows = query.order_by_asc(Store).order_by_asc(Id).limit(PAGE).all(system.on()).await?;
            Ok(rows.into_iter().map(hook).collect())
        }
        Table::Providers => {
            use mail_provider::Column::{Id, StoreId as Store};
            let mut query = system.find::<mail_provider::Entity>();
            if let Some(Item { place: Place::Provider(store, provider), .. }) = after {
                let later = Condition::all().add(Store.eq(store.uuid())).add(Id.gt(provider.uuid()));
                query = query.filter(Condition::any().add(Store.gt(store.uuid())).add(later));
            }
            let rows = query.order_by_asc(Store).order_by_asc(Id).limit(PAGE).all(system.on()).await?;
            Ok(rows.into_iter().map(provider).collect())
        }
        Table::Factors => {
            let mut query = system.find::<second_factor::Entity>();
            if let Some(Item { place: Place::Factor(member), .. }) = after {
                query = query.filter(second_factor::Column::MemberId.gt(member.uuid()));
            }
            let rows =
                query.order_by_asc(second_factor::Column::MemberId).limit(PAGE).all(system.on()).await?;
            let item = |row: second_factor::Model| Item {
                place: Place::Factor(MemberId(row.member_id)),
                sealed: row.sealed,
            };
            Ok(rows.into_iter().map(item).collect())
        }
        Table::Mails => {
            let mut query = system.find::<service_mail::Entity>();
            if let Some(Item { place: Place::Mail(mail), .. }) = after {
                query = query.filter(service_mail::Column::Id.gt(mail.uuid()));
            }
            let rows = query.order_by_asc(service_mail::Column::Id).limit(PAGE).all(system.on()).await?;
            let item =
                |row: service_mail::Model| Item { place: Place::Mail(MailId(row.id)), sealed: row.sealed };
            Ok(rows.into_iter().map(item).collect())
        }
    }
}

/// A credential's row as an item.
pub(super) fn secret(row: store_secret::Model) -> Option<Item> {
    let kind = SecretKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind)?;
    Some(Item { place: Place::Secret(StoreId(row.store_id), kind), sealed: row.sealed })
}

/// An endpoint's row as an item.
pub(super) fn hook(row: hook_endpoint::Model) -> Item {
    Item { place: Place::Hook(StoreId(row.store_id), HookId(row.id)), sealed: row.sealed }
}

/// A mail server's row as an item.
pub(super) fn provider(row: mail_provider::Model) -> Item {
    Item { place: Place::Provider(StoreId(row.store_id), ProviderId(row.id)), sealed: row.sealed }
}

/// Some of the values that were sealed before there were data keys.
pub(super) async fn samples(system: &System<'_>) -> Result<Vec<Item>, DbError> {
    let mut found = Vec::new();
    for table in Table::ALL {
        found.extend(
            page(system, table, None).await?.into_iter().filter(|item| key_of(&item.sealed).is_none()),
        );
    }
    Ok(found)
}

/// The data keys that a page of values may be sealed by.
pub(super) struct Keys {
    rows: HashMap<(Option<StoreId>, Uuid), Wrapped>,
    current: BTreeSet<Uuid>,
}

impl Keys {
    pub(super) async fn of(system: &System<'_>, items: &[Item]) -> Result<Self, DbError> {
        let stores: BTreeSet<Uuid> =
            items.iter().filter_map(|item| Some(item.place.store()?.uuid())).collect();
        let mut keys = Self { rows: HashMap::new(), current: BTreeSet::new() };
        if !stores.is_empty() {
            let query = system.find::<data_key::Entity>().filter(data_key::Column::StoreId.is_in(stores));
            for row in query.all(system.on()).await? {
                keys.add(row.retired_at.is_none(), row.into());
            }
        }
        if items.iter().any(|item| item.place.store().is_none()) {
            let query = system.find::<service_key::Entity>().filter(service_key::Column::Kind.eq(DATA));
            for row in query.all(system.on()).await? {
                keys.add(row.retired_at.is_none(), row.into());
            }
        }
        Ok(keys)
    }

    fn add(&mut self, current: bool, row: Wrapped) {
        if current {
            self.current.insert(row.id);
        }
        self.rows.insert((row.store, row.id), row);
    }

    /// What is sealed, where it opens.
    pub(super) fn open(&self, ring: &MasterKey, item: &Item) -> Result<Option<Secret>, KeyError> {
        let key = match key_of(&item.sealed) {
            None => None,
            Some(id) => match self.rows.get(&(item.place.store(), id)) {
                None => return Ok(None),
                Some(row) => Some(ring.opened(row)?),
            },
        };
        Ok(ring.open_with(key.as_ref(), item.place, &item.sealed))
    }

    /// Whether a value opens, and by which key.
    pub(super) fn judge(&self, ring: &MasterKey, item: &Item) -> State {
        match self.open(ring, item) {
            Ok(Some(_)) => match key_of(&item.sealed) {
                Some(id) if self.current.contains(&id) => State::Current,
                _ => State::Old,
            },
            Ok(None) => State::Lost("it was sealed elsewhere, or changed".into()),
            Err(error) => State::Lost(error.to_string()),
        }
    }
}
