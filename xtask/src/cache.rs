//! One target folder per clone, outside of it, and warm from the start.
//!
//! Clones cannot share a single folder: cargo knows a crate of the workspace by its place inside the workspace and
//! tells old from new by time stamps, so one clone would be handed what another has built of other sources. So a new
//! clone gets a folder of its own, into which the crates of other people, already built by its neighbour, are linked.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use crate::Outcome;
use crate::house::Hash;

/// In each target folder: the path of the clone it belongs to. Its time stamp says when it was used last.
const MARK: &str = "clone";

/// Endings of files that the compiler replaces as a whole and that may therefore be linked instead of copied.
const LINKED: &[&str] = &["rlib", "rmeta", "so", "dylib", "a", "wasm"];

/// The target folder of a clone below `base`; made, and warmed by the neighbour used last, if it is not there yet.
///
/// Folders of clones that are gone are removed.
pub fn target_of(base: &Path, root: &Path) -> Outcome<PathBuf> {
    let mut hash = Hash::default();
    hash.add(root.as_os_str().as_encoded_bytes());
    let clones = base.join("clones");
    let own = clones.join(hash.text());
    if !own.join(MARK).exists() {
        fs::create_dir_all(&clones).map_err(|fault| format!("{}: {fault}", clones.display()))?;
        let made = clones.join(format!("{}.{}", hash.text(), process::id()));
        warm(&neighbours(&clones), &made)
            .and_then(|()| fs::write(made.join(MARK), root.as_os_str().as_encoded_bytes()))
            .and_then(|()| fs::rename(&made, &own))
            .map_err(|fault| format!("{}: {fault}", made.display()))?;
    } else if let Ok(mark) = fs::File::options().append(true).open(own.join(MARK)) {
        // Only the order of folders by use depends on it.
        let _ = mark.set_modified(SystemTime::now());
    }
    for (_, folder) in neighbours(&clones) {
        let home = fs::read_to_string(folder.join(MARK)).unwrap_or_default();
        if folder != own && !Path::new(&home).is_dir() {
            let _ = fs::remove_dir_all(folder);
        }
    }
    Ok(own)
}

