//! Chromium for the browser tests: the distribution's, never a downloaded build.

use std::env;
use std::path::{Path, PathBuf};

use super::apt;
use crate::Outcome;
use crate::exec;

/// Screenshots are only comparable with the same fonts.
const FONT: &str = "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf";

/// The browser.
///
/// # Errors
/// No Chromium, or on Debian no Noto fonts.
pub fn find() -> Result<PathBuf, String> {
    let browser = match env::var_os("PLAYWRIGHT_CHROMIUM").map(PathBuf::from) {
        Some(named) if named.is_file() => named,
        Some(named) => {
            return Err(format!("PLAYWRIGHT_CHROMIUM names {}, which is not there", named.display()));
        }
        None => exec::which(&["chromium", "chromium-browser", "google-chrome"])
            .ok_or("no chromium on the path")?,
    };
    if Path::new("/etc/debian_version").exists() && !Path::new(FONT).exists() {
        return Err("no Noto fonts".to_owned());
    }
    Ok(browser)
}

/// Installs Chromium and the fonts.
pub fn install() -> Outcome {
    apt::install(&["chromium", "fonts-noto-core"], "Chromium")
}
