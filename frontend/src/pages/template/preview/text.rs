//! A text message as it stands on a phone, and what it takes. The last good one stays while there is something wrong.

use std::sync::Arc;

use leptos::prelude::*;

use super::{asked, found, whose, wrong};
use crate::graphql::preview_template::PreviewTemplateStoreTemplatePreviewMessage as Message;
use crate::i18n::{format, t};
use crate::pages::shared::bubble;
use crate::pages::template::Place;
use crate::pages::template::draft::{Draft, Finding, Findings};
use crate::ui::{fault, skeleton_lines};

/// The pane beside the field.
pub fn preview(draft: Draft, findings: Findings, place: &Place) -> AnyView {
    let query = asked(draft, findings, place);
    let last: RwSignal<Option<Arc<Message>>> = RwSignal::new(None);
    Effect::new(move |_| {
        let Some(data) = query.data.get() else { return };
        let Some(preview) = found(&data) else { return };
        let problems = preview.problems.iter();
        findings.seen.set(problems.map(|one| Finding::at(&one.path, one.message.clone())).collect());
        if let Some(message) = preview.message.clone() {
            last.set(Some(Arc::new(message)));
        }
    });
    let shop = place.store.clone();
    let cart = move || {
        let data = query.data.get()?;
        Some(whose(found(&data)?, &shop))
    };
    let trouble =
        move || query.fault.get().map(|it| fault(&it, Some(Callback::new(move |()| query.refetch()))));
    let written = Memo::new(move |_| last.with(Option::is_some));
    let shown = move || match last.get() {
        Some(message) => drawn(&message),
        None if query.busy.get() => skeleton_lines(3),
        None => ().into_any(),
    };
    view! {
        <section class="stack writing__preview" aria-labelledby="preview" aria-busy=move || query.busy.get().then_some("true")>
            <h2 id="preview">{t::template_preview()}</h2>
            {trouble}
            {move || wrong(findings, written.get())}
            {cart}
            {shown}
        </section>
    }
    .into_any()
}

fn drawn(message: &Message) -> AnyView {
    let foreign = message.foreign.as_ref().map(|sign| {
        view! { <p class="small muted">{t::sms_foreign(sign)}</p> }
    });
    let cost = message.cost.as_ref().map(|cost| {
        let paid = format::money(&cost.decimal, &cost.currency);
        view! { <p class="small muted">{t::sms_costs(&paid)}</p> }
    });
    view! {
        <div class="stack stack--close">
            {bubble(&message.text)}
            <p class="small" role="status">{t::sms_parts(message.parts)} " · " {t::sms_left(message.left)}</p>
            {foreign}
            {cost}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};

    #[test]
    fn what_a_message_takes_stands_beneath_it() {
        assert!(install(Lang::En, include_str!("../../../../lang/en.json")));
        let message = Message {
            text: "Hello <you>".to_owned(),
            encoding: "ucs2".to_owned(),
            foreign: Some("☕".to_owned()),
            parts: 2,
            left: 64,
            cost: None,
        };
        let html = Owner::new().with(|| drawn(&message).to_html());
        for part in ["Hello &lt;you&gt;", "2 parts", "64 characters", "☕"] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }
}
