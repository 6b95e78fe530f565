//! The person's own account: who they are, their password, the code at sign-in, passkeys, accounts at providers, and the browsers that
//! are signed in.

mod factor;
mod password;
mod sessions;
mod ways;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::account::{AccountViewerMember as Member, ResponseData, Variables};
use crate::i18n::t;
use crate::pages::shared::fact;
use crate::ui::{PageHead, skeleton_lines, stateful};

/// The account.
#[component]
pub fn Account() -> impl IntoView {
    let query = use_query::<graphql::Account>(|| Some(Variables {}));
    // The form stands beside the data, so that what is typed outlives a new answer.
    let password = password::form(query);
    let factor = factor::card(query);
    let (passkeys, providers) = (ways::passkeys(query), ways::providers(query));
    let content = stateful(
        query,
        || skeleton_lines(6),
        move |data: Arc<ResponseData>| {
            view! {
                <div class="stack stack--wide">
                    {data.viewer.member.as_ref().map(facts)}
                    {sessions::list(&data.viewer.sessions, query)}
                </div>
            }
            .into_any()
        },
    );
    view! {
        <PageHead title=t::nav_account() />
        <div class="columns columns--side">
            {content}
            <div class="stack">{factor}{passkeys}{providers}{password}</div>
        </div>
    }
    .into_any()
}

fn facts(member: &Member) -> AnyView {
    view! {
        <section class="section" aria-labelledby="you">
            <h2 id="you">{t::person()}</h2>
            <dl class="facts">
                {fact(t::contact_name(), Some(member.name.clone()))}
                {fact(t::contact_email(), Some(member.email.clone()))}
            </dl>
        </section>
    }
    .into_any()
}
