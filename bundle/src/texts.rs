//! The texts of a language, in two files: those that the first load can show, and those that only pages on demand show, which come with
//! the first of these. Both stand in the order of the keys, without them: the console finds a text by its place, and a place whose text is in
//! the other file holds 0.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::Outcome;

/// Names of the texts that code outside of the pages on demand asks for (`t::NAME`), and with them everything that a first visit can show.
///
/// # Errors
/// Sources that cannot be read, or whose list of pages on demand is not found.
pub fn first(sources: &Path) -> Outcome<BTreeSet<String>> {
    let doors = sources.join("pages/on_demand.rs");
    let text = read(&doors)?;
    let list = text.split_once("use super::{").and_then(|(_, rest)| rest.split_once("};"));
    let Some((list, _)) = list else {
        return Err(format!("{}: no `use super::{{…}};` that names the pages", doors.display()));
    };
    let behind = list.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let mut names = BTreeSet::new();
    collect(sources, &sources.join("pages"), &behind, &mut names)?;
    Ok(names)
}

fn collect(
    folder: &Path,
    pages: &Path,
    behind: &BTreeSet<String>,
    names: &mut BTreeSet<String>,
) -> Outcome<()> {
    let told = |fault: std::io::Error| format!("{}: {fault}", folder.display());
    for entry in fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if folder == pages && behind.contains(stem) {
            continue;
        }
        if path.is_dir() {
            collect(&path, pages, behind, names)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = read(&path)?;
            let name = |rest: &str| {
                rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().map(str::to_owned)
            };
            names.extend(text.split("t::").skip(1).filter_map(name));
        }
    }
    Ok(())
}

/// The texts of the first load, and the others.
///
/// # Errors
/// Text that is no JSON object, with the line.
pub fn halves(path: &Path, bytes: &[u8], first: &BTreeSet<String>) -> Outcome<[Vec<u8>; 2]> {
    let told = |fault: serde_json::Error| format!("{}: {fault}", path.display());
    let texts: BTreeMap<String, serde_json::Value> = serde_json::from_slice(bytes).map_err(told)?;
    // As `frontend/build.rs` names the function of a text.
    let is_first = |key: &str| first.contains(&key.replace(['.', '-'], "_"));
    let half = |wanted: bool| {
        let one =
            texts.iter().map(|(key, text)| if is_first(key) == wanted { text.clone() } else { 0.into() });
        serde_json::to_vec(&one.collect::<Vec<_>>()).map_err(told)
    };
    Ok([half(true)?, half(false)?])
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_travels_once_at_its_place() {
        let first = BTreeSet::from(["a".to_owned(), "c_d".to_owned()]);
        let texts = br#"{ "b": "two", "a": { "one": "1", "other": "n" }, "c.d": "three" }"#;
        let [now, later] = halves(Path::new("en.json"), texts, &first).unwrap();
        assert_eq!(now, br#"[{"one":"1","other":"n"},0,"three"]"#);
        assert_eq!(later, br#"[0,"two",0]"#);
        assert!(halves(Path::new("en.json"), b"[]", &first).unwrap_err().starts_with("en.json: "));
    }

    #[test]
    fn what_home_and_the_frame_say_comes_first_and_what_the_settings_alone_say_does_not() {
        let names = first(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend/src")).unwrap();
        for name in ["nav_carts", "sign_in_do", "loading"] {
            assert!(names.contains(name), "{name}");
        }
        assert!(!names.contains("mailer_add"));
    }
}
