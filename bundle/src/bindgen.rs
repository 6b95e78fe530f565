//! From the compiler's module to what a browser loads, by `wasm-bindgen` as a library.

use std::collections::BTreeMap;
use std::path::Path;

use wasm_bindgen_cli_support::Bindgen;

use crate::Outcome;
use crate::pack::Pack;
use crate::split::{self, LINK};

/// The console's module among the packed files; paths as the browser asks for them, without the leading slash.
pub struct Module {
    /// The bindings, an ECMAScript module whose default export starts the wasm.
    pub js: String,
    /// The WebAssembly of a first visit.
    pub wasm: String,
    /// The script that fetches the rest when it is needed; imported by `js`, and given its `initSync` by the boot module.
    pub link: String,
    /// The files each page on demand needs, by the chunk's name.
    pub pages: BTreeMap<String, Vec<String>>,
    /// Small scripts that libraries bring along; imported by `js`.
    pub snippets: Vec<String>,
}

/// Splits the module at `path`, binds what a first visit needs, and adds all of it, with its scripts, to the pack.
///
/// # Errors
/// A module that was built against another `wasm-bindgen` than this program, one that cannot be split, or no module at all.
pub fn bind(path: &Path, pack: &mut Pack) -> Outcome<Module> {
    let told = |fault: &dyn std::fmt::Display| format!("{}: {fault}", path.display());
    let parts = split::split(path, pack)?;
    let mut output = Bindgen::new()
        .input_path(&parts.main)
        .out_name("console")
        .web(true)
        .map_err(|fault| told(&format!("{fault:#}")))?
        .typescript(false)
        // The chunks use the memory, the table and the stack of this module.
        .keep_lld_exports(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate_output()
        .map_err(|fault| told(&format!("{fault:#}")))?;

    let mut js = output.js().to_owned();
    let import = format!("from \"{LINK}\"");
    if !js.contains(&import) {
        return Err(told(&"the bindings do not import what fetches the pages on demand"));
    }
    js = js.replace(&import, &format!("from \"{}\"", sibling(&parts.link)));
    let mut snippets = Vec::new();
    let mut inline: Vec<(String, String)> = Vec::new();
    for (identifier, scripts) in output.snippets() {
        for (index, script) in scripts.iter().enumerate() {
            inline.push((format!("{identifier}/inline{index}.js"), script.clone()));
        }
    }
    inline.extend(output.local_modules().iter().map(|(name, script)| (name.clone(), script.clone())));
    inline.sort();
    for (name, script) in inline {
        let packed = pack.add("snippet", "js", script.into_bytes())?;
        let import = format!("./snippets/{name}");
        if !js.contains(&import) {
            return Err(told(&format!("the bindings do not import their own snippet {name}")));
        }
        js = js.replace(&import, &sibling(&packed));
        snippets.push(packed);
    }
    let wasm = pack.add("console", "wasm", output.wasm_mut().emit_wasm())?;
    let js = pack.add("console", "js", js.into_bytes())?;
    Ok(Module { js, wasm, link: parts.link, pages: parts.pages, snippets })
}

/// How one packed file imports another: both lie in the same folder.
pub fn sibling(path: &str) -> String {
    format!("./{}", path.rsplit('/').next().unwrap_or(path))
}
