//! One cart as it is played: its facts in the order in which they came in.

use crate::{
    cart::{Content, Fact, MAX_FACTS, Standing, Turn, closes_at, fold},
    event::{CartChange, CartKind},
    ids::CartId,
    settings::StoreSettings,
    time::Millis,
};
use uuid::Uuid;

/// A cart between two of its events.
pub(super) struct Cart {
    pub id: CartId,
    /// Never judged left, and when it would have been.
    pub excluded: bool,
    pub would_be_left: Option<Millis>,
    pub content: Content,
    pub standing: Standing,
    /// Newest sign of life, by our clock at the latest.
    pub activity: Millis,
    /// When anything about it last changed.
    pub changed: Millis,
    /// How often it was judged left.
    pub entries: u32,
    pub facts: Vec<Fact>,
}

impl Cart {
    pub fn new(id: CartId, excluded: bool) -> Self {
        Self {
            id,
            excluded,
            would_be_left: None,
            content: Content::default(),
            standing: Standing::NEW,
            activity: 0,
            changed: 0,
            entries: 0,
            facts: Vec::new(),
        }
    }

    /// Takes a change in: applied when it is the next one, else folded with the others. Says whether runs end by it.
    pub fn take(
        &mut self,
        (id, at): (Uuid, Millis),
        change: &CartChange,
        settings: &StoreSettings,
        now: Millis,
    ) -> Option<Turn> {
        let fact = Fact { at, id, change: change.clone() };
        let next = self.facts.is_empty() || self.content.is_newer(at);
        self.facts.push(fact);
        if next {
            self.content.apply(at, change);
        } else {
            self.content = self.folded();
        }
        if self.content.at == 0 {
            return None;
        }
        // As stored: a cart without a currency is in the store's.
        self.content.currency.get_or_insert(settings.currency);
        (self.activity, self.changed) = (self.content.at.min(now), now);
        let turn = self.standing.arm(&self.content, self.activity, self.excluded, settings);
        self.would_be_left = crate::cart::due(&self.content, self.activity, settings)
            .filter(|_| self.excluded && self.standing.status.open());
        turn
    }

    fn folded(&self) -> Content {
        if self.facts.len() <= MAX_FACTS {
            return fold(&self.facts);
        }
        let mut newest: Vec<&Fact> = self.facts.iter().collect();
        newest.sort_by_key(|f| std::cmp::Reverse(f.place()));
        fold(newest.into_iter().take(MAX_FACTS))
    }

    /// When it is closed for age if nothing more happens.
    pub fn closes_at(&self, settings: &StoreSettings) -> Option<Millis> {
        let open = self.standing.status.open() && self.content.at > 0;
        open.then(|| closes_at(self.activity, self.changed, settings))
    }

    /// Whether an order of the person's may end it beside the order's own cart.
    pub fn open_basket(&self) -> bool {
        self.standing.status.open() && self.content.at > 0 && self.content.kind != CartKind::Quote
    }
}
