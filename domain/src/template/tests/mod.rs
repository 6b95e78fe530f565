//! What a template does, table by table.

mod attacks;
mod dates;
mod errors;
mod escaping;
mod language;
mod mails;
mod money;
mod random;

use super::{Limits, OutputContext, Template, TemplateError, Value};

/// Renders a source with JSON values.
fn render_as(source: &str, data: serde_json::Value, output: OutputContext) -> Result<String, TemplateError> {
    Template::parse(source)?.render(&Value::from(data), &Limits::default(), output)
}

fn text(source: &str, data: serde_json::Value) -> String {
    render_as(source, data, OutputContext::Text).unwrap_or_else(|e| panic!("{source}: {e}"))
}

fn html(source: &str, data: serde_json::Value) -> String {
    render_as(source, data, OutputContext::Html).unwrap_or_else(|e| panic!("{source}: {e}"))
}

fn fails(source: &str) -> TemplateError {
    match render_as(source, serde_json::json!({ "list": [1, 2], "name": "Ann" }), OutputContext::Text) {
        Err(error) => error,
        Ok(text) => panic!("{source} rendered {text:?}"),
    }
}
