//! Node.js packages, exactly as the lock files say; done again only when a lock file has changed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::apt;
use crate::Outcome;
use crate::exec;
use crate::house::{Hash, House, stamped};

/// Folders with a `package-lock.json`.
const FOLDERS: &[&str] = &["e2e", "storefront"];

/// Says that all packages are in place.
pub fn find(house: &House) -> Result<String, String> {
    let node = exec::which(&["node"]).ok_or("no node on the path")?;
    exec::which(&["npm"]).ok_or("no npm on the path")?;
    match outdated(house)?.first() {
        Some((folder, _)) => Err(format!("{folder}/package-lock.json has changed")),
        None => Ok(node.display().to_string()),
    }
}

/// Installs Node.js when it is missing, then the packages.
pub fn install(house: &House) -> Outcome {
    if exec::which(&["node"]).is_none() || exec::which(&["npm"]).is_none() {
        apt::install(&["nodejs", "npm"], "Node.js 20 or newer with npm")?;
    }
    for (folder, lock) in outdated(house)? {
        eprintln!("    npm ci in {folder}/");
        exec::run(
            Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
                .current_dir(house.root.join(folder))
                // The distribution's Chromium is used; a browser of Playwright's own would be 150 MB for nothing.
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
        )?;
        let stamp = stamp(house, folder);
        fs::write(&stamp, lock).map_err(|fault| format!("{}: {fault}", stamp.display()))?;
    }
    Ok(())
}

/// Folders whose packages are not those of the lock file, with the hash to note once they are.
fn outdated(house: &House) -> Outcome<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let lock = house.root.join(folder).join("package-lock.json");
        if lock.exists() {
            let mut hash = Hash::default();
            hash.add_tree(&lock)?;
            if !stamped(&stamp(house, folder), &hash.text()) {
                found.push((*folder, hash.text()));
            }
        }
    }
    Ok(found)
}

fn stamp(house: &House, folder: &str) -> PathBuf {
    house.root.join(folder).join("node_modules/.cartwheel-lock")
}
