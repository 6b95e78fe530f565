//! The mail sink, seen from the harness.

pub mod serve;

use crate::{Outcome, service::helper::Helper};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

/// One mail that the sink took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// When, microseconds since 1970.
    pub at: i64,
    /// For whom.
    pub to: String,
    /// Bytes.
    pub size: usize,
}

/// A running sink.
pub struct Sink {
    /// Its process.
    pub helper: Helper,
    log: PathBuf,
}

impl Sink {
    /// Starts one that logs into a file.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(log: &Path) -> Outcome<Self> {
        let helper = Helper::start("sink", &["sink", "--log", &log.to_string_lossy()])?;
        Ok(Self { helper, log: log.to_owned() })
    }

    /// Its address for `CARTWHEEL_SMTP_URL`, with a sign-in and 16 connections.
    pub fn url(&self) -> String {
        format!("smtp://bench:secret@127.0.0.1:{}?starttls=none&connections=16", self.helper.address.port())
    }

    /// All it has taken since it started.
    ///
    /// # Errors
    /// Its log cannot be read.
    pub fn mails(&self) -> Outcome<Vec<Mail>> {
        read(&self.log)
    }

    /// Waits until it has taken `n` mails in all; gives what it has when nothing came for `patience`.
    ///
    /// # Errors
    /// Its log cannot be read.
    pub async fn wait_for(&self, n: usize, patience: Duration) -> Outcome<Vec<Mail>> {
        let (mut last, mut since) = (0, std::time::Instant::now());
        loop {
            let size = std::fs::metadata(&self.log)?.len();
            if size != last {
                (last, since) = (size, std::time::Instant::now());
                // A line has at least 20 bytes: it is not read before it can be enough.
                if size / 20 >= n as u64 {
                    let mails = self.mails()?;
                    if mails.len() >= n {
                        return Ok(mails);
                    }
                }
            } else if since.elapsed() > patience {
                return self.mails();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn read(log: &Path) -> Outcome<Vec<Mail>> {
    let text = std::fs::read_to_string(log)?;
    // The last line may be half written.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| parse(line).ok_or_else(|| format!("the sink wrote {line:?}").into())).collect()
}

fn parse(line: &str) -> Option<Mail> {
    let mut parts = line.split(' ');
    let mail = Mail {
        at: parts.next()?.parse().ok()?,
        to: parts.next()?.to_owned(),
        size: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(mail)
}

/// How many people got more than one of these mails.
pub fn doubles(mails: &[Mail]) -> usize {
    let mut counts: HashMap<&str, usize> = HashMap::with_capacity(mails.len());
    for mail in mails {
        *counts.entry(&mail.to).or_default() += 1;
    }
    counts.values().filter(|n| **n > 1).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_up_to_its_last_whole_line() {
        let dir = tempfile::tempdir().expect("a folder");
        let log = dir.path().join("log");
        std::fs::write(&log, "1000 a@x 12\n2000 b@x 13\n3000 c@").expect("written");
        let mails = read(&log).expect("sound");
        assert_eq!(mails.iter().map(|m| (m.at, m.size)).collect::<Vec<_>>(), [(1_000, 12), (2_000, 13)]);
        std::fs::write(&log, "nonsense\n").expect("written");
        assert!(read(&log).is_err());
    }

    #[test]
    fn doubles_are_people_not_mails() {
        let mail = |to: &str| Mail { at: 0, to: to.into(), size: 1 };
        assert_eq!(doubles(&[mail("a"), mail("b"), mail("a"), mail("a")]), 1);
        assert_eq!(doubles(&[mail("a"), mail("b")]), 0);
    }
}
