//! Conditions on the tenant that are put there by hand, outside of `db/`: each is known.

use super::*;

/// Where product code outside `db/` names a tenant's column itself: in the ORM's words, and in texts. Most of it runs over all
/// stores, where PostgreSQL's next fence is open: there the sweep, the tests of guests and of billing stand alone. Whoever adds a place looks
/// whether the scope could not put the condition there, and has a test that fails without it.
const BY_HAND: &[(&str, usize, usize)] = &[
    ("accounts/keys/rotate.rs", 3, 0),
    ("accounts/keys/walk.rs", 1, 0),
    ("accounts/service.rs", 1, 1),
    ("accounts/team/circles.rs", 4, 0),
    ("accounts/team/guests.rs", 16, 2),
    ("accounts/team/keys.rs", 1, 0),
    ("accounts/team/members.rs", 1, 0),
    ("analytics/metrics.rs", 1, 0),
    ("api/graphql/billing.rs", 1, 1),
    ("auth/grant.rs", 2, 0),
    ("auth/second_factor.rs", 0, 1),
    ("billing/caps.rs", 2, 0),
    ("billing/lines.rs", 1, 0),
    ("billing/notices.rs", 2, 0),
    ("billing/report.rs", 1, 0),
    ("billing/retention.rs", 1, 0),
    ("billing/state.rs", 2, 0),
    ("billing/usage.rs", 3, 0),
    ("carts/abandon.rs", 1, 0),
    ("dry_run/service.rs", 1, 0),
    ("engine/effects.rs", 1, 0),
    ("mail/pace.rs", 1, 0),
    ("messages/cancel.rs", 1, 0),
    ("messages/hold.rs", 4, 0),
    ("messages/invariants.rs", 0, 12),
    ("messages/usage.rs", 1, 0),
    ("opening.rs", 1, 0),
    // Which stores have browsers to forget; they are forgotten in the scope of each.
    ("push/devices.rs", 1, 0),
    ("storefront/mod.rs", 1, 0),
    ("templates/service.rs", 1, 0),
    ("webhooks/health.rs", 1, 0),
];

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources").filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["tests", "testing", "db"].contains(&name.as_str()) {
                sources(&path, all);
            }
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            all.push(path);
        }
    }
}

#[test]
fn conditions_by_hand_are_known() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut files = Vec::new();
    sources(root, &mut files);
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        // `Column::StoreId`, whatever the columns are called there; `ids::StoreId` is a type.
        let orm = |name: &str| {
            let by = |at: usize| {
                let word = text[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
                let after = text[at + name.len()..].chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
                word.is_some_and(|w| w.starts_with(|c: char| c.is_ascii_uppercase())) && !after
            };
            text.match_indices(name).filter(|(at, _)| by(*at)).count()
        };
        let columns = ["store_id", "organisation_id"];
        let texts = columns.iter().map(|c| {
            [" =", " IN"].iter().map(|sign| text.matches(&format!("{c}{sign}")).count()).sum::<usize>()
        });
        let place = file.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
        let counts = (orm("::StoreId") + orm("::OrganisationId"), texts.sum::<usize>());
        if counts != (0, 0) {
            found.push((place, counts.0, counts.1));
        }
    }
    found.sort();
    let known: Vec<_> = BY_HAND.iter().map(|(place, orm, text)| ((*place).to_owned(), *orm, *text)).collect();
    assert_eq!(found, known, "a condition on the tenant that is put there by hand");
}
