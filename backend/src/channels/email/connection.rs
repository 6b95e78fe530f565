//! One SMTP connection (RFC 5321), and the phase in which a hand-over failed.
//!
//! Everything before the final dot is safe to repeat: a server that has not seen the end of the message cannot have
//! accepted it. Once the dot is written and no answer came, nobody knows, and we say so.

use super::{
    reply::{Reply, ReplyError, ReplyReader},
    tls,
    url::{Security, SmtpUrl, auth_login, auth_plain},
};
use crate::channels::{Fault, Outcome};
use cartwheel_domain::consent::SuppressionReason;
use std::{future::Future, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long each phase may take (RFC 5321 section 4.5.3.2, shortened where a person would have hung up).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To open the connection, and to finish the TLS handshake.
    pub connect: Duration,
    /// To greet: servers make strangers wait on purpose.
    pub greeting: Duration,
    /// To answer a command.
    pub command: Duration,
    /// To take the message.
    pub body: Duration,
    /// To answer the final dot.
    pub last: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_secs(120),
            command: Duration::from_secs(60),
            body: Duration::from_secs(180),
            last: Duration::from_secs(600),
        }
    }
}

/// Time a whole hand-over may take, a fresh connection included.
pub const PATIENCE: Duration = Duration::from_secs(22 * 60);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What the server said it can do.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Abilities {
    pipelining: bool,
    eight_bit: bool,
    utf8: bool,
    starttls: bool,
    size: Option<u64>,
    auth: Vec<String>,
}

impl Abilities {
    fn of(reply: &Reply) -> Self {
        let mut able = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split([' ', '=']).map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("PIPELINING") => able.pipelining = true,
                Some("8BITMIME") => able.eight_bit = true,
                Some("SMTPUTF8") => able.utf8 = true,
                Some("STARTTLS") => able.starttls = true,
                Some("SIZE") => able.size = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0),
                Some("AUTH") => able.auth.extend(words),
                _ => {}
            }
        }
        able
    }
}

/// An open, greeted and signed-in connection.
pub struct Connection {
    stream: Box<dyn Stream>,
    reader: ReplyReader,
    able: Abilities,
    limits: Limits,
    /// Messages handed over so far.
    pub carried: u32,
    /// Whether it may be used again.
    pub usable: bool,
}

/// How far opening a connection got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The name was looked up.
    Name,
    /// The number was judged.
    Address,
    /// It was connected to.
    Connect,
    /// TLS was asked for, or spoken.
    Tls,
    /// The server greeted and said what it can do.
    Greeting,
    /// We signed in.
    SignIn,
}

/// Why no connection could be opened; always safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// The server's, or ours (credentials, certificate, settings).
    pub fault: Fault,
    /// Where it failed.
    pub stage: Stage,
    /// What happened.
    pub text: String,
}

fn provider(text: impl ToString) -> ConnectError {
    ConnectError { fault: Fault::Provider, stage: Stage::Greeting, text: text.to_string() }
}

fn own(stage: Stage, text: impl ToString) -> ConnectError {
    ConnectError { fault: Fault::Own, stage, text: text.to_string() }
}

fn signing(text: impl ToString) -> ConnectError {
    ConnectError { fault: Fault::Provider, stage: Stage::SignIn, text: text.to_string() }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, ReplyError>>,
) -> Result<T, ReplyError> {
    timeout(limit, work).await.unwrap_or(Err(ReplyError::Timeout(limit.as_secs())))
}

impl Connection {
    /// Opens, greets, protects and signs in.
    ///
    /// # Errors
    /// [`ConnectError`] with whose fault it is.
    pub async fn open(url: &SmtpUrl) -> Result<Self, ConnectError> {
        let late = |_| ConnectError { stage: Stage::Connect, ..provider("no connection in time") };
        let tcp = timeout(url.limits.connect, url.dial()).await.map_err(late)??;
        tcp.set_nodelay(true).map_err(provider)?;
        let hello = match (&url.hello, tcp.local_addr()) {
            (Some(name), _) => name.clone(),
            (None, Ok(std::net::SocketAddr::V6(a))) => format!("[IPv6:{}]", a.ip()),
            (None, Ok(a)) => format!("[{}]", a.ip()),
            (None, Err(_)) => "[127.0.0.1]".to_owned(),
        };
        let stream: Box<dyn Stream> = match url.security {
            Security::Implicit => Box::new(tls::wrap(url, tcp).await?),
            Security::None => Box::new(tcp),
            Security::StartTls => return Self::start_tls(url, tcp, &hello).await,
        };
        let mut connection = Self::bare(stream, url.limits);
        connection.greeting().await?;
        connection.prepare(url, &hello).await
    }

