//! The contacts one transaction touches.

use super::store;
use crate::{
    clock::Env,
    db::{DbError, Scoped},
};
use cartwheel_domain::{
    cart::joined,
    event::{Event, Marks, Who},
    identity::{Claim, Holder, IdentityKind, resolve},
    settings::StoreSettings,
    time::{MINUTE, Millis},
};
use cartwheel_entity::{company, contact, contact_identity};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// A contact's latest sign of life is written again only when it has moved by this much.
const SEEN_EVERY: Millis = MINUTE;

struct Row {
    model: contact::Model,
    dirty: bool,
    /// Whether this transaction made it.
    made: bool,
}

/// Where an event was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The contact.
    pub id: Uuid,
    /// Whether an address of it became known by this event.
    pub became_known: bool,
}

/// The contacts, identities and companies one transaction touches.
pub struct Book {
    store: Uuid,
    rows: HashMap<Uuid, Row>,
    identities: HashMap<(IdentityKind, String), Uuid>,
    bound: BTreeSet<(IdentityKind, String)>,
    companies: HashMap<String, Uuid>,
    new_companies: Vec<company::ActiveModel>,
    /// Contacts that went up in another one in this transaction: from, into.
    pub merges: Vec<(Uuid, Uuid)>,
}

fn claims(who: &Who) -> Vec<(IdentityKind, String)> {
    let mut claims = Vec::with_capacity(4);
    claims.extend(who.user_id.clone().map(|v| (IdentityKind::User, v)));
    claims.extend(who.email.as_ref().map(|v| (IdentityKind::Email, v.to_string())));
    claims.extend(who.phone.as_ref().map(|v| (IdentityKind::Phone, v.to_string())));
    claims.extend(who.anonymous_id.clone().map(|v| (IdentityKind::Anonymous, v)));
    claims
}

fn company_key(company: &cartwheel_domain::event::Company) -> String {
    match &company.external_id {
        Some(id) => format!("id:{id}"),
        None => format!("name:{}", company.name.to_lowercase()),
    }
}

