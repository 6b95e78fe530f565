//! A cart, a checkout or a quote.

use super::{
    access::Access,
    contact::Contact,
    loaders::{Contacts, Key, Orders},
    message::{Message, messages_of},
    page::PageInfo,
    scalars::{Money, Time, amount},
    timeline::{NextStep, TimelineEntry, next_step, timeline},
};
use crate::db::DbError;
use async_graphql::{ComplexObject, Context, Enum, ID, Object, Result, SimpleObject, dataloader::DataLoader};
use cartwheel_domain::{
    event::LineItem,
    ids::{CartId, OrderId},
};
use cartwheel_entity::{cart, company, message, shop_order};
use sea_orm::{ColumnTrait, QueryFilter};

/// Where a cart stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum CartStatus {
    /// Being filled.
    Active,
    /// At the checkout.
    Checkout,
    /// Left.
    Abandoned,
    /// Bought after a message.
    Recovered,
    /// Bought without our help.
    Converted,
    /// Closed for age.
    Expired,
}

impl CartStatus {
    /// All there are.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Checkout, Self::Abandoned, Self::Recovered, Self::Converted, Self::Expired];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Checkout => "checkout",
            Self::Abandoned => "abandoned",
            Self::Recovered => "recovered",
            Self::Converted => "converted",
            Self::Expired => "expired",
        }
    }

    fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.as_str() == word).unwrap_or(Self::Expired)
    }
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum CartKind {
    /// A basket.
    Cart,
    /// A checkout that was begun.
    Checkout,
    /// A quote.
    Quote,
}

impl CartKind {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Cart, Self::Checkout, Self::Quote];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cart => "cart",
            Self::Checkout => "checkout",
            Self::Quote => "quote",
        }
    }

    fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|k| k.as_str() == word).unwrap_or(Self::Cart)
    }
}

/// Carts, a page of them.
#[derive(SimpleObject)]
pub struct CartConnection {
    /// Rows.
    pub edges: Vec<CartEdge>,
    /// Where the page stands.
    pub page_info: PageInfo,
    /// How many there are in the whole list; null beyond 10,000.
    pub total_count: Option<i32>,
}

/// One row of a page.
#[derive(SimpleObject)]
pub struct CartEdge {
    /// Its place.
    pub cursor: String,
    /// The cart.
    pub node: Cart,
}

/// Anything that can be left unfinished.
#[derive(Clone)]
pub struct Cart {
    /// The store.
    pub access: Access,
    /// The row.
    pub row: cart::Model,
}

/// One line.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CartLine {
    title: String,
    variant: Option<String>,
    sku: Option<String>,
    quantity: i32,
    image_url: Option<String>,
    url: Option<String>,
    /// Price of one.
    price: Money,
    #[graphql(skip)]
    total_minor: i64,
}

#[ComplexObject]
impl CartLine {
    /// Price of the line.
    async fn total(&self) -> Money {
        amount(self.total_minor, &self.price.currency)
    }
}

/// A purchase.
#[derive(SimpleObject)]
pub struct Order {
    id: ID,
    /// The number people say.
    number: Option<String>,
    placed_at: Time,
    total: Money,
    /// What has gone back; null while nothing has.
    refunded: Option<Money>,
    cancelled_at: Option<Time>,
}

impl From<shop_order::Model> for Order {
    fn from(o: shop_order::Model) -> Self {
        Self {
            id: ID(OrderId(o.id).to_string()),
            number: o.number,
            placed_at: Time(o.placed_at),
            total: amount(o.total_minor, &o.currency),
            refunded: (o.refunded_minor != 0).then(|| amount(o.refunded_minor, &o.currency)),
            cancelled_at: o.cancelled_at.map(Time),
        }
    }
}

impl Cart {
    /// One cart.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, id: CartId) -> Result<Option<Self>> {
        let row = access.read(async |scoped| {
            Ok::<_, DbError>(
                scoped.find::<cart::Entity>().filter(cart::Column::Id.eq(id.uuid())).one(scoped.on()).await?,
            )
        });
        Ok(row.await?.map(|row| Self { access: access.clone(), row }))
    }
}