    fn bare(stream: Box<dyn Stream>, limits: Limits) -> Self {
        Self {
            stream,
            limits,
            reader: ReplyReader::default(),
            able: Abilities::default(),
            carried: 0,
            usable: true,
        }
    }

    async fn start_tls(url: &SmtpUrl, mut tcp: TcpStream, hello: &str) -> Result<Self, ConnectError> {
        let mut reader = ReplyReader::default();
        let greeting = within(url.limits.greeting, reader.read(&mut tcp)).await.map_err(provider)?;
        expect(&greeting, 220)?;
        for (line, code) in [(format!("EHLO {hello}\r\n"), 250), ("STARTTLS\r\n".to_owned(), 220)] {
            let asked = within(url.limits.command, async {
                tcp.write_all(line.as_bytes()).await.map_err(ReplyError::Closed)?;
                reader.read(&mut tcp).await
            });
            let reply = asked.await.map_err(provider)?;
            expect(&reply, code)?;
            if code == 250 && !Abilities::of(&reply).starttls {
                return Err(own(
                    Stage::Tls,
                    "the server offers no STARTTLS; use smtps:// or, on a trusted line only, starttls=none",
                ));
            }
        }
        if reader.has_leftovers() {
            return Err(provider("the server spoke on before TLS began"));
        }
        Self::bare(Box::new(tls::wrap(url, tcp).await?), url.limits).prepare(url, hello).await
    }

    async fn greeting(&mut self) -> Result<(), ConnectError> {
        let reply =
            within(self.limits.greeting, self.reader.read(&mut self.stream)).await.map_err(provider)?;
        expect(&reply, 220)
    }

    async fn prepare(mut self, url: &SmtpUrl, hello: &str) -> Result<Self, ConnectError> {
        let reply = self.command(&format!("EHLO {hello}\r\n")).await.map_err(provider)?;
        expect(&reply, 250)?;
        self.able = Abilities::of(&reply);
        if let Some((user, password)) = &url.credentials {
            self.sign_in(user, password).await?;
        }
        Ok(self)
    }

    async fn sign_in(&mut self, user: &str, password: &str) -> Result<(), ConnectError> {
        let offers = |name: &str| self.able.auth.iter().any(|a| a == name);
        let mut reply = if offers("PLAIN") {
            self.command(&format!("AUTH PLAIN {}\r\n", auth_plain(user, password))).await.map_err(signing)?
        } else if offers("LOGIN") {
            let mut reply = self.command("AUTH LOGIN\r\n").await.map_err(signing)?;
            for text in [user, password] {
                if reply.code == 334 {
                    reply = self.command(&format!("{}\r\n", auth_login(text))).await.map_err(signing)?;
                }
            }
            reply
        } else {
            return Err(own(Stage::SignIn, "the server offers neither AUTH PLAIN nor AUTH LOGIN"));
        };
        if reply.code == 334 {
            // It asks for more than was to be said: cancel (RFC 4954 section 4).
            reply = self.command("*\r\n").await.map_err(signing)?;
        }
        match reply {
            r if r.code == 235 => Ok(()),
            r if r.transient() => Err(signing(format!("sign-in: {r}"))),
            r => Err(own(Stage::SignIn, format!("the mail server refuses our sign-in: {r}"))),
        }
    }

    async fn command(&mut self, line: &str) -> Result<Reply, ReplyError> {
        within(self.limits.command, async {
            self.stream.write_all(line.as_bytes()).await.map_err(ReplyError::Closed)?;
            self.stream.flush().await.map_err(ReplyError::Closed)?;
            self.reader.read(&mut self.stream).await
        })
        .await
    }

