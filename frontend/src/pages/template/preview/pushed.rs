//! A notification as a desktop and a phone show it, and what it takes. The last good one stays while there is something wrong.

use std::sync::Arc;

use leptos::prelude::*;

use super::{asked, found, whose, wrong};
use crate::graphql::preview_template::PreviewTemplateStoreTemplatePreviewNotice as Notice;
use crate::i18n::t;
use crate::pages::shared::{Pushed, pushed};
use crate::pages::template::Place;
use crate::pages::template::draft::{Draft, Finding, Findings};
use crate::route::use_parameters;
use crate::ui::{Segmented, fault, skeleton_lines};

/// The pane beside the fields.
pub fn preview(draft: Draft, findings: Findings, place: &Place) -> AnyView {
    let query = asked(draft, findings, place);
    let last: RwSignal<Option<Arc<Notice>>> = RwSignal::new(None);
    Effect::new(move |_| {
        let Some(data) = query.data.get() else { return };
        let Some(preview) = found(&data) else { return };
        let problems = preview.problems.iter();
        findings.seen.set(problems.map(|one| Finding::at(&one.path, one.message.clone())).collect());
        if let Some(notice) = preview.notice.clone() {
            last.set(Some(Arc::new(notice)));
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
    let parameters = use_parameters();
    let view = parameters.signal("view");
    let options = vec![(String::new(), t::mail_desktop()), ("phone".to_owned(), t::mail_phone())];
    let pick = move |value: String| parameters.set(&[("view", &value)]);
    let shown = move || match last.get() {
        Some(notice) => drawn(&notice, view.get() == "phone"),
        None if query.busy.get() => skeleton_lines(3),
        None => ().into_any(),
    };
    view! {
        <section class="stack writing__preview" aria-labelledby="preview" aria-busy=move || query.busy.get().then_some("true")>
            <div class="row row--between row--wrap">
                <h2 id="preview">{t::template_preview()}</h2>
                <Segmented label=t::template_preview_as() options=options value=view on_pick=pick />
            </div>
            {trouble}
            {move || wrong(findings, written.get())}
            {cart}
            {shown}
        </section>
    }
    .into_any()
}

fn drawn(notice: &Notice, phone: bool) -> AnyView {
    let shown = Pushed {
        title: notice.title.clone(),
        text: notice.text.clone(),
        image: notice.image.clone(),
        stop: Some(notice.stop.clone()),
    };
    let address = notice.image.clone();
    view! {
        <div class="stack stack--close">
            {pushed(&shown, phone)}
            <p class="small" role="status">{t::push_bytes(&notice.most.to_string(), &notice.bytes.to_string())}</p>
            {address.map(|address| view! { <p class="small muted anywhere">{t::push_image()} ": " {address}</p> })}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};

    #[test]
    fn a_notification_is_shown_with_its_way_to_say_no_and_what_it_takes() {
        assert!(install(Lang::En, include_str!("../../../../lang/en.json")));
        let notice = Notice {
            title: "Shop: <your> cart".to_owned(),
            text: "Brass bell".to_owned(),
            image: Some("https://shop.example/bell.jpg".to_owned()),
            icon: None,
            stop: "No more of these".to_owned(),
            bytes: 512,
            most: 3_900,
        };
        for phone in [false, true] {
            let html = Owner::new().with(|| drawn(&notice, phone).to_html());
            for part in
                ["Shop: &lt;your&gt; cart", "Brass bell", "No more of these", "512 of 3900 bytes", "bell.jpg"]
            {
                assert!(html.contains(part), "{part} is missing in {html}");
            }
            assert!(!html.contains("<img"), "nothing is loaded from a shop: {html}");
        }
    }
}
