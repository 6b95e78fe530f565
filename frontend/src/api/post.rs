//! One `post` for everything; the typed functions around it only convert.

use std::pin::Pin;

use graphql_client::GraphQLQuery;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestCredentials, RequestInit, Response};

use super::decode::decode;
use super::{Fault, FaultKind, session};
use crate::browser;

/// An operation as text, with its name for logs.
pub struct Operation {
    /// The document.
    pub query: &'static str,
    /// The name in it.
    pub name: &'static str,
}

/// Runs a query.
///
/// # Errors
/// Any [`Fault`].
pub async fn request<Q: GraphQLQuery>(variables: Q::Variables) -> Result<Q::ResponseData, Fault> {
    let (operation, variables) = parts::<Q>(variables)?;
    read(run(operation, variables).await?)
}

/// Runs a mutation. The same as a query on the wire; named apart so that a reader sees what changes something.
///
/// # Errors
/// Any [`Fault`]. What the server refuses for a reason a person can mend arrives as `userErrors` in the data instead.
pub async fn mutate<Q: GraphQLQuery>(variables: Q::Variables) -> Result<Q::ResponseData, Fault> {
    request::<Q>(variables).await
}

/// Splits a typed operation into what goes over the wire.
pub(super) fn parts<Q: GraphQLQuery>(variables: Q::Variables) -> Result<(Operation, Value), Fault> {
    let body = Q::build_query(variables);
    let variables =
        serde_json::to_value(body.variables).map_err(|fault| Fault::unreadable(fault.to_string()))?;
    Ok((Operation { query: body.query, name: body.operation_name }, variables))
}

pub(super) fn read<T: DeserializeOwned>(data: Value) -> Result<T, Fault> {
    decode(&data).map_err(|fault| Fault::unreadable(fault.to_string()))
}

/// Runs an operation with the session's token; one silent renewal when the token is no longer taken. Boxed, so that it is
/// not part of the state of everybody who waits for it.
pub(super) fn run(
    operation: Operation,
    variables: Value,
) -> Pin<Box<dyn Future<Output = Result<Value, Fault>>>> {
    let body = serde_json::json!({
        "operationName": operation.name,
        "query": operation.query,
        "variables": variables,
    })
    .to_string();
    Box::pin(async move {
        let first = attempt(&body, session::token().await?).await;
        match first {
            Err(fault) if fault.kind == FaultKind::SignedOut => {
                let token = session::renew().await?;
                attempt(&body, token).await
            }
            other => other,
        }
        .inspect_err(|fault| {
            if fault.kind == FaultKind::SignedOut {
                session::ended();
            }
        })
    })
}

async fn attempt(body: &str, token: String) -> Result<Value, Fault> {
    let answer = post("/graphql", body, Some(&token)).await?;
    let request_id = answer.request_id;
    let mut value: Value = match serde_json::from_str(&answer.body) {
        Ok(value) => value,
        Err(_) if !(200..300).contains(&answer.status) => {
            return Err(Fault::from_status(answer.status, request_id));
        }
        Err(fault) => return Err(Fault { request_id, ..Fault::unreadable(fault.to_string()) }),
    };
    if value["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
        return Err(Fault::from_errors(&value["errors"], request_id));
    }
    if !(200..300).contains(&answer.status) {
        return Err(Fault::from_status(answer.status, request_id));
    }
    Ok(value["data"].take())
}

/// What came back.
pub(super) struct Answer {
    pub status: u16,
    pub request_id: Option<String>,
    pub body: String,
}

/// Posts JSON to a path of this server.
pub(super) async fn post(path: &str, body: &str, token: Option<&str>) -> Result<Answer, Fault> {
    send("POST", path, Some(body), token).await.map_err(|_| Fault::network())
}

/// Gets JSON from a path of this server.
pub(super) async fn get(path: &str) -> Result<Answer, Fault> {
    send("GET", path, None, None).await.map_err(|_| Fault::network())
}

async fn send(method: &str, path: &str, body: Option<&str>, token: Option<&str>) -> Result<Answer, JsValue> {
    let window = browser::window().ok_or(JsValue::NULL)?;
    let headers = Headers::new()?;
    headers.set("accept", "application/json")?;
    if let Some(token) = token {
        headers.set("authorization", &format!("Bearer {token}"))?;
    }
    let init = RequestInit::new();
    init.set_method(method);
    init.set_headers(&headers);
    init.set_credentials(RequestCredentials::SameOrigin);
    if let Some(body) = body {
        headers.set("content-type", "application/json")?;
        init.set_body(&JsValue::from_str(body));
    }
    let response: Response = JsFuture::from(window.fetch_with_str_and_init(path, &init)).await?.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok(Answer {
        status: response.status(),
        request_id: response.headers().get("x-request-id")?,
        body: text.as_string().unwrap_or_default(),
    })
}
