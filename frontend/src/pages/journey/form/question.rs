//! The questions a form can ask: one test at a time, from what is typed, and back.

use cartwheel_domain::journey::{Condition, NodeId};
use cartwheel_domain::locale::{Country, Language};
use cartwheel_domain::money::{Currency, Money};

use crate::i18n::t;

/// A question the form knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The cart is worth at least so much.
    Value,
    /// The cart has at least so many pieces.
    Pieces,
    /// The first order.
    First,
    /// Not the first order.
    Repeat,
    /// The contact has a tag.
    Tag,
    /// The contact reads one of some languages.
    Language,
    /// The contact is in one of some countries.
    Country,
    /// A message was clicked.
    Clicked,
    /// A message was opened.
    Opened,
    /// A message was handed over.
    Sent,
}

/// What stands in the fields, those of all questions together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed {
    /// The least amount, as people write it.
    pub amount: String,
    /// The least number of pieces.
    pub pieces: String,
    /// The tag.
    pub tag: String,
    /// The languages chosen.
    pub languages: Vec<Language>,
    /// The countries' codes, with commas between.
    pub countries: String,
    /// The message's id.
    pub message: String,
}

impl Question {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 10] = [
        Self::Value,
        Self::Pieces,
        Self::First,
        Self::Repeat,
        Self::Tag,
        Self::Language,
        Self::Country,
        Self::Clicked,
        Self::Opened,
        Self::Sent,
    ];

    /// Its word in the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Pieces => "pieces",
            Self::First => "first",
            Self::Repeat => "repeat",
            Self::Tag => "tag",
            Self::Language => "language",
            Self::Country => "country",
            Self::Clicked => "clicked",
            Self::Opened => "opened",
            Self::Sent => "sent",
        }
    }

    /// Its words for people.
    pub fn words(self) -> String {
        match self {
            Self::Value => t::ask_value(),
            Self::Pieces => t::ask_pieces(),
            Self::First => t::question_first(),
            Self::Repeat => t::question_repeat(),
            Self::Tag => t::ask_tag(),
            Self::Language => t::ask_language(),
            Self::Country => t::ask_country(),
            Self::Clicked => t::question_clicked(),
            Self::Opened => t::question_opened(),
            Self::Sent => t::question_sent(),
        }
    }

    /// Whether it is about an earlier message.
    pub const fn is_about_message(self) -> bool {
        matches!(self, Self::Clicked | Self::Opened | Self::Sent)
    }

    /// The question of a condition, with what stands in its fields; `None` for one of another form.
    pub fn of(test: &Condition) -> Option<(Self, Typed)> {
        let none = Typed::default();
        let found = match test {
            Condition::CartValue { at_least, at_most: None, currency } => {
                let decimal = at_least.map(|minor| Money { minor, currency: *currency }.to_decimal());
                (Self::Value, Typed { amount: decimal.unwrap_or_default(), ..none })
            }
            Condition::ItemQuantity { at_least, at_most: None } => {
                let pieces = at_least.map(|pieces| pieces.to_string()).unwrap_or_default();
                (Self::Pieces, Typed { pieces, ..none })
            }
            Condition::FirstTimeBuyer {} => (Self::First, none),
            Condition::RepeatBuyer {} => (Self::Repeat, none),
            Condition::HasTag { tag } => (Self::Tag, Typed { tag: tag.clone(), ..none }),
            Condition::Language { is } => (Self::Language, Typed { languages: is.clone(), ..none }),
            Condition::Country { is } => {
                let codes: Vec<&str> = is.iter().map(Country::code).collect();
                (Self::Country, Typed { countries: codes.join(", "), ..none })
            }
            Condition::Clicked { message } => (Self::Clicked, Typed { message: message.to_string(), ..none }),
            Condition::Opened { message } => (Self::Opened, Typed { message: message.to_string(), ..none }),
            Condition::Sent { message } => (Self::Sent, Typed { message: message.to_string(), ..none }),
            _ => return None,
        };
        Some(found)
    }

    /// The condition that is typed. What cannot be read is left empty, which the journey refuses with words; `None` without
    /// a message to ask about.
    pub fn condition(self, typed: &Typed, currency: Currency) -> Option<Condition> {
        let message = || typed.message.parse::<NodeId>().ok();
        Some(match self {
            Self::Value => {
                Condition::CartValue { at_least: amount(&typed.amount, currency), at_most: None, currency }
            }
            Self::Pieces => {
                let pieces = typed.pieces.trim().parse::<i64>().ok().filter(|pieces| *pieces >= 0);
                Condition::ItemQuantity { at_least: pieces, at_most: None }
            }
            Self::First => Condition::FirstTimeBuyer {},
            Self::Repeat => Condition::RepeatBuyer {},
            Self::Tag => Condition::HasTag { tag: typed.tag.trim().to_owned() },
            Self::Language => Condition::Language { is: typed.languages.clone() },
            Self::Country => Condition::Country { is: countries(&typed.countries).unwrap_or_default() },
            Self::Clicked => Condition::Clicked { message: message()? },
            Self::Opened => Condition::Opened { message: message()? },
            Self::Sent => Condition::Sent { message: message()? },
        })
    }
}

/// An amount in minor units; a comma is as good as a point.
fn amount(text: &str, currency: Currency) -> Option<i64> {
    let text = text.trim().replace(',', ".");
    Money::parse_decimal(&text, currency).ok().map(|money| money.minor).filter(|minor| *minor >= 0)
}

/// Countries by their codes, each once; `None` when one of them is none.
pub fn countries(text: &str) -> Option<Vec<Country>> {
    let mut found = Vec::new();
    for code in text.split([',', ' ', ';']).filter(|code| !code.is_empty()) {
        let country: Country = code.parse().ok()?;
        if !found.contains(&country) {
            found.push(country);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_back() {
        let typed = Typed {
            amount: "49.90".to_owned(),
            pieces: "3".to_owned(),
            tag: "vip".to_owned(),
            languages: vec![Language::De],
            countries: "DE, AT".to_owned(),
            message: "mail_1".to_owned(),
        };
        for question in Question::ALL {
            let asked = question.condition(&typed, Currency::EUR).unwrap();
            let (again, read) = Question::of(&asked).unwrap();
            assert_eq!(again, question);
            assert_eq!(again.condition(&read, Currency::EUR), Some(asked));
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_for_the_journey_to_refuse() {
        assert_eq!(amount("49,90", Currency::EUR), Some(4_990));
        assert_eq!(amount("much", Currency::EUR), None);
        assert_eq!(amount("-1", Currency::EUR), None);
        assert_eq!(countries("de at;CH,de").map(|list| list.len()), Some(3));
        assert_eq!(countries("Germany"), None);
        assert_eq!(Question::Clicked.condition(&Typed::default(), Currency::EUR), None);
    }

    #[test]
    fn a_condition_of_another_form_is_none_of_ours() {
        let other = |text: &str| Question::of(&serde_json::from_str(text).unwrap());
        assert_eq!(other(r#"{"test":"has_email"}"#), None);
        assert_eq!(other(r#"{"test":"item_quantity","at_least":1,"at_most":3}"#), None);
        assert_eq!(other(r#"{"test":"not","of":{"test":"repeat_buyer"}}"#), None);
    }
}
