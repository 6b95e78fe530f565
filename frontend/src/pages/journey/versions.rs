//! The versions that were published; each earlier one can be laid beside what there is now.

use leptos::prelude::*;

use crate::graphql::journey::JourneyStoreJourneyVersions as Version;
use crate::i18n::t;
use crate::route::Parameters;
use crate::ui::moment;

/// The newest first.
pub fn versions(versions: &[Version], moves: Option<AnyView>, parameters: Parameters) -> AnyView {
    let rows: Vec<_> = versions
        .iter()
        .map(|version| {
            let number = version.number.to_string();
            let name = t::journey_version(&number);
            let compare = number.clone();
            view! {
                <li class="row row--between small">
                    <button
                        type="button"
                        class="link strong"
                        aria-label=t::compare_do(&name)
                        title=t::compare_do(&name)
                        aria-pressed=move || if parameters.get("compare") == number { "true" } else { "false" }
                        on:click=move |_| parameters.set(&[("compare", &compare), ("with", "")])
                    >
                        {name.clone()}
                    </button>
                    <span class="muted truncate">{version.published_by.clone()}</span>
                    <span class="muted nowrap">{moment(version.published_at.0)}</span>
                </li>
            }
        })
        .collect();
    view! {
        <section class="card" aria-labelledby="versions">
            <div class="card__head"><h2 id="versions">{t::journey_versions()}</h2></div>
            <div class="card__body stack stack--close">
                <p class="muted small">{t::compare_words()}</p>
                <ol class="stack stack--close">{rows}</ol>
                {moves}
            </div>
        </section>
    }
    .into_any()
}
