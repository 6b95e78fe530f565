//! The words of permission: channels, purposes, methods and what a decision says.

use crate::{event::CartKind, locale::Country, time::Millis};
use serde::{Deserialize, Serialize};

use super::{ledger::ConsentState, pack::Override};

/// Gives an enum its stored names, the same as its serde names.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value of a stored name; `None` for any other text.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use names;

names! {
    /// How something reaches a person.
    Channel {
        /// E-mail.
        Email = "email",
        /// Text message.
        Sms = "sms",
        /// Web push.
        Push = "push",
        /// Shown in the shop itself.
        OnSite = "on_site",
        /// A letter.
        Post = "post",
        /// An advertiser's audience list.
        Audience = "audience",
    }
}

impl Channel {
    /// What its messages may be sent for, reminders of what was left first; the confirmation of a double opt-in aside.
    pub const fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Email => &[Purpose::CartEmail, Purpose::MarketingEmail],
            Self::Sms => &[Purpose::CartSms, Purpose::SmsMarketing],
            Self::Push => &[Purpose::Push],
            Self::Post => &[Purpose::Post],
            Self::Audience => &[Purpose::AudienceUpload],
            Self::OnSite => &[],
        }
    }
}

names! {
    /// What a permission is for. Each is asked for, given and withdrawn on its own.
    Purpose {
        /// Newsletters and offers by mail.
        MarketingEmail = "marketing_email",
        /// Reminders of what was left, by mail.
        CartEmail = "cart_email",
        /// Offers by text message.
        SmsMarketing = "sms_marketing",
        /// Reminders by text message.
        CartSms = "cart_sms",
        /// Web push; the browser's permission alone is not consent.
        Push = "push",
        /// Letters.
        Post = "post",
        /// Measuring whether a mail was opened.
        OpenPixel = "open_pixel",
        /// Using clicks in the profile of a person.
        ClickProfile = "click_profile",
        /// Hashed upload to an advertiser.
        AudienceUpload = "audience_upload",
        /// Storing on the shopper's device.
        Storage = "storage",
        /// What the person asked for: the confirmation mail of a double opt-in, an order notice. Not advertising.
        Service = "service",
    }
}

impl Purpose {
    /// Whether it is direct marketing in the sense of Art. 21(2) GDPR: one objection ends all of them.
    pub const fn is_marketing(self) -> bool {
        !matches!(self, Self::OpenPixel | Self::ClickProfile | Self::Storage | Self::Service)
    }
}

names! {
    /// What the words of a message do; some countries allow a reminder but not an offer.
    ContentClass {
        /// Says what was left, offers nothing.
        Informational = "informational",
        /// Advertises: an offer, a discount, a recommendation.
        Promotional = "promotional",
        /// Asked for by the person; belongs to [`Purpose::Service`] and to nothing else.
        Transactional = "transactional",
    }
}

names! {
    /// How a permission came about, which decides what it proves.
    Method {
        /// The link in a confirmation mail was pressed: proven.
        DoubleOptIn = "double_opt_in",
        /// A box was ticked in a form we know the wording of.
        Checkbox = "checkbox",
        /// A word was sent by text message.
        Keyword = "keyword",
        /// The shop's server says so.
        Api = "api",
        /// The shop platform says so.
        Platform = "platform",
        /// A list says so: claimed, not proven.
        Imported = "imported",
    }
}

impl Method {
    /// Whether it is an act of the person herself. Only such an act can undo an earlier no: platforms and lists
    /// keep repeating what they were once told.
    pub const fn is_act(self) -> bool {
        matches!(self, Self::DoubleOptIn | Self::Checkbox | Self::Keyword)
    }
}

names! {
    /// Why nothing may be sent any more.
    SuppressionReason {
        /// The address does not exist.
        HardBounce = "bounced",
        /// Reported as spam.
        Complaint = "complained",
        /// Unsubscribed.
        Unsubscribed = "unsubscribed",
        /// Objected to direct marketing (Art. 21 GDPR).
        Objected = "objected",
        /// Erased on request; only the keyed hash of the address is left.
        Erased = "erased",
        /// Set by a member of the store.
        Manual = "manual",
    }
}

