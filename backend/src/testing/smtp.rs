//! A mail server on a real socket that does what a test says, and keeps what it accepted.

use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the server does with one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Accepts and says so.
    Accept,
    /// Accepts, and hangs up before it says so.
    AcceptSilently,
    /// Reads the message and hangs up: nobody can know that it did not take it.
    Forget,
    /// Is busy: 451 to MAIL.
    Busy,
    /// Will not carry it: 550 5.7.1 to MAIL.
    Unwilling,
    /// 450 4.7.1 to RCPT: too many for this domain.
    TooMany,
    /// 450 4.2.0 to RCPT: greylisted.
    Greylist,
    /// 550 5.1.1 to RCPT.
    NoSuchMailbox,
    /// Hangs up at MAIL.
    HangUp,
    /// 421 to MAIL.
    Closing,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Accept,
        Self::AcceptSilently,
        Self::Forget,
        Self::Busy,
        Self::Unwilling,
        Self::TooMany,
        Self::Greylist,
        Self::NoSuchMailbox,
        Self::HangUp,
        Self::Closing,
    ];
}

/// One accepted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The return path.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// What was in it.
    pub text: String,
}

#[derive(Default)]
struct State {
    script: Mutex<VecDeque<Act>>,
    ledger: Mutex<Vec<Taken>>,
    connections: AtomicU32,
    sign_in: Mutex<Option<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server; it stops when it is dropped.
pub struct SmtpServer {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpServer {
    /// Lets everybody in.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(talk(stream, Arc::clone(&shared)));
            }
        });
        Self { port, state, task }
    }

    /// Lets in whoever knows this user name and password, nobody else.
    pub fn lock_to(&self, user: &str, password: &str) {
        *lock(&self.state.sign_in) = Some(STANDARD.encode(format!("\0{user}\0{password}")));
    }

    /// What to do with the next messages; after that everything is accepted.
    pub fn script(&self, acts: impl IntoIterator<Item = Act>) {
        lock(&self.state.script).extend(acts);
    }

    /// Everything accepted, in order.
    pub fn ledger(&self) -> Vec<Taken> {
        lock(&self.state.ledger).clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> u32 {
        self.state.connections.load(Ordering::SeqCst)
    }
}

async fn talk(stream: TcpStream, state: Arc<State>) {
    let _ = converse(BufReader::new(stream), &state).await;
}

async fn converse(mut stream: BufReader<TcpStream>, state: &State) -> std::io::Result<()> {
    stream.write_all(b"220 mx.test ESMTP\r\n").await?;
    let (mut from, mut to, mut act) = (String::new(), String::new(), Act::Accept);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let inside = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let said = match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250-mx.test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => {
                let wanted = lock(&state.sign_in).clone();
                let given = line.rsplit(' ').next().unwrap_or_default();
                if wanted.is_none_or(|wanted| wanted == given) {
                    "235 2.7.0 in"
                } else {
                    "535 5.7.8 not with this"
                }
            }
            "MAIL" => {
                from = inside();
                act = lock(&state.script).pop_front().unwrap_or(Act::Accept);
                match act {
                    Act::HangUp => return Ok(()),
                    Act::Busy => "451 4.3.2 busy",
                    Act::Unwilling => "550 5.7.1 not from here",
                    Act::Closing => "421 4.3.2 going down",
                    _ => "250 2.1.0 ok",
                }
            }
            "RCPT" => {
                to = inside();
                match act {
                    Act::TooMany => "450 4.7.1 too many messages to this domain",
                    Act::Greylist => "450 4.2.0 greylisted",
                    Act::NoSuchMailbox => "550 5.1.1 no such user",
                    _ => "250 2.1.5 ok",
                }
            }
            "DATA" => {
                stream.write_all(b"354 go\r\n").await?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut text).await? == 0 {
                        return Ok(());
                    }
                }
                if act != Act::Forget {
                    let taken = Taken { from: from.clone(), to: to.clone(), text };
                    lock(&state.ledger).push(taken);
                }
                if matches!(act, Act::AcceptSilently | Act::Forget) {
                    return Ok(());
                }
                "250 2.0.0 Ok: queued as ABC"
            }
            "QUIT" => return Ok(()),
            _ => "250 2.0.0 ok",
        };
        stream.write_all(format!("{said}\r\n").as_bytes()).await?;
        if said.starts_with("421") {
            return Ok(());
        }
    }
}
