//! Turns `lang/*.json` into one function per text, so that a text used in the console exists in every language.
//!
//! A value is a text, or `{"one": …, "other": …}` for one that depends on the number `n`. `{name}` is a placeholder.
//! The build fails, naming language and key, when a key is missing, left over, of another kind or has other placeholders
//! than in English. Texts are found by their place in the sorted list of keys, so no key travels inside the module.
//!
//! It also asks the linker of the WebAssembly to keep what the bundler needs to take pages out of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const LANGUAGES: [&str; 4] = ["en", "de", "fr", "it"];

/// One text: the plain form, or the forms for one and for many.
enum Text {
    Plain(String),
    Counted { one: String, other: String },
}

fn main() {
    println!("cargo::rerun-if-changed=lang");
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|target| target == "wasm32") {
        // Here and not among the compiler's flags: those would belong to every crate, and each would be built anew.
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
    match texts() {
        Ok(code) => {
            let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
            std::fs::write(Path::new(&out).join("texts.rs"), code).expect("OUT_DIR can be written");
        }
        Err(faults) => {
            for fault in faults {
                println!("cargo::error={fault}");
            }
            std::process::exit(1);
        }
    }
}

fn texts() -> Result<String, Vec<String>> {
    let english = read("en")?;
    let mut faults = Vec::new();
    for language in LANGUAGES.into_iter().skip(1) {
        match read(language) {
            Ok(other) => compare(language, &english, &other, &mut faults),
            Err(more) => faults.extend(more),
        }
    }
    if faults.is_empty() { Ok(generate(&english)) } else { Err(faults) }
}

fn read(language: &str) -> Result<BTreeMap<String, Text>, Vec<String>> {
    let place = format!("lang/{language}.json");
    let told = |fault: String| vec![format!("{place}: {fault}")];
    let raw = std::fs::read_to_string(&place).map_err(|fault| told(fault.to_string()))?;
    let value: serde_json::Value = serde_json::from_str(&raw).map_err(|fault| told(fault.to_string()))?;
    let object = value.as_object().ok_or_else(|| told("not an object".to_owned()))?;
    let mut texts = BTreeMap::new();
    for (key, value) in object {
        let form = |name: &str| value.get(name).and_then(|form| form.as_str()).map(str::to_owned);
        let text = match (value.as_str(), form("one"), form("other")) {
            (Some(text), _, _) => Text::Plain(text.to_owned()),
            (None, Some(one), Some(other)) => Text::Counted { one, other },
            _ => return Err(told(format!("{key}: neither a text nor {{\"one\", \"other\"}}"))),
        };
        texts.insert(key.clone(), text);
    }
    Ok(texts)
}

fn compare(
    language: &str,
    english: &BTreeMap<String, Text>,
    other: &BTreeMap<String, Text>,
    faults: &mut Vec<String>,
) {
    for (key, text) in english {
        let Some(mine) = other.get(key) else {
            faults.push(format!("lang/{language}.json: {key} is missing"));
            continue;
        };
        if matches!(text, Text::Plain(_)) != matches!(mine, Text::Plain(_)) {
            faults.push(format!("lang/{language}.json: {key} is of another kind than in English"));
        } else if names(mine) != names(text) {
            let (here, there) = (names(mine).join(", "), names(text).join(", "));
            faults.push(format!(
                "lang/{language}.json: {key} has placeholders [{here}], English has [{there}]"
            ));
        }
    }
    for key in other.keys().filter(|key| !english.contains_key(*key)) {
        faults.push(format!("lang/{language}.json: {key} is not a key of lang/en.json"));
    }
}

/// The placeholders of all forms, sorted, each once. `n` is understood in a counted text and need not appear in each form.
fn names(text: &Text) -> Vec<String> {
    let mut found = match text {
        Text::Plain(text) => placeholders(text),
        Text::Counted { one, other } => {
            let mut found = placeholders(one);
            found.extend(placeholders(other));
            found.retain(|name| name != "n");
            found
        }
    };
    found.sort();
    found.dedup();
    found
}

fn placeholders(text: &str) -> Vec<String> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

fn generate(english: &BTreeMap<String, Text>) -> String {
    let mut code = String::new();
    for (index, (key, text)) in english.iter().enumerate() {
        let function = key.replace(['.', '-'], "_");
        let names = names(text);
        let parameters: Vec<String> = names.iter().map(|name| format!("{name}: &str")).collect();
        let pairs: Vec<String> = names.iter().map(|name| format!("(\"{name}\", {name})")).collect();
        let (parameters, pairs) = (parameters.join(", "), pairs.join(", "));
        let (shown, head, body) = match text {
            Text::Plain(text) if names.is_empty() => (text, String::new(), format!("super::text({index})")),
            Text::Plain(text) => (text, parameters, format!("super::fill({index}, &[{pairs}])")),
            Text::Counted { other, .. } => {
                let comma = if names.is_empty() { "" } else { ", " };
                (
                    other,
                    format!("n: i64{comma}{parameters}"),
                    format!("super::counted({index}, n, &[{pairs}])"),
                )
            }
        };
        let shown = shown.replace('\n', " ");
        writeln!(code, "#[doc = {shown:?}]\npub fn {function}({head}) -> String {{\n    {body}\n}}\n")
            .expect("writing to a string does not fail");
    }
    code
}