#[Object]
impl Cart {
    /// Id.
    async fn id(&self) -> ID {
        ID(CartId(self.row.id).to_string())
    }

    /// What it is.
    async fn kind(&self) -> CartKind {
        CartKind::of(&self.row.kind)
    }

    /// Where it stands.
    async fn status(&self) -> CartStatus {
        CartStatus::of(&self.row.status)
    }

    /// Value.
    async fn total(&self) -> Money {
        amount(self.row.total_minor, &self.row.currency)
    }

    /// When it began.
    async fn created_at(&self) -> Time {
        Time(self.row.created_at)
    }

    /// Latest change.
    async fn updated_at(&self) -> Time {
        Time(self.row.updated_at)
    }

    /// When it was judged left.
    async fn abandoned_at(&self) -> Option<Time> {
        self.row.abandoned_at.map(Time)
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<Time> {
        self.row.finished_at.map(Time)
    }

    /// Why it is in no figure and gets no message: `bot`, `test` or `staff`; null for a shopper's.
    async fn excluded(&self) -> Option<&str> {
        let marks = [(self.row.bot, "bot"), (self.row.test, "test"), (self.row.staff, "staff")];
        marks.into_iter().find(|(set, _)| *set).map(|(_, word)| word)
    }

    /// Whose it is; null while anonymous and unknown.
    async fn contact(&self, ctx: &Context<'_>) -> Result<Option<Contact>> {
        let Some(id) = self.row.contact_id else { return Ok(None) };
        let found = ctx.data::<DataLoader<Contacts>>()?.load_one(Key { scope: self.access.scope, id }).await;
        Ok(found.map_err(|e| self.access.fault(&e))?.map(|row| Contact { access: self.access.clone(), row }))
    }

    /// Sum of quantities.
    async fn item_count(&self) -> i32 {
        self.row.item_count
    }

    /// Lines.
    async fn lines(&self) -> Vec<CartLine> {
        LineItem::list(&self.row.items)
            .into_iter()
            .map(|l| CartLine {
                title: l.title,
                variant: l.variant,
                sku: l.sku,
                quantity: i32::try_from(l.quantity).unwrap_or(i32::MAX),
                image_url: l.image_url,
                url: l.url,
                price: amount(l.unit_minor, &self.row.currency),
                total_minor: l.unit_minor.saturating_mul(i64::from(l.quantity)),
            })
            .collect()
    }

    /// End of a quote.
    async fn quote_valid_until(&self) -> Option<Time> {
        self.row.valid_until.map(Time)
    }

    /// What people call it (a quote's number).
    async fn number(&self) -> Option<&str> {
        self.row.number.as_deref()
    }

    /// Company of a quote.
    async fn company(&self) -> Result<Option<String>> {
        let Some(id) = self.row.company_id else { return Ok(None) };
        let row = self.access.read(async |scoped| {
            Ok::<_, DbError>(
                scoped.find::<company::Entity>().filter(company::Column::Id.eq(id)).one(scoped.on()).await?,
            )
        });
        Ok(row.await?.map(|c| c.name))
    }

    /// Events, decisions, messages and the order, oldest first.
    async fn timeline(&self) -> Result<Vec<TimelineEntry>> {
        timeline(&self.access, &self.row).await
    }

    /// What will happen next, and when; null when nothing will.
    async fn next_step(&self) -> Result<Option<NextStep>> {
        next_step(&self.access, &self.row).await
    }

    /// Messages about it, oldest first.
    async fn messages(&self) -> Result<Vec<Message>> {
        messages_of(&self.access, message::Column::CartId.eq(self.row.id), 100).await
    }

    /// The order it became.
    async fn order(&self, ctx: &Context<'_>) -> Result<Option<Order>> {
        let Some(id) = self.row.order_id else { return Ok(None) };
        let found = ctx.data::<DataLoader<Orders>>()?.load_one(Key { scope: self.access.scope, id }).await;
        Ok(found.map_err(|e| self.access.fault(&e))?.map(Order::from))
    }
}