impl Book {
    /// Reads everything these people are known by.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(scoped: &Scoped<'_>, people: &[&Who]) -> Result<Self, DbError> {
        let mut wanted: BTreeMap<IdentityKind, BTreeSet<String>> = BTreeMap::new();
        let mut company_keys = BTreeSet::new();
        for who in people {
            for (kind, value) in claims(who) {
                wanted.entry(kind).or_default().insert(value);
            }
            company_keys.extend(who.company.as_ref().map(company_key));
        }
        let mut book = Self {
            store: scoped.store_id().uuid(),
            rows: HashMap::new(),
            identities: HashMap::new(),
            bound: BTreeSet::new(),
            companies: HashMap::new(),
            new_companies: Vec::new(),
            merges: Vec::new(),
        };
        for row in store::identities(scoped, &wanted).await? {
            if let Some(kind) = IdentityKind::from_name(&row.kind) {
                book.identities.insert((kind, row.value), row.contact_id);
            }
        }
        let ids: BTreeSet<Uuid> = book.identities.values().copied().collect();
        book.read(scoped, &ids.into_iter().collect::<Vec<_>>()).await?;
        for row in store::companies(scoped, &company_keys).await? {
            book.companies.insert(row.external_key, row.id);
        }
        Ok(book)
    }

    /// Reads further contacts by id.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read(&mut self, scoped: &Scoped<'_>, ids: &[Uuid]) -> Result<(), DbError> {
        let missing: Vec<Uuid> = ids.iter().copied().filter(|id| !self.rows.contains_key(id)).collect();
        for model in store::by_ids(scoped, &missing).await? {
            self.rows.insert(model.id, Row { model, dirty: false, made: false });
        }
        Ok(())
    }

    /// A contact that was read or made.
    pub fn get(&self, id: Uuid) -> Option<&contact::Model> {
        self.rows.get(&id).map(|r| &r.model)
    }

    /// Whether this transaction made it: nothing kept can belong to it yet.
    pub fn made(&self, id: Uuid) -> bool {
        self.rows.get(&id).is_some_and(|r| r.made)
    }

    /// Changes a contact that was read or made.
    pub fn change(&mut self, id: Uuid, change: impl FnOnce(&mut contact::Model)) {
        if let Some(row) = self.rows.get_mut(&id) {
            change(&mut row.model);
            row.dirty = true;
        }
    }

    fn holder(&self, id: Uuid) -> Option<Holder<Uuid>> {
        let m = &self.rows.get(&id)?.model;
        Some(Holder { id, user: m.external_id.clone(), email: m.email.clone(), phone: m.phone.clone() })
    }

    /// Finds or makes the contact an event is about, merges those that turn out to be one person, and takes in what
    /// the event says of them. `None` when the event names nobody.
    pub fn place(
        &mut self,
        env: &Env,
        settings: &StoreSettings,
        now: Millis,
        event: &Event,
        marks: Marks,
    ) -> Option<Placed> {
        let trusted = event.source.trusted();
        let claims: Vec<Claim<Uuid>> = claims(&event.who)
            .into_iter()
            .map(|(kind, value)| {
                let holder = self.identities.get(&(kind, value.clone())).and_then(|id| self.holder(*id));
                Claim { kind, value, holder }
            })
            .collect();
        let plan = resolve(&claims, trusted)?;
        let id = plan.target.unwrap_or_else(|| self.make(env, now, event.occurred_at));
        let known_before = self.get(id).is_some_and(|m| m.email.is_some() || m.phone.is_some());
        for from in plan.absorb {
            self.absorb(from, id);
        }
        for claim in plan.bind {
            self.identities.insert(claim.clone(), id);
            self.bound.insert(claim);
        }
        self.learn(env, id, settings, now, event, marks);
        let known = self.get(id).is_some_and(|m| m.email.is_some() || m.phone.is_some());
        Some(Placed { id, became_known: known && !known_before })
    }

    fn make(&mut self, env: &Env, now: Millis, seen: Millis) -> Uuid {
        let id = env.uuid();
        let model = contact::Model {
            store_id: self.store,
            id,
            email: None,
            phone: None,
            external_id: None,
            first_name: None,
            last_name: None,
            locale: None,
            country: None,
            time_zone: None,
            company_id: None,
            traits: Value::Object(Default::default()),
            tags: Value::Array(Vec::new()),
            bot: false,
            test: false,
            staff: false,
            orders_count: 0,
            last_order_at: None,
            created_at: now,
            last_seen_at: seen,
            merged_into: None,
            erased_at: None,
        };
        self.rows.insert(id, Row { model, dirty: true, made: true });
        id
    }

    /// What is known of `from` fills what is not known of `into`; its identities go over.
    fn absorb(&mut self, from: Uuid, into: Uuid) {
        let Some(gone) = self.rows.get(&from).map(|r| r.model.clone()) else { return };
        self.change(from, |m| m.merged_into = Some(into));
        self.change(into, |m| {
            let fill = |slot: &mut Option<String>, other: &Option<String>| {
                if slot.is_none() {
                    slot.clone_from(other);
                }
            };
            fill(&mut m.email, &gone.email);
            fill(&mut m.phone, &gone.phone);
            fill(&mut m.external_id, &gone.external_id);
            fill(&mut m.first_name, &gone.first_name);
            fill(&mut m.last_name, &gone.last_name);
            fill(&mut m.locale, &gone.locale);
            fill(&mut m.country, &gone.country);
            fill(&mut m.time_zone, &gone.time_zone);
            m.company_id = m.company_id.or(gone.company_id);
            if let (Value::Object(own), Value::Object(other)) = (&mut m.traits, gone.traits) {
                for (key, value) in other {
                    own.entry(key).or_insert(value);
                }
            }
            add_tags(&mut m.tags, gone.tags.as_array().into_iter().flatten().filter_map(Value::as_str));
            (m.bot, m.test, m.staff) = (m.bot || gone.bot, m.test || gone.test, m.staff || gone.staff);
            m.orders_count = m.orders_count.saturating_add(gone.orders_count);
            m.last_order_at = m.last_order_at.max(gone.last_order_at);
            m.created_at = m.created_at.min(gone.created_at);
            m.last_seen_at = m.last_seen_at.max(gone.last_seen_at);
        });
        self.change(from, |m| (m.orders_count, m.last_order_at) = (0, None));
        for holder in self.identities.values_mut().filter(|h| **h == from) {
            *holder = into;
        }
        self.merges.push((from, into));
    }

    /// Takes in what an event says of a person. What is newer counts; what came late only fills gaps. A browser
    /// fills gaps and changes nothing.
    fn learn(
        &mut self,
        env: &Env,
        id: Uuid,
        settings: &StoreSettings,
        now: Millis,
        event: &Event,
        marks: Marks,
    ) {
        let who = &event.who;
        let company = who.company.as_ref().map(|c| self.company(env, now, c));
        // An address, a number or a customer id that is somebody else's stays theirs: two people with one address would
        // be reminded of what the other has bought.
        let own = |kind, value: Option<String>| {
            value.filter(|v| self.identities.get(&(kind, v.clone())).is_none_or(|holder| *holder == id))
        };
        let email = own(IdentityKind::Email, who.email.as_ref().map(ToString::to_string));
        let phone = own(IdentityKind::Phone, who.phone.as_ref().map(ToString::to_string));
        let external = own(IdentityKind::User, who.user_id.clone());
        let Some(row) = self.rows.get_mut(&id) else { return };
        let (m, mut dirty) = (&mut row.model, false);
        let newer = event.occurred_at >= m.last_seen_at && event.source.trusted();
        let mut put = |slot: &mut Option<String>, value: Option<String>| {
            if value.is_some() && (newer || slot.is_none()) && *slot != value {
                *slot = value;
                dirty = true;
            }
        };
        // A customer id that looks like an address may be one; an address somebody gave is worth more.
        let guessed = who.user_id.as_deref().and_then(|id| id.parse().ok()) == who.email;
        let known = m.email.is_some();
        put(&mut m.email, email.filter(|_| !(guessed && known)));
        put(&mut m.phone, phone);
        put(&mut m.external_id, external.filter(|_| event.source.trusted()));
        let named =
            |name: &Option<String>| name.clone().filter(|n| event.source.trusted() || looks_like_a_name(n));
        put(&mut m.first_name, named(&who.first_name));
        put(&mut m.last_name, named(&who.last_name));
        put(&mut m.locale, who.locale.clone());
        put(&mut m.country, who.country.map(|c| c.code().to_owned()));
        put(&mut m.time_zone, who.time_zone.clone());
        if company.is_some() && m.company_id != company && (newer || m.company_id.is_none()) {
            (m.company_id, dirty) = (company, true);
        }
        if let Value::Object(own) = &mut m.traits {
            for (key, value) in &who.traits {
                if own.get(key) != Some(value) && (newer || !own.contains_key(key)) && own.len() < 200 {
                    own.insert(key.clone(), value.clone());
                    dirty = true;
                }
            }
        }
        dirty |= add_tags(&mut m.tags, who.tags.iter().map(String::as_str));
        let staff = who
            .email
            .as_ref()
            .is_some_and(|e| settings.staff_domains.iter().any(|d| d.eq_ignore_ascii_case(e.domain())));
        let before = Marks { bot: m.bot, test: m.test, staff: m.staff };
        let after = joined(joined(before, marks), Marks { staff, ..Marks::default() });
        if before != after {
            (m.bot, m.test, m.staff, dirty) = (after.bot, after.test, after.staff, true);
        }
        if event.occurred_at >= m.last_seen_at + SEEN_EVERY {
            (m.last_seen_at, dirty) = (event.occurred_at, true);
        }
        row.dirty |= dirty;
    }

    fn company(&mut self, env: &Env, now: Millis, company: &cartwheel_domain::event::Company) -> Uuid {
        let key = company_key(company);
        if let Some(id) = self.companies.get(&key) {
            return *id;
        }
        let id = env.uuid();
        self.companies.insert(key.clone(), id);
        self.new_companies.push(company::ActiveModel {
            store_id: Set(self.store),
            id: Set(id),
            external_key: Set(key),
            name: Set(company.name.clone()),
            created_at: Set(now),
        });
        id
    }

    /// Writes what changed: companies, contacts, identities, and then the merges.
    ///
    /// # Errors
    /// What the database says.
    pub async fn flush(&mut self, scoped: &Scoped<'_>) -> Result<(), DbError> {
        scoped.insert::<company::Entity>(std::mem::take(&mut self.new_companies)).await?;
        let dirty = self.rows.values_mut().filter(|r| r.dirty);
        let rows: Vec<_> = dirty
            .map(|r| {
                r.dirty = false;
                r.model.clone().into_active_model().reset_all()
            })
            .collect();
        scoped.upsert::<contact::Entity>(rows, COLUMNS).await?;
        let bound = std::mem::take(&mut self.bound).into_iter().filter_map(|claim| {
            let contact_id = *self.identities.get(&claim)?;
            Some(contact_identity::ActiveModel {
                store_id: Set(self.store),
                kind: Set(claim.0.as_str().into()),
                value: Set(claim.1),
                contact_id: Set(contact_id),
            })
        });
        scoped
            .upsert::<contact_identity::Entity>(bound.collect(), &[contact_identity::Column::ContactId])
            .await?;
        for (from, into) in &self.merges {
            super::merge(scoped, *from, *into).await?;
        }
        Ok(())
    }
}

