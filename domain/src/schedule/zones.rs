//! Which zones a recipient may be in.

use crate::locale::{Country, zone};
use chrono_tz::Tz;
use std::{collections::BTreeMap, sync::LazyLock};

/// Country and zone per line, from `zone.tab` of the IANA time zone database (public domain).
static TABLE: &str = include_str!("zones.tab");

/// What a guess rests on, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneSource {
    /// The contact's own zone.
    Contact,
    /// The country of the address, which has this one zone.
    Country,
    /// The country of the address, which has several: a message must suit all of them.
    CountryMany,
    /// Nothing better than the store's zone.
    Store,
}

/// Where the recipient may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneGuess {
    /// At least one; the most populous first, which a wait for a local hour takes.
    pub zones: Vec<Tz>,
    /// What it rests on.
    pub source: ZoneSource,
    /// A zone name of the contact that does not exist; to be reported.
    pub invalid: Option<String>,
}

/// Zones in use in a country, the most populous first; empty for a code without any.
pub fn zones_of_country(country: Country) -> &'static [Tz] {
    static BY_COUNTRY: LazyLock<BTreeMap<&'static str, Vec<Tz>>> = LazyLock::new(|| {
        let mut map: BTreeMap<&'static str, Vec<Tz>> = BTreeMap::new();
        let lines = TABLE.lines().filter_map(|line| line.split_once('\t'));
        for (country, tz) in lines.filter_map(|(country, name)| Some((country, zone(name)?))) {
            map.entry(country).or_default().push(tz);
        }
        map
    });
    BY_COUNTRY.get(country.code()).map_or(&[], Vec::as_slice)
}

/// Contact's zone, else the country's, else the store's.
pub fn guess_zone(contact_zone: Option<&str>, country: Option<Country>, store_zone: Tz) -> ZoneGuess {
    let named = contact_zone.map(str::trim).filter(|name| !name.is_empty());
    if let Some(tz) = named.and_then(zone) {
        return ZoneGuess { zones: vec![tz], source: ZoneSource::Contact, invalid: None };
    }
    let invalid = named.map(|name| name.chars().take(64).collect());
    let zones = country.map_or(&[][..], zones_of_country);
    let source = match zones.len() {
        0 => return ZoneGuess { zones: vec![store_zone], source: ZoneSource::Store, invalid },
        1 => ZoneSource::Country,
        _ => ZoneSource::CountryMany,
    };
    ZoneGuess { zones: zones.to_vec(), source, invalid }
}

/// The clock of somebody's wall: theirs, else their country's, else the store's; of a country with several the store's, if that is one
/// of them.
pub fn wall_zone(contact_zone: Option<&str>, country: Option<Country>, store_zone: Tz) -> Tz {
    let zones = guess_zone(contact_zone, country, store_zone).zones;
    if zones.contains(&store_zone) { store_zone } else { zones.first().copied().unwrap_or(store_zone) }
}

#[cfg(test)]
#[path = "zones_tests.rs"]
mod tests;
