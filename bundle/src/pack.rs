//! The folder that is being filled: names with a hash, precompressed copies, sizes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::Outcome;

/// Types that are compressed already.
const PACKED_TYPES: &[&str] = &["woff2", "png", "jpg", "jpeg", "webp", "avif"];

/// Where files on their way lie.
const SCRATCH: &str = "scratch";

/// Sizes of one file in bytes; a compressed form is absent when it would not be smaller.
struct Sizes {
    plain: usize,
    brotli: Option<usize>,
    gzip: Option<usize>,
}

/// A bundle under construction. It is written beside its final place and moved there when it is whole.
pub struct Pack {
    target: PathBuf,
    staging: PathBuf,
    files: BTreeMap<String, Sizes>,
    /// File name in `frontend/assets` → packed path.
    assets: BTreeMap<String, String>,
}

impl Pack {
    /// Starts a bundle that will end up at `target`.
    pub fn new(target: &Path) -> Outcome<Self> {
        let mut staging = target.as_os_str().to_owned();
        staging.push(format!(".{}", std::process::id()));
        let staging = PathBuf::from(staging);
        let assets = staging.join("assets");
        fs::create_dir_all(&assets).map_err(|fault| format!("{}: {fault}", assets.display()))?;
        Ok(Self { target: target.to_owned(), staging, files: BTreeMap::new(), assets: BTreeMap::new() })
    }

    /// A folder for files on their way into the bundle; it does not become part of it.
    pub fn scratch(&self) -> Outcome<PathBuf> {
        let scratch = self.staging.join(SCRATCH);
        fs::create_dir_all(&scratch).map_err(|fault| format!("{}: {fault}", scratch.display()))?;
        Ok(scratch)
    }

    /// Adds a file under `assets/` with a hash of its content in the name, and returns its path.
    pub fn add(&mut self, stem: &str, extension: &str, bytes: Vec<u8>) -> Outcome<String> {
        let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
        let path = format!("assets/{stem}-{hash}.{extension}");
        self.write(&path, &bytes)?;
        Ok(path)
    }

    /// Adds a file of `frontend/assets`, to be found again under its name by [`Pack::asset`].
    pub fn add_asset(&mut self, name: &str, bytes: Vec<u8>) -> Outcome<()> {
        let (stem, extension) = name
            .rsplit_once('.')
            .ok_or_else(|| format!("frontend/assets/{name}: an asset needs an extension"))?;
        let path = self.add(stem, extension, bytes)?;
        self.assets.insert(name.to_owned(), path);
        Ok(())
    }

    /// Adds a file whose name does not change with its content.
    pub fn add_page(&mut self, name: &str, bytes: Vec<u8>) -> Outcome<()> {
        self.write(name, &bytes)
    }

    /// The packed path of a file of `frontend/assets`.
    pub fn asset(&self, name: &str) -> Option<&str> {
        self.assets.get(name).map(String::as_str)
    }

    /// How many files there are, compressed copies not counted.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Bytes that a browser which takes Brotli transfers for these files.
    pub fn transferred(&self, paths: &[&str]) -> usize {
        paths.iter().filter_map(|path| self.files.get(*path)).map(Sizes::transferred).sum()
    }

    /// These files with their transferred size, the heaviest first, one a line.
    pub fn heaviest(&self, paths: &[&str]) -> String {
        let mut sizes: Vec<_> = paths.iter().map(|path| (self.transferred(&[path]), *path)).collect();
        sizes.sort_by(|one, other| other.cmp(one));
        sizes.iter().map(|(bytes, path)| format!("  {bytes:>9}  {path}")).collect::<Vec<_>>().join("\n")
    }

