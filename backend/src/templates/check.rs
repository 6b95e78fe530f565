//! What every mail must have, whoever wrote it: seen in the mail as it comes out, not in its source.

use super::example::{KINDS, example};
use cartwheel_domain::{
    locale::{Formality, Language},
    template::{MailFault, MailTemplate, TemplateError, TemplateErrorKind},
};

/// Marks that stand for the values, found again in what comes out.
const UNSUBSCRIBE: &str = "https://cartwheel.invalid/unsubscribe";
const RESTORE: &str = "https://cartwheel.invalid/restore";
const ADDRESS: &str = "Cartwheelstreet 4711";

fn missing(field: &'static str, message: String) -> MailFault {
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

/// Writes a mail about a cart, a checkout and a quote and looks whether both parts of each name the sender's postal address, bring the
/// cart back and offer a way to say no (CAN-SPAM 15 U.S.C. 7704(a)(5), ePrivacy directive article 13(4)).
///
/// # Errors
/// What is missing and how it is written; or why the mail cannot be written at all.
pub fn lawful(mail: &MailTemplate, language: Language, formality: Formality) -> Result<(), MailFault> {
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
