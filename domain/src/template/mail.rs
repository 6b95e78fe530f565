//! A mail's four templates as one thing.

use super::context::MailContext;
use super::error::{TemplateError, TemplateErrorKind};
use super::{Limits, OutputContext, Template, Value, url};
use crate::sms;

/// Subject, preheader and both parts, parsed. Cheap to reuse from any thread.
#[derive(Debug)]
pub struct MailTemplate {
    subject: Template,
    preheader: Template,
    html: Template,
    text: Template,
}

/// One mail as its reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// One line without control characters.
    pub subject: String,
    /// One line.
    pub preheader: String,
    /// The HTML part.
    pub html: String,
    /// The plain-text part.
    pub text: String,
}

/// An error in one of the four.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {error}")]
pub struct MailFault {
    /// `subject`, `preheader`, `html` or `text` (and `mjml` where that is compiled).
    pub field: &'static str,
    /// What and where.
    #[source]
    pub error: TemplateError,
}

fn in_field(field: &'static str) -> impl Fn(TemplateError) -> MailFault {
    move |error| MailFault { field, error }
}

impl MailTemplate {
    /// Parses all four.
    ///
    /// # Errors
    /// The first mistake, with its field, line and column.
    pub fn parse(subject: &str, preheader: &str, html: &str, text: &str) -> Result<Self, MailFault> {
        Ok(Self {
            subject: Template::parse(subject).map_err(in_field("subject"))?,
            preheader: Template::parse(preheader).map_err(in_field("preheader"))?,
            html: Template::parse(html).map_err(in_field("html"))?,
            text: Template::parse(text).map_err(in_field("text"))?,
        })
    }

    /// Paths of the context the mail reads, each once, in order. `mail.subject` and `mail.preheader` are its own.
    pub fn variables(&self) -> Vec<String> {
        let parts = [&self.subject, &self.preheader, &self.html, &self.text];
        let mut all: Vec<String> = parts.iter().flat_map(|t| t.variables()).cloned().collect();
        all.retain(|path| !path.starts_with("mail."));
        all.sort();
        all.dedup();
        all
    }

    /// Renders the mail. Nothing comes out unless everything mandatory is there.
    ///
    /// `address_required` is the country pack's word on the postal address.
    ///
    /// # Errors
    /// [`TemplateErrorKind::Missing`] names a mandatory value that is not there, or a link that leads nowhere; else as
    /// [`Template::render`].
    pub fn render(&self, context: &MailContext, address_required: bool) -> Result<RenderedMail, MailFault> {
        let value = complete(context, address_required)?;
        let limits = Limits::default();
        let line = |template: &Template, field| {
            template.render(&value, &limits, OutputContext::Line).map_err(in_field(field))
        };
        let subject = line(&self.subject, "subject")?;
        if subject.is_empty() {
            return Err(not_sent("the subject is empty".to_owned()));
        }
        let preheader = line(&self.preheader, "preheader")?;
        let own = Value::default()
            .with("subject", Value::str(subject.as_str()))
            .with("preheader", Value::str(preheader.as_str()));
        let value = value.with("mail", own);
        let html = self.html.render(&value, &limits, OutputContext::Html).map_err(in_field("html"))?;
        let text = self.text.render(&value, &limits, OutputContext::Text).map_err(in_field("text"))?;
        Ok(RenderedMail { subject, preheader, html, text })
    }

    /// Renders the plain-text part as a text message: no line is empty at either end, and typographic signs are as the GSM alphabet
    /// has them ([`sms::plain`]).
    ///
    /// # Errors
    /// As [`Self::render`]; and when nothing or more than [`sms::MOST_PARTS`] parts come out.
    pub fn render_message(&self, context: &MailContext) -> Result<String, MailFault> {
        let value = complete(context, false)?;
        let text = self.text.render(&value, &Limits::default(), OutputContext::Text);
        let text = sms::plain(text.map_err(in_field("text"))?.trim());
        match sms::parts(&text).parts {
            0 => Err(not_sent("the text is empty".to_owned())),
            n if n > sms::MOST_PARTS => Err(not_sent(format!(
                "the text takes {n} parts; a text message has {} at most",
                sms::MOST_PARTS
            ))),
            _ => Ok(text),
        }
    }

    /// Renders subject, plain text and preheader as title, text and picture of a notification. A picture's address that may not stand in a
    /// message is left out: a reminder is worth more than its picture.
    ///
    /// # Errors
    /// As [`Self::render`]; and when title or text come out empty, or all of it takes more than [`MOST_NOTICE`] bytes.
    pub fn render_notice(&self, context: &MailContext) -> Result<RenderedMail, MailFault> {
        let (value, limits) = (complete(context, false)?, Limits::default());
        let line = |template: &Template, field| {
            template.render(&value, &limits, OutputContext::Line).map_err(in_field(field))
        };
        let (subject, image) = (line(&self.subject, "subject")?, line(&self.preheader, "preheader")?);
        let text = self.text.render(&value, &limits, OutputContext::Text).map_err(in_field("text"))?;
        let text = text.trim().to_owned();
        let web = |address: &str| address.starts_with("http") && url::is_allowed(address);
        let preheader = Some(image).filter(|address| web(address)).unwrap_or_default();
        let bytes = subject.len() + text.len() + preheader.len();
        let empty = |what| Err(not_sent(format!("the {what} is empty")));
        match (subject.trim().is_empty(), text.is_empty()) {
            (true, _) => empty("title"),
            (_, true) => empty("text"),
            _ if bytes > MOST_NOTICE => Err(not_sent(format!(
                "title, text and picture take {bytes} bytes; a notification has {MOST_NOTICE} at most for them"
            ))),
            _ => Ok(RenderedMail { subject, preheader, html: String::new(), text }),
        }
    }
}

/// The most bytes that title, text and picture of a notification may take together: links, logo and the button that says no come to them
/// ([`crate::push::MOST_PAYLOAD`]).
pub const MOST_NOTICE: usize = 2_400;

/// The values of a message, with all that is mandatory.
fn complete(context: &MailContext, address_required: bool) -> Result<Value, MailFault> {
    let value = context.to_value();
    for path in MailContext::mandatory(address_required) {
        if value.at_path(path).is_blank() {
            return Err(not_sent(format!("the mandatory value `{path}` is missing")));
        }
    }
    for (path, link) in
        [("links.restore", &context.links.restore), ("links.unsubscribe", &context.links.unsubscribe)]
    {
        if !url::is_allowed(link) {
            return Err(not_sent(format!(
                "`{path}` is no address that may stand in a mail, such as https://…"
            )));
        }
    }
    Ok(value)
}

fn not_sent(why: String) -> MailFault {
    let message = format!("not sent: {why}");
    MailFault {
        field: "context",
        error: TemplateError { kind: TemplateErrorKind::Missing, message, line: 0, column: 0 },
    }
}
