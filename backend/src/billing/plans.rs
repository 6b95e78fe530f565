//! What there is to buy, as data: `plans.toml`.

use cartwheel_domain::{
    consent::Channel,
    time::{DAY, Millis},
};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::OnceLock};

/// Currencies that plans are sold in.
pub const CURRENCIES: [&str; 4] = ["EUR", "CHF", "GBP", "USD"];
/// Channels whose messages are counted.
pub const CHANNELS: [Channel; 4] = [Channel::Email, Channel::Sms, Channel::Push, Channel::Post];
/// What active contacts are called beside the channels.
pub const CONTACTS: &str = "contacts";
/// The plan of whoever has bought none.
pub const FREE: &str = "free";

/// How often a plan is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cycle {
    /// Each month.
    Month,
    /// Each year.
    Year,
}

impl Cycle {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Month, Self::Year];

    /// As stored, and as Stripe says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The cycle of a stored word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }

    /// How many months of usage one payment covers.
    pub const fn months(self) -> u64 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }
}

/// So many of each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    email: u64,
    sms: u64,
    push: u64,
    post: u64,
    contacts: u64,
}

impl Amounts {
    /// Of a channel by its name, or of `contacts`; none of anything else.
    pub fn of(&self, measure: &str) -> u64 {
        match measure {
            "email" => self.email,
            "sms" => self.sms,
            "push" => self.push,
            "post" => self.post,
            CONTACTS => self.contacts,
            _ => 0,
        }
    }
}

/// Prices by currency.
type ByCurrency<T> = BTreeMap<String, T>;

/// One plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name for programs.
    pub key: String,
    /// What its price includes, each month.
    pub included: Amounts,
    /// Where sending pauses when it may go on beyond that.
    pub most: Amounts,
    #[serde(default)]
    price: BTreeMap<String, ByCurrency<i64>>,
    #[serde(default)]
    beyond: BTreeMap<String, ByCurrency<String>>,
}

impl Plan {
    /// The price of a cycle in minor units; `None` for the free plan and for a currency it is not sold in.
    pub fn price(&self, cycle: Cycle, currency: &str) -> Option<i64> {
        self.price.get(cycle.as_str())?.get(currency).copied()
    }

    /// The price of a message beyond what is included, minor units with decimals.
    pub fn beyond(&self, channel: &str, currency: &str) -> Option<&str> {
        self.beyond.get(channel)?.get(currency).map(String::as_str)
    }

    /// Where sending pauses.
    pub fn cap(&self, measure: &str, beyond: bool) -> u64 {
        if beyond { self.most.of(measure) } else { self.included.of(measure) }
    }

    /// Whether it costs something.
    pub fn paid(&self) -> bool {
        !self.price.is_empty()
    }

    /// The look-up key of its price at Stripe.
    pub fn price_key(&self, cycle: Cycle, currency: &str) -> String {
        format!("cartwheel_{}_{}_{}", self.key, cycle.as_str(), currency.to_ascii_lowercase())
    }

    /// The look-up key of the price of its messages at Stripe.
    pub fn meter_key(&self, cycle: Cycle, currency: &str, channel: &str) -> String {
        format!("{}_{channel}", self.price_key(cycle, currency))
    }
}

/// What a price at Stripe is for, by its look-up key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// Key of the plan.
    pub plan: String,
    /// How often it is paid.
    pub cycle: Cycle,
    /// In which currency.
    pub currency: String,
    /// The channel whose messages it prices; `None` for the plan itself.
    pub channel: Option<&'static str>,
}

/// All plans, and what holds for all of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    trial_days: u32,
    grace_days: u32,
    retention_days: u32,
    plan: Vec<Plan>,
}

impl Book {
    /// The built-in plans.
    ///
    /// # Errors
    /// Where the file is not as it must be; a test reads it.
    pub fn builtin() -> Result<&'static Self, &'static str> {
        static BOOK: OnceLock<Result<Book, String>> = OnceLock::new();
        BOOK.get_or_init(|| Self::read(include_str!("plans.toml"))).as_ref().map_err(String::as_str)
    }