/// Target folders with the time of their last use, the latest last.
fn neighbours(clones: &Path) -> Vec<(SystemTime, PathBuf)> {
    let mut found: Vec<_> = entries(clones)
        .into_iter()
        .filter_map(|entry| {
            Some((fs::metadata(entry.path().join(MARK)).ok()?.modified().ok()?, entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// Fills a new folder from the neighbour used last, if there is one.
fn warm(neighbours: &[(SystemTime, PathBuf)], into: &Path) -> std::io::Result<()> {
    fs::create_dir_all(into)?;
    let Some((_, neighbour)) = neighbours.last() else { return Ok(()) };
    eprintln!("    a new clone: taking what {} has built of other people's crates", neighbour.display());
    profiles(neighbour, into)
}

/// Finds the folders of profiles (`debug`, `wasm/wasm32-unknown-unknown/wasm`, …) and takes each.
fn profiles(from: &Path, into: &Path) -> std::io::Result<()> {
    if from.join(".fingerprint").is_dir() {
        return profile(from, into);
    }
    for entry in entries(from) {
        let name = entry.file_name();
        if entry.path().is_dir() {
            profiles(&entry.path(), &into.join(&name))?;
        } else if name == ".rustc_info.json" {
            fs::create_dir_all(into)?;
            fs::copy(entry.path(), into.join(&name))?;
        }
    }
    Ok(())
}

/// Takes the crates of others. A fingerprint comes first: where there is one, its crate is complete.
fn profile(from: &Path, into: &Path) -> std::io::Result<()> {
    let mut theirs = BTreeSet::new();
    for entry in entries(&from.join(".fingerprint")) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((package, hash)) = name.rsplit_once('-') else { continue };
        if !is_ours(package) {
            take(&entry.path(), &into.join(".fingerprint").join(&name))?;
            theirs.insert(hash.to_owned());
        }
    }
    for folder in ["deps", "build"] {
        for entry in entries(&from.join(folder)) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let stem = name.split('.').next().unwrap_or_default();
            if stem.rsplit_once('-').is_some_and(|(_, hash)| theirs.contains(hash)) {
                take(&entry.path(), &into.join(folder).join(&name))?;
            }
        }
    }
    Ok(())
}

/// Whether a package is of this workspace.
fn is_ours(package: &str) -> bool {
    package == "xtask" || package.starts_with("cartwheel")
}

/// Links or copies a file or a folder, keeping times: cargo compares them.
fn take(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        return entries(from).iter().try_for_each(|entry| take(&entry.path(), &to.join(entry.file_name())));
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let whole = from.extension().is_some_and(|ending| LINKED.iter().any(|known| ending == *known));
    if whole && fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    fs::File::options().append(true).open(to)?.set_modified(fs::metadata(from)?.modified()?)
}

/// Puts a copy of a file into a folder of the cache that is named after its content, and keeps only the latest of those.
pub fn put(file: &Path, place: &Path, kept: usize) -> Outcome {
    let told = |fault: std::io::Error| format!("{}: {fault}", place.display());
    let Some((folder, all)) = place.parent().and_then(|folder| Some((folder, folder.parent()?))) else {
        return Err(format!("{} is no place in the cache", place.display()));
    };
    let fresh = all.join(format!("unfinished.{}", process::id()));
    fs::create_dir_all(folder)
        .and_then(|()| fs::copy(file, &fresh))
        .and_then(|_| fs::rename(&fresh, place))
        .map_err(told)?;
    keep_latest(all, kept);
    Ok(())
}

/// Removes the folders in a folder that were made or used before the latest `kept`.
pub fn keep_latest(all: &Path, kept: usize) {
    let mut folders: Vec<_> = entries(all)
        .into_iter()
        .filter_map(|entry| {
            Some((entry.metadata().ok().filter(fs::Metadata::is_dir)?.modified().ok()?, entry.path()))
        })
        .collect();
    folders.sort();
    for (_, old) in folders.iter().rev().skip(kept) {
        let _ = fs::remove_dir_all(old);
    }
}

/// Marks a folder as used now.
pub fn touch(folder: &Path) {
    // Only the order by use depends on it.
    let _ = fs::File::open(folder).and_then(|folder| folder.set_modified(SystemTime::now()));
}

/// What is in a folder; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<DirEntry> {
    fs::read_dir(folder).map(|entries| entries.filter_map(Result::ok).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Base(PathBuf);

    impl Base {
        fn new(name: &str) -> Self {
            let base = Self(std::env::temp_dir().join(format!("cartwheel-cache-{name}-{}", process::id())));
            fs::create_dir_all(&base.0).unwrap();
            base
        }

        fn clone_named(&self, name: &str) -> PathBuf {
            let clone = self.0.join(name);
            fs::create_dir_all(&clone).unwrap();
            clone
        }

        fn target(&self, clone: &Path) -> PathBuf {
            target_of(&self.0, clone).unwrap()
        }
    }

    impl Drop for Base {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// One crate of others and one of ours, as cargo lays them down.
    fn build(target: &Path) {
        for (package, hash) in [("serde", "0a"), ("cartwheel-domain", "0b")] {
            let library = format!("lib{}-{hash}", package.replace('-', "_"));
            for file in [
                format!("wasm/x/.fingerprint/{package}-{hash}/lib-x"),
                format!("wasm/x/deps/{library}.rlib"),
                format!("wasm/x/deps/{library}.d"),
                format!("wasm/x/build/{package}-{hash}/out/x.a"),
                "wasm/x/incremental/y".to_owned(),
            ] {
                fs::create_dir_all(target.join(&file).parent().unwrap()).unwrap();
                fs::write(target.join(file), package).unwrap();
            }
        }
    }

    #[test]
    fn a_new_clone_gets_the_crates_of_others_and_none_of_ours() {
        let base = Base::new("new");
        build(&base.target(&base.clone_named("one")));
        let second = base.target(&base.clone_named("two")).join("wasm/x");
        assert!(second.join(".fingerprint/serde-0a/lib-x").exists());
        assert!(second.join("deps/libserde-0a.rlib").exists() && second.join("deps/libserde-0a.d").exists());
        assert!(second.join("build/serde-0a/out/x.a").exists());
        assert!(!second.join(".fingerprint/cartwheel-domain-0b").exists());
        assert!(!second.join("deps/libcartwheel_domain-0b.rlib").exists());
        assert!(!second.join("build/cartwheel-domain-0b").exists() && !second.join("incremental").exists());
    }

    #[test]
    fn times_are_kept_and_texts_are_copies() {
        let base = Base::new("times");
        let first = base.target(&base.clone_named("one"));
        build(&first);
        let second = base.target(&base.clone_named("two"));
        let file = "wasm/x/deps/libserde-0a.d";
        let time = |target: &Path| fs::metadata(target.join(file)).unwrap().modified().unwrap();
        assert_eq!(time(&first), time(&second));
        fs::write(second.join(file), "changed").unwrap();
        assert_eq!(fs::read_to_string(first.join(file)).unwrap(), "serde");
    }

    #[test]
    fn the_latest_of_a_kind_are_kept() {
        let base = Base::new("kept");
        let (file, all) = (base.0.join("file"), base.0.join("server"));
        fs::write(&file, "program").unwrap();
        for (name, age) in [("a", 30), ("b", 20), ("c", 10)] {
            put(&file, &all.join(name).join("cartwheel"), 2).unwrap();
            let time = SystemTime::now() - std::time::Duration::from_secs(age);
            fs::File::open(all.join(name)).unwrap().set_modified(time).unwrap();
        }
        assert!(!all.join("a").exists() && all.join("b").exists());
        assert_eq!(fs::read_to_string(all.join("c/cartwheel")).unwrap(), "program");
        touch(&all.join("b"));
        put(&file, &all.join("d/cartwheel"), 2).unwrap();
        assert!(all.join("b").exists() && !all.join("c").exists());
    }

    #[test]
    fn the_folder_of_a_clone_that_is_gone_is_removed_after_it_was_of_use() {
        let base = Base::new("gone");
        let (one, two) = (base.clone_named("one"), base.clone_named("two"));
        let first = base.target(&one);
        build(&first);
        fs::remove_dir_all(&one).unwrap();
        let second = base.target(&two);
        assert!(!first.exists() && second.join("wasm/x/deps/libserde-0a.rlib").exists());
        assert_eq!(base.target(&two), second);
    }
}
