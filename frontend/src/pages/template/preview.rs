//! What becomes of a text: the mail of a real cart, a moment after the last key. The last good one stays while there is
//! something wrong.

use std::sync::Arc;

use leptos::prelude::*;

mod pushed;
mod text;

use super::draft::{Draft, Edit, Finding, Findings};
use super::{Kind, Place};
use crate::api::{Query, use_query};
use crate::browser;
use crate::graphql;
use crate::graphql::preview_template::{
    PreviewTemplateStoreTemplatePreview as Preview, PreviewTemplateStoreTemplatePreviewMail as Mail,
    ResponseData, TemplateDraft, Variables,
};
use crate::i18n::t;
use crate::route::{Route, use_parameters};
use crate::ui::{Segmented, Tone, fault, notice, skeleton_block};
use crate::words;

/// How long the typing rests before a picture is asked for, in milliseconds.
const REST: u32 = 500;

/// A picture and the one before it, which stays until the newer is drawn.
type Pictures = RwSignal<Vec<(u32, Arc<Mail>)>>;

/// The pane beside the fields.
pub fn preview(draft: Draft, findings: Findings, place: &Place) -> AnyView {
    match place.kind {
        Kind::Text => return text::preview(draft, findings, place),
        Kind::Notice => return pushed::preview(draft, findings, place),
        Kind::Mail => {}
    }
    let query = asked(draft, findings, place);
    let pictures: Pictures = RwSignal::new(Vec::new());
    Effect::new(move |count: Option<u32>| {
        let count = count.unwrap_or_default();
        let Some(data) = query.data.get() else { return count };
        let Some(preview) = found(&data) else { return count };
        let problems = preview.problems.iter();
        findings.seen.set(problems.map(|one| Finding::at(&one.path, one.message.clone())).collect());
        let Some(mail) = preview.mail.clone() else { return count };
        pictures.update(|pictures| {
            pictures.truncate(1);
            pictures.push((count, Arc::new(mail)));
        });
        count + 1
    });
    let trouble =
        move || query.fault.get().map(|it| fault(&it, Some(Callback::new(move |()| query.refetch()))));
    let shop = place.store.clone();
    let whose = move || {
        let data = query.data.get()?;
        Some(whose(found(&data)?, &shop))
    };
    let mail =
        Memo::new(move |_| pictures.with(|pictures| pictures.last().map(|(_, mail)| Arc::clone(mail))));
    let parameters = use_parameters();
    let view = parameters.signal("view");
    let options = vec![
        (String::new(), t::mail_desktop()),
        ("phone".to_owned(), t::mail_phone()),
        ("plain".to_owned(), t::mail_plain()),
    ];
    let pick = move |value: String| parameters.set(&[("view", &value)]);
    let plain = Memo::new(move |_| view.get() == "plain");
    // A newer picture comes into what stands, and does not draw it anew.
    let pictured = Memo::new(move |_| mail.with(Option::is_some));
    let shown = move || match pictured.get() {
        false if query.busy.get() => skeleton_block(),
        false => ().into_any(),
        true if plain.get() => {
            let text = move || mail.get().map(|mail| mail.text.clone());
            view! { <pre class="mail-plain" tabindex="0" role="region" aria-label=t::mail_plain()>{text}</pre> }.into_any()
        }
        true => {
            let phone = move || view.get() == "phone";
            view! { <div class="sheet sheet--layers" class:sheet--phone=phone>{frames(pictures)}</div> }
                .into_any()
        }
    };
    view! {
        <section class="stack writing__preview" aria-labelledby="preview" aria-busy=move || query.busy.get().then_some("true")>
            <div class="row row--between row--wrap">
                <h2 id="preview">{t::template_preview()}</h2>
                <Segmented label=t::template_preview_as() options=options value=view on_pick=pick />
            </div>
            {trouble}
            {move || wrong(findings, pictured.get())}
            {whose}
            {move || mail.get().map(|mail| envelope(&mail))}
            {shown}
        </section>
    }
    .into_any()
}

/// The question, asked anew when the typing rests.
fn asked(draft: Draft, findings: Findings, place: &Place) -> Query<ResponseData> {
    let asked = RwSignal::new(untrack(move || draft.edit()));
    follow(draft, findings, asked);
    let (store, template) = (place.store.clone(), place.id.clone());
    use_query::<graphql::PreviewTemplate>(move || {
        let draft = drafted(asked.get());
        Some(Variables { store: store.clone(), template: template.clone(), draft })
    })
}

/// Asks for a picture when the typing rests; what was refused before is over with the next key.
fn follow(draft: Draft, findings: Findings, asked: RwSignal<Edit>) {
    let typed = StoredValue::new(0_u32);
    Effect::new(move |first: Option<()>| {
        let edit = draft.edit();
        if first.is_none() {
            return;
        }
        if !findings.refused.with_untracked(Vec::is_empty) {
            findings.refused.set(Vec::new());
        }
        typed.update_value(|count| *count += 1);
        let mine = typed.get_value();
        browser::after(REST, move || {
            if typed.try_get_value() == Some(mine) && asked.with_untracked(|asked| *asked != edit) {
                asked.set(edit);
            }
        });
    });
}

