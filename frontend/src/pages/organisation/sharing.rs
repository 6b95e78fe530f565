//! Whom not to contact, shared by the stores of an agency: where it is switched on, by the merchant of each store alone.

use leptos::prelude::*;

use super::access::Doors;
use crate::api::Change;
use crate::graphql;
use crate::graphql::guests::{
    GuestsOrganisationGuests as Guest, GuestsOrganisationSuppressionSharings as Sharing,
};
use crate::i18n::t;
use crate::pages::shared::{outcome, people_table};
use crate::ui::{Button, ButtonKind, Confirm, Dialog, Icon, Tone, badge, moment};

/// The wording of what it means that stands in the dialog; another meaning is another number.
const TERMS: i64 = 1;

/// What is asked before it is done.
#[derive(Clone, Copy)]
pub struct Asked {
    /// About which store and agency.
    whom: RwSignal<Option<Guest>>,
    /// Whether it is asked to switch it on.
    on: RwSignal<bool>,
    /// Whether it is asked to switch it off.
    off: RwSignal<bool>,
    change: Change,
}

impl Default for Asked {
    fn default() -> Self {
        let (on, off) = (RwSignal::new(false), RwSignal::new(false));
        Self { whom: RwSignal::new(None), on, off, change: Change::default() }
    }
}

/// One line for each store and agency; nothing where no store is open to an agency.
pub fn section(given: &[Guest], sharings: &[Sharing], asked: Asked) -> Option<AnyView> {
    let row = |guest: &Guest| {
        let sharing =
            sharings.iter().find(|one| one.store_id == guest.store_id && one.agency_id == guest.guest_id);
        let of = format!("{}, {}", guest.guest_name, guest.store_name);
        let whom = guest.clone();
        let ask = move |open: RwSignal<bool>| {
            let whom = whom.clone();
            move |()| {
                asked.change.clear();
                asked.whom.set(Some(whom.clone()));
                open.set(true);
            }
        };
        let state = match sharing {
            Some(sharing) => {
                let filling = (!sharing.complete)
                    .then(|| view! { <div class="tiny muted">{t::sharing_filling()}</div> });
                view! {
                    <div>{badge(Tone::Positive, Some(Icon::Check), t::sharing_on())}</div>
                    <div class="tiny muted">{t::sharing_count(sharing.shared)}</div>
                    {filling}
                }
                .into_any()
            }
            None => badge(Tone::Quiet, Some(Icon::Ban), t::sharing_off()),
        };
        let act = if sharing.is_some() {
            view! { <Button label=t::sharing_stop() of=of kind=ButtonKind::Quiet on_press=ask(asked.off) /> }
        } else {
            view! { <Button label=t::sharing_start() of=of kind=ButtonKind::Quiet on_press=ask(asked.on) /> }
        };
        view! {
            <tr>
                <td>
                    <div class="strong anywhere">{guest.store_name.clone()}</div>
                    <div class="tiny muted anywhere">{guest.guest_name.clone()}</div>
                </td>
                <td class="cell-wide">{state}</td>
                <td class="muted nowrap" data-name=t::sharing_since()>{sharing.map(|one| moment(one.since.0))}</td>
                <td class="cell-actions">{act}</td>
            </tr>
        }
    };
    let rows: Vec<_> = given.iter().filter(|guest| !guest.staff).map(row).collect();
    if rows.is_empty() {
        return None;
    }
    Some(
        view! {
            <section class="section" aria-labelledby="sharing">
                <h2 id="sharing">{t::sharing()}</h2>
                <p class="muted">{t::sharing_words()}</p>
                {people_table([t::sharing_where(), t::sharing_state(), t::sharing_since()], rows)}
            </section>
        }
        .into_any(),
    )
}

/// The two questions.
pub fn dialogs(doors: Doors, asked: Asked) -> AnyView {
    let change = asked.change;
    let names = move || asked.whom.get().map(|one| (one.guest_name, one.store_name)).unwrap_or_default();
    let share = move |()| {
        let Some(whom) = asked.whom.get_untracked() else { return };
        let variables = graphql::share_suppressions::Variables {
            organisation: doors.organisation(),
            store: whom.store_id,
            agency: whom.guest_id,
            terms: TERMS,
        };
        change.send::<graphql::ShareSuppressions>(variables, move |_| {
            asked.on.set(false);
            doors.done(t::sharing_started(&whom.store_name));
        });
    };
    let keep = move |()| {
        let Some(whom) = asked.whom.get_untracked() else { return };
        let variables = graphql::keep_suppressions::Variables {
            organisation: doors.organisation(),
            store: whom.store_id,
            agency: whom.guest_id,
        };
        change.send::<graphql::KeepSuppressions>(variables, move |_| {
            asked.off.set(false);
            doors.done(t::sharing_stopped(&whom.store_name));
        });
    };
    let meaning = [t::sharing_means_out, t::sharing_means_in, t::sharing_means_none, t::sharing_means_end];
    let content = move || {
        let (agency, store) = names();
        let points: Vec<_> = meaning.into_iter().map(|say| view! { <li>{say()}</li> }).collect();
        view! {
            <div class="dialog__body">
                <h2>{t::sharing_start_title(&store)}</h2>
                <p class="muted">{t::sharing_start_words(&agency)}</p>
                <ul class="stack stack--tight">{points}</ul>
                {outcome(change, &[])}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| asked.on.set(false) />
                    <Button label=t::sharing_start_do() kind=ButtonKind::Primary busy=change.busy on_press=share />
                </div>
            </div>
        }
    };
    view! {
        <Dialog label=t::sharing_start() open=asked.on>{content}</Dialog>
        <Confirm
            title=Signal::derive(move || t::sharing_stop_title(&names().1))
            words=Signal::derive(t::sharing_stop_words)
            act=Signal::derive(t::sharing_stop)
            open=asked.off
            busy=change.busy
            outcome=move || outcome(change, &[])
            on_act=keep
        />
    }
    .into_any()
}
