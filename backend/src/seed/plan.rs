//! What the demo's shoppers do: named parameters and a repeatable draw.

use crate::clock::{Entropy, SeededEntropy};
use cartwheel_domain::{
    event::LineItem,
    time::{DAY, HOUR, MINUTE, Millis},
};

/// Days of history.
pub const DAYS: i64 = 90;
/// Carts a day, on the average.
pub const CARTS_A_DAY: u64 = 10;
/// Share of carts that end in an order at once; 70 % are left (Baymard, mean of 49 studies).
pub const BOUGHT_AT_ONCE: f64 = 0.30;
/// Share of left carts that tell an address.
pub const IDENTIFIED: f64 = 0.48;
/// Of those, the share that agrees to be reminded.
pub const AGREED: f64 = 0.80;
/// Share that comes back within a week by itself.
pub const NATURAL_RETURN: f64 = 0.08;
/// Share of recipients that click, as people.
pub const CLICKS: f64 = 0.07;
/// Share of people who click that then buy.
pub const BUYS_AFTER_CLICK: f64 = 0.40;
/// Share of mails that a link scanner opens within seconds.
pub const SCANNED: f64 = 0.20;
/// Share of mails opened by a person whose client loads pictures.
pub const OPENS: f64 = 0.38;
/// Share of orders that are sent back in part.
pub const REFUNDED: f64 = 0.05;
/// Share of carts that are quotes of business buyers.
pub const QUOTES: f64 = 0.05;
/// Share of carts filled by machines.
pub const BOTS: f64 = 0.02;

/// Repeatable draws.
pub struct Dice(SeededEntropy);

impl Dice {
    /// The same seed draws the same shoppers.
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    fn next(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Below `n`.
    pub fn below(&self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// True with this probability.
    pub fn chance(&self, p: f64) -> bool {
        (self.next() >> 11) as f64 / ((1u64 << 53) as f64) < p
    }

    /// One of a list.
    pub fn pick<'a, T>(&self, list: &'a [T]) -> Option<&'a T> {
        list.get(usize::try_from(self.below(list.len() as u64)).unwrap_or(0))
    }

    /// An instant of the given day, more of them in the evening.
    pub fn instant(&self, day: Millis) -> Millis {
        let hour = 7 + self.below(9) + self.below(8);
        day + i64::try_from(hour).unwrap_or(12) * HOUR + i64::try_from(self.below(3_600)).unwrap_or(0) * 1_000
    }

    /// A time between two lengths.
    pub fn after(&self, least: Millis, most: Millis) -> Millis {
        least + i64::try_from(self.below(u64::try_from(most - least).unwrap_or(1))).unwrap_or(0)
    }
}

/// The demo shop's goods: key, name, price in minor units, category.
const GOODS: [(&str, &str, i64, &str); 8] = [
    ("front-light", "Front light", 3_200, "Lights"),
    ("bell", "Brass bell", 1_900, "Small parts"),
    ("saddle", "Leather saddle", 8_900, "Saddles"),
    ("pannier", "Waxed pannier", 11_500, "Bags"),
    ("helmet", "City helmet", 7_900, "Clothing"),
    ("lock", "Folding lock", 6_400, "Locks"),
    ("pump", "Floor pump", 4_900, "Tools"),
    ("city-bike", "City bike, seven gears", 89_000, "Bikes"),
];

const FIRST: [&str; 16] = [
    "Anna", "Ben", "Chiara", "David", "Elise", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Klara", "Luca",
    "Marie", "Noah", "Paula", "Theo",
];
const LAST: [&str; 12] = [
    "Baumann", "Conti", "Dubois", "Eriksen", "Fischer", "Girard", "Huber", "Keller", "Lombardi", "Meyer",
    "Novak", "Rossi",
];
/// Where they live, their language and zone.
const PLACES: [(&str, &str, &str); 6] = [
    ("CH", "de-CH", "Europe/Zurich"),
    ("FR", "fr-FR", "Europe/Paris"),
    ("IT", "it-IT", "Europe/Rome"),
    ("GB", "en-GB", "Europe/London"),
    ("DE", "de-DE", "Europe/Berlin"),
    ("US", "en-US", "America/New_York"),
];

/// Who buys bicycles by the dozen.
const COMPANIES: [&str; 6] = [
    "Stadtwerke Aare AG",
    "Hôtel du Lac SA",
    "Ciclo Turismo Srl",
    "Meyer & Söhne GmbH",
    "Harbour Couriers Ltd",
    "Campus Mobility Inc.",
];

/// One shopper with one cart.
pub struct Shopper {
    /// Number, for tokens and addresses.
    pub n: u64,
    /// When they come.
    pub at: Millis,
    /// Address, when they tell one.
    pub email: Option<String>,
    /// Whether they agree to be reminded.
    pub agreed: bool,
    /// Given and family name.
    pub name: (&'static str, &'static str),
    /// Country, language, zone.
    pub place: (&'static str, &'static str, &'static str),
    /// What they want.
    pub lines: Vec<LineItem>,
    /// A business buyer's quote.
    pub quote: bool,
    /// The company it is made out to.
    pub company: Option<&'static str>,
    /// A machine.
    pub bot: bool,
    /// Buys at once.
    pub buys: bool,
    /// Comes back by themselves, after so long.
    pub returns: Option<Millis>,
}

impl Shopper {
    /// Draws the shopper with this number on this day.
    pub fn draw(dice: &Dice, n: u64, day: Millis) -> Self {
        let name = (*dice.pick(&FIRST).unwrap_or(&"Anna"), *dice.pick(&LAST).unwrap_or(&"Huber"));
        let quote = dice.chance(QUOTES);
        let buys = dice.chance(BOUGHT_AT_ONCE);
        let known = buys || quote || dice.chance(IDENTIFIED);
        let lines = (0..=dice.below(3))
            .filter_map(|_| dice.pick(&GOODS))
            .map(|g| line(g, if quote { 5 + dice.below(20) } else { 1 }))
            .collect();
        Self {
            n,
            at: dice.instant(day),
            email: known.then(|| format!("{}.{}{n}@shopper.example", name.0, name.1).to_lowercase()),
            agreed: dice.chance(AGREED),
            name,
            place: *dice.pick(&PLACES).unwrap_or(&PLACES[0]),
            lines,
            quote,
            company: quote.then(|| COMPANIES[usize::try_from(n).unwrap_or(0) % COMPANIES.len()]),
            bot: dice.chance(BOTS),
            buys: buys && !quote,
            returns: dice.chance(NATURAL_RETURN).then(|| dice.after(2 * HOUR, 5 * DAY)),
        }
    }

    /// When the address is told: a few minutes after the first thing in the basket.
    pub fn identifies_at(&self) -> Millis {
        self.at + 3 * MINUTE
    }

    /// Sum of the lines, minor units.
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|l| l.unit_minor * i64::from(l.quantity)).sum()
    }
}

fn line((key, title, price, category): &(&str, &str, i64, &str), quantity: u64) -> LineItem {
    LineItem {
        key: (*key).into(),
        product_id: Some((*key).into()),
        variant_id: None,
        sku: Some(key.to_uppercase()),
        title: (*title).into(),
        variant: None,
        category: Some((*category).into()),
        quantity: u32::try_from(quantity).unwrap_or(1),
        unit_minor: *price,
        image_url: None,
        url: None,
    }
}
