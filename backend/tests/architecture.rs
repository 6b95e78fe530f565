//! The dependency rule of `docs/architecture.md`, read off the sources: a breach fails with file and line.
//!
//! Sources are cut into words; comments and strings do not count, and what stands under `#[cfg(test)]`, in `tests.rs`,
//! `*_tests.rs`, `tests/` or `testing/` may reach further than the product does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "architecture/words.rs"]
mod words;

use words::{Source, Word, sources};

/// One breach: where, and of which rule.
type Breach = String;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("backend/ lies in the workspace").to_owned()
}

fn backend() -> Vec<Source> {
    sources(&root(), "backend/src")
}

fn product(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| !source.is_test())
}

fn assert_none(rule: &str, breaches: &[Breach]) {
    assert!(
        breaches.is_empty(),
        "{} breaches of the rule: {rule}\n{}\n",
        breaches.len(),
        breaches.join("\n")
    );
}

/// Module → its place in `lib.rs`.
fn order(sources: &[Source]) -> BTreeMap<String, usize> {
    let lib = sources.iter().find(|source| source.path == "backend/src/lib.rs").expect("backend/src/lib.rs");
    let names = lib.words.windows(2).filter(|pair| pair[0].text == "mod").map(|pair| pair[1].text.clone());
    names.enumerate().map(|(place, name)| (name, place)).collect()
}

/// Uses of a module that stands later in `lib.rs`, or is not in it.
fn against_order(sources: &[Source], order: &BTreeMap<String, usize>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in product(sources) {
        let Some(own) = source.module().and_then(|module| Some((module, order.get(module)?))) else {
            continue;
        };
        for (path, line) in source.uses() {
            let Some(other) = path.first().filter(|other| *other != own.0) else { continue };
            if other == "testing" {
                breaches.push(format!("{}:{line}: {} uses testing, which is for tests", source.path, own.0));
            } else if order.get(other).is_some_and(|place| place > own.1) {
                breaches.push(format!(
                    "{}:{line}: {} uses {other}, which stands below it in lib.rs",
                    source.path, own.0
                ));
            }
        }
    }
    breaches
}

/// Uses of another domain's `store`.
fn into_stores(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in product(sources) {
        for (path, line) in source.uses() {
            let foreign = path.first().map(String::as_str) != source.module();
            if foreign && path.iter().skip(1).any(|part| part == "store") {
                breaches.push(format!("{}:{line}: {} is another domain's own", source.path, path.join("::")));
            }
        }
    }
    breaches
}

/// Words that only some files may contain: a phrase is a run of words.
fn words_outside(sources: &[Source], phrases: &[&str], allowed: &[&str]) -> Vec<Breach> {
    let phrases: Vec<Vec<Word>> = phrases.iter().map(|phrase| words::cut(phrase).0).collect();
    let mut breaches = Vec::new();
    for source in
        product(sources).filter(|source| !allowed.iter().any(|place| source.path.starts_with(place)))
    {
        for phrase in &phrases {
            for found in source.words.windows(phrase.len()) {
                if found.iter().zip(phrase).all(|(one, other)| one.text == other.text) {
                    let text: String = phrase.iter().map(|word| word.text.as_str()).collect();
                    breaches.push(format!("{}:{}: {text}", source.path, found[0].line));
                }
            }
        }
    }
    breaches
}

/// The same for what stands in strings, where SQL is.
fn strings_outside(sources: &[Source], texts: &[&str], allowed: &[&str]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in
        product(sources).filter(|source| !allowed.iter().any(|place| source.path.starts_with(place)))
    {
        for string in &source.strings {
            for text in texts.iter().filter(|text| string.text.contains(**text)) {
                breaches.push(format!("{}:{}: {text} in a string", source.path, string.line));
            }
        }
    }
    breaches
}

/// Types that stand behind one of our traits: `impl Channel for SmtpSender` → `SmtpSender`, and the module it lives in.
fn adapters(sources: &[Source], ports: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for source in product(sources) {
        for words in source.words.windows(4) {
            let [implement, port, join, adapter] = words else { continue };
            if implement.text == "impl" && join.text == "for" && ports.contains(&port.text.as_str()) {
                found.insert(adapter.text.clone(), source.module().unwrap_or_default().to_owned());
            }
        }
    }
    found
}

