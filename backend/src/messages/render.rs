//! From a message that may go to what the recipient will see, and the rows that are kept of it.

use super::{look::Facts, notice, rewrite};
use crate::{
    accounts::{MasterKey, StoreInfo},
    channels::Outgoing,
    consent::links,
    db::{DbError, Scoped},
    recovery::restore,
    templates::{AtOnce, TemplatesError, Wanted},
};
use cartwheel_domain::{
    consent::{Basis, Channel},
    event::LineItem,
    ids::{CartId, MessageId, StoreId, TemplateId},
    locale::Language,
    money::{Currency, Money},
    recovery::link::{LinkPurpose, LinkToken},
    sms,
    template::{
        Limits, MailFault, OutputContext, Template,
        context::{CartContext, ContactContext, ItemContext, LinkContext, MailContext, StoreContext},
    },
    time::{DAY, Millis},
};
use cartwheel_entity::{cart, company, contact, message, message_content, message_link};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};

/// Clicks and opens are counted for so long after the hand-over.
const COUNTED_FOR: Millis = 180 * DAY;
/// A link that says no works for so long (CAN-SPAM asks for 30 days at least).
const UNSUBSCRIBE_FOR: Millis = 5 * 365 * DAY;

/// A message ready for its channel.
pub struct Rendered {
    /// For the channel.
    pub outgoing: Outgoing,
    /// Which text it was.
    pub template_id: TemplateId,
    /// What was handed over.
    pub content: message_content::ActiveModel,
    /// Where its links lead.
    pub links: Vec<message_link::ActiveModel>,
    /// The restore link it carries.
    pub restore: Option<restore::Link>,
}

impl Rendered {
    /// The mail comes from another address than the store's usual one.
    pub fn come_from(&mut self, address: &str, key: &str) {
        self.outgoing.from = address.to_owned();
        self.content.sender = Set(format!("{} <{address}>", self.outgoing.from_name));
        if let sea_orm::ActiveValue::Set(headers) = &mut self.content.headers
            && let Some(id) = headers.get_mut("Message-ID")
        {
            *id = crate::channels::email::message::message_id(key, address).into();
        }
    }
}

/// Where and with which keys links are made.
#[derive(Clone)]
pub struct LinkMaker {
    /// Our public address, without a slash at the end.
    pub public_url: String,
    /// The root of the stores' keys.
    pub key: MasterKey,
}

impl LinkMaker {
    fn signed(
        &self,
        store: StoreId,
        message: MessageId,
        purpose: LinkPurpose,
        number: u16,
        expires_at: Millis,
    ) -> String {
        let token = LinkToken { purpose, store, message, number, expires_at, key_id: links::KEY_ID };
        let text = links::sign(&self.key, &token);
        match purpose {
            LinkPurpose::Click => format!("{}/c/{text}", self.public_url),
            LinkPurpose::Open => format!("{}/o/{text}.gif", self.public_url),
            LinkPurpose::Unsubscribe => format!("{}/u/{text}", self.public_url),
        }
    }
}

/// The language to write in: the cart's reader first, then the store.
fn language(contact: &contact::Model, store: &StoreInfo) -> Language {
    contact.locale.as_deref().and_then(Language::of_tag).unwrap_or(store.settings.locale)
}

/// The sender of a store's mails as they name it.
pub(super) fn sender(store: &StoreInfo) -> StoreContext {
    let settings = &store.settings;
    let name = if settings.sender_name.trim().is_empty() { &store.name } else { &settings.sender_name };
    let support = settings.support_email.as_ref().map(|a| a.as_str().to_owned());
    StoreContext {
        name: name.clone(),
        url: settings.shop_url.clone(),
        address: settings.postal_address.clone(),
        support_email: support.unwrap_or_default(),
        logo_url: (!settings.logo_url.is_empty()).then(|| settings.logo_url.clone()),
    }
}

/// The values of a mail to somebody about their cart.
pub(super) fn context(
    store: &StoreInfo,
    contact: &contact::Model,
    (cart, company): (Option<&cart::Model>, Option<String>),
    links: LinkContext,
    now: Millis,
) -> MailContext {
    let settings = &store.settings;
    let language = language(contact, store);
    let region = contact.country.as_deref().unwrap_or(settings.country.code());
    MailContext {
        store: sender(store),
        contact: ContactContext {
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            email: contact.email.clone().unwrap_or_default(),
        },
        cart: cart_context(cart, company),
        links,
        language,
        locale: contact
            .locale
            .clone()
            .filter(|l| l.contains('-'))
            .unwrap_or_else(|| format!("{language}-{region}")),
        formality: settings.formality,
        now,
        time_zone: contact.time_zone.clone().unwrap_or_else(|| settings.time_zone.clone()),
    }
}

