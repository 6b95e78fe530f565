//! What a cart answers to.

use uuid::Uuid;

/// What kind of token a key is. A browser's are apart from a server's, so that a browser can never name a cart
/// that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Cart id of the shop, from a server.
    Cart,
    /// Checkout id of the shop, from a server.
    Checkout,
    /// A browser's own token and the cart id it gave.
    Browser,
    /// A browser's own token and the checkout id it gave.
    BrowserCheckout,
    /// The cart id alone that a browser gave: good for ending the cart by a server's order, for nothing else.
    Claimed,
    /// The checkout id alone that a browser gave; as [`Self::Claimed`].
    ClaimedCheckout,
    /// The contact, for events of a server that name no cart at all.
    Contact,
    /// The basket before the present one of [`Self::Cart`]; late events belong there.
    PastCart,
    /// The basket before the present one of [`Self::Browser`].
    PastBrowser,
    /// The basket before the present one of [`Self::Contact`].
    PastContact,
}

impl KeyKind {
    const ALL: [Self; 10] = [
        Self::Cart,
        Self::Checkout,
        Self::Browser,
        Self::BrowserCheckout,
        Self::Claimed,
        Self::ClaimedCheckout,
        Self::Contact,
        Self::PastCart,
        Self::PastBrowser,
        Self::PastContact,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cart => "cart",
            Self::Checkout => "checkout",
            Self::Browser => "browser",
            Self::BrowserCheckout => "browser_checkout",
            Self::Claimed => "claimed",
            Self::ClaimedCheckout => "claimed_checkout",
            Self::Contact => "contact",
            Self::PastCart => "past_cart",
            Self::PastBrowser => "past_browser",
            Self::PastContact => "past_contact",
        }
    }

    /// The kind of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == name)
    }

    /// Where the basket before the present one is kept; `None` for tokens that are never used twice.
    pub const fn past(self) -> Option<Self> {
        match self {
            Self::Cart => Some(Self::PastCart),
            Self::Browser => Some(Self::PastBrowser),
            Self::Contact => Some(Self::PastContact),
            _ => None,
        }
    }
}

/// One token of a cart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its kind.
    pub kind: KeyKind,
    /// Its value.
    pub value: String,
}

impl Key {
    /// A key.
    pub fn new(kind: KeyKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }

    /// The key of a contact's one cart.
    pub fn contact(id: Uuid) -> Self {
        Self::new(KeyKind::Contact, id.simple().to_string())
    }

    /// The same token's earlier basket.
    pub fn past(&self) -> Option<Self> {
        self.kind.past().map(|kind| Self::new(kind, self.value.clone()))
    }

    /// The id that a browser gave, behind its own token.
    pub fn claimed(&self) -> Option<Self> {
        let kind = match self.kind {
            KeyKind::Browser => KeyKind::Claimed,
            KeyKind::BrowserCheckout => KeyKind::ClaimedCheckout,
            _ => return None,
        };
        let (_, id) = self.value.split_once('/')?;
        (!id.is_empty()).then(|| Self::new(kind, id))
    }
}
