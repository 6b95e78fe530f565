//! How the store's mail goes: its servers in order, what comes back, how fast.

mod back;
mod edit;
mod list;
mod speed;

use std::sync::Arc;

use leptos::prelude::*;

use super::form;
use crate::api::{Change, Query, use_query};
use crate::graphql;
use crate::graphql::mail::{
    MailStoreMail as Mail, MailStoreMailProviders as Provider, ResponseData, Variables,
};
use crate::graphql::resume_mail as resume;
use crate::graphql::settings::SettingsStore;
use crate::graphql::types::Role;
use crate::i18n::{format, t};
use crate::pages::shared::outcome;
use crate::shell::use_store;
use crate::ui::{Button, Confirm, Tone, notice, skeleton_rows, stateful, use_toasts};

/// What the parts of this page share. Copies are the same.
#[derive(Clone, Copy)]
struct Context {
    /// The store.
    store: StoredValue<String>,
    /// Its mail.
    query: Query<ResponseData>,
    /// Whether the reader may change anything.
    may: Memo<bool>,
}

/// The part of the page; nothing for whoever may not see it.
pub fn part(data: &SettingsStore, form: &form::Context) -> AnyView {
    let info = use_store();
    let reads = Memo::new(move |_| info.get().is_some_and(|info| info.role >= Role::Editor));
    let may = Memo::new(move |_| info.get().is_some_and(|info| info.role >= Role::Admin));
    let (data, form) = (StoredValue::new(data.clone()), form.clone());
    let shown = move || {
        reads.get().then(|| {
            let store = StoredValue::new(form.store.clone());
            let query = use_query::<graphql::Mail>(move || Some(Variables { store: store.get_value() }));
            let (context, form) = (Context { store, query, may }, form.clone());
            stateful(
                query,
                || skeleton_rows(3),
                move |found: Arc<ResponseData>| {
                    let Some(mail) = found.store.as_ref().map(|store| &store.mail) else {
                        return ().into_any();
                    };
                    view! {
                        {guard(context, mail)}
                        {list::part(context, mail)}
                        {back::part(context, mail, &data.get_value(), &form)}
                        {speed::part(context, mail, &data.get_value(), &form)}
                    }
                    .into_any()
                },
            )
        })
    };
    view! { <div class="stack stack--wide">{shown}</div> }.into_any()
}

/// That mail goes slowly or not at all: why, and the way out.
fn guard(context: Context, mail: &Mail) -> Option<AnyView> {
    let (tone, title) = match mail.guard.state.as_str() {
        "paused" => (Tone::Negative, t::mailer_paused()),
        "slow" => (Tone::Caution, t::mailer_slow()),
        "warned" => (Tone::Caution, t::mailer_warned()),
        _ => return None,
    };
    let why = match mail.guard.why.as_deref() {
        Some("complaints") => t::mailer_why_complaints(),
        _ => t::mailer_why_bounces(),
    };
    let number = |n: i64| format::number(n);
    let counts = t::mailer_counts(
        &number(mail.guard.bounced),
        &number(mail.guard.complained),
        &number(mail.guard.sent),
    );
    let (change, toasts, asking) = (Change::default(), use_toasts(), RwSignal::new(false));
    let act = move |()| {
        let variables = resume::Variables { store: context.store.get_value() };
        change.send::<graphql::ResumeMail>(variables, move |_| {
            asking.set(false);
            toasts.done(t::mailer_resumed());
            context.query.refetch();
        });
    };
    let way_out = move || {
        context.may.get().then(|| {
            view! { <Button label=t::mailer_resume() on_press=move |()| { change.clear(); asking.set(true) } /> }
        })
    };
    let more = view! {
        <p>{counts}</p>
        <p>{why}</p>
        {way_out}
    };
    Some(
        view! {
            <div role="status">{notice(tone, title, more.into_any())}</div>
            <Confirm
                title=Signal::derive(t::mailer_resume)
                words=Signal::derive(t::mailer_resume_words)
                act=Signal::derive(t::mailer_resume)
                open=asking
                busy=change.busy
                outcome=move || outcome(change, &[])
                on_act=act
            />
        }
        .into_any(),
    )
}