    /// Writes the list of files, and which of them each page brings, and moves the whole bundle to its place.
    pub fn finish(&self, first_load: usize, pages: &BTreeMap<String, Vec<String>>) -> Outcome<()> {
        let files: serde_json::Map<_, _> = self
            .files
            .iter()
            .map(|(path, sizes)| {
                let value = serde_json::json!({ "bytes": sizes.plain, "br": sizes.brotli, "gz": sizes.gzip });
                (path.clone(), value)
            })
            .collect();
        let manifest = serde_json::json!({ "first_load_brotli": first_load, "pages": pages, "files": files });
        put(&self.staging.join("manifest.json"), format!("{manifest:#}\n").as_bytes())?;
        let told = |fault| format!("{}: {fault}", self.target.display());
        let scratch = self.staging.join(SCRATCH);
        if scratch.exists() {
            fs::remove_dir_all(scratch).map_err(told)?;
        }
        if self.target.exists() {
            fs::remove_dir_all(&self.target).map_err(told)?;
        }
        fs::rename(&self.staging, &self.target).map_err(told)
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Outcome<()> {
        let place = self.staging.join(path);
        put(&place, bytes)?;
        let mut sizes = Sizes { plain: bytes.len(), brotli: None, gzip: None };
        let extension = path.rsplit('.').next().unwrap_or_default();
        if !PACKED_TYPES.contains(&extension) {
            let told = |fault| format!("compressing {path}: {fault}");
            sizes.brotli = keep_if_smaller(&place, "br", bytes, &brotli(bytes).map_err(told)?)?;
            sizes.gzip = keep_if_smaller(&place, "gz", bytes, &gzip(bytes).map_err(told)?)?;
        }
        self.files.insert(path.to_owned(), sizes);
        Ok(())
    }
}

impl Drop for Pack {
    fn drop(&mut self) {
        // After `finish` there is nothing left; after a fault the half bundle is of no use.
        let _ = fs::remove_dir_all(&self.staging);
    }
}

impl Sizes {
    fn transferred(&self) -> usize {
        self.brotli.unwrap_or(self.plain)
    }
}

/// The files of a folder by name, all or those with one extension; an absent folder has none.
pub fn folder(path: &Path, extension: Option<&str>) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(files),
        Err(fault) => return Err(format!("{}: {fault}", path.display())),
    };
    for entry in entries {
        let file = entry.map_err(|fault| format!("{}: {fault}", path.display()))?.path();
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let wanted = extension.is_none_or(|wanted| file.extension().is_some_and(|it| it == wanted));
        if file.is_file() && wanted && !name.starts_with('.') {
            files.push((name, fs::read(&file).map_err(|fault| format!("{}: {fault}", file.display()))?));
        }
    }
    files.sort();
    Ok(files)
}

fn put(path: &Path, bytes: &[u8]) -> Outcome<()> {
    fs::write(path, bytes).map_err(|fault| format!("{}: {fault}", path.display()))
}

fn keep_if_smaller(place: &Path, suffix: &str, plain: &[u8], packed: &[u8]) -> Outcome<Option<usize>> {
    if packed.len() >= plain.len() {
        return Ok(None);
    }
    let mut name = place.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    put(Path::new(&name), packed)?;
    Ok(Some(packed.len()))
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut out, &parameters)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn place(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("cartwheel-bundle-{name}-{}", std::process::id()))
    }

    #[test]
    fn compressed_copies_unpack_to_the_file() {
        let target = place("unpack");
        let text = "the cart is left, ".repeat(200);
        let mut pack = Pack::new(&target).unwrap();
        let path = pack.add("text", "js", text.clone().into_bytes()).unwrap();
        pack.finish(0, &BTreeMap::new()).unwrap();
        let read = |suffix: &str| fs::read(target.join(format!("{path}{suffix}"))).unwrap();
        let mut gunzipped = String::new();
        flate2::read::GzDecoder::new(&*read(".gz")).read_to_string(&mut gunzipped).unwrap();
        let mut unbrotlied = Vec::new();
        brotli::BrotliDecompress(&mut &*read(".br"), &mut unbrotlied).unwrap();
        assert_eq!((gunzipped.as_str(), unbrotlied.as_slice()), (text.as_str(), text.as_bytes()));
        assert_eq!(pack.transferred(&[&path]), read(".br").len());
        fs::remove_dir_all(&target).unwrap();
    }

    /// What the budget is checked against must be what Brotli can do: on the console's own texts and styles it is a good
    /// deal better than gzip.
    #[test]
    fn brotli_is_smaller_than_gzip() {
        let frontend = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend");
        let mut seen = 0;
        for (part, extension) in [("lang", "json"), ("style", "css")] {
            for (name, bytes) in folder(&frontend.join(part), Some(extension)).unwrap() {
                let (small, large) = (brotli(&bytes).unwrap().len(), gzip(&bytes).unwrap().len());
                assert!(small * 100 < large * 95, "{name}: {small} bytes by Brotli, {large} by gzip");
                seen += 1;
            }
        }
        assert!(seen > 10, "{seen} files");
    }

    #[test]
    fn the_name_follows_the_content() {
        let mut pack = Pack::new(&place("name")).unwrap();
        let first = pack.add("a", "css", b"a{}".to_vec()).unwrap();
        assert_eq!(first, pack.add("a", "css", b"a{}".to_vec()).unwrap());
        assert_ne!(first, pack.add("a", "css", b"b{}".to_vec()).unwrap());
    }

    #[test]
    fn what_does_not_shrink_has_no_copies() {
        let target = place("tiny");
        let mut pack = Pack::new(&target).unwrap();
        let path = pack.add("tiny", "json", b"{}".to_vec()).unwrap();
        pack.finish(2, &BTreeMap::new()).unwrap();
        assert_eq!(pack.transferred(&[&path]), 2);
        assert!(!target.join(format!("{path}.br")).exists());
        fs::remove_dir_all(&target).unwrap();
    }
}
