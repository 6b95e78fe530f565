//! Money: whole minor units and an ISO 4217 code, never a float.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// An ISO 4217 currency, kept as its three letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Why an amount or a currency was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a code of ISO 4217.
    #[error("\"{0}\" is not a currency code of ISO 4217, such as EUR")]
    Currency(String),
    /// Not a decimal number such as `12.50`.
    #[error("\"{0}\" is not an amount such as 12.50")]
    Amount(String),
    /// Beyond what 64 bits of minor units hold, or what a cart can cost.
    #[error("the amount \"{0}\" is too large")]
    TooLarge(String),
}

impl Currency {
    /// The euro, our default.
    pub const EUR: Self = Self(*b"EUR");

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("EUR")
    }

    /// Digits after the point by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(&self) -> u32 {
        iso_currency::Currency::from_code(self.code()).and_then(|c| c.exponent()).map_or(2, u32::from)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let upper = text.trim().to_ascii_uppercase();
        // Two codes of the standard say that there is no money: "none" and "for tests".
        let money = |code: &[u8; 3]| code != b"XXX" && code != b"XTS";
        match (iso_currency::Currency::from_code(&upper), <[u8; 3]>::try_from(upper.as_bytes())) {
            (Some(_), Ok(bytes)) if money(&bytes) => Ok(Self(bytes)),
            _ => Err(MoneyError::Currency(text.chars().take(16).collect())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units of one currency: `{"minor":1250,"currency":"EUR"}` is 12.50 EUR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Cents, pence, rappen; negative for what goes back.
    pub minor: i64,
    /// Sums never cross currencies.
    pub currency: Currency,
}

/// The largest amount taken from outside: 10^15 minor units, far above any cart, far below overflow of sums.
pub const MAX_MINOR: i64 = 1_000_000_000_000_000;

impl Money {
    /// `minor` units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a decimal amount (`"12.5"`, `"-3"`, `"1299.00"`) exactly, rounding further digits half away from zero.
    ///
    /// # Errors
    /// [`MoneyError::Amount`] for anything else, exponents and thousands separators included;
    /// [`MoneyError::TooLarge`] beyond [`MAX_MINOR`].
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let bad = || MoneyError::Amount(text.chars().take(32).collect());
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !numeric(whole) || !numeric(fraction) {
            return Err(bad());
        }
        let places = currency.exponent() as usize;
        let kept = fraction.get(..places.min(fraction.len())).unwrap_or("");
        let text_minor = format!("{whole}{kept:0<places$}");
        let too_large = || MoneyError::TooLarge(text.chars().take(32).collect());
        let mut minor: i64 =
            if text_minor.is_empty() { 0 } else { text_minor.parse().map_err(|_| too_large())? };
        if fraction.as_bytes().get(places).is_some_and(|d| *d >= b'5') {
            minor += 1;
        }
        if minor > MAX_MINOR {
            return Err(too_large());
        }
        Ok(Self::new(if negative { -minor } else { minor }, currency))
    }

    /// Sum of two amounts of one currency; `None` when the currencies differ or the sum overflows.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency).then_some(())?;
        Some(Self::new(self.minor.checked_add(other.minor)?, self.currency))
    }

    /// The plain decimal form for machines, `12.50`.
    pub fn to_decimal(&self) -> String {
        let places = self.currency.exponent();
        let unit = 10_u64.pow(places);
        let n = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        if places == 0 {
            return format!("{sign}{n}");
        }
        format!("{sign}{}.{:0width$}", n / unit, n % unit, width = places as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(text: &str) -> Result<i64, MoneyError> {
        Money::parse_decimal(text, Currency::EUR).map(|m| m.minor)
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(eur("12.50"), Ok(1250));
        assert_eq!(eur("12.5"), Ok(1250));
        assert_eq!(eur(".5"), Ok(50));
        assert_eq!(eur("-3"), Ok(-300));
        assert_eq!(eur("0.005"), Ok(1));
        assert_eq!(eur("0.0049"), Ok(0));
        for bad in ["", "-", ".", "1e3", "1,000", "12.5.0", "NaN", "+5", "٣"] {
            assert!(eur(bad).is_err(), "{bad}");
        }
        assert_eq!(eur("99999999999999999999"), Err(MoneyError::TooLarge("99999999999999999999".into())));
    }

    #[test]
    fn exponents_follow_iso_4217() {
        let yen: Currency = "jpy".parse().expect("a code");
        assert_eq!(Money::parse_decimal("1500", yen).map(|m| m.minor), Ok(1500));
        let dinar: Currency = "KWD".parse().expect("a code");
        assert_eq!(Money::parse_decimal("1.5", dinar).map(|m| m.to_decimal()), Ok("1.500".into()));
        assert!("EURO".parse::<Currency>().is_err());
    }

    #[test]
    fn sums_never_cross_currencies() {
        let usd: Currency = "USD".parse().expect("a code");
        assert_eq!(Money::new(1, Currency::EUR).checked_add(Money::new(1, usd)), None);
    }

    proptest! {
        #[test]
        fn decimal_form_reads_back(minor in -MAX_MINOR..MAX_MINOR) {
            let m = Money::new(minor, Currency::EUR);
            prop_assert_eq!(Money::parse_decimal(&m.to_decimal(), Currency::EUR), Ok(m));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = Money::parse_decimal(&text, Currency::EUR);
        }
    }
}
