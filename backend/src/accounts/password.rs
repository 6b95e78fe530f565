//! Passwords: what may be one, and how one is kept.
//!
//! Length and guessability, no rules of composition (NIST SP 800-63B section 3.1.1; ASVS 5.0 chapter 6.2): 8 to 256 bytes,
//! and nothing that is guessed early. The estimate is zxcvbn's (Wheeler, USENIX Security 2016): lists of leaked passwords,
//! names and words, keyboard walks, dates, and what the person is called.

use super::AccountError;
use crate::clock::Env;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

/// Shortest password, characters.
pub const SHORTEST: usize = 8;
/// Longest password, bytes: what is hashed for a stranger is bounded.
pub const LONGEST: usize = 256;
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
    fn a_hash_knows_its_password_alone() {
        let kept = hash(&Env::system(), "correct horse battery").expect("hashed");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse battery", &kept));
        assert!(!verify("correct horse batterY", &kept) && !verify("", &kept) && !verify("x", "no hash"));
    }
}
