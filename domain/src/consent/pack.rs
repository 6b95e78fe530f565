//! Policy packs: the rules of a jurisdiction as versioned data.
//!
//! A pack lists, for each channel and purpose, the grants tried in order and the refusal when none holds. What a pack
//! does not say itself it takes from the pack [`BASE`]. A country without a pack, and an unknown country, fall under
//! [`STRICTEST`]. Of several versions of one pack the newest whose `valid_from` has come applies.

use super::types::{BasisKind, Channel, Conditions, ContentClass, DealingKind, Method, Purpose, names};
use crate::{locale::Country, schedule::QuietHours, time::Millis};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

/// The pack every other one rests on.
pub const BASE: &str = "any";
/// The pack for countries without one.
pub const STRICTEST: &str = "strictest";

/// The files of this build.
const FILES: &[(&str, &str)] = &[
    ("any.json", include_str!("packs/any.json")),
    ("strictest.json", include_str!("packs/strictest.json")),
    ("de.json", include_str!("packs/de.json")),
    ("at.json", include_str!("packs/at.json")),
    ("ch.json", include_str!("packs/ch.json")),
    ("fr.json", include_str!("packs/fr.json")),
    ("it.json", include_str!("packs/it.json")),
    ("gb.json", include_str!("packs/gb.json")),
    ("us.json", include_str!("packs/us.json")),
];

/// Why a pack or an override was refused; names the file and the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy pack {file}: {place}: {problem}")]
pub struct PackError {
    /// The file, or the override's id.
    pub file: String,
    /// The rule or field.
    pub place: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

names! {
    /// A fact a grant asks for beside its kind.
    Need {
        /// See [`super::Dealing::own_address`].
        OwnAddress = "own_address",
        /// See [`super::Dealing::opt_out_offered`].
        OptOutAtCollection = "opt_out_at_collection",
        /// See [`super::Dealing::similar_goods`].
        SimilarGoods = "similar_goods",
        /// See [`super::Recipient::preference_list_clear`].
        PreferenceList = "preference_list",
        /// See [`super::StoreFacts::reminder_announced`].
        Announced = "announced",
        /// See [`super::StoreFacts::has_postal_address`].
        PostalAddress = "postal_address",
    }
}

impl Need {
    /// Facts of a dealing, which only the existing-customer exception has.
    const fn of_dealing(self) -> bool {
        matches!(self, Self::OwnAddress | Self::OptOutAtCollection | Self::SimilarGoods)
    }
}

/// One way a message can be allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Stable id: pack id, dot, name.
    pub id: String,
    /// The text of law or standard.
    pub cite: String,
    /// Kind of ground.
    pub basis: BasisKind,
    /// Consent: the methods that prove it here.
    #[serde(default)]
    pub methods: Vec<Method>,
    /// Existing customer: sale or negotiation.
    #[serde(default)]
    pub dealing: Option<DealingKind>,
    /// Further facts that must be true.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What the words may do; empty for anything but transactional.
    #[serde(default)]
    pub classes: Vec<ContentClass>,
    /// How old the consent or the dealing may be.
    #[serde(default)]
    pub max_age_days: Option<u32>,
    /// Only about a cart that was left, at most so many messages for it on this channel.
    #[serde(default)]
    pub max_per_cart: Option<u32>,
    /// Only so many hours after the cart was left.
    #[serde(default)]
    pub within_hours: Option<u32>,
}

/// The refusal when no grant holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalRule {
    /// Stable id.
    pub id: String,
    /// The text of law or standard.
    pub cite: String,
}

/// The rules for one channel and some purposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// By which way.
    pub channel: Channel,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// Tried in this order.
    pub grants: Vec<Grant>,
    /// When none holds.
    pub refusal: RefusalRule,
    /// What must hold in the message.
    pub conditions: Conditions,
}

names! {
    /// What measuring of opens and clicks needs.
    Tracking {
        /// The person's consent for the purpose.
        Consent = "consent",
        /// Nothing beyond the opt-out.
        Allowed = "allowed",
    }
}

/// The rules of one jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyPack {
    /// `de`, `gb`, …
    pub id: String,
    /// Counted up with each change of the rules.
    pub version: u32,
    /// Name of the jurisdiction in English.
    pub name: String,
    /// Where it applies.
    pub countries: Vec<Country>,
    /// The first day (UTC) it applies.
    pub valid_from: NaiveDate,
    /// What the open pixel needs.
    pub pixel: Tracking,
    /// What click profiles need.
    pub click_profile: Tracking,
    /// Which consents count for a purpose beside the consent for that purpose itself.
    #[serde(default)]
    pub covered_by: BTreeMap<Purpose, Vec<Purpose>>,
    /// Hours of the recipient's day in which a channel is silent, whatever the store sets.
    #[serde(default)]
    pub quiet_hours: BTreeMap<Channel, QuietHours>,
    /// At most so many messages to one person in 24 hours, whatever the store sets.
    #[serde(default)]
    pub daily_cap: BTreeMap<Channel, u32>,
    /// The rules.
    pub blocks: Vec<Block>,
}

