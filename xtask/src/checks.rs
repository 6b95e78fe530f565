//! Rules about the text of the sources, each checked in milliseconds. A finding names file and line.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::exec;
use crate::house::House;

/// Most lines of a source file.
const LINES: usize = 600;

/// Types of files people write here.
const WRITTEN: &[&str] = &["rs", "js", "mjs", "ts", "css", "html", "sh", "py", "graphql", "toml", "sql"];

/// Most bytes of the shop's snippet after gzip.
const SNIPPET_BYTES: usize = 4096;

/// Where the built snippet is, should the storefront keep it in the repository.
const SNIPPET: &str = "storefront/dist/snippet.min.js";

/// Reads every source file and reports all findings at once.
pub fn check(house: &House) -> Outcome {
    let files = exec::capture(
        Command::new("git").args(["ls-files", "-co", "--exclude-standard", "-z"]).current_dir(&house.root),
    )?;
    let mut findings = Vec::new();
    for file in files.split('\0').filter(|file| is_written(file)) {
        // Listed by git, yet absent: deleted and not committed.
        let Ok(text) = fs::read_to_string(house.root.join(file)) else { continue };
        look(file, &text, &mut findings);
    }
    if let Some(finding) = snippet(&house.root.join(SNIPPET))? {
        findings.push(finding);
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(format!("{} findings\n{}", findings.len(), findings.join("\n")))
    }
}

fn is_written(file: &str) -> bool {
    let generated = file == "schema.graphql"
        || file.ends_with(".lock")
        || file.contains("/dist/")
        || file.contains("/snapshots/");
    !generated && Path::new(file).extension().is_some_and(|it| WRITTEN.iter().any(|known| it == *known))
}

/// Rules for one file.
fn look(file: &str, text: &str, findings: &mut Vec<String>) {
    let count = text.lines().count();
    if count > LINES && !file.starts_with("migration/") {
        findings.push(format!("{file}: {count} lines; split it, {LINES} is the limit"));
    }
    let rust = file.ends_with(".rs");
    for (index, line) in text.lines().enumerate() {
        let mut tell = |what: &str| findings.push(format!("{file}:{}: {what}", index + 1));
        if rust && file.starts_with("frontend/src") && sets_style(line) {
            tell("`style=` is blocked by the content security policy; write `style:property=value`");
        }
        if rust && line.trim_start().starts_with("#[ignore") {
            tell("an ignored test proves nothing");
        }
        if file.starts_with("xtask/src/checks") {
            continue;
        }
        if ["TODO", "FIXME", "XXX:"].iter().any(|mark| line.contains(mark)) {
            tell("unfinished work belongs into an issue");
        }
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            tell("a conflict was left in");
        }
    }
}

/// A `style` attribute as a string in a `view!`; `let style = …` and `style:width=` are something else.
fn sets_style(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    [" style=", "\tstyle=", "attr:style="].iter().any(|mark| code.contains(mark))
        || code.starts_with("style=")
}

/// The snippet runs in every page of a shop.
fn snippet(file: &Path) -> Outcome<Option<String>> {
    if !file.exists() {
        return Ok(None);
    }
    let told = |fault: std::io::Error| format!("gzip: {fault}");
    let mut gzip = Command::new("gzip")
        .args(["-9nc"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(told)?;
    let text = fs::read(file).map_err(|fault| format!("{}: {fault}", file.display()))?;
    // Written from here while nothing is read yet: a snippet is far smaller than a pipe's buffer once compressed.
    gzip.stdin.take().ok_or("a piped input is missing")?.write_all(&text).map_err(told)?;
    let bytes = gzip.wait_with_output().map_err(told)?.stdout.len();
    Ok((bytes > SNIPPET_BYTES)
        .then(|| format!("{SNIPPET}: {bytes} bytes after gzip, {SNIPPET_BYTES} is the limit")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(file: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        look(file, text, &mut findings);
        findings
    }

    #[test]
    fn style_strings_are_found_in_the_console_only() {
        let text = "view! {\n  <p style=\"color:red\">\n  <p style:width=w>\n}\nlet style = 1;";
        assert_eq!(findings("frontend/src/a.rs", text).len(), 1);
        assert!(findings("frontend/src/a.rs", text)[0].starts_with("frontend/src/a.rs:2: "));
        assert!(findings("backend/src/mail.rs", text).is_empty());
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(findings("domain/src/a.rs", &"x\n".repeat(LINES + 1)).len(), 1);
        assert!(findings("domain/src/a.rs", &"x\n".repeat(LINES)).is_empty());
        assert!(findings("migration/src/a.rs", &"x\n".repeat(LINES + 1)).is_empty());
    }

    #[test]
    fn ignored_tests_and_unfinished_work_are_found() {
        assert_eq!(findings("domain/src/a.rs", "#[ignore]\n// TODO later\n").len(), 2);
        assert_eq!(findings("a.rs", "<<<<<<< ours\n=======\n>>>>>>> theirs\n").len(), 2);
    }

    #[test]
    fn generated_files_are_left_alone() {
        assert!(is_written("backend/src/lib.rs") && is_written("e2e/specs/a.spec.ts"));
        assert!(
            !is_written("schema.graphql") && !is_written("Cargo.lock") && !is_written("storefront/dist/a.js")
        );
        assert!(!is_written("docs/picture.png"));
    }

    #[test]
    fn a_heavy_snippet_is_found() {
        let file = std::env::temp_dir().join(format!("cartwheel-snippet-{}", std::process::id()));
        let mut noise = 1_u32;
        let heavy: Vec<u8> = (0..8192)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            })
            .collect();
        fs::write(&file, heavy).unwrap();
        let found = snippet(&file).unwrap();
        fs::write(&file, "let a = 1;".repeat(1000)).unwrap();
        let light = snippet(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(found.is_some_and(|text| text.contains("bytes after gzip")));
        assert_eq!(light, None);
    }
}
