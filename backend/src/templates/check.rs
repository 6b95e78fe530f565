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
    MailFault { field, error: TemplateError { kind: TemplateErrorKind::Missing, message, line: 0, column: 0 } }
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
        let must = [
            (UNSUBSCRIBE, "href", "links.unsubscribe", "a link to unsubscribe"),
            (RESTORE, "href", "links.restore", "a link back to what was left"),
            (ADDRESS, "", "store.address", "the postal address of the sender"),
        ];
        for (value, attribute, path, what) in must {
            let said = |example: &str| format!("a mail about a {kind} comes out without {what}: write {example}");
            let linked = if attribute.is_empty() { value.to_owned() } else { format!("{attribute}=\"{value}\"") };
            if !out.html.contains(&linked) {
                let tag = format!("<a href=\"{{{{ {path} }}}}\">…</a>");
                let plain = format!("{{{{ {path} }}}}");
                return Err(missing("mjml", said(if attribute.is_empty() { &plain } else { &tag })));
            }
            if !out.text.contains(value) {
                return Err(missing("text", said(&format!("{{{{ {path} }}}}"))));
            }
        }
    }
    Ok(())
}
