//! Bodies as Stripe reads them: form fields with brackets.

use form_urlencoded::Serializer;

/// Fields in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more field, such as `items[0][price]`.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.0.push((name.into(), value.to_string()));
        self
    }

    /// The same with a field that may be absent.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// As a body or a query.
    pub fn encoded(&self) -> String {
        Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_field_is_escaped() {
        let form = Form::new().with("metadata[name]", "a&b=c d\r\n\u{e9}").maybe("none", None::<i64>);
        assert_eq!(form.encoded(), "metadata%5Bname%5D=a%26b%3Dc+d%0D%0A%C3%A9");
    }
}