    /// Hands one finished message over. Afterwards look at `usable`.
    pub async fn deliver(&mut self, from: &str, to: &str, message: &[u8]) -> Outcome {
        self.usable = false;
        self.carried += 1;
        let mail = match self.mail_line(from, to, message) {
            Ok(line) => line,
            Err(outcome) => {
                self.usable = true;
                return outcome;
            }
        };
        let rcpt = format!("RCPT TO:<{to}>\r\n");
        let talked = if self.able.pipelining {
            self.envelope_at_once(&mail, &rcpt).await
        } else {
            self.envelope(&mail, &rcpt).await
        };
        match talked {
            Ok(None) => {}
            Ok(Some(outcome)) => return outcome,
            Err(error) => return not_sent(Fault::Provider, error),
        }
        let wire = dot_stuffed(message);
        let written = within(self.limits.body, async {
            self.stream.write_all(&wire).await.map_err(ReplyError::Closed)?;
            self.stream.flush().await.map_err(ReplyError::Closed)
        });
        // An error here means that not even the operating system took the end of it, so the server never saw the dot.
        if let Err(error) = written.await {
            return not_sent(Fault::Provider, format!("while the message was written: {error}"));
        }
        match within(self.limits.last, self.reader.read(&mut self.stream)).await {
            Ok(reply) if reply.positive() => {
                self.usable = true;
                Outcome::Accepted { provider_id: queue_id(&reply), reply: reply.to_string() }
            }
            Ok(reply) if reply.transient() || reply.permanent() => {
                self.usable = reply.code != 421;
                refused(&reply, Fault::Recipient, false)
            }
            Ok(reply) => {
                Outcome::Uncertain { reply: format!("an answer without meaning after the message: {reply}") }
            }
            Err(error) => Outcome::Uncertain { reply: format!("after the message was written: {error}") },
        }
    }

    fn mail_line(&self, from: &str, to: &str, message: &[u8]) -> Result<String, Outcome> {
        let impossible = |reply: &str| Outcome::Refused {
            permanent: true,
            suppress: None,
            fault: Fault::Own,
            reply: reply.into(),
            retry_after: None,
        };
        let unsafe_address = |a: &str| a.is_empty() || a.chars().any(|c| c.is_control() || " <>".contains(c));
        if unsafe_address(from) || unsafe_address(to) {
            return Err(impossible("an address with spaces, brackets or control characters is never sent"));
        }
        let mut line = format!("MAIL FROM:<{from}>");
        if let Some(limit) = self.able.size {
            if message.len() as u64 > limit {
                return Err(impossible(&format!(
                    "the message has {} bytes, the server takes {limit}",
                    message.len()
                )));
            }
            line.push_str(&format!(" SIZE={}", message.len()));
        }
        if !from.is_ascii() || !to.is_ascii() {
            if !self.able.utf8 {
                return Err(impossible("the address needs SMTPUTF8, which the server does not offer"));
            }
            line.push_str(" SMTPUTF8");
        }
        if !message.is_ascii() {
            if !self.able.eight_bit {
                return Err(impossible("the message needs 8BITMIME, which the server does not offer"));
            }
            line.push_str(" BODY=8BITMIME");
        }
        line.push_str("\r\n");
        Ok(line)
    }

    /// The envelope, one question at a time. `None` means: go on with the message.
    async fn envelope(&mut self, mail: &str, rcpt: &str) -> Result<Option<Outcome>, ReplyError> {
        for (line, is_rcpt) in [(mail, false), (rcpt, true)] {
            let reply = self.command(line).await?;
            if !reply.positive() {
                return self.back_out(&reply, is_rcpt).await.map(Some);
            }
        }
        let reply = self.command("DATA\r\n").await?;
        if reply.code == 354 { Ok(None) } else { self.back_out(&reply, false).await.map(Some) }
    }

