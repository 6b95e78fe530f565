//! The way to the first recovery: what is done, what is next, and where to do it.

use leptos::prelude::*;

use crate::graphql::home::HomeStoreSetup as Step;
use crate::graphql::types::SetupCode;
use crate::i18n::t;
use crate::route::{Route, Section};
use crate::ui::{ButtonKind, Icon, button_link, icon, moment, progress};
use crate::words;

fn place(code: SetupCode, store: &str) -> (String, String) {
    match code {
        SetupCode::SnippetSeen => (t::setup_snippet_do(), Route::Settings(Section::Snippet).path(store)),
        SetupCode::FirstCart => (t::setup_cart_do(), "/demo-shop/".to_owned()),
        SetupCode::SenderSet => (t::setup_sender_do(), Route::Settings(Section::Sending).path(store)),
        SetupCode::JourneyOn => (t::setup_journey_do(), Route::Journeys.path(store)),
        SetupCode::FirstMessage => (t::setup_message_do(), Route::Inbox.path(store)),
        SetupCode::FirstRecovery => (t::setup_recovery_do(), Route::Carts.path(store)),
    }
}

/// The checklist; the first open step offers its action.
pub fn checklist(steps: &[Step], store: &str) -> AnyView {
    let done = steps.iter().filter(|step| step.done).count();
    let next = steps.iter().position(|step| !step.done);
    let rows: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let (title, why) = words::setup(step.code);
            let (action, href) = place(step.code, store);
            let is_next = Some(index) == next;
            let sign = if step.done {
                view! { <span class="check check--done">{icon(Icon::Check)}<span class="hidden-visually">{t::setup_done()}</span></span> }
                    .into_any()
            } else {
                view! { <span class="check"><span class="hidden-visually">{t::setup_open()}</span></span> }.into_any()
            };
            view! {
                <li class="setup__step" class:is-done=step.done>
                    {sign}
                    <div class="grow">
                        <p class="strong">{title}</p>
                        {is_next.then(|| view! { <p class="muted small">{why}</p> })}
                        {step.at.filter(|_| step.done).map(|at| view! { <p class="tiny muted">{moment(at.0)}</p> })}
                    </div>
                    {(!step.done).then(|| button_link(href, if is_next { ButtonKind::Primary } else { ButtonKind::Quiet }, action))}
                </li>
            }
        })
        .collect();
    let (done, all) = (u32::try_from(done).unwrap_or(0), u32::try_from(steps.len()).unwrap_or(0));
    view! {
        <section class="card setup" aria-labelledby="setup">
            <div class="card__head">
                <h2 id="setup">{t::setup()}</h2>
                <span class="muted small num">{t::setup_count(&all.to_string(), &done.to_string())}</span>
            </div>
            <div class="card__body">
                {progress(done, all, t::setup())}
                <ol class="setup__list">{rows}</ol>
            </div>
        </section>
    }
    .into_any()
}
