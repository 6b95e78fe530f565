//! Parts of a text message, as networks count and bill them.
//!
//! A text of characters of the GSM alphabet (3GPP TS 23.038, section 6.2.1) goes in septets: 160 in one message, 153 in each part of
//! a longer one, since six octets say how the parts belong together (TS 23.040, section 9.2.3.24.1). One other character, and all goes
//! in UCS-2: 70 and 67. A character of two units is never torn apart between parts.

use serde::Serialize;

/// Parts a message may have; networks drop longer ones, and Twilio refuses 1,600 characters and more.
pub const MOST_PARTS: u32 = 10;

/// How a text is written on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// The GSM alphabet, in septets.
    Gsm7,
    /// Two octets a unit.
    Ucs2,
}

impl Encoding {
    /// Units of a message that is alone.
    const fn alone(self) -> u32 {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units of one part of several.
    const fn part(self) -> u32 {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }
}

/// What a text takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// In which alphabet.
    pub encoding: Encoding,
    /// Septets, or units of two octets.
    pub units: u32,
    /// Parts that are sent and paid for; 0 for an empty text.
    pub parts: u32,
    /// Units that still fit into the last part.
    pub left: u32,
    /// The first character that is not in the GSM alphabet, which makes the message dearer.
    pub foreign: Option<char>,
}

/// The basic alphabet, without the escape to the second.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The second, each of which takes an escape before it.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// Septets of a character of the GSM alphabet.
fn septets(c: char) -> Option<u32> {
    if BASIC.contains(c) { Some(1) } else { EXTENDED.contains(c).then_some(2) }
}

/// Counts a text.
pub fn parts(text: &str) -> Parts {
    let foreign = text.chars().find(|c| septets(*c).is_none());
    let encoding = if foreign.is_some() { Encoding::Ucs2 } else { Encoding::Gsm7 };
    let size = |c: char| match encoding {
        Encoding::Gsm7 => septets(c).unwrap_or(1),
        Encoding::Ucs2 => c.len_utf16() as u32,
    };
    let units: u32 = text.chars().map(size).sum();
    if units == 0 {
        return Parts { encoding, units, parts: 0, left: encoding.alone(), foreign };
    }
    if units <= encoding.alone() {
        return Parts { encoding, units, parts: 1, left: encoding.alone() - units, foreign };
    }
    let (mut parts, mut filled) = (1, 0);
    for n in text.chars().map(size) {
        if filled + n > encoding.part() {
            (parts, filled) = (parts + 1, 0);
        }
        filled += n;
    }
    Parts { encoding, units, parts, left: encoding.part() - filled, foreign }
}

/// The same text with typographic signs as the GSM alphabet has them: quotes, dashes, dots and spaces of a word processor, which say
/// nothing more and would more than double the price. Letters stay as they are.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{2039}' | '\u{203a}'
            | '`' | '´' => {
                out.push('\'');
            }
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' | '«' | '»' => out.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{2026}' => out.push_str("..."),
            '\u{2022}' | '\u{b7}' => out.push('-'),
            '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => out.push(' '),
            '\u{2028}' | '\u{2029}' => out.push('\n'),
            // Invisible: marks of order and of what may not be broken.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => {}
            c if c.is_control() && c != '\n' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(text: &str) -> (Encoding, u32, u32) {
        let found = parts(text);
        (found.encoding, found.units, found.parts)
    }

    #[test]
    fn the_borders_are_those_of_the_standard() {
        use Encoding::{Gsm7, Ucs2};
        for (text, expected) in [
            (String::new(), (Gsm7, 0, 0)),
            ("a".repeat(160), (Gsm7, 160, 1)),
            ("a".repeat(161), (Gsm7, 161, 2)),
            ("a".repeat(306), (Gsm7, 306, 2)),
            ("a".repeat(307), (Gsm7, 307, 3)),
            ("€".repeat(80), (Gsm7, 160, 1)),
            // 76 signs of two septets fill 152 of 153: the last septet of a part stays free.
            ("€".repeat(153), (Gsm7, 306, 3)),
            ("ä".repeat(160), (Gsm7, 160, 1)),
            ("ç".repeat(70), (Ucs2, 70, 1)),
            ("ç".repeat(71), (Ucs2, 71, 2)),
            ("ç".repeat(134), (Ucs2, 134, 2)),
            ("ç".repeat(135), (Ucs2, 135, 3)),
            ("🛒".repeat(35), (Ucs2, 70, 1)),
            // 33 pairs fill 66 of 67.
            ("🛒".repeat(67), (Ucs2, 134, 3)),
        ] {
            assert_eq!(counted(&text), expected, "{} of {:?}", text.chars().count(), text.chars().next());
        }
        assert_eq!(parts("Grüße, Ihr Café ☕").foreign, Some('☕'));
        assert_eq!((parts("abc").left, parts(&"a".repeat(161)).left), (157, 145));
    }

    /// Each of the 128 places of the table but the escape, and the ten of the second.
    #[test]
    fn the_alphabet_is_whole() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENDED.chars().count(), 10);
        let all: std::collections::BTreeSet<char> = BASIC.chars().chain(EXTENDED.chars()).collect();
        assert_eq!(all.len(), 137);
    }

    #[test]
    fn signs_of_a_word_processor_cost_nothing() {
        let text = "„Ihr Warenkorb“ – noch da…\u{a0}d’accord\u{200b}";
        assert_eq!(plain(text), "\"Ihr Warenkorb\" - noch da... d'accord");
        assert_eq!(parts(&plain(text)).encoding, Encoding::Gsm7);
        assert_eq!(plain("Ça coûte 12 €\n🛒"), "Ça coûte 12 €\n🛒");
    }

    proptest! {
        /// No part is longer than it may be, none is sent that is not needed, and a text is never dearer for being plain.
        #[test]
        fn parts_hold_what_they_say(text in "\\PC{0,400}") {
            let found = parts(&text);
            let (alone, part) = (found.encoding.alone(), found.encoding.part());
            match found.parts {
                0 => prop_assert_eq!(found.units, 0),
                1 => prop_assert!(found.units <= alone),
                n => {
                    prop_assert!(found.units > alone && found.units <= n * part);
                    // One unit at most is lost at the end of each part.
                    prop_assert!(found.units > (n - 1) * (part - 1));
                }
            }
            let plain = plain(&text);
            let dotted = parts(&text.replace('\u{2026}', "...")).parts;
            prop_assert!(parts(&plain).parts <= found.parts.max(dotted));
        }
    }
}
