//! One stylesheet out of many, without comments, pointing at the hashed assets.

use std::path::Path;

use crate::Outcome;
use crate::pack::{Pack, folder};

/// Joins `style/*.css` in the order of their names.
///
/// # Errors
/// A file that is not UTF-8, or a `url(…/assets/NAME)` with no such file in `frontend/assets`.
pub fn join(style: &Path, pack: &Pack) -> Outcome<String> {
    let mut all = String::new();
    for (name, bytes) in folder(style, Some("css"))? {
        let told = |fault: String| format!("{}: {fault}", style.join(&name).display());
        let text = String::from_utf8(bytes).map_err(|fault| told(fault.to_string()))?;
        all.push_str(&point_at_assets(&without_comments(&text), |asset| pack.asset(asset)).map_err(told)?);
        all.push('\n');
    }
    Ok(all)
}

/// The text without `/* … */` and blank lines; strings are left alone.
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut quote = None;
    while let Some(character) = rest.chars().next() {
        if quote.is_none() && rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, after)| after);
            continue;
        }
        let width =
            if character == '\\' { character.len_utf8() + next_width(rest) } else { character.len_utf8() };
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            _ => {}
        }
        kept.push_str(&rest[..width]);
        rest = &rest[width..];
    }
    kept.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Width of the character after the first one, 0 at the end.
fn next_width(text: &str) -> usize {
    text.chars().nth(1).map_or(0, char::len_utf8)
}

/// Replaces each `url(…assets/NAME)` by the path the asset was packed under.
fn point_at_assets<'a>(text: &str, find: impl Fn(&str) -> Option<&'a str>) -> Outcome<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("url(") {
        let (inner, tail) = after.split_once(')').ok_or("a url( is not closed")?;
        let target = inner.trim().trim_matches(['"', '\'']);
        out.push_str(before);
        match target.rsplit_once("assets/") {
            Some((_, name)) if !target.starts_with("data:") => {
                let path =
                    find(name).ok_or_else(|| format!("url({target}): no file {name} in frontend/assets"))?;
                out.push_str(&format!("url(\"/{path}\")"));
            }
            _ => out.push_str(&format!("url({inner})")),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_strings_stay() {
        let text = "/* one */a { content: \"/* kept */\"; }\n\n/* two\nlines */\nb { content: '\\'/*'; }\n";
        assert_eq!(without_comments(text), "a { content: \"/* kept */\"; }\nb { content: '\\'/*'; }");
    }

    #[test]
    fn assets_are_found_and_data_is_left() {
        let find = |name: &str| (name == "inter.woff2").then_some("assets/inter-1f.woff2");
        let text =
            "a{src:url(../assets/inter.woff2)}b{src:url('data:image/svg+xml,assets/x')}c{src:url(#clip)}";
        assert_eq!(
            point_at_assets(text, find).unwrap(),
            "a{src:url(\"/assets/inter-1f.woff2\")}b{src:url('data:image/svg+xml,assets/x')}c{src:url(#clip)}"
        );
    }

    #[test]
    fn a_missing_asset_is_named() {
        let fault = point_at_assets("a{src:url(/assets/gone.svg)}", |_| None).unwrap_err();
        assert!(fault.contains("gone.svg"), "{fault}");
    }
}
