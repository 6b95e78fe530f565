//! A notification as it is sealed for browsers, and as it is kept.

use super::{look::Facts, render::Rendered};
use crate::{channels::Outgoing, recovery::restore, templates::TemplatesError};
use cartwheel_domain::{
    ids::{CartId, ContactId, MessageId, TemplateId},
    push::{Notice, Stop, stop_label, topic},
    settings::web_address,
    template::{MailFault, RenderedMail, TemplateError, TemplateErrorKind, context::MailContext},
};
use cartwheel_entity::{message, message_content, push_device};
use sea_orm::ActiveValue::Set;
use serde_json::json;

/// A notification of these words and values: the link brings the cart back, the small picture is the shop's logo. `tag` says which one a
/// newer one takes the place of.
pub fn of(written: &RenderedMail, context: &MailContext, tag: String) -> Notice {
    let picture = |address: &str| Some(address.to_owned()).filter(|a| web_address(a));
    Notice {
        title: written.subject.clone(),
        body: written.text.clone(),
        url: context.links.restore.clone(),
        lang: context.language.code().to_owned(),
        tag,
        icon: context.store.logo_url.as_deref().and_then(picture),
        image: picture(&written.preheader),
        stop: Some(Stop {
            label: stop_label(context.language).to_owned(),
            url: context.links.unsubscribe.clone(),
        }),
    }
}

/// The bytes that are sealed.
///
/// # Errors
/// The words are too many even without pictures.
pub fn fitted(notice: Notice) -> Result<String, MailFault> {
    let bytes = notice.payload().len();
    notice.fitted().ok_or_else(|| MailFault {
        field: "text",
        error: TemplateError {
            kind: TemplateErrorKind::Missing,
            message: format!(
                "not sent: the notification takes {bytes} bytes with its links; it has {} at most",
                cartwheel_domain::push::MOST_PAYLOAD
            ),
            line: 0,
            column: 0,
        },
    })
}

/// Ready for its channel, with what is kept of it.
pub(super) fn notice(
    facts: &Facts,
    message: &message::Model,
    (template_id, written, told): (TemplateId, RenderedMail, &[&push_device::Model]),
    context: MailContext,
    restore: Option<restore::Link>,
) -> Result<Rendered, TemplatesError> {
    let tag = match message.cart_id {
        Some(cart) => topic(facts.store.id, CartId(cart)),
        None => MessageId(message.id).to_string(),
    };
    let notice = of(&written, &context, tag);
    let payload = fitted(notice.clone())?;
    let content = message_content::ActiveModel {
        store_id: Set(message.store_id),
        message_id: Set(message.id),
        sender: Set(context.store.name.clone()),
        recipient: Set(told.iter().map(|row| row.label.as_str()).collect::<Vec<_>>().join("; ")),
        headers: Set(json!([
            ["Link", notice.url],
            ["Image", notice.image.unwrap_or_default()],
            ["Icon", notice.icon.unwrap_or_default()],
            ["Bytes", payload.len().to_string()],
        ])),
        html: Set(String::new()),
        text: Set(written.text),
    };
    let outgoing = Outgoing {
        from_name: context.store.name,
        from: String::new(),
        reply_to: None,
        to_name: String::new(),
        to: ContactId(message.contact_id).to_string(),
        subject: written.subject,
        html: String::new(),
        text: payload,
        unsubscribe: Some(context.links.unsubscribe),
        date: context.now,
    };
    Ok(Rendered { outgoing, template_id, content, links: Vec::new(), restore })
}