impl PolicyPack {
    fn valid_from_millis(&self) -> Millis {
        self.valid_from.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
    }

    fn block(&self, channel: Channel, purpose: Purpose) -> Option<&Block> {
        self.blocks.iter().find(|b| b.channel == channel && b.purposes.contains(&purpose))
    }
}

/// A change of a pack that the store's lawyer signed off. It can switch grants off and add others; it cannot lift a
/// suppression, an objection or a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Its id in the store's log; stands in the evidence of each basis that rests on it.
    pub id: String,
    /// The pack it changes.
    pub pack: String,
    /// Who signed it off.
    pub signed_by: String,
    /// Why.
    pub reason: String,
    /// When it was set.
    pub at: Millis,
    /// Ids of grants that no longer hold.
    #[serde(default)]
    pub switched_off: Vec<String>,
    /// Grants tried after the pack's own.
    #[serde(default)]
    pub added: Vec<AddedGrant>,
}

/// A grant an override adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedGrant {
    /// By which way.
    pub channel: Channel,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// The grant; its id begins with `store.`.
    pub grant: Grant,
}

impl Override {
    /// Checks an override before it is stored.
    ///
    /// # Errors
    /// The first rule that is not one, by the same checks as the packs.
    pub fn check(&self, book: &PolicyBook) -> Result<(), PackError> {
        let bad = |place: &str, problem: &str| PackError {
            file: format!("override {}", self.id),
            place: place.to_owned(),
            problem: problem.to_owned(),
        };
        if self.signed_by.trim().is_empty() || self.reason.trim().is_empty() {
            return Err(bad("signed_by, reason", "say who signed it off, and why"));
        }
        if !book.packs.iter().any(|p| p.id == self.pack) {
            return Err(bad("pack", "there is no pack of this id"));
        }
        let known = |id: &String| {
            book.packs.iter().flat_map(|p| &p.blocks).flat_map(|b| &b.grants).any(|g| &g.id == id)
        };
        if let Some(id) = self.switched_off.iter().find(|id| !known(id)) {
            return Err(bad(id, "there is no rule of this id to switch off"));
        }
        for added in &self.added {
            check_grant("store", &added.grant).map_err(|problem| bad(&added.grant.id, &problem))?;
            if added.purposes.is_empty() {
                return Err(bad(&added.grant.id, "name at least one purpose"));
            }
        }
        Ok(())
    }
}

/// All packs in force together.
#[derive(Debug, Clone, Default)]
pub struct PolicyBook {
    packs: Vec<PolicyPack>,
}

/// What applies to one person at one instant.
#[derive(Debug, Clone, Copy)]
pub struct Applicable<'a> {
    /// The jurisdiction's pack.
    pub pack: &'a PolicyPack,
    base: Option<&'a PolicyPack>,
}

impl<'a> Applicable<'a> {
    fn layers(&self) -> impl Iterator<Item = &'a PolicyPack> {
        std::iter::once(self.pack).chain(self.base)
    }

    /// The rules for a channel and a purpose, the pack's own before the base's.
    pub fn block(&self, channel: Channel, purpose: Purpose) -> Option<&'a Block> {
        self.layers().find_map(|p| p.block(channel, purpose))
    }

    /// The purposes whose consent counts for `purpose`, itself first.
    pub fn covering(&self, purpose: Purpose) -> Vec<Purpose> {
        let further = self.layers().find_map(|p| p.covered_by.get(&purpose));
        std::iter::once(purpose).chain(further.into_iter().flatten().copied()).collect()
    }

    /// Hours of the recipient's day in which the channel is silent.
    pub fn quiet_hours(&self, channel: Channel) -> Option<QuietHours> {
        self.layers().find_map(|p| p.quiet_hours.get(&channel)).copied()
    }

    /// At most so many messages to one person in 24 hours.
    pub fn daily_cap(&self, channel: Channel) -> Option<u32> {
        self.layers().find_map(|p| p.daily_cap.get(&channel)).copied()
    }
}