/// Adapters reached by a path from outside their own module and the composition root. The demo's history is made with a
/// clock of its own, so `seed` chooses one too.
fn named_adapters(sources: &[Source], adapters: &BTreeMap<String, String>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in product(sources).filter(|source| !matches!(source.module(), None | Some("app" | "seed"))) {
        for (path, line) in source.uses() {
            let home = path.last().and_then(|name| adapters.get(name));
            if home.is_some() && home == path.first() && home.map(String::as_str) != source.module() {
                breaches.push(format!("{}:{line}: {}", source.path, path.join("::")));
            }
        }
    }
    breaches
}

#[test]
fn modules_use_only_what_stands_above_them() {
    let sources = backend();
    let order = order(&sources);
    assert!(!order.is_empty(), "backend/src/lib.rs names no module");
    let listed = |source: &&Source| source.module().is_some_and(|module| !order.contains_key(module));
    let loose: Vec<_> = sources.iter().filter(listed).map(|source| source.path.clone()).collect();
    assert_none("every module stands in lib.rs", &loose);
    assert_none("lib.rs stands in the order of allowed use", &against_order(&sources, &order));
}

#[test]
fn a_domain_calls_another_by_its_public_face() {
    assert_none("no domain reaches into another's store", &into_stores(&backend()));
}

#[test]
fn only_db_names_a_dialect() {
    let (sources, place) = (backend(), ["backend/src/db/"]);
    let phrases = ["DbBackend", "DatabaseBackend", "get_database_backend", "sqlx::Sqlite", "sqlx::Postgres"];
    let mut breaches = words_outside(&sources, &phrases, &place);
    let dialects = [
        "PRAGMA",
        "SKIP LOCKED",
        "pg_",
        "jsonb",
        "json_extract",
        "json_each",
        "::text",
        "::bigint",
        "::uuid",
    ];
    breaches.extend(strings_outside(&sources, &dialects, &place));
    assert_none("only db/ knows that there are two databases", &breaches);
}

#[test]
fn only_the_clock_reads_time_and_entropy() {
    let phrases = [
        "SystemTime",
        "Instant::now",
        "Utc::now",
        "Local::now",
        "SystemRandom",
        "OsRng",
        "ThreadRng",
        "getrandom",
        "rand::rng",
        "Uuid::now_v7",
        "Uuid::new_v4",
    ];
    let breaches = words_outside(&backend(), &phrases, &["backend/src/clock.rs"]);
    assert_none("only clock.rs reads the clock and entropy", &breaches);
}

#[test]
fn only_settings_read_the_environment() {
    let phrases = ["env::var", "env::vars", "env::var_os", "env::args"];
    let allowed = ["backend/src/config/", "backend/src/cli/", "backend/src/main.rs"];
    assert_none("settings are read in config/ and handed on", &words_outside(&backend(), &phrases, &allowed));
}

#[test]
fn the_server_reads_nothing_from_the_clone_it_was_built_in() {
    let breaches = strings_outside(&backend(), &["CARGO_MANIFEST_DIR"], &[]);
    assert_none("a server is kept and run when its clone is gone", &breaches);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
    let embed = manifest.lines().find(|line| line.starts_with("rust-embed ")).unwrap_or_default();
    assert!(
        embed.contains("debug-embed"),
        "without debug-embed it reads embedded files from the clone: {embed}"
    );
}

#[test]
fn only_the_composition_root_names_adapters() {
    let sources = backend();
    let adapters = adapters(&sources, &["Channel", "Clock", "Entropy"]);
    assert!(adapters.contains_key("SystemClock"), "the adapters are not found any more: {adapters:?}");
    assert_none("only app.rs chooses an adapter", &named_adapters(&sources, &adapters));
}

#[test]
fn channels_know_no_journey_and_no_database() {
    let channels: Vec<_> =
        backend().into_iter().filter(|source| source.module() == Some("channels")).collect();
    let mut breaches = words_outside(&channels, &["sea_orm", "cartwheel_entity"], &[]);
    let foreign = ["db", "journeys", "messages", "carts", "contacts"];
    for source in product(&channels) {
        for (path, line) in source.uses() {
            if path.first().is_some_and(|first| foreign.contains(&first.as_str())) {
                breaches.push(format!("{}:{line}: {}", source.path, path.join("::")));
            }
        }
    }
    assert_none("a channel receives a rendered message and an address", &breaches);
}

