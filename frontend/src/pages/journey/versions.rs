//! The versions that were published.

use leptos::prelude::*;

use crate::graphql::journey::JourneyStoreJourneyVersions as Version;
use crate::i18n::t;
use crate::ui::moment;

/// The newest first.
pub fn versions(versions: &[Version]) -> AnyView {
    let rows: Vec<_> = versions
        .iter()
        .map(|version| {
            view! {
                <li class="row row--between small">
                    <span class="strong">{t::journey_version(&version.number.to_string())}</span>
                    <span class="muted truncate">{version.published_by.clone()}</span>
                    <span class="muted nowrap">{moment(version.published_at.0)}</span>
                </li>
            }
        })
        .collect();
    view! {
        <section class="card" aria-labelledby="versions">
            <div class="card__head"><h2 id="versions">{t::journey_versions()}</h2></div>
            <div class="card__body"><ol class="stack stack--close">{rows}</ol></div>
        </section>
    }
    .into_any()
}