impl PolicyBook {
    /// The packs of this build. [`check_builtin`] proves them at start; were one unreadable all the same, the book
    /// would be empty and every message refused.
    pub fn builtin() -> &'static Self {
        static BOOK: LazyLock<PolicyBook> = LazyLock::new(|| check_builtin().unwrap_or_default());
        &BOOK
    }

    /// Reads packs from `(file name, JSON)`.
    ///
    /// # Errors
    /// The first pack or rule that is not one.
    pub fn read(files: &[(&str, &str)]) -> Result<Self, PackError> {
        let mut packs = Vec::with_capacity(files.len());
        for (file, text) in files {
            let bad = |place: &str, problem: String| PackError {
                file: (*file).to_owned(),
                place: place.to_owned(),
                problem,
            };
            let pack: PolicyPack = serde_json::from_str(text).map_err(|e| bad("JSON", e.to_string()))?;
            check_pack(&pack).map_err(|(place, problem)| bad(&place, problem))?;
            if packs.iter().any(|p: &PolicyPack| {
                p.id == pack.id && (p.version == pack.version || p.valid_from == pack.valid_from)
            }) {
                return Err(bad(
                    "version",
                    "another file has this pack with this version or valid_from".to_owned(),
                ));
            }
            packs.push(pack);
        }
        Ok(Self { packs })
    }

    /// The packs, in the order read.
    pub fn packs(&self) -> &[PolicyPack] {
        &self.packs
    }

    /// What applies to somebody in `country` at `now`; `None` only when not even the strictest pack is in force.
    pub fn applicable(&self, country: Option<Country>, now: Millis) -> Option<Applicable<'_>> {
        let newest = |wanted: &dyn Fn(&PolicyPack) -> bool| {
            self.packs
                .iter()
                .filter(|p| wanted(p) && p.valid_from_millis() <= now)
                .max_by_key(|p| p.valid_from)
        };
        let pack = country
            .and_then(|c| newest(&|p| p.countries.contains(&c)))
            .or_else(|| newest(&|p| p.id == STRICTEST))?;
        Some(Applicable { pack, base: newest(&|p| p.id == BASE) })
    }
}

/// Reads and checks the packs of this build; called at start and by tests.
///
/// # Errors
/// The first pack or rule that is not one.
pub fn check_builtin() -> Result<PolicyBook, PackError> {
    PolicyBook::read(FILES)
}

fn check_pack(pack: &PolicyPack) -> Result<(), (String, String)> {
    let fail = |place: &str, problem: &str| Err((place.to_owned(), problem.to_owned()));
    if pack.id.is_empty() || pack.version == 0 {
        return fail("id, version", "a pack has an id, and versions count from 1");
    }
    let mut seen: Vec<(Channel, Purpose)> = Vec::new();
    let mut ids: Vec<&str> = Vec::new();
    for block in &pack.blocks {
        for purpose in &block.purposes {
            if *purpose == Purpose::Service || seen.contains(&(block.channel, *purpose)) {
                return fail(
                    &block.refusal.id,
                    "each channel and purpose has one block, and service has none",
                );
            }
            seen.push((block.channel, *purpose));
        }
        if block.purposes.is_empty() {
            return fail(&block.refusal.id, "a block names at least one purpose");
        }
        if !own_id(&pack.id, &block.refusal.id) || block.refusal.cite.is_empty() {
            return fail(
                &block.refusal.id,
                "a refusal has an id that begins with the pack's id, and cites its source",
            );
        }
        if !block.conditions.opt_out_line && block.channel != Channel::Audience {
            return fail(&block.refusal.id, "every message carries a way out: opt_out_line must be true");
        }
        for grant in &block.grants {
            check_grant(&pack.id, grant).map_err(|problem| (grant.id.clone(), problem))?;
        }
        ids.extend(block.grants.iter().map(|g| g.id.as_str()).chain([block.refusal.id.as_str()]));
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != count {
        return fail("blocks", "each rule id stands once");
    }
    Ok(())
}

fn own_id(prefix: &str, id: &str) -> bool {
    id.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')).is_some_and(|name| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
    })
}

/// A grant says what its kind needs, and nothing that its kind would ignore.
fn check_grant(prefix: &str, grant: &Grant) -> Result<(), String> {
    let refuse = |problem: &str| Err(problem.to_owned());
    if !own_id(prefix, &grant.id) || grant.cite.trim().is_empty() {
        return refuse("a grant has an id of its own prefix, and cites its source");
    }
    if (grant.basis == BasisKind::Consent) == grant.methods.is_empty() {
        return refuse("methods belong to consent, and consent needs them");
    }
    let customer = grant.basis == BasisKind::ExistingCustomer;
    if customer != grant.dealing.is_some() || (!customer && grant.needs.iter().any(|n| n.of_dealing())) {
        return refuse("dealing and its facts belong to existing_customer, which needs a dealing");
    }
    if grant.max_age_days.is_some() && !customer && grant.basis != BasisKind::Consent {
        return refuse("max_age_days belongs to consent or existing_customer");
    }
    if grant.basis == BasisKind::LegitimateInterest
        && (grant.max_per_cart.is_none() || grant.within_hours.is_none())
    {
        return refuse("legitimate_interest is bounded by max_per_cart and within_hours");
    }
    if grant.basis == BasisKind::Service || grant.classes.contains(&ContentClass::Transactional) {
        return refuse("service and transactional are no matter of packs");
    }
    Ok(())
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