impl SuppressionReason {
    /// The rule a refusal for this reason names.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::HardBounce => "any.suppressed-bounce",
            Self::Complaint => "any.suppressed-complaint",
            Self::Unsubscribed => "any.suppressed-unsubscribed",
            Self::Objected => "any.suppressed-objected",
            Self::Erased => "any.suppressed-erased",
            Self::Manual => "any.suppressed-manual",
        }
    }

    /// Whether it also stops what the person asks for. Who unsubscribed may still ask to be subscribed again.
    pub const fn stops_service(self) -> bool {
        !matches!(self, Self::Unsubscribed | Self::Objected)
    }
}

impl SuppressionReason {
    /// Whether a later consent to another store of a circle is stronger: who said no to one shop may ask another anew. A mailbox that
    /// does not exist, or reports spam, says so of all.
    pub const fn yields_to_consent(self) -> bool {
        !matches!(self, Self::HardBounce | Self::Complaint)
    }
}

/// A no that another store of a circle shares. Which store, is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircleNo {
    /// On which channel.
    pub channel: Channel,
    /// Why.
    pub reason: SuppressionReason,
    /// When it was said there.
    pub at: Millis,
}

/// A standing no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Its id, for the refusal's evidence.
    pub id: String,
    /// One channel, or all of them.
    pub channel: Option<Channel>,
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub at: Millis,
}

names! {
    /// What a shopper and the store have had to do with each other.
    DealingKind {
        /// A purchase was completed.
        CompletedSale = "completed_sale",
        /// A purchase was negotiated: a basket with an address, a checkout, a quote (United Kingdom only).
        Negotiation = "negotiation",
    }
}

/// A sale, or the negotiation of one, with the facts the existing-customer rules ask for
/// (ePrivacy Directive Art. 13(2), UWG § 7(3), PECR reg. 22(3)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dealing {
    /// Sale or negotiation.
    pub kind: DealingKind,
    /// When the sale was completed, or last negotiated.
    pub at: Millis,
    /// The order or cart that shows it.
    pub evidence: EvidenceRef,
    /// The address was given by the person in the course of it.
    pub own_address: bool,
    /// A clear, free way to opt out was offered when the address was taken.
    pub opt_out_offered: bool,
    /// The message is for the store's own goods, similar to those dealt in. The store says so.
    pub similar_goods: bool,
}

/// Who would receive it.
#[derive(Debug, Clone, Default)]
pub struct Recipient {
    /// Country of the person; unknown is judged by the strictest rules.
    pub country: Option<Country>,
    /// What the consent ledger adds up to.
    pub consents: ConsentState,
    /// Standing noes that match this address, of any channel.
    pub suppressions: Vec<Suppression>,
    /// Noes to this address at other stores of the circles this store is in.
    pub circle: Vec<CircleNo>,
    /// Sales and negotiations of this person with this store.
    pub dealings: Vec<Dealing>,
    /// The address was looked up in the national do-not-mail list and is not on it (Austria: § 7 ECG).
    pub preference_list_clear: bool,
}

/// The cart a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartFacts<'a> {
    /// Its id, for the evidence.
    pub id: &'a str,
    /// Cart, checkout or quote.
    pub kind: CartKind,
    /// When it was judged left; `None` while it is not.
    pub abandoned_at: Option<Millis>,
    /// Messages of this channel already handed over for this cart.
    pub messages_sent: u32,
}

/// What the store has set.
#[derive(Debug, Clone, Default)]
pub struct StoreFacts {
    /// Where the store is.
    pub country: Option<Country>,
    /// A physical postal address is set and will stand in each mail.
    pub has_postal_address: bool,
    /// Its privacy notice announces the reminder where the address is taken.
    pub reminder_announced: bool,
    /// Changes the store's lawyer signed off, newest last.
    pub overrides: Vec<Override>,
}

/// Everything the gate looks at.
#[derive(Debug, Clone, Copy)]
pub struct GateInput<'a> {
    /// Who.
    pub recipient: &'a Recipient,
    /// By which way.
    pub channel: Channel,
    /// What for.
    pub purpose: Purpose,
    /// What the words do.
    pub content_class: ContentClass,
    /// About which cart, when about one.
    pub cart: Option<CartFacts<'a>>,
    /// For which store.
    pub store: &'a StoreFacts,
    /// The instant of the hand-over.
    pub now: Millis,
}

