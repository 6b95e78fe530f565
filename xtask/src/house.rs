//! Where things are: the clone, and the cache that all clones of a person share.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::Outcome;
use crate::cache;

/// The folders the commands work with.
pub struct House {
    /// The clone.
    pub root: PathBuf,
    /// Outside the clone and shared by all clones; holds what can be fetched or built again, each under a name that
    /// follows from its content.
    pub cache: PathBuf,
    /// Cargo's target folder, of this clone alone.
    pub target: PathBuf,
}

impl House {
    /// Finds the clone this program was built from, and the cache.
    ///
    /// # Errors
    /// No home folder and no variable that names a cache.
    pub fn find() -> Outcome<Self> {
        // Set by `cargo run`; the folder of compilation serves when the binary is started by hand.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().ok_or("xtask has no folder above it")?.to_owned();
        let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = match (named("XDG_CACHE_HOME"), named("HOME")) {
            (Some(cache), _) => cache.join("cartwheel"),
            (None, Some(home)) => home.join(".cache/cartwheel"),
            (None, None) => {
                return Err("set HOME or XDG_CACHE_HOME: there is no folder for the build cache".into());
            }
        };
        let cache = named("CARTWHEEL_TARGET_DIR").unwrap_or(cache);
        let target = cache::target_of(&cache, &root)?;
        Ok(Self { root, cache, target })
    }
}

/// FNV-1a over 128 bits: names the content of a cache entry. Nothing secret, nothing adversarial.
pub struct Hash(u128);

impl Default for Hash {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Hash {
    /// Adds bytes; their length goes in as well, so that neighbours do not run together.
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&bytes.len().to_le_bytes()) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }

    /// Adds the names and contents of a file or of all files below a folder, installed packages left out; an absent
    /// one counts as empty.
    pub fn add_tree(&mut self, path: &Path) -> Outcome {
        if path.is_dir() {
            let mut entries: Vec<PathBuf> = fs::read_dir(path)
                .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
                .map_err(|fault| format!("{}: {fault}", path.display()))?;
            entries.sort();
            for entry in entries.iter().filter(|entry| !entry.ends_with("node_modules")) {
                self.add(entry.file_name().unwrap_or_default().as_encoded_bytes());
                self.add_tree(entry)?;
            }
        } else if path.is_file() {
            self.add(&fs::read(path).map_err(|fault| format!("{}: {fault}", path.display()))?);
        }
        Ok(())
    }

    /// The hash so far, as a file name.
    pub fn text(&self) -> String {
        format!("{:032x}", self.0)
    }
}

/// Whether the stamp file says that `what` was done for this content already.
pub fn stamped(stamp: &Path, content: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(parts: &[&[u8]]) -> String {
        let mut hash = Hash::default();
        parts.iter().for_each(|part| hash.add(part));
        hash.text()
    }

    #[test]
    fn the_hash_tells_contents_and_borders_apart() {
        assert_eq!(hash(&[b"ab", b"c"]), hash(&[b"ab", b"c"]));
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
        assert_ne!(hash(&[b"ab"]), hash(&[b"ab", b""]));
    }

    #[test]
    fn a_tree_is_its_names_and_contents() {
        let root = env::temp_dir().join(format!("cartwheel-xtask-tree-{}", std::process::id()));
        fs::create_dir_all(root.join("a")).unwrap();
        let read = || {
            let mut hash = Hash::default();
            hash.add_tree(&root).unwrap();
            hash.text()
        };
        fs::write(root.join("a/one"), "1").unwrap();
        let first = read();
        fs::write(root.join("a/one"), "2").unwrap();
        let second = read();
        fs::rename(root.join("a/one"), root.join("a/two")).unwrap();
        let third = read();
        fs::remove_dir_all(&root).unwrap();
        assert_ne!(first, second);
        assert_ne!(second, third);
    }
}
