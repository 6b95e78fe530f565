//! Whether people who are under way go on with a new version: asked when it is published, said and taken back beside the versions.

use std::sync::Arc;

use leptos::prelude::*;

use super::draft::Draft;
use crate::api::{Change, Query, use_query};
use crate::graphql;
use crate::graphql::journey::ResponseData as Page;
use crate::graphql::move_runs::Variables as Move;
use crate::graphql::moving::{ResponseData, Variables};
use crate::i18n::t;
use crate::pages::shared::outcome;
use crate::ui::{Button, ButtonKind, Switch, stateful, use_toasts};

/// The choice in the dialog that publishes: a switch, and how many could go on.
pub fn choice(
    draft: Draft,
    names: StoredValue<(String, String)>,
    asking: RwSignal<bool>,
    also: RwSignal<bool>,
) -> AnyView {
    let query = use_query::<graphql::Moving>(move || {
        let (store, journey) = names.get_value();
        let definition = serde_json::to_value(draft.shown.get_untracked()).ok();
        asking.get().then_some(Variables { store, journey, definition })
    });
    let told = move |data: Arc<ResponseData>| {
        let moving = data.store.as_ref().and_then(|store| Some(&store.journey.as_ref()?.moving));
        let (moves, stays) = moving.map_or((0, 0), |moving| (moving.moves, moving.stays));
        view! {
            <ul class="small muted stack stack--close">
                <li>{t::moves_go(moves)}</li>
                {(stays > 0).then(|| view! { <li>{t::moves_stay(stays)}</li> })}
            </ul>
        }
        .into_any()
    };
    let words = Signal::derive(t::moves_also);
    view! {
        <Switch label=t::moves_also() on=also on_flip=move |on: bool| also.set(on) words=words />
        {move || also.get().then(|| stateful(query, || ().into_any(), told))}
    }
    .into_any()
}

/// Says that people go on with a version, and takes it back.
pub fn state(
    to: Option<i64>,
    names: StoredValue<(String, String)>,
    may: bool,
    page: Query<Page>,
) -> Option<AnyView> {
    let number = to?.to_string();
    let (change, toasts) = (Change::default(), use_toasts());
    let keep = move |()| {
        let (store, journey) = names.get_value();
        change.send::<graphql::MoveRuns>(Move { store, journey, to: None }, move |_| {
            toasts.done(t::moves_kept());
            page.refetch();
        });
    };
    Some(
        view! {
            <div class="stack stack--close">
                <p class="small">{t::moves_now(&number)}</p>
                {may.then(|| view! { <Button label=t::moves_keep() kind=ButtonKind::Quiet busy=change.busy on_press=keep /> })}
                {outcome(change, &[])}
            </div>
        }
        .into_any(),
    )
}
