//! Templates: a Liquid of our own, safe for what strangers write into it.
//!
//! - [`Template::parse`] refuses a broken source whole, with line and column; [`Template::render`] does a bounded amount
//!   of work ([`Limits`]) and reaches nothing but the context it is given.
//! - Values are escaped for the place they are put ([`OutputContext`]); a value is never read as a template.
//! - What is missing is nil and shows as nothing, unless it is mandatory ([`Template::require`]): then nothing is sent
//!   and the error names it.
//! - [`context::MailContext`] is what a mail may say; [`recovery`] holds the mails a new store starts with.
//!
//! The language is Shopify's Liquid. Where implementations differ, ours does what Ruby's does; the golden files of the
//! tests hold the answers of two others.

mod ast;
mod compare;
pub mod context;
mod dates;
mod error;
pub mod escape;
mod expression;
mod filters;
mod html_state;
mod lexer;
mod limits;
mod loops;
mod mail;
pub mod money;
mod parser;
mod reader;
pub mod recovery;
mod render;
mod scanner;
mod scope;
pub mod texts;
pub mod url;
mod value;
mod variables;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use error::{TemplateError, TemplateErrorKind, line_column};
pub use filters::names as filter_names;
pub use limits::{Limits, MAX_DEPTH, MAX_NAME_BYTES, MAX_SOURCE_BYTES};
pub use mail::{MailFault, MailTemplate, RenderedMail};
pub use render::OutputContext;
pub use scanner::LiquidSpan;
pub use value::{Object, Value};

/// Finds all Liquid in a source, for tools that must carry it through another language untouched.
///
/// # Errors
/// A tag or output that is not closed.
pub fn liquid_spans(source: &str) -> Result<Vec<LiquidSpan>, TemplateError> {
    scanner::spans(source).map_err(|fault| fault.locate(source))
}

/// A parsed template: parse once, render often, from any thread.
#[derive(Debug)]
pub struct Template {
    source: Arc<str>,
    nodes: Vec<ast::Node>,
    variables: Vec<String>,
    mandatory: Vec<String>,
}

impl Template {
    /// Parses a source of at most [`MAX_SOURCE_BYTES`].
    ///
    /// # Errors
    /// The first mistake, with its line and column.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        if source.len() > MAX_SOURCE_BYTES {
            let message =
                format!("the source has {} bytes, at most {MAX_SOURCE_BYTES} are allowed", source.len());
            return Err(error::Fault::syntax(0, message).locate(source));
        }
        let mut parser = parser::Parser::new(source);
        let nodes = parser.document().map_err(|fault| fault.locate(source))?;
        let variables = parser.vars.finish();
        Ok(Self { source: source.into(), nodes, variables, mandatory: Vec::new() })
    }

    /// Declares values (dotted paths) without which nothing is rendered: neither nil, nor blank, nor an empty list.
    #[must_use]
    pub fn require(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.mandatory.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Paths of the context this template reads, as `contact.first_name` or `cart.items[].title`, in order.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The source as it was parsed.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders with the values of `context`, an object.
    ///
    /// `language` or `locale`, `time_zone` and `now` of the context decide how dates and amounts are written.
    ///
    /// # Errors
    /// A mandatory value is missing, the work is above `limits`, a value does not fit its filter, or stands where
    /// nothing can make it safe. There is no partial result.
    pub fn render(
        &self,
        context: &Value,
        limits: &Limits,
        output: OutputContext,
    ) -> Result<String, TemplateError> {
        if let Some(path) = self.mandatory.iter().find(|path| context.at_path(path).is_blank()) {
            return Err(render::missing(path, &self.source).locate(&self.source));
        }
        let mut renderer = render::Renderer::new(context, limits, output);
        renderer.nodes(&self.nodes).map_err(|fault| fault.locate(&self.source))?;
        let text = renderer.finish();
        Ok(if output == OutputContext::Line { render::one_line(&text) } else { text })
    }
}
