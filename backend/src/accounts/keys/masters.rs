//! Master keys: one or several, from the settings or from a file. The first wraps; the others only open.

use super::{KeyError, cipher::Key};
use crate::{clock::Env, config::Secret};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::path::{Path, PathBuf};

/// Where the settings say master keys are.
#[derive(Debug, Clone)]
pub enum Given {
    /// In `CARTWHEEL_MASTER_KEY`.
    Text(Secret),
    /// In a file, read again when a key is wanted that was not in it before.
    File {
        /// Which.
        path: PathBuf,
        /// Whether one is made there for a database that is new.
        make: bool,
    },
}

/// The master keys at hand. There is at least one.
#[derive(Clone)]
pub struct Masters {
    keys: Vec<(String, Key)>,
    place: String,
    file: Option<PathBuf>,
}

impl Masters {
    /// From keys in base64 with spaces, commas or line ends between them; `place` says where they stand.
    pub(super) fn parse(text: &Secret, place: &str) -> Result<Self, KeyError> {
        let words =
            text.expose().split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let keys = words.enumerate().map(|(i, word)| {
            let key =
                Key::parse(word).ok_or_else(|| KeyError::Form { place: place.to_owned(), nth: i + 1 })?;
            Ok((key.print(), key))
        });
        let keys = keys.collect::<Result<Vec<_>, KeyError>>()?;
        if keys.is_empty() {
            return Err(KeyError::Form { place: place.to_owned(), nth: 1 });
        }
        Ok(Self { keys, place: place.to_owned(), file: None })
    }

    /// From a file; `None` when there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, KeyError> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let read = Self::parse(&Secret::new(text), &path.display().to_string())?;
                Ok(Some(Self { file: Some(path.to_owned()), ..read }))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(KeyError::File(path.to_owned(), e)),
        }
    }

    /// Makes a key in a file, readable by its owner alone.
    pub(super) fn make(path: &Path, env: &Env) -> Result<Self, KeyError> {
        use std::io::Write;
        let fail = |e| KeyError::File(path.to_owned(), e);
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(fail)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(mut file) => {
                file.write_all(STANDARD.encode(env.random::<32>()).as_bytes()).map_err(fail)?;
                file.sync_all().map_err(fail)?;
            }
            // Another process of ours was first; its key is the key.
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(fail(e)),
        }
        Self::read(path)?.ok_or_else(|| KeyError::Missing(path.to_owned()))
    }

    /// The same as they stand in their file now, and behind them those that were there before: a process forgets none. Keys in
    /// the settings stay until the next start.
    pub(super) fn again(&self) -> Option<Self> {
        let mut read = Self::read(self.file.as_deref()?).ok().flatten()?;
        let gone = self.keys.iter().filter(|(print, _)| read.by_print(print).is_none());
        let gone: Vec<_> = gone.cloned().collect();
        read.keys.extend(gone);
        Some(read)
    }

    /// The one that wraps, with its fingerprint.
    pub(super) fn current(&self) -> (&str, &Key) {
        let (print, key) = &self.keys[0];
        (print, key)
    }

    pub(super) fn by_print(&self, print: &str) -> Option<&Key> {
        self.keys.iter().find(|(own, _)| own == print).map(|(_, key)| key)
    }

    pub(super) fn prints(&self) -> Vec<&str> {
        self.keys.iter().map(|(print, _)| print.as_str()).collect()
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn foreign(&self, wanted: &str) -> KeyError {
        KeyError::Foreign {
            wanted: wanted.to_owned(),
            place: self.place.clone(),
            given: self.prints().join(", "),
        }
    }
}
