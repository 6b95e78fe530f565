//! Passwords: what may be one, and how one is kept.
//!
//! Length and guessability, no rules of composition (NIST SP 800-63B section 3.1.1; ASVS 5.0 chapter 6.2): 8 to 256 bytes,
//! and nothing that is guessed early. The estimate is zxcvbn's (Wheeler, USENIX Security 2016): lists of leaked passwords,
//! names and words, keyboard walks, dates, and what the person is called. An operator can add a larger list of what has leaked.

use super::AccountError;
use crate::clock::Env;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::{
    cmp::Ordering,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Shortest password, characters.
pub const SHORTEST: usize = 8;
/// Longest password, bytes: what is hashed for a stranger is bounded.
pub const LONGEST: usize = 256;
/// Longest line of a list of leaked passwords, bytes.
const LINE: u64 = 80;
/// Fewer guesses than this are tried by anybody who has the hash, on a laptop, in a minute.
const GUESSES: u64 = 1_000_000_000;

/// Why a text cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short.
    #[error("at least {SHORTEST} characters")]
    Short,
    /// Too long.
    #[error("at most {LONGEST} bytes")]
    Long,
    /// Guessed early.
    #[error(
        "this one is guessed too soon: it is on lists of leaked passwords, or made of words and patterns that are tried first. Several words that do not belong together are better"
    )]
    Guessable,
}

/// Passwords that have leaked, in a file as the downloader of Pwned Passwords writes it: lines of 40 digits, a colon and a number, in
/// the order of the digits, which are the SHA-1 of a password. Each look-up reads some thirty lines of it, however long it is.
#[derive(Debug, Clone)]
pub struct Breached(PathBuf);

impl Breached {
    /// Over a file. Its first line is looked at, so that a wrong one is noticed at the start.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(path: &Path) -> Result<Self, String> {
        let wrong = |e: &dyn std::fmt::Display| {
            format!("cannot use {} as list of leaked passwords: {e}", path.display())
        };
        let mut first = String::new();
        let file = File::open(path).map_err(|e| wrong(&e))?;
        BufReader::new(file).take(LINE).read_line(&mut first).map_err(|e| wrong(&e))?;
        let digits = first.split(':').next().unwrap_or_default();
        if digits.len() != 40 || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')) {
            return Err(wrong(&"lines are made of 40 digits (0 to F), a colon and a number, in order"));
        }
        Ok(Self(path.to_owned()))
    }

    /// Whether a password is in it. Reads the file: call it off the request threads.
    ///
    /// # Errors
    /// What the file says.
    pub fn has(&self, password: &str) -> std::io::Result<bool> {
        let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let wanted = hex::encode_upper(digest);
        let mut file = File::open(&self.0)?;
        // The line, if it is there, begins at `from` or after it and before `to`.
        let (mut from, mut to) = (0, file.seek(SeekFrom::End(0))?);
        while from < to {
            let middle = from + (to - from) / 2;
            // The first line that begins at the middle or after it.
            file.seek(SeekFrom::Start(middle.saturating_sub(1)))?;
            let mut lines = BufReader::with_capacity(256, &file).take(2 * LINE);
            let mut skipped = Vec::new();
            let begins = match middle {
                0 => 0,
                _ => middle - 1 + lines.read_until(b'\n', &mut skipped)? as u64,
            };
            let mut line = Vec::new();
            let length = lines.read_until(b'\n', &mut line)? as u64;
            let found = line.get(..40).unwrap_or_default();
            match (begins < to && length > 0).then(|| found.cmp(wanted.as_bytes())) {
                Some(Ordering::Equal) => return Ok(true),
                Some(Ordering::Less) => from = begins + length,
                Some(Ordering::Greater) | None => to = middle,
            }
        }
        Ok(false)
    }
}

/// Whether a text may be the password of somebody who is called by `names` (address, name, organisation). It takes some
/// milliseconds of CPU: call it off the request threads.
///
/// # Errors
/// [`Weak`].
pub fn check(password: &str, names: &[&str]) -> Result<(), Weak> {
    if password.chars().count() < SHORTEST {
        return Err(Weak::Short);
    }
    if password.len() > LONGEST {
        return Err(Weak::Long);
    }
    let parts: Vec<&str> =
        names.iter().flat_map(|n| n.split(|c: char| !c.is_alphanumeric()).chain([*n])).collect();
    if zxcvbn::zxcvbn(password, &parts).guesses() < GUESSES { Err(Weak::Guessable) } else { Ok(()) }
}

/// Argon2id with 19 MiB, two passes, one lane (OWASP password storage sheet; ASVS 5.0 appendix C).
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("constant parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password. It takes tens of milliseconds of CPU: call it off the request threads.
///
/// # Errors
/// [`AccountError::Hash`].
pub fn hash(env: &Env, password: &str) -> Result<String, AccountError> {
    let salt: [u8; 16] = env.random();
    let hash = argon2()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|e| AccountError::Hash(e.to_string()))?;
    Ok(hash.to_string())
}

/// Whether a password matches its hash; as slow as hashing.
pub fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| argon2().verify_password(password.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_early_is_refused() {
        let names = ["ann.miller@lamps.example", "Ann Miller", "Lamps and more"];
        for (text, why) in [
            ("short1!", Weak::Short),
            ("password", Weak::Guessable),
            ("Passw0rd!", Weak::Guessable),
            ("qwertyuiop", Weak::Guessable),
            ("12345678901234", Weak::Guessable),
            ("aaaaaaaaaaaaaaaa", Weak::Guessable),
            ("annmiller1985", Weak::Guessable),
            ("lamps.example", Weak::Guessable),
            ("ann.miller@lamps.example", Weak::Guessable),
        ] {
            assert_eq!(check(text, &names), Err(why), "{text}");
        }
        assert_eq!(check(&"ä".repeat(200), &names), Err(Weak::Long));
        for good in
            ["correct horse battery", "sieben blaue Regenschirme", "x9$Lq2!vTz", "パスワードは長い方がいい"]
        {
            assert_eq!(check(good, &names), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_has_leaked_is_found_wherever_it_stands() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("leaked.txt");
        let leaked: Vec<String> = (0..500).map(|n| format!("leaked word {n}")).collect();
        for ending in ["\n", "\r\n"] {
            let hash = |word: &String| {
                hex::encode_upper(ring::digest::digest(
                    &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
                    word.as_bytes(),
                ))
            };
            // Numbers of any length, so that lines are of several.
            let mut lines: Vec<_> = leaked
                .iter()
                .enumerate()
                .map(|(n, w)| format!("{}:{}", hash(w), 7_u64.pow(n as u32 % 20)))
                .collect();
            lines.sort();
            for last in ["", ending] {
                std::fs::write(&path, lines.join(ending) + last).expect("written");
                let list = Breached::open(&path).expect("a list");
                for word in &leaked {
                    assert!(list.has(word).expect("read"), "{word}");
                }
                for n in 0..500 {
                    assert!(!list.has(&format!("another word {n}")).expect("read"));
                }
            }
        }
        std::fs::write(&path, "correct horse battery\n").expect("written");
        assert!(Breached::open(&path).is_err_and(|e| e.contains("leaked.txt")));
        assert!(Breached::open(&dir.path().join("none")).is_err());
    }

    #[test]
    fn a_hash_knows_its_password_alone() {
        let kept = hash(&Env::system(), "correct horse battery").expect("hashed");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse battery", &kept));
        assert!(!verify("correct horse batterY", &kept) && !verify("", &kept) && !verify("x", "no hash"));
    }
}
