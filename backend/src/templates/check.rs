//! What every mail must have, whoever wrote it: seen in the mail as it comes out, not in its source.

use super::example::{KINDS, example};
use cartwheel_domain::{
    consent::Channel,
    locale::{Formality, Language},
    template::{MailFault, MailTemplate, TemplateError, TemplateErrorKind},
};

/// Marks that stand for the values, found again in what comes out.
const UNSUBSCRIBE: &str = "https://cartwheel.invalid/unsubscribe";
const RESTORE: &str = "https://cartwheel.invalid/restore";
const ADDRESS: &str = "Cartwheelstreet 4711";

pub(super) fn missing(field: &'static str, message: String) -> MailFault {
    MailFault {
        field,
        error: TemplateError { kind: TemplateErrorKind::Missing, message, line: 0, column: 0 },
    }
}

/// HTML without its comments, those for one program alone among them.
fn without_comments(html: &str) -> String {
    let mut parts = html.split("<!--");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(part.split_once("-->").map_or("", |(_, after)| after));
    }
    shown
}

/// Whether an anchor leads there.
fn anchored(html: &str, url: &str) -> bool {
    let href = format!("href=\"{url}\"");
    html.split("<a ").skip(1).any(|rest| rest.split('>').next().is_some_and(|tag| tag.contains(&href)))
}

/// The word by which any answer to a text message ends them; networks and Twilio know it in each country.
const STOP: &str = "STOP";

/// Writes messages about a cart, a checkout and a quote and looks whether each names the sender, brings the cart back and offers a way to
/// say no: by the word STOP or by a link (CTIA messaging principles 5.1.3, ePrivacy directive article 13(4)).
fn lawful_message(mail: &MailTemplate, language: Language, formality: Formality) -> Result<(), MailFault> {
    for kind in KINDS {
        let mut context = example(language, formality, kind);
        context.links.unsubscribe = UNSUBSCRIBE.to_owned();
        context.links.restore = RESTORE.to_owned();
        context.links.preferences = None;
        let name = context.store.name.clone();
        let text = mail.render_message(&context)?;
        let without =
            |what: &str| Err(missing("text", format!("a message about a {kind} comes out without {what}")));
        if !text.contains(&name) {
            return without("the name of the sender: write {{ store.name }}");
        }
        if !text.contains(RESTORE) {
            return without("a link back to what was left: write {{ links.restore }}");
        }
        if !text.contains(STOP) && !text.contains(UNSUBSCRIBE) {
            return without(
                "a way to say no: write that the answer STOP ends them, or {{ links.unsubscribe }}",
            );
        }
    }
    Ok(())
}

/// Writes notifications about a cart, a checkout and a quote and looks whether each names the sender. The link back and the button that says
/// no are put in by us.
fn lawful_notice(mail: &MailTemplate, language: Language, formality: Formality) -> Result<(), MailFault> {
    for kind in KINDS {
        let context = example(language, formality, kind);
        let out = mail.render_notice(&context)?;
        if !out.subject.contains(&context.store.name) && !out.text.contains(&context.store.name) {
            let said = format!(
                "a notification about a {kind} comes out without the name of the sender: write {{{{ store.name }}}}"
            );
            return Err(missing("subject", said));
        }
    }
    Ok(())
}

/// Writes a mail about a cart, a checkout and a quote and looks whether both parts of each name the sender's postal address, bring the
/// cart back and offer a way to say no (CAN-SPAM 15 U.S.C. 7704(a)(5), ePrivacy directive article 13(4)).
///
/// # Errors
/// What is missing and how it is written; or why the mail cannot be written at all.
pub fn lawful(
    channel: Channel,
    mail: &MailTemplate,
    language: Language,
    formality: Formality,
) -> Result<(), MailFault> {
    if channel == Channel::Sms {
        return lawful_message(mail, language, formality);
    }
    if channel == Channel::Push {
        return lawful_notice(mail, language, formality);
    }
    for kind in KINDS {
        let mut context = example(language, formality, kind);
        context.links.unsubscribe = UNSUBSCRIBE.to_owned();
        context.links.restore = RESTORE.to_owned();
        context.links.preferences = None;
        context.store.address = ADDRESS.to_owned();
        let out = mail.render(&context, true)?;
        let html = without_comments(&out.html);
        let must = [
            (UNSUBSCRIBE, "links.unsubscribe", "a link to unsubscribe"),
            (RESTORE, "links.restore", "a link back to what was left"),
            (ADDRESS, "store.address", "the postal address of the sender"),
        ];
        for (value, path, what) in must {
            let said =
                |example: &str| format!("a mail about a {kind} comes out without {what}: write {example}");
            let plain = format!("{{{{ {path} }}}}");
            let address = value == ADDRESS;
            let there = if address { html.contains(value) } else { anchored(&html, value) };
            if !there {
                let example = if address { plain } else { format!("<a href=\"{plain}\">…</a>") };
                return Err(missing("mjml", said(&example)));
            }
            if !out.text.contains(value) {
                return Err(missing("text", said(&plain)));
            }
        }
    }
    Ok(())
}
