//! Somebody signed in, who asks as the console does: its own documents, its own way to send them
//! (`frontend/src/api/post.rs`).

use super::{
    place::{OWNER, Place},
    server::Server,
};
use crate::{Outcome, load::http::Request};
use serde_json::{Value, json};

/// A document of the console, by the name of its file.
macro_rules! document {
    ($name:literal) => {
        include_str!(concat!("../../../frontend/src/graphql/", $name, ".graphql"))
    };
}
pub(crate) use document;

/// Shortest answer that can hold what was asked for; a refusal is shorter. GraphQL tells errors with a 200 too.
pub const WHOLE: usize = 1_000;

/// A session of the owner of all stores. Its token lives five minutes.
#[derive(Clone)]
pub struct Console {
    authorization: String,
}

impl Console {
    /// Signs in.
    ///
    /// # Errors
    /// What the service answers.
    pub async fn sign_in(server: &Server, place: &Place) -> Outcome<Self> {
        let password =
            place.stores[0].password.as_deref().ok_or("the first store's owner has no password")?;
        let body = json!({ "email": OWNER, "password": password }).to_string();
        let answer = server.ask(&Request::json("/auth/sign-in", &[], &body)).await?;
        let said: Value = serde_json::from_slice(&answer.body)?;
        let token = said["access_token"].as_str();
        let token = token.ok_or_else(|| format!("sign-in was answered with {} {said}", answer.status))?;
        Ok(Self { authorization: format!("Bearer {token}") })
    }

    /// Nobody, for servers that let everybody in.
    pub fn nobody() -> Self {
        Self { authorization: "none".into() }
    }

    /// A request for a document. Its name is that of the operation, the word after `query`.
    pub fn ask(&self, document: &str, variables: &Value) -> Request {
        let name = document.split_whitespace().nth(1).and_then(|word| word.split('(').next());
        let body = json!({ "query": document, "variables": variables, "operationName": name }).to_string();
        Request::json("/graphql", &[("Authorization", &self.authorization)], &body)
    }

    /// Asks once and reads the answer's data.
    ///
    /// # Errors
    /// The service answers with errors.
    pub async fn answer(&self, server: &Server, document: &str, variables: &Value) -> Outcome<Value> {
        let answer = server.ask(&self.ask(document, variables)).await?;
        let mut said: Value = serde_json::from_slice(&answer.body)?;
        if answer.status != 200 || !said["errors"].is_null() {
            return Err(format!("the service answered {} {said} to {document}", answer.status).into());
        }
        Ok(said["data"].take())
    }
}
