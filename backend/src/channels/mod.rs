//! Ways to reach a person.
//!
//! A channel receives a rendered message and an address. It knows no journey, no store and no database; what came of
//! the hand-over it says as an [`Outcome`], which tells apart what may be repeated, what must not be, and what
//! nobody knows.

pub mod email;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
pub mod push;
pub mod sandbox;
pub mod sms;
pub mod terminal;

use cartwheel_domain::{
    consent::{self, SuppressionReason},
    ids::MessageId,
    push::Subscription,
    time::Millis,
};
use std::{sync::Arc, time::Duration};

/// A message as the recipient will see it. A channel takes what it has a use for: a text message is its two numbers and its text, a
/// notification the text that is sealed for a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Name in From; may be empty.
    pub from_name: String,
    /// Address in From; the number or name a text message comes from.
    pub from: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Name of the recipient; may be empty.
    pub to_name: String,
    /// Address of the recipient, or their number.
    pub to: String,
    /// Subject, unencoded.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The plain-text part.
    pub text: String,
    /// The https address of `List-Unsubscribe` (RFC 8058); `None` for mail nobody can unsubscribe from.
    pub unsubscribe: Option<String>,
    /// The instant in the Date header.
    pub date: Millis,
}

/// By which of a channel's ways a message goes.
#[derive(Clone, Default)]
pub struct Route {
    /// Names the way; the circuit breaker counts by it.
    pub name: String,
    /// Signs mail in the store's name.
    pub signer: Option<Arc<email::dkim::Signer>>,
    /// The store's account for text messages, and where it is told what became of one.
    pub texts: Option<Arc<sms::Account>>,
    /// The store's own mail server; `None`: the operator's.
    pub server: Option<Arc<email::server::Server>>,
    /// What a mail is known by when it comes back.
    pub mark: Option<email::mark::Mark>,
    /// The store's keys for web push, and the browser it goes to.
    pub push: Option<Arc<push::Way>>,
}

impl Route {
    /// The same way for one message: Twilio is told which it is, so that what it reports finds the row, even of one whose answer was lost.
    pub fn to(&self, message: MessageId) -> Self {
        let texts = self.texts.as_ref().map(|account| {
            let callback = format!("{}?message={message}", account.callback);
            Arc::new(sms::Account { callback, ..(**account).clone() })
        });
        Self { texts, ..self.clone() }
    }

    /// The same way to one browser: what is said of one thing replaces what was said of it before, where the push service still has that.
    pub fn notifying(&self, to: Subscription, topic: Option<String>) -> Self {
        let push =
            self.push.as_ref().map(|way| Arc::new(push::Way { to: Some(to), topic, ..(**way).clone() }));
        Self { push, ..self.clone() }
    }
}

/// Whose fault a failure is. Only the provider's faults open its circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// This recipient: the address is wrong, the mailbox full.
    Recipient,
    /// The provider: unreachable, overloaded, or not speaking the protocol.
    Provider,
    /// Our own: credentials, configuration, a message that cannot be built.
    Own,
}

impl Fault {
    /// The word stored with the attempt.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Provider => "provider",
            Self::Own => "own",
        }
    }
}

/// What came of one hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider has taken responsibility.
    Accepted {
        /// The provider's reference, when it gave one.
        provider_id: Option<String>,
        /// What it said.
        reply: String,
    },
    /// The provider has answered no; nothing was accepted.
    Refused {
        /// Trying again is of no use.
        permanent: bool,
        /// The address must not be written to again: it does not exist, or said no to the provider.
        suppress: Option<SuppressionReason>,
        /// Whose fault.
        fault: Fault,
        /// What it said.
        reply: String,
        /// How long it wants to be left alone, milliseconds.
        retry_after: Option<Millis>,
    },
    /// The hand-over did not get as far as being accepted: safe to repeat.
    NotSent {
        /// Whose fault.
        fault: Fault,
        /// What happened.
        reply: String,
        /// How long to leave the provider alone, milliseconds.
        retry_after: Option<Millis>,
    },
    /// The message may or may not have been accepted: repeated only where the key makes it one message.
    Uncertain {
        /// What happened.
        reply: String,
    },
}

impl Outcome {
    /// The word stored with the attempt.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused { permanent: true, .. } => "refused",
            Self::Refused { .. } => "deferred",
            Self::NotSent { .. } => "not_sent",
            Self::Uncertain { .. } => "uncertain",
        }
    }

    /// Whose fault it is that nothing was accepted.
    pub const fn fault(&self) -> Option<Fault> {
        match self {
            Self::Refused { fault, .. } | Self::NotSent { fault, .. } => Some(*fault),
            Self::Accepted { .. } | Self::Uncertain { .. } => None,
        }
    }

    /// What the other side said, or what happened instead of an answer.
    pub fn reply(&self) -> &str {
        match self {
            Self::Accepted { reply, .. }
            | Self::Refused { reply, .. }
            | Self::NotSent { reply, .. }
            | Self::Uncertain { reply } => reply,
        }
    }
}

/// A way to reach a person.
#[async_trait::async_trait]
pub trait Channel: Send + Sync + 'static {
    /// Whether handing the same key over twice makes one message. Only then may an uncertain hand-over be repeated.
    fn idempotent(&self) -> bool;

    /// How long a hand-over may take at most; a lease lasts longer.
    fn patience(&self) -> Duration;

    /// Hands one message over. Never fails otherwise than by saying so in the [`Outcome`].
    async fn send(&self, route: &Route, message: &Outgoing, key: &str) -> Outcome;
}

/// The channels there are.
#[derive(Clone)]
pub struct Channels {
    /// E-mail of live stores; `None` while no mail server is set.
    pub email: Option<Arc<dyn Channel>>,
    /// Text messages of live stores, each by its own account.
    pub sms: Arc<dyn Channel>,
    /// Notifications of live stores, each by its own keys.
    pub push: Arc<dyn Channel>,
    /// Everything of sandbox stores.
    pub sandbox: Arc<dyn Channel>,
}

impl Channels {
    /// Which one carries a store's messages of a kind.
    pub fn of(&self, kind: consent::Channel, sandbox: bool) -> Option<&Arc<dyn Channel>> {
        match kind {
            consent::Channel::Email | consent::Channel::Sms | consent::Channel::Push if sandbox => {
                Some(&self.sandbox)
            }
            consent::Channel::Email => self.email.as_ref(),
            consent::Channel::Sms => Some(&self.sms),
            consent::Channel::Push => Some(&self.push),
            _ => None,
        }
    }

    /// How long the slowest of them may take for one message.
    pub fn patience(&self) -> Duration {
        let all = self.email.iter().chain([&self.sms, &self.push, &self.sandbox]);
        all.map(|channel| channel.patience()).max().unwrap_or_default()
    }
}