names! {
    /// What a reference to evidence points at.
    EvidenceKind {
        /// An entry of the consent ledger.
        Consent = "consent",
        /// An order.
        Order = "order",
        /// A cart.
        Cart = "cart",
        /// A suppression.
        Suppression = "suppression",
        /// A setting of the store.
        StoreSetting = "store_setting",
        /// An override the store logged.
        Override = "override",
    }
}

/// Where the proof is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EvidenceRef {
    /// Of which kind.
    pub kind: EvidenceKind,
    /// Its id, or the setting's name.
    pub id: String,
}

impl EvidenceRef {
    /// A reference to `id`.
    pub fn new(kind: EvidenceKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

names! {
    /// The kind of ground a message stands on.
    BasisKind {
        /// The person said yes.
        Consent = "consent",
        /// The existing-customer exception.
        ExistingCustomer = "existing_customer",
        /// One informative reminder in the sender's legitimate interest.
        LegitimateInterest = "legitimate_interest",
        /// Allowed until the person says no.
        OptOut = "opt_out",
        /// The person asked for it.
        Service = "service",
    }
}

/// What must hold in the message itself; who renders it reads this and obeys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// The sender is named plainly.
    pub sender_identity: bool,
    /// The store's postal address stands in it.
    pub postal_address: bool,
    /// A line that says how to opt out, with a working link.
    pub opt_out_line: bool,
    /// The `List-Unsubscribe` pair of RFC 8058.
    pub one_click: bool,
    /// No offer, discount or recommendation in it.
    pub no_offer: bool,
    /// The open pixel may be put in.
    pub pixel_allowed: bool,
    /// Clicks may go into the person's profile; counting them for the shop's figures stays possible.
    pub click_profile_allowed: bool,
}

/// Why a message may go out. Stored with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Stable id of the rule, `de.uwg7-consent`.
    pub rule: String,
    /// The text of law or standard the rule rests on.
    pub cite: String,
    /// Kind of ground.
    pub kind: BasisKind,
    /// Id of the policy pack.
    pub pack: String,
    /// Its version.
    pub pack_version: u32,
    /// Proof.
    pub evidence: Vec<EvidenceRef>,
    /// What must hold in the message.
    pub conditions: Conditions,
}

names! {
    /// What a rule missed.
    Lack {
        /// No consent for the purpose.
        Consent = "consent",
        /// Consent exists, but not in the form the country asks for.
        Proof = "proof",
        /// Consent, or the dealing, is too old.
        Age = "age",
        /// No completed sale (United Kingdom: and no negotiation).
        Dealing = "dealing",
        /// The address was not given in the course of it.
        OwnAddress = "own_address",
        /// No opt-out was offered when the address was taken.
        OptOutAtCollection = "opt_out_at_collection",
        /// Not for the store's own similar goods.
        SimilarGoods = "similar_goods",
        /// The do-not-mail list was not looked up, or lists the address.
        PreferenceList = "preference_list",
        /// The store has not announced the reminder.
        Announced = "announced",
        /// The store has set no postal address.
        PostalAddress = "postal_address",
        /// The content advertises.
        ContentClass = "content_class",
        /// Not about a cart that was left.
        Cart = "cart",
        /// Too long after the cart was left.
        Late = "late",
        /// As many messages as allowed went out for this cart.
        MaxPerCart = "max_per_cart",
        /// Switched off by the store.
        SwitchedOff = "switched_off",
    }
}

/// A rule that would have allowed the message, and what it missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The rule.
    pub rule: String,
    /// What it missed.
    pub lacks: Vec<Lack>,
}

/// Why a message must not go out. Stored with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable id of the rule, `de.uwg7.2-no-consent`.
    pub rule: String,
    /// The text of law or standard the rule rests on.
    pub cite: String,
    /// Id of the policy pack.
    pub pack: String,
    /// Its version.
    pub pack_version: u32,
    /// The standing no, when there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRef>,
    /// What would have allowed it, in the order tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// The gate's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may go out.
    Allow(Basis),
    /// It must not.
    Deny(Refusal),
}

impl Decision {
    /// Whether it may go out.
    pub const fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// The rule that decided.
    pub fn rule(&self) -> &str {
        match self {
            Self::Allow(basis) => &basis.rule,
            Self::Deny(refusal) => &refusal.rule,
        }
    }
}