/// An edit in the words of this question.
fn drafted([subject, preheader, mjml, text]: Edit) -> Option<TemplateDraft> {
    Some(TemplateDraft { subject, preheader, mjml, text })
}

fn found(data: &ResponseData) -> Option<&Preview> {
    Some(&data.store.as_ref()?.template.as_ref()?.preview)
}

/// That the text cannot be written, and why if that stands at no field.
fn wrong(findings: Findings, pictured: bool) -> Option<AnyView> {
    let seen = findings.seen.get();
    if seen.is_empty() {
        return None;
    }
    let rest = seen.into_iter().filter(|one| !one.has_field());
    let rows: Vec<_> = rest.map(|one| view! { <li class="anywhere">{one.message}</li> }).collect();
    let more = view! {
        {(!rows.is_empty()).then(|| view! { <ul class="small">{rows}</ul> })}
        {pictured.then(|| view! { <p class="muted">{t::template_preview_last()}</p> })}
    };
    let told = notice(Tone::Caution, t::template_preview_wrong(), more.into_any());
    Some(view! { <div role="status">{told}</div> }.into_any())
}

/// Whose mail it is.
fn whose(preview: &Preview, store: &str) -> AnyView {
    let Some(cart) = &preview.cart else {
        return view! { <p class="small muted">{t::template_preview_example()}</p> }.into_any();
    };
    let contact = cart.contact.as_ref();
    let person = words::person(
        contact.and_then(|contact| contact.name.as_deref()),
        contact.and_then(|contact| contact.email.as_deref()),
    );
    let href = Route::Cart(cart.id.clone()).path(store);
    view! {
        <p class="small muted anywhere">{t::template_preview_of()} " " <a class="link" href=href>{person}</a></p>
    }
    .into_any()
}

/// The lines by which an inbox shows it.
fn envelope(mail: &Mail) -> AnyView {
    view! {
        <div class="envelope" role="group" aria-label=t::template_inbox()>
            <p class="strong truncate">{mail.subject.clone()}</p>
            <p class="muted small truncate">{mail.preheader.clone()}</p>
        </div>
    }
    .into_any()
}

/// The frames of the pictures. Each is one of its own: one that is filled anew would be a step of the way back.
fn frames(pictures: Pictures) -> AnyView {
    let drawn = move |number: u32| {
        pictures.update(|pictures| pictures.retain(|(other, _)| *other >= number));
    };
    view! {
        <For each=move || pictures.get() key=|(number, _)| *number children=move |(number, mail)| frame(number, &mail, Callback::new(drawn)) />
    }
    .into_any()
}

/// A frame, and the form that fills it: the server gives the mail a policy of its own, which a text put in from here would
/// not have.
fn frame(number: u32, mail: &Mail, drawn: Callback<u32>) -> AnyView {
    let name = format!("preview-{number}");
    let form = NodeRef::<leptos::html::Form>::new();
    let sent = StoredValue::new(false);
    Effect::new(move |_| {
        let Some(form) = form.get() else { return };
        sent.set_value(true);
        // A form in the page with its fields filled is not refused.
        let _ = form.submit();
    });
    let load = move |_| {
        // Empty frames tell that they are there, too.
        if sent.try_get_value() == Some(true) {
            drawn.run(number);
        }
    };
    view! {
        <div class="sheet__layer">
            <form method="post" action="/v1/mail-preview" target=name.clone() hidden node_ref=form>
                <input type="hidden" name="ticket" value=mail.ticket.clone() />
                <input type="hidden" name="html" value=mail.html.clone() />
            </form>
            <iframe class="sheet__frame" name=name title=t::mail_view() sandbox="" referrerpolicy="no-referrer" on:load=load></iframe>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};

    fn drawn(view: impl FnOnce() -> AnyView) -> String {
        assert!(install(Lang::En, include_str!("../../../lang/en.json")));
        Owner::new().with(|| view().to_html())
    }

    #[test]
    fn a_mail_is_sent_into_a_frame_that_may_do_nothing() {
        let mail = Mail {
            subject: String::new(),
            preheader: String::new(),
            html: "<p class=\"a\">Hello</p>".to_owned(),
            text: String::new(),
            ticket: "ticket_1".to_owned(),
        };
        let html = drawn(move || frame(3, &mail, Callback::new(|_| ())));
        for part in
            ["sandbox=\"\"", "target=\"preview-3\"", "name=\"preview-3\"", "ticket_1", "method=\"post\""]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(!html.contains("<p class=\"a\">"), "the mail is no part of the page: {html}");
    }

    #[test]
    fn a_mail_without_a_cart_is_told_as_an_example() {
        let html = drawn(|| {
            whose(
                &Preview { mail: None, message: None, notice: None, problems: Vec::new(), cart: None },
                "store_1",
            )
        });
        assert!(html.contains(&t::template_preview_example()), "{html}");
    }
}
