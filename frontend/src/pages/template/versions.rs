//! The versions of a text, each with its own address.

use leptos::prelude::*;

use crate::graphql::template::TemplateStoreTemplate as Text;
use crate::i18n::t;
use crate::route::Route;
use crate::ui::{Tone, badge, moment};

/// The newest first.
pub fn versions(text: &Text, store: &str) -> AnyView {
    let rows: Vec<_> = text
        .versions
        .iter()
        .map(|one| {
            let here = (one.id == text.id).then_some("page");
            let given = (one.version == 1).then(|| badge(Tone::Quiet, None, t::template_given()));
            view! {
                <li class="row row--between small">
                    <span class="row">
                        <a class="link" href=Route::Template(one.id.clone()).path(store) aria-current=here>
                            {t::journey_version(&one.version.to_string())}
                        </a>
                        {given}
                    </span>
                    <span class="muted nowrap">{moment(one.saved_at.0)}</span>
                </li>
            }
        })
        .collect();
    view! {
        <section class="card writing__versions" aria-labelledby="versions">
            <div class="card__head"><h2 id="versions">{t::journey_versions()}</h2></div>
            <div class="card__body"><ol class="stack stack--close">{rows}</ol></div>
        </section>
    }
    .into_any()
}
