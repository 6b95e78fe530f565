//! The same nodes as a list, in the order of the drawing.

use cartwheel_domain::journey::layout::{Sizes, layout};
use leptos::prelude::*;

use super::draft::{Counts, Draft};
use crate::i18n::{format, t};
use crate::route::Parameters;
use crate::ui::icon;
use crate::words;

/// The nodes as rows.
pub fn list(draft: Draft, counts: StoredValue<Counts>, parameters: Parameters) -> AnyView {
    let rows = move || {
        let definition = draft.shown.get();
        let placed = layout(&definition, Sizes::default());
        let ids = placed.nodes.into_iter().map(|place| place.id);
        ids.filter_map(|id| {
            let node = definition.nodes.get(&id)?;
            let id = id.as_str().to_owned();
            let count = counts.with_value(|counts| counts.get(&id).cloned()).unwrap_or_default();
            let (mine, pick) = (id.clone(), id);
            Some(view! {
                <tr>
                    <td>
                        <button
                            type="button"
                            class="table__link row"
                            aria-pressed=move || if parameters.get("node") == mine { "true" } else { "false" }
                            on:click=move |_| parameters.set(&[("node", &pick)])
                        >
                            {icon(words::node_sign(node))}
                            {words::node_name(node)}
                        </button>
                    </td>
                    <td class="muted cell-2">{words::node_about(node)}</td>
                    <td class="right">{format::number(count.entered)}</td>
                    <td class="right">{format::number(count.waiting)}</td>
                </tr>
            })
        })
        .collect_view()
    };
    view! {
        <div class="table-frame">
            <table class="table table--linked">
                <thead>
                    <tr>
                        <th scope="col">{t::journey_step()}</th>
                        <th scope="col" class="cell-2">{t::journey_step_what()}</th>
                        <th scope="col" class="right">{t::journey_runs()}</th>
                        <th scope="col" class="right">{t::journey_waiting()}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
