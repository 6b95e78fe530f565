//! Turns the console's WebAssembly into a folder a server can hand out as it is.
//!
//! ```text
//! cartwheel-bundle --wasm FILE --frontend DIR --out DIR [--budget BYTES]
//! ```
//!
//! | in `frontend/` | becomes |
//! | --- | --- |
//! | the compiled module | `assets/console-HASH.wasm`, `assets/console-HASH.js`, and a small `assets/boot-HASH.js` that starts it |
//! | its pages on demand | `assets/page-NAME-HASH.wasm`, what several of them share as `assets/shared-N-HASH.wasm`, and `assets/link-HASH.js` that fetches them |
//! | `style/*.css` | one `assets/style-HASH.css`, in the order of the file names |
//! | `lang/*.json` | `assets/lang-CODE-HASH.json` and, for pages on demand, `assets/more-CODE-HASH.json`, of one language at a time ([`texts`]) |
//! | `assets/*` | `assets/NAME-HASH.EXT` |
//! | `index.html` | `index.html`, with the placeholders of [`page`] filled in |
//!
//! Everything but `index.html` and `manifest.json` carries a hash of its content in its name and lies under `assets/`,
//! so a server may let it be cached for ever. Next to each file that shrinks lie `.br` (Brotli 11) and `.gz` (gzip 9).
//! `manifest.json` lists the files with their sizes, and says what a first visit transfers and which files a page on demand adds.

mod bindgen;
mod css;
mod pack;
mod page;
mod split;
mod texts;

use std::path::PathBuf;
use std::process::ExitCode;

use pack::Pack;

/// A fault told to the person at the terminal: what happened and where.
type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    match Task::from_arguments(std::env::args().skip(1)).and_then(|task| task.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("cartwheel-bundle: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// What to bundle, and where to.
struct Task {
    wasm: PathBuf,
    frontend: PathBuf,
    out: PathBuf,
    /// Most bytes a first visit may transfer (Brotli), if there is a limit.
    budget: Option<usize>,
}

impl Task {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let (mut wasm, mut frontend, mut out, mut budget) = (None, None, None, None);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--wasm" => wasm = Some(PathBuf::from(value)),
                "--frontend" => frontend = Some(PathBuf::from(value)),
                "--out" => out = Some(PathBuf::from(value)),
                "--budget" => {
                    budget = Some(value.parse().map_err(|_| format!("--budget takes bytes, not {value:?}"))?)
                }
                _ => {
                    return Err(format!(
                        "unknown option {name}; known are --wasm, --frontend, --out, --budget"
                    ));
                }
            }
        }
        let missing = |name: &str| format!("{name} is missing");
        Ok(Self {
            wasm: wasm.ok_or_else(|| missing("--wasm"))?,
            frontend: frontend.ok_or_else(|| missing("--frontend"))?,
            out: out.ok_or_else(|| missing("--out"))?,
            budget,
        })
    }

    fn run(&self) -> Outcome<()> {
        let mut pack = Pack::new(&self.out)?;
        let module = bindgen::bind(&self.wasm, &mut pack)?;
        for (name, bytes) in pack::folder(&self.frontend.join("assets"), None)? {
            pack.add_asset(&name, bytes)?;
        }
        let style = css::join(&self.frontend.join("style"), &pack)?;
        let style = pack.add("style", "css", style.into_bytes())?;
        let first = texts::first(&self.frontend.join("src"))?;
        let mut langs = Vec::new();
        for (name, bytes) in pack::folder(&self.frontend.join("lang"), Some("json"))? {
            let code = name.trim_end_matches(".json").to_owned();
            let [now, later] = texts::halves(&self.frontend.join("lang").join(&name), &bytes, &first)?;
            let now = pack.add(&format!("lang-{code}"), "json", now)?;
            let later = pack.add(&format!("more-{code}"), "json", later)?;
            langs.push((code, [now, later]));
        }
        let boot = pack.add("boot", "js", page::boot(&module).into_bytes())?;
        let first_language = langs.first().map(|(_, [now, _])| now.clone());
        let html = page::fill(
            &self.frontend.join("index.html"),
            &page::Parts { style: &style, boot: &boot, module: &module, langs: &langs },
            &pack,
        )?;
        pack.add_page("index.html", html.into_bytes())?;

        let mut first_load = vec!["index.html"];
        first_load.extend([&style, &boot, &module.js, &module.link, &module.wasm].map(String::as_str));
        first_load.extend(module.snippets.iter().map(String::as_str));
        first_load.extend(first_language.as_deref());
        let bytes = pack.transferred(&first_load);
        if let Some(budget) = self.budget.filter(|budget| bytes > *budget) {
            return Err(format!(
                "the console transfers {bytes} bytes on a first visit, over its budget of {budget}:\n{}",
                pack.heaviest(&first_load)
            ));
        }
        pack.finish(bytes, &module.pages)?;
        eprintln!(
            "    console: {} kB on a first visit (Brotli, without fonts and pictures), {} files",
            bytes.div_ceil(1000),
            pack.len()
        );
        let page = |(name, files): (&String, &Vec<String>)| {
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            format!("{name} {} kB", pack.transferred(&files).div_ceil(1000))
        };
        eprintln!("    on demand: {}", module.pages.iter().map(page).collect::<Vec<_>>().join(", "));
        Ok(())
    }
}
