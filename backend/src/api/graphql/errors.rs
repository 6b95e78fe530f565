//! Two kinds of wrong: what the caller can mend stands in the payload, what we must mend is an error with a number
//! and no inner text.

use crate::{accounts::team::TeamError, db::DbError, journeys::JourneyError};
use async_graphql::{Error, ErrorExtensions, SimpleObject};
use cartwheel_domain::settings::SettingError;

/// Something in the input that the caller can mend.
#[derive(Debug, Clone, SimpleObject)]
pub struct UserError {
    /// Where in the input, outermost first.
    pub path: Vec<String>,
    /// A stable word for programs.
    pub code: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl UserError {
    /// At a place of the input.
    pub fn at(path: &[&str], code: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(|p| (*p).to_owned()).collect(),
            code: code.into(),
            message: message.into(),
        }
    }
}

impl From<SettingError> for UserError {
    fn from(e: SettingError) -> Self {
        Self::at(&["input", &camel(&e.key)], "invalid", e.message)
    }
}

fn camel(snake: &str) -> String {
    let mut parts = snake.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut text, part| {
        let mut letters = part.chars();
        text.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}

/// A fault of ours: logged whole, told by number.
pub fn fault(e: &(impl std::fmt::Display + ?Sized), request: &str) -> Error {
    tracing::error!(request, error = %e, "a resolver failed");
    let message = format!("something went wrong on our side; tell support the request {request}");
    Error::new(message).extend_with(|_, x| {
        x.set("code", "internal");
        x.set("requestId", request.to_owned());
    })
}

/// The caller is not signed in, or the session is over.
pub fn signed_out() -> Error {
    Error::new("sign in, or send an API key").extend_with(|_, x| x.set("code", "signed_out"))
}

/// The caller may look, but not do this.
pub fn forbidden(needed: &str) -> Error {
    Error::new(format!("this needs the role {needed}")).extend_with(|_, x| x.set("code", "forbidden"))
}

/// The caller is a key, and this is for people.
pub fn people_only() -> Error {
    Error::new("a key cannot do this; sign in").extend_with(|_, x| x.set("code", "people_only"))
}

/// What a refused change of the team says to the caller; faults stay faults.
///
/// # Errors
/// What the database says.
pub fn team_errors(e: TeamError) -> Result<Vec<UserError>, DbError> {
    let (path, code) = match &e {
        TeamError::None("store") => ("storeId", "not_found"),
        TeamError::None("guest" | "request") => ("guestId", "not_found"),
        TeamError::Outdated("text") => ("terms", "outdated"),
        TeamError::Outdated(_) => ("askedAt", "outdated"),
        TeamError::NotOpen => ("agencyId", "not_open"),
        TeamError::NoAgency => ("agencyId", "not_found"),
        TeamError::None(_) => ("id", "not_found"),
        TeamError::AboveOwn(_) => ("role", "above_own"),
        TeamError::LastOwner => ("id", "last_owner"),
        TeamError::Member(_) => ("email", "member"),
        TeamError::TooMany(_) => ("email", "too_many"),
        TeamError::TooOften(_) => ("email", "too_often"),
        TeamError::Invalid(field, said) => return Ok(vec![UserError::at(&[field], "invalid", said)]),
        TeamError::Db(_) => ("", ""),
    };
    match e {
        TeamError::Db(e) => Err(e),
        e => Ok(vec![UserError::at(&[path], code, e.to_string())]),
    }
}

/// What a refused journey says to the caller; faults stay faults.
pub fn journey_errors(e: JourneyError) -> Result<Vec<UserError>, DbError> {
    match e {
        JourneyError::Unsound(problems) => {
            Ok(problems.iter().map(|p| UserError::at(&["definition"], "unsound", p.to_string())).collect())
        }
        JourneyError::NoJourney(_) => {
            Ok(vec![UserError::at(&["journeyId"], "not_found", "there is no such journey")])
        }
        JourneyError::NotPublished => Ok(vec![UserError::at(&["journeyId"], "not_published", e.to_string())]),
        JourneyError::TooMany => Ok(vec![UserError::at(&["storeId"], "too_many", e.to_string())]),
        JourneyError::Outdated(_) => Ok(vec![UserError::at(&["baseVersion"], "outdated", e.to_string())]),
        JourneyError::Db(e) => Err(e),
    }
}
