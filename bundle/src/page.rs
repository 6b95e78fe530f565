//! The page that starts the console, and the script that does so.
//!
//! Placeholders in `frontend/index.html`, each a path for `href` or `src` unless said otherwise:
//!
//! | placeholder | is |
//! | --- | --- |
//! | `{{css}}` | the stylesheet |
//! | `{{js}}` | the boot module, for `<script type="module">` |
//! | `{{module}}`, `{{link}}` | the bindings, and what fetches pages on demand, for `<link rel="modulepreload">` |
//! | `{{wasm}}` | the WebAssembly, for `<link rel="preload" as="fetch" crossorigin>` |
//! | `{{asset:NAME}}` | a file of `frontend/assets` |
//! | `{{langs}}` | JSON, language code → paths of its two files, for `<script type="application/json" id="cw-assets">` |
//!
//! The content security policy forbids scripts inside the page. A block of JSON is data and is allowed.

use std::path::Path;

use crate::Outcome;
use crate::bindgen::{Module, sibling};
use crate::pack::Pack;

/// Paths of what the page refers to.
pub struct Parts<'a> {
    /// The stylesheet.
    pub style: &'a str,
    /// The boot module.
    pub boot: &'a str,
    /// The bindings and the wasm.
    pub module: &'a Module,
    /// Language code and path.
    pub langs: &'a [(String, [String; 2])],
}

/// The script that loads the wasm. Should that fail, it shows the element `#cw-boot-error` of the page.
pub fn boot(module: &Module) -> String {
    format!(
        "import init, {{ initSync }} from \"{}\";\n\
         import {{ attach }} from \"{}\";\n\
         attach(initSync);\n\
         init({{ module_or_path: new URL(\"{}\", import.meta.url) }}).catch((fault) => {{\n\
         \x20 console.error(fault);\n\
         \x20 document.getElementById(\"cw-boot-error\")?.removeAttribute(\"hidden\");\n\
         }});\n",
        sibling(&module.js),
        sibling(&module.link),
        sibling(&module.wasm)
    )
}

/// Reads the page and fills in its placeholders.
///
/// # Errors
/// No such page, an unknown placeholder, or an executable script inside the page.
pub fn fill(path: &Path, parts: &Parts<'_>, pack: &Pack) -> Outcome<String> {
    let told = |fault: String| format!("{}: {fault}", path.display());
    let text = std::fs::read_to_string(path).map_err(|fault| told(fault.to_string()))?;
    let files = |paths: &[String; 2]| paths.iter().map(|path| format!("/{path}")).collect::<Vec<_>>().into();
    let langs: serde_json::Map<_, _> =
        parts.langs.iter().map(|(code, paths)| (code.clone(), files(paths))).collect();
    let langs = serde_json::Value::Object(langs).to_string();
    let filled = replace(&text, |name| match name {
        "css" => Some(format!("/{}", parts.style)),
        "js" => Some(format!("/{}", parts.boot)),
        "module" => Some(format!("/{}", parts.module.js)),
        "link" => Some(format!("/{}", parts.module.link)),
        "wasm" => Some(format!("/{}", parts.module.wasm)),
        "langs" => Some(langs.clone()),
        _ => pack.asset(name.strip_prefix("asset:")?).map(|path| format!("/{path}")),
    })
    .map_err(told)?;
    refuse_inline(&filled).map_err(told)?;
    Ok(filled)
}

fn replace(text: &str, value: impl Fn(&str) -> Option<String>) -> Outcome<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, tail) = after.split_once("}}").ok_or("a {{ is not closed")?;
        out.push_str(before);
        out.push_str(&value(name.trim()).ok_or_else(|| format!("{{{{{name}}}}} stands for nothing known"))?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// What the content security policy would block is refused here, where it is seen at once.
fn refuse_inline(page: &str) -> Outcome<()> {
    for tag in page.split("<script").skip(1) {
        let opening = tag.split('>').next().unwrap_or_default();
        if !opening.contains("src=") && !opening.contains("application/json") {
            return Err(format!(
                "an inline script is blocked by the content security policy: <script{opening}>"
            ));
        }
    }
    if page.contains("<style") || page.contains(" style=") {
        return Err("inline styles are blocked by the content security policy; use style/*.css".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn placeholders_are_filled_and_unknown_ones_refused() {
        let value = |name: &str| (name == "css").then(|| "/assets/s.css".to_owned());
        assert_eq!(replace("<link href=\"{{ css }}\">", value).unwrap(), "<link href=\"/assets/s.css\">");
        assert!(replace("{{cs}}", value).unwrap_err().contains("{{cs}}"));
        assert!(replace("{{css", value).is_err());
    }

    #[test]
    fn inline_code_is_refused_and_data_is_not() {
        assert!(
            refuse_inline("<script type=\"application/json\">{}</script><script src=\"/a.js\"></script>")
                .is_ok()
        );
        assert!(refuse_inline("<script>alert(1)</script>").is_err());
        assert!(refuse_inline("<p style=\"color:red\">").is_err());
        assert!(refuse_inline("<style>a{}</style>").is_err());
    }

    #[test]
    fn the_boot_module_imports_its_siblings() {
        let module = Module {
            js: "assets/console-1.js".into(),
            wasm: "assets/console-2.wasm".into(),
            link: "assets/link-3.js".into(),
            pages: BTreeMap::new(),
            snippets: vec![],
        };
        let script = boot(&module);
        assert!(script.starts_with("import init, { initSync } from \"./console-1.js\";"), "{script}");
        assert!(script.contains("import { attach } from \"./link-3.js\";\nattach(initSync);"), "{script}");
        assert!(script.contains("new URL(\"./console-2.wasm\", import.meta.url)"), "{script}");
    }
}