fn cart_context(cart: Option<&cart::Model>, company: Option<String>) -> CartContext {
    let currency = cart.and_then(|c| c.currency.parse().ok()).unwrap_or(Currency::EUR);
    let lines = cart.map(|c| LineItem::list(&c.items)).unwrap_or_default();
    let web = |url: Option<String>| url.filter(|u| cartwheel_domain::settings::web_address(u));
    let items = lines.into_iter().map(|l| ItemContext {
        title: l.title,
        variant: l.variant,
        sku: l.sku,
        quantity: u64::from(l.quantity),
        price: Some(Money::new(l.unit_minor, currency)),
        line_price: Some(Money::new(l.unit_minor.saturating_mul(i64::from(l.quantity)), currency)),
        image_url: web(l.image_url),
        url: web(l.url),
    });
    CartContext {
        kind: cart.map_or_else(|| "cart".into(), |c| c.kind.clone()),
        number: cart.and_then(|c| c.number.clone()),
        items: items.collect(),
        item_count: cart.and_then(|c| u64::try_from(c.item_count).ok()).unwrap_or(0),
        total: Money::new(cart.map_or(0, |c| c.total_minor), currency),
        valid_until: cart.and_then(|c| c.valid_until),
        company,
    }
}

/// Name of the company a quote is made out to.
pub(super) async fn company(
    scoped: &Scoped<'_>,
    cart: Option<&cart::Model>,
) -> Result<Option<String>, DbError> {
    let Some(id) = cart.and_then(|c| c.company_id) else { return Ok(None) };
    let row = scoped.find::<company::Entity>().filter(company::Column::Id.eq(id)).one(scoped.on()).await?;
    Ok(row.map(|c| c.name))
}

/// Writes a message that may go.
///
/// # Errors
/// [`TemplatesError`]: no text, or one that cannot be filled. Nothing is sent then.
pub async fn render(
    scoped: &Scoped<'_>,
    templates: &mut AtOnce<'_>,
    maker: &LinkMaker,
    facts: &Facts,
    message: &message::Model,
    basis: &Basis,
    now: Millis,
) -> Result<Rendered, TemplatesError> {
    let (store, id) = (facts.store.id, MessageId(message.id));
    let settings = &facts.store.settings;
    let missing = || TemplatesError::Missing(format!("whom message {id} goes to"));
    let contact = facts.people.contact(message.contact_id).ok_or_else(missing)?;
    let cart = message.cart_id.and_then(|c| facts.carts.get(&c));
    let wanted = Wanted {
        key: &message.template_key,
        language: language(contact, &facts.store),
        formality: settings.formality,
        store_language: settings.locale,
    };
    let template = match message.template_id {
        // A repeated hand-over says the same as the first.
        Some(id) => templates.get(scoped, TemplateId(id)).await?,
        None => templates.find(scoped, wanted).await?,
    };
    let restore = cart.map(|c| {
        restore::Link::of(&maker.key, (store, CartId(c.id)), Some(id), now, settings.expire_after_days)
    });
    let unsubscribe =
        maker.signed(store, id, LinkPurpose::Unsubscribe, 0, message.created_at + UNSUBSCRIBE_FOR);
    let addresses = LinkContext {
        restore: restore
            .as_ref()
            .map_or_else(|| settings.shop_url.clone(), |l| format!("{}/r/{}", maker.public_url, l.token)),
        unsubscribe: unsubscribe.clone(),
        preferences: Some(unsubscribe.clone()),
        view: None,
    };
    let company = company(scoped, cart).await?;
    let mut context = context(&facts.store, contact, (cart, company), addresses, now);
    if message.channel == Channel::Push.as_str() {
        let told = facts.browsers(message, contact);
        if !told.iter().all(|browser| browser.vouched) {
            // Whose name is on record is nothing for a browser in which somebody has only typed their address.
            context.contact = ContactContext::default();
        }
        let written = template.mail.render_notice(&context)?;
        return notice::notice(facts, message, (template.id, written, &told), context, restore);
    }
    if message.channel == Channel::Sms.as_str() {
        let text = template.mail.render_message(&context)?;
        let to = contact.phone.clone().ok_or_else(missing)?;
        return Ok(text_message(facts, message, (template.id, to, text), (context, unsubscribe), restore));
    }
    let mut mail = template.mail.render(&context, basis.conditions.postal_address)?;
    if let Some(subject) = facts.subject(message, context.language) {
        mail.subject = own_subject(&subject, &context)?;
    }
    let counted_until = message.created_at + COUNTED_FOR;
    let rewritten = rewrite::rewrite(&mail.html, &maker.public_url, |n| {
        maker.signed(store, id, LinkPurpose::Click, n, counted_until)
    });
    let html = if basis.conditions.pixel_allowed {
        rewrite::with_pixel(&rewritten.html, &maker.signed(store, id, LinkPurpose::Open, 0, counted_until))
    } else {
        rewritten.html
    };
    let outgoing = Outgoing {
        from_name: context.store.name.clone(),
        from: settings
            .sender_email
            .as_ref()
            .map_or_else(|| "sandbox@cartwheel.invalid".into(), |a| a.as_str().to_owned()),
        reply_to: settings.reply_to.as_ref().map(|a| a.as_str().to_owned()),
        to_name: names(contact),
        to: context.contact.email.clone(),
        subject: mail.subject,
        html,
        text: mail.text,
        unsubscribe: Some(unsubscribe),
        date: now,
    };
    let links = rewritten.destinations.into_iter().zip(1..).map(|(url, number)| message_link::ActiveModel {
        store_id: Set(store.uuid()),
        message_id: Set(message.id),
        number: Set(number),
        url: Set(url),
    });
    Ok(Rendered {
        template_id: template.id,
        content: content(store, message, &outgoing),
        links: links.collect(),
        restore,
        outgoing,
    })
}

