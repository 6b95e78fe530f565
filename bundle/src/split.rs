//! Takes the pages that load on demand out of the module, by `wasm_split_cli_support` as a library.
//!
//! A function marked `wasm_split` in the console is the door to a chunk. What is reached through one door alone becomes a
//! module of its own, what several doors share becomes further ones, the rest stays. A script that comes with them, the
//! *link*, fetches a chunk when the console asks for it and ties it to the memory and the function table in use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use walrus::ModuleConfig;
use wasm_split_cli_support::{Options, transform};

use crate::Outcome;
use crate::bindgen::sibling;
use crate::pack::Pack;

/// How the module imports the link, until that has its name with a hash.
pub const LINK: &str = "./link.js";

/// From where the link would import the console's bindings.
const MAIN: &str = "./console.js";

/// What a module falls into.
pub struct Split {
    /// What a first visit loads; the bindings are still to be made.
    pub main: PathBuf,
    /// The packed link. Its `attach` takes `initSync` of the bindings: were it to import them, as they import it, the
    /// hashes of both names would depend on each other.
    pub link: String,
    /// The packed files each chunk needs, by the chunk's name in the console.
    pub pages: BTreeMap<String, Vec<String>>,
}

/// Splits the module at `path`; packs the chunks and the link.
///
/// # Errors
/// A module linked without `--emit-relocs`, or one without doors.
pub fn split(path: &Path, pack: &mut Pack) -> Outcome<Split> {
    let told = |fault: &dyn std::fmt::Display| format!("{}: {fault}", path.display());
    let bytes = fs::read(path).map_err(|fault| told(&fault))?;
    let scratch = pack.scratch()?;
    let main = scratch.join("main.wasm");
    let mut options = Options::new(&bytes);
    options.output_dir = &scratch;
    options.main_out_path = &main;
    options.link_name = LINK;
    options.main_module = MAIN;
    let parts = transform(options).map_err(|fault| told(&format!("{fault:#}")))?;

    let mut link = fs::read_to_string(scratch.join(LINK)).map_err(|fault| told(&fault))?;
    let mut packed = BTreeMap::new();
    for chunk in &parts.split_modules {
        let stem = chunk.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let name = match stem.strip_prefix("split_") {
            Some(page) => format!("page-{page}"),
            None => stem.replace("chunk_", "shared-"),
        };
        let (from, bytes) = (format!("\"./{stem}.wasm\""), fs::read(chunk).map_err(|fault| told(&fault))?);
        // One without code of its own has a file that nobody fetches.
        if link.contains(&from) {
            let path = pack.add(&name, "wasm", bare(&bytes).map_err(|fault| told(&fault))?)?;
            link = link.replace(&from, &format!("\"{}\"", sibling(&path)));
            packed.insert(stem.to_owned(), path);
        }
    }
    if packed.is_empty() {
        return Err(told(&"no page was taken out; is it linked with --emit-relocs?"));
    }
    let link = pack.add("link", "js", detached(&link).map_err(|fault| told(&fault))?.into_bytes())?;
    let files = |stems: &Vec<String>| stems.iter().filter_map(|stem| packed.get(stem).cloned()).collect();
    let pages = parts.prefetch_map.iter().map(|(page, stems)| (page.clone(), files(stems))).collect();
    Ok(Split { main, link, pages })
}

/// The link with `attach` in place of its import of the bindings.
fn detached(link: &str) -> Outcome<String> {
    let import = format!("import {{ initSync }} from \"{MAIN}\";");
    let (before, after) =
        link.split_once(&import).ok_or("the link does not import initSync as it used to")?;
    Ok(format!("{before}let initSync;\nexport function attach(main) {{ initSync = main; }}{after}"))
}

/// A chunk without the names and types that nothing in it needs, its numbers written as short as they can be.
fn bare(chunk: &[u8]) -> Outcome<Vec<u8>> {
    let mut module = ModuleConfig::new()
        .strict_validate(false)
        .generate_name_section(false)
        .generate_producers_section(false)
        .parse(chunk)
        .map_err(|fault| format!("a chunk cannot be read: {fault:#}"))?;
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_given_the_bindings_instead_of_importing_them() {
        let link = "import { initSync } from \"./console.js\";\n\nconst all = () => initSync(undefined);\n";
        let detached = detached(link).unwrap();
        assert!(!detached.contains("import"), "{detached}");
        assert!(detached.contains("export function attach(main)"), "{detached}");
        assert!(detached.ends_with("const all = () => initSync(undefined);\n"), "{detached}");
    }

    #[test]
    fn a_link_of_another_form_is_refused() {
        assert!(super::detached("import * as main from \"./console.js\";").is_err());
    }

    #[test]
    fn a_chunk_loses_what_nothing_needs() {
        // An empty module with a custom section `producers`.
        let chunk = b"\0asm\x01\0\0\0\0\x0b\x09producers\0";
        assert_eq!(bare(chunk).unwrap(), b"\0asm\x01\0\0\0");
        assert!(bare(b"<!doctype html>").is_err());
    }
}
