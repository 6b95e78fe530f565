//! The browser's `Intl`, with its formatters kept, since making one is slow. The host has a plain stand-in for tests.

#[cfg(target_arch = "wasm32")]
pub use browser::{date, forget, is_one, number, relative};
#[cfg(not(target_arch = "wasm32"))]
pub use host::{date, forget, is_one, number, relative};

/// An option of a formatter, as `Intl` names it. A value that is a whole number is passed as one.
pub type Options<'a> = &'a [(&'a str, &'a str)];

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use js_sys::{Array, Function, Intl, Object, Reflect};
    use wasm_bindgen::{JsCast as _, JsValue};

    use super::Options;
    use crate::i18n::table;

    thread_local! {
        static KEPT: RefCell<HashMap<String, Function>> = RefCell::new(HashMap::new());
    }

    /// Throws the formatters of the former language away.
    pub fn forget() {
        KEPT.with_borrow_mut(HashMap::clear);
    }

    fn kept(kind: &str, options: Options<'_>, make: impl FnOnce(&Array, &Object) -> Function) -> Function {
        let key = options.iter().fold(kind.to_owned(), |key, (name, value)| format!("{key}|{name}={value}"));
        if let Some(found) = KEPT.with_borrow(|kept| kept.get(&key).cloned()) {
            return found;
        }
        let locales = Array::of1(&JsValue::from_str(&locale()));
        let object = Object::new();
        for (name, value) in options {
            let value = match value.parse::<f64>() {
                Ok(number) => JsValue::from_f64(number),
                Err(_) if *value == "true" => JsValue::TRUE,
                Err(_) => JsValue::from_str(value),
            };
            // Setting a plain property of a fresh object cannot be refused.
            let _ = Reflect::set(&object, &JsValue::from_str(name), &value);
        }
        let made = make(&locales, &object);
        KEPT.with_borrow_mut(|kept| kept.insert(key, made.clone()));
        made
    }

    /// The reader's own variant of the language in use, so that dates and numbers follow the region: `en-GB`, `de-CH`.
    fn locale() -> String {
        let code = table::current().code();
        let mut own = crate::browser::languages().into_iter();
        own.find(|tag| tag.split('-').next() == Some(code)).unwrap_or_else(|| code.to_owned())
    }

    fn call(function: &Function, value: &JsValue) -> String {
        function.call1(&JsValue::UNDEFINED, value).ok().and_then(|text| text.as_string()).unwrap_or_default()
    }

    /// A decimal number, passed as text so that no digit is lost.
    pub fn number(decimal: &str, options: Options<'_>) -> String {
        let make = |locales: &Array, object: &Object| Intl::NumberFormat::new(locales, object).format();
        call(&kept("number", options, make), &JsValue::from_str(decimal))
    }

    /// A moment in epoch milliseconds.
    pub fn date(millis: i64, options: Options<'_>) -> String {
        let make = |locales: &Array, object: &Object| Intl::DateTimeFormat::new(locales, object).format();
        call(&kept("date", options, make), &JsValue::from_f64(millis as f64))
    }

    /// A distance in time: `-3`, `hour` is "3 hours ago".
    pub fn relative(count: i64, unit: &str) -> String {
        let make = |locales: &Array, object: &Object| {
            let format = Intl::RelativeTimeFormat::new(locales, object);
            let method: Function = Reflect::get(&format, &JsValue::from_str("format"))
                .ok()
                .and_then(|method| method.dyn_into().ok())
                .unwrap_or_else(|| Function::new_no_args(""));
            method.bind0(&format)
        };
        let function = kept("relative", &[("numeric", "auto")], make);
        function
            .call2(&JsValue::UNDEFINED, &JsValue::from_f64(count as f64), &JsValue::from_str(unit))
            .ok()
            .and_then(|text| text.as_string())
            .unwrap_or_default()
    }

    /// Whether the language uses its singular for this number.
    pub fn is_one(n: i64) -> bool {
        let make = |locales: &Array, object: &Object| {
            let rules = Intl::PluralRules::new(locales, object);
            let method: Function = Reflect::get(&rules, &JsValue::from_str("select"))
                .ok()
                .and_then(|method| method.dyn_into().ok())
                .unwrap_or_else(|| Function::new_no_args(""));
            method.bind0(&rules)
        };
        call(&kept("plural", &[], make), &JsValue::from_f64(n as f64)) == "one"
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    use super::Options;

    /// Nothing is kept on the host.
    pub fn forget() {}

    fn option<'a>(options: Options<'a>, name: &str) -> Option<&'a str> {
        options.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// English grouping, the currency's code before the number, per cent as a number times hundred.
    pub fn number(decimal: &str, options: Options<'_>) -> String {
        let percent = option(options, "style") == Some("percent");
        let scaled = match decimal.parse::<f64>() {
            Ok(number) if percent => {
                let digits = option(options, "maximumFractionDigits")
                    .and_then(|digits| digits.parse().ok())
                    .unwrap_or(0);
                format!("{:.*}", digits, number * 100.0)
            }
            _ => decimal.to_owned(),
        };
        let (sign, digits) = scaled.strip_prefix('-').map_or(("", scaled.as_str()), |digits| ("-", digits));
        let (whole, fraction) =
            digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let fraction = fraction.filter(|_| option(options, "maximumFractionDigits") != Some("0") || percent);
        let number = fraction.map_or(grouped.clone(), |fraction| format!("{grouped}.{fraction}"));
        match option(options, "currency") {
            Some(currency) => format!("{currency} {sign}{number}"),
            None if percent => format!("{sign}{number}%"),
            None => format!("{sign}{number}"),
        }
    }

    /// The bare milliseconds: the host knows no zone of a reader.
    pub fn date(millis: i64, _: Options<'_>) -> String {
        millis.to_string()
    }

    /// In the manner of `Intl` without its special words.
    pub fn relative(count: i64, unit: &str) -> String {
        let plural = if count.abs() == 1 { "" } else { "s" };
        if count > 0 {
            format!("in {count} {unit}{plural}")
        } else {
            format!("{} {unit}{plural} ago", -count)
        }
    }

    /// English and German say one for one.
    pub fn is_one(n: i64) -> bool {
        n == 1
    }
}