/// A text message: its links are as short as they can be, the one that brings the cart back is counted by itself.
fn text_message(
    facts: &Facts,
    message: &message::Model,
    (template_id, to, text): (TemplateId, String, String),
    (context, unsubscribe): (MailContext, String),
    restore: Option<restore::Link>,
) -> Rendered {
    let settings = &facts.store.settings;
    let from = match settings.sms_sender.trim() {
        "" => context.store.name.clone(),
        sender => sender.to_owned(),
    };
    let outgoing = Outgoing {
        from_name: context.store.name,
        from,
        reply_to: None,
        to_name: String::new(),
        to,
        subject: String::new(),
        html: String::new(),
        text,
        unsubscribe: Some(unsubscribe),
        date: context.now,
    };
    let counted = sms::parts(&outgoing.text);
    let content = message_content::ActiveModel {
        store_id: Set(message.store_id),
        message_id: Set(message.id),
        sender: Set(outgoing.from.clone()),
        recipient: Set(outgoing.to.clone()),
        headers: Set(serde_json::json!([
            ["Parts", counted.parts.to_string()],
            ["Alphabet", if counted.encoding == sms::Encoding::Gsm7 { "GSM 7" } else { "UCS-2" }],
        ])),
        html: Set(String::new()),
        text: Set(outgoing.text.clone()),
    };
    Rendered { outgoing, template_id, content, links: Vec::new(), restore }
}

/// A subject that the journey gives, filled in.
fn own_subject(source: &str, context: &MailContext) -> Result<String, MailFault> {
    let fault = |error| MailFault { field: "subject", error };
    let template = Template::parse(source).map_err(fault)?;
    template.render(&context.to_value(), &Limits::default(), OutputContext::Line).map_err(fault)
}

fn names(contact: &contact::Model) -> String {
    let parts = [contact.first_name.as_deref(), contact.last_name.as_deref()];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    // A name is not worth a mail: what cannot stand in a header is left out.
    name.chars().filter(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')).take(100).collect()
}

fn content(store: StoreId, message: &message::Model, outgoing: &Outgoing) -> message_content::ActiveModel {
    let headers = serde_json::json!({
        "List-Unsubscribe": outgoing.unsubscribe.as_ref().map(|u| format!("<{u}>")),
        "List-Unsubscribe-Post": outgoing.unsubscribe.as_ref().map(|_| "List-Unsubscribe=One-Click"),
        "Reply-To": outgoing.reply_to,
        "Message-ID": crate::channels::email::message::message_id(&message.send_key, &outgoing.from),
    });
    message_content::ActiveModel {
        store_id: Set(store.uuid()),
        message_id: Set(message.id),
        sender: Set(format!("{} <{}>", outgoing.from_name, outgoing.from)),
        recipient: Set(if outgoing.to_name.is_empty() {
            outgoing.to.clone()
        } else {
            format!("{} <{}>", outgoing.to_name, outgoing.to)
        }),
        headers: Set(headers),
        html: Set(outgoing.html.clone()),
        text: Set(outgoing.text.clone()),
    }
}