/// Whether a browser's text may stand where a mail greets somebody: anybody can send it, for anybody's address.
fn looks_like_a_name(text: &str) -> bool {
    let odd = |c: char| c.is_control() || "/\\@:;<>[]{}()|\"#%=&?!*_~^$€£+0123456789".contains(c);
    let dotted = text.as_bytes().windows(2).any(|w| w[0] == b'.' && w[1].is_ascii_alphanumeric());
    text.chars().count() <= 60 && !text.contains(odd) && !dotted
}

fn add_tags<'a>(tags: &mut Value, more: impl Iterator<Item = &'a str>) -> bool {
    let Value::Array(list) = tags else { return false };
    let mut added = false;
    for tag in more {
        if list.len() < 200 && !list.iter().any(|t| t.as_str() == Some(tag)) {
            list.push(Value::String(tag.to_owned()));
            added = true;
        }
    }
    added
}

const COLUMNS: &[contact::Column] = {
    use contact::Column::*;
    &[
        Email,
        Phone,
        ExternalId,
        FirstName,
        LastName,
        Locale,
        Country,
        TimeZone,
        CompanyId,
        Traits,
        Tags,
        Bot,
        Test,
        Staff,
        OrdersCount,
        LastOrderAt,
        CreatedAt,
        LastSeenAt,
        MergedInto,
        ErasedAt,
    ]
};