    /// The same in one write (RFC 2920), its three answers read afterwards.
    async fn envelope_at_once(&mut self, mail: &str, rcpt: &str) -> Result<Option<Outcome>, ReplyError> {
        let mut replies = Vec::with_capacity(3);
        within(self.limits.command, async {
            let batch = format!("{mail}{rcpt}DATA\r\n");
            self.stream.write_all(batch.as_bytes()).await.map_err(ReplyError::Closed)?;
            self.stream.flush().await.map_err(ReplyError::Closed)
        })
        .await?;
        for _ in 0..3 {
            let reply = match within(self.limits.command, self.reader.read(&mut self.stream)).await {
                Ok(reply) => reply,
                // A server that says no and hangs up has still said no.
                Err(_) if replies.last().is_some_and(|r: &Reply| !r.positive()) => break,
                Err(error) => return Err(error),
            };
            let closing = reply.code == 421;
            replies.push(reply);
            if closing {
                break;
            }
        }
        let data = replies.get(2);
        match replies.iter().take(2).position(|r| !r.positive()) {
            None if data.is_some_and(|d| d.code == 354) => Ok(None),
            None => match data.or(replies.last()) {
                Some(reply) => self.back_out(&reply.clone(), false).await.map(Some),
                None => Err(ReplyError::Garbage("no answer")),
            },
            Some(_) if data.is_some_and(|d| d.code == 354) => {
                // It takes a message for nobody: leave before the dot, so nothing can be accepted.
                let place = usize::from(replies[0].positive());
                Ok(Some(refused(&replies[place], fault_of(place == 1), place == 1)))
            }
            Some(place) => self.back_out(&replies[place].clone(), place == 1).await.map(Some),
        }
    }

    /// Ends the transaction after a no, so that the connection can carry the next message.
    async fn back_out(&mut self, reply: &Reply, is_rcpt: bool) -> Result<Outcome, ReplyError> {
        if reply.code == 421 {
            return Ok(not_sent(Fault::Provider, reply));
        }
        if !reply.transient() && !reply.permanent() {
            return Ok(not_sent(Fault::Provider, format!("an answer out of turn: {reply}")));
        }
        let outcome = refused(reply, fault_of(is_rcpt), is_rcpt);
        // Whether it can go on says nothing of what it has already said.
        self.usable = self.command("RSET\r\n").await.is_ok_and(|r| r.positive());
        Ok(outcome)
    }

    /// Says goodbye; whatever comes back changes nothing.
    pub async fn quit(mut self) {
        let _ = timeout(Duration::from_secs(2), async {
            self.stream.write_all(b"QUIT\r\n").await?;
            self.stream.shutdown().await
        })
        .await;
    }
}

fn expect(reply: &Reply, code: u16) -> Result<(), ConnectError> {
    if reply.code == code { Ok(()) } else { Err(provider(format!("unexpected answer: {reply}"))) }
}

fn fault_of(is_rcpt: bool) -> Fault {
    if is_rcpt { Fault::Recipient } else { Fault::Own }
}

fn not_sent(fault: Fault, text: impl ToString) -> Outcome {
    Outcome::NotSent { fault, reply: text.to_string(), retry_after: None }
}

/// A no. 4xx about the sender or the system is the provider's state of mind, not ours to mend.
fn refused(reply: &Reply, fault: Fault, is_rcpt: bool) -> Outcome {
    let fault = match (fault, reply.enhanced) {
        (Fault::Own, _) if reply.transient() => Fault::Provider,
        // X.3 system, X.4 network: the provider's, whatever it was asked.
        (_, Some((4, 3 | 4, _))) => Fault::Provider,
        (fault, _) => fault,
    };
    Outcome::Refused {
        permanent: reply.permanent(),
        suppress: (is_rcpt && reply.permanent() && reply.no_such_mailbox())
            .then_some(SuppressionReason::HardBounce),
        fault,
        reply: reply.to_string(),
        retry_after: None,
    }
}

/// The name most servers give what they accepted: Postfix `queued as ABC`, Exim `id=ABC`, others the last word.
fn queue_id(reply: &Reply) -> Option<String> {
    let text = reply.lines.last()?;
    let after = |mark: &str| text.split(mark).nth(1).and_then(|t| t.split_whitespace().next());
    let id = after("queued as ").or_else(|| after("id="))?;
    let id: String = id.chars().filter(|c| c.is_ascii_graphic()).take(120).collect();
    (!id.is_empty()).then_some(id)
}

/// The message as it goes over the wire: CRLF line ends only, a dot before each line that begins with one
/// (RFC 5321 4.5.2), the final dot at the end. A bare CR or LF becomes a line end too: left as they are, they are
/// how a message smuggles a second one past a lenient server.
pub fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 64);
    let mut rest = message;
    while let Some(first) = rest.first() {
        if *first == b'.' {
            wire.push(b'.');
        }
        let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        wire.extend_from_slice(&rest[..end]);
        wire.extend_from_slice(b"\r\n");
        let after = if rest[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
        rest = rest.get(after..).unwrap_or_default();
    }
    wire.extend_from_slice(b".\r\n");
    wire
}
