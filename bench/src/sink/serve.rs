//! The mail sink's process: takes mail by SMTP as fast as it comes, and writes down when, for whom and how large.

use crate::{Outcome, clock};
use std::{fs::File, io::Write, path::Path};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Serves for ever; prints its port first.
///
/// # Errors
/// No port is free, or the log cannot be made.
pub async fn serve(log: &Path) -> Outcome {
    let mut file = File::options().create(true).append(true).open(log)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let (lines, mut waiting) = mpsc::unbounded_channel::<String>();
    std::thread::spawn(move || {
        while let Some(mut text) = waiting.blocking_recv() {
            while let Ok(more) = waiting.try_recv() {
                text.push_str(&more);
            }
            if file.write_all(text.as_bytes()).is_err() {
                // Without its log the sink is worth nothing; the harness sees that it has gone.
                std::process::exit(1);
            }
        }
    });
    loop {
        let (stream, _) = listener.accept().await?;
        let lines = lines.clone();
        tokio::spawn(async move { drop(Session::new(lines).talk(stream).await) });
    }
}

/// What a session answers, apart from the socket.
struct Session {
    log: mpsc::UnboundedSender<String>,
    recipient: String,
    in_data: bool,
    /// Lines of a sign-in still to come.
    sign_in: u8,
    over: bool,
}

impl Session {
    fn new(log: mpsc::UnboundedSender<String>) -> Self {
        Self { log, recipient: String::new(), in_data: false, sign_in: 0, over: false }
    }

    async fn talk(mut self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        stream.write_all(b"220 sink ESMTP\r\n").await?;
        let (mut buffer, mut out) = (Vec::with_capacity(32 * 1024), Vec::new());
        while !self.over {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            let used = self.take(&buffer, &mut out);
            buffer.drain(..used);
            if !out.is_empty() {
                stream.write_all(&out).await?;
                out.clear();
            }
        }
        Ok(())
    }

    /// Handles all that is whole, and says how many bytes that was. Several commands in one packet get their answers
    /// in one packet (RFC 2920).
    fn take(&mut self, text: &[u8], out: &mut Vec<u8>) -> usize {
        let mut used = 0;
        while !self.over {
            let rest = &text[used..];
            if self.in_data {
                let whole = if rest.starts_with(b".\r\n") {
                    Some(0)
                } else {
                    find(rest, b"\r\n.\r\n").map(|n| n + 2)
                };
                let Some(size) = whole else { break };
                self.in_data = false;
                used += size + 3;
                // Before the answer: what is acknowledged is in the log.
                let _ = self.log.send(format!("{} {} {size}\n", clock::micros(), self.recipient));
                out.extend_from_slice(b"250 2.0.0 taken\r\n");
            } else {
                let Some(end) = find(rest, b"\r\n") else { break };
                used += end + 2;
                self.command(&rest[..end], out);
            }
        }
        used
    }

    fn command(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let line = String::from_utf8_lossy(line);
        if self.sign_in > 0 {
            self.sign_in -= 1;
            out.extend_from_slice(if self.sign_in > 0 {
                b"334 UGFzc3dvcmQ6\r\n"
            } else {
                b"235 2.7.0 good\r\n"
            });
            return;
        }
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" => b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 10485760\r\n",
            "HELO" | "MAIL" | "RSET" | "NOOP" => b"250 2.0.0 ok\r\n",
            "RCPT" => {
                let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                self.recipient = inside.map_or_else(String::new, |(address, _)| address.replace(' ', "_"));
                b"250 2.1.5 ok\r\n"
            }
            "DATA" => {
                self.in_data = true;
                b"354 go\r\n"
            }
            "AUTH" => match line.split(' ').count() {
                // With its answer in the first line, or one line (PLAIN), or two (LOGIN).
                3.. => b"235 2.7.0 good\r\n",
                _ => {
                    self.sign_in = if line.to_ascii_uppercase().contains("LOGIN") { 2 } else { 1 };
                    b"334 \r\n"
                }
            },
            "QUIT" => {
                self.over = true;
                b"221 2.0.0 bye\r\n"
            }
            _ => b"500 5.5.1 unknown\r\n",
        };
        out.extend_from_slice(answer);
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelined_commands_are_answered_together_and_mails_are_logged() {
        let (log, mut lines) = mpsc::unbounded_channel();
        let (mut session, mut out) = (Session::new(log), Vec::new());
        let text =
            b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nSubject: s\r\n\r\nhi\r\n.\r\nMAIL F";
        let used = session.take(text, &mut out);
        assert_eq!(&text[used..], b"MAIL F");
        let said = String::from_utf8(out).expect("text");
        assert!(said.ends_with("250 2.0.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n250 2.0.0 taken\r\n"), "{said}");
        let line = lines.try_recv().expect("one mail");
        assert_eq!(line.split(' ').skip(1).collect::<Vec<_>>(), ["b@y", "18\n"]);
        assert!(lines.try_recv().is_err());
    }

    #[test]
    fn every_sign_in_is_accepted() {
        let (log, _lines) = mpsc::unbounded_channel();
        let (mut session, mut out) = (Session::new(log), Vec::new());
        session.take(b"AUTH PLAIN abc\r\nAUTH LOGIN\r\nuser\r\npassword\r\nQUIT\r\n", &mut out);
        let said = String::from_utf8(out).expect("text");
        assert_eq!(said.matches("235 ").count(), 2, "{said}");
        assert!(session.over);
    }
}