    /// Plans of a text.
    ///
    /// # Errors
    /// Where it is not as it must be.
    pub fn read(text: &str) -> Result<Self, String> {
        let book: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        let free = book.plan.first().is_some_and(|p| p.key == FREE && !p.paid());
        if free { Ok(book) } else { Err(format!("the first plan is {FREE} and has no price")) }
    }

    /// All plans, the smallest first.
    pub fn plans(&self) -> &[Plan] {
        &self.plan
    }

    /// The plan of this key.
    pub fn plan(&self, key: &str) -> Option<&Plan> {
        self.plan.iter().find(|p| p.key == key)
    }

    /// The plan of this key; the free one where there is none any more.
    pub fn plan_or_free(&self, key: &str) -> &Plan {
        self.plan(key).unwrap_or(&self.plan[0])
    }

    /// What a look-up key stands for.
    pub fn bought(&self, lookup_key: &str) -> Option<Bought> {
        let mut parts = lookup_key.strip_prefix("cartwheel_")?.splitn(4, '_');
        let (plan, cycle, currency) = (parts.next()?, parts.next()?, parts.next()?);
        let channel = match parts.next() {
            None => None,
            Some(name) => Some(CHANNELS.into_iter().find(|c| c.as_str() == name)?.as_str()),
        };
        Some(Bought {
            plan: self.plan(plan).filter(|p| p.paid())?.key.clone(),
            cycle: Cycle::from_name(cycle)?,
            currency: CURRENCIES.into_iter().find(|c| c.eq_ignore_ascii_case(currency))?.to_owned(),
            channel,
        })
    }

    /// Days of a first subscription that cost nothing.
    pub fn trial_days(&self) -> u32 {
        self.trial_days
    }

    /// How long sending goes on after a payment failed.
    pub fn grace(&self) -> Millis {
        Millis::from(self.grace_days) * DAY
    }

    /// How long everything is kept after a subscription ended.
    pub fn retention(&self) -> Millis {
        Millis::from(self.retention_days) * DAY
    }
}

/// The event name of a channel's meter at Stripe.
pub fn meter(channel: &str) -> String {
    format!("cartwheel_{channel}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plans_are_whole() {
        let book = Book::builtin().expect("they can be read");
        let keys: Vec<&str> = book.plans().iter().map(|p| p.key.as_str()).collect();
        assert_eq!(keys, ["free", "starter", "growth", "scale"]);
        for plan in book.plans().iter().filter(|p| p.paid()) {
            for (cycle, currency) in
                Cycle::ALL.into_iter().flat_map(|cycle| CURRENCIES.map(|currency| (cycle, currency)))
            {
                let price = plan.price(cycle, currency).expect("sold in each currency and cycle");
                assert!(price > 0 && plan.price(Cycle::Year, currency) < Some(price * 12 + 1));
                assert_eq!(
                    book.bought(&plan.price_key(cycle, currency)),
                    Some(Bought { plan: plan.key.clone(), cycle, currency: currency.into(), channel: None })
                );
                for channel in CHANNELS.map(Channel::as_str) {
                    let beyond: f64 =
                        plan.beyond(channel, currency).expect("priced").parse().expect("a number");
                    assert!(beyond > 0.0, "{} {channel}", plan.key);
                    let bought = book.bought(&plan.meter_key(cycle, currency, channel)).expect("known");
                    assert_eq!(bought.channel, Some(channel));
                }
            }
        }
        let measures = CHANNELS.map(Channel::as_str).into_iter().chain([CONTACTS]);
        for measure in measures {
            for two in book.plans().windows(2) {
                assert!(two[0].included.of(measure) <= two[1].included.of(measure), "more for more");
            }
            for plan in book.plans() {
                assert!(plan.cap(measure, true) >= plan.cap(measure, false), "{} {measure}", plan.key);
            }
        }
        assert!(!book.plan_or_free("gone").paid());
    }

    #[test]
    fn look_up_keys_of_others_are_none_of_ours() {
        let book = Book::builtin().expect("they can be read");
        for key in [
            "",
            "cartwheel_",
            "starter_month_eur",
            "cartwheel_free_month_eur",
            "cartwheel_starter_week_eur",
            "cartwheel_starter_month_jpy",
            "cartwheel_starter_month_eur_pigeon",
        ] {
            assert_eq!(book.bought(key), None, "{key}");
        }
    }
}