#[test]
fn the_domain_is_pure() {
    let phrases = [
        "tokio",
        "async",
        "std::fs",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "Utc::now",
        "rand",
        "ring",
        "sea_orm",
        "cartwheel_entity",
        "cartwheel_backend",
        "println",
        "static mut",
    ];
    assert_none(
        "domain/ decides, it does nothing",
        &words_outside(&sources(&root(), "domain/src"), &phrases, &[]),
    );
}

#[test]
fn the_console_knows_the_domain_and_the_schema_only() {
    let phrases = ["cartwheel_entity", "cartwheel_backend", "cartwheel_migration", "sea_orm", "sqlx"];
    assert_none(
        "frontend/ never uses entity or backend",
        &words_outside(&sources(&root(), "frontend/src"), &phrases, &[]),
    );
}

#[test]
fn entities_hold_no_logic() {
    let phrases = ["if", "match", "while", "loop", "async", "await"];
    assert_none(
        "entity/ holds columns and relations",
        &words_outside(&sources(&root(), "entity/src"), &phrases, &[]),
    );
}

/// What a package of ours may depend on among ours, by its manifest.
#[test]
fn packages_depend_in_one_direction() {
    let allowed: [(&str, &[&str]); 5] = [
        ("domain", &[]),
        ("migration", &[]),
        ("entity", &["cartwheel-domain"]),
        ("frontend", &["cartwheel-domain"]),
        ("bundle", &[]),
    ];
    for (package, may) in allowed {
        let path = root().join(package).join("Cargo.toml");
        let manifest = fs::read_to_string(&path).expect("a manifest");
        let ours = manifest.lines().filter(|line| line.starts_with("cartwheel-"));
        let names = ours.map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default());
        let breaches: Vec<_> =
            names.filter(|name| !may.contains(name)).map(|name| format!("{package}: {name}")).collect();
        assert_none("domain ← entity ← backend; frontend → domain; migration alone", &breaches);
    }
}

/// The rules see what they are meant to see.
#[test]
fn breaches_are_found() {
    let source = |path: &str, text: &str| Source::new(path.to_owned(), text);
    let lib = source("backend/src/lib.rs", "pub mod clock;\n/// Carts.\npub mod carts;\npub mod app;");
    let carts = source(
        "backend/src/carts/service.rs",
        "use crate::{clock::Env, app::{self, Wiring}};\nfn f() { super::super::app::go() }\nuse crate::orders::store::find;",
    );
    let sources = [lib, carts];
    let order = order(&sources);
    let found = against_order(&sources, &order);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("backend/src/carts/service.rs:1: carts uses app"), "{found:?}");
    assert!(found[2].starts_with("backend/src/carts/service.rs:2: "), "{found:?}");
    assert_eq!(into_stores(&sources).len(), 1);

    let spoken = source(
        "backend/src/carts/mod.rs",
        "// Instant::now\nlet a = \"Instant::now\";\nstd::time::Instant::now()",
    );
    assert_eq!(
        words_outside(&[spoken], &["Instant::now"], &[]),
        ["backend/src/carts/mod.rs:3: Instant::now"]
    );

    let asked = source("backend/src/carts/store.rs", "db.execute(\"PRAGMA user_version\")");
    assert_eq!(
        strings_outside(&[asked], &["PRAGMA"], &[]),
        ["backend/src/carts/store.rs:1: PRAGMA in a string"]
    );

    let tested =
        source("backend/src/carts/mod.rs", "#[cfg(test)]\nmod tests { use crate::app; }\nfn f() {}\n");
    assert!(against_order(&[tested], &order).is_empty());

    let smtp = source("backend/src/channels/smtp.rs", "impl Channel for Smtp { }");
    let user = source("backend/src/messages/send.rs", "use crate::channels::smtp::{self, Smtp};");
    let sources = [smtp, user];
    assert_eq!(
        named_adapters(&sources, &adapters(&sources, &["Channel"])),
        ["backend/src/messages/send.rs:1: channels::smtp::Smtp"]
    );
}
