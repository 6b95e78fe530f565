//! Stores and other organisations: who was let into the organisation's stores and who asks to be, and whose stores were
//! opened to it.

use cartwheel_domain::ids::{OrganisationId, StoreId};
use leptos::prelude::*;

use super::make_key::last_moment;
use super::sharing::{self, Asked};
use super::{Context, choices, roles};
use crate::api::{Change, Query, use_query};
use crate::browser;
use crate::graphql;
use crate::graphql::guests::{
    GuestsOrganisation as Data, GuestsOrganisationGuests as Guest, GuestsOrganisationVisits as Visit,
    ResponseData, Variables,
};
use crate::graphql::types::{Role, Time};
use crate::i18n::{format, t};
use crate::pages::shared::{field_error, outcome, people_table};
use crate::route::Route;
use crate::shell::{StoreInfo, use_stores};
use crate::ui::{
    Button, ButtonKind, CodeBlock, Dialog, Field, Icon, Select, Tone, badge, button_link, moment, notice,
    radios, skeleton_rows, stateful, use_toasts,
};
use crate::words;

/// What the sections work with.
#[derive(Clone, Copy)]
pub(super) struct Doors {
    context: Context,
    query: Query<ResponseData>,
    /// What is done in a row.
    change: Change,
    giving: RwSignal<bool>,
    asking: RwSignal<bool>,
}

impl Doors {
    /// The organisation's id.
    pub(super) fn organisation(self) -> String {
        self.context.id.get_untracked()
    }

    /// A refusal stands above the rows; what was done is told, and asked for anew.
    pub(super) fn done(self, words: String) {
        use_toasts().done(words);
        self.query.refetch();
    }
}

/// The part about access.
pub fn part(context: Context) -> AnyView {
    let query = use_query::<graphql::Guests>(move || Some(Variables { organisation: context.id.get() }));
    let (giving, asking) = (RwSignal::new(false), RwSignal::new(false));
    let doors = Doors { context, query, change: Change::default(), giving, asking };
    let asked = Asked::default();
    let content = stateful(
        query,
        || skeleton_rows(3),
        move |data| {
            data.organisation
                .as_ref()
                .map(|data| sections(data, doors, asked))
                .unwrap_or_else(|| ().into_any())
        },
    );
    view! {
        <div class="stack stack--wide">
            {outcome(doors.change, &[])}
            {content}
        </div>
        {give_dialog(doors)}
        {ask_dialog(doors)}
        {sharing::dialogs(doors, asked)}
    }
    .into_any()
}

fn sections(data: &Data, doors: Doors, asked: Asked) -> AnyView {
    let agency = data.kind == "agency";
    // Whoever has no store yet has no other way to one of their own.
    let bare = use_stores().list.is_empty();
    let own_id = agency.then(|| {
        view! {
            <section class="section form-wide" aria-labelledby="own-id">
                <h2 id="own-id">{t::access_id()}</h2>
                <p class="muted">{t::access_id_words()}</p>
                <CodeBlock label=t::access_id() text=doors.context.id.get_untracked() />
                {bare.then(|| button_link(Route::NewStore.path(""), ButtonKind::Plain, t::new_store_title()))}
            </section>
        }
    });
    let staff = data.kind == "staff";
    let waiting: Vec<_> = data.guests.iter().filter(|guest| guest.given_at.is_none()).cloned().collect();
    let given: Vec<_> = data.guests.iter().filter(|guest| guest.given_at.is_some()).cloned().collect();
    let requests: Vec<_> = waiting.iter().map(|guest| request(guest, doors)).collect();
    view! {
        {requests}
        {(!staff).then(|| guests(&given, doors))}
        {sharing::section(&given, &data.suppression_sharings, asked)}
        {own_id}
        {(agency || staff || !data.visits.is_empty()).then(|| visits(&data.visits, staff, doors))}
    }
    .into_any()
}

/// Somebody of the staff asks to be let in.
fn request(guest: &Guest, doors: Doors) -> AnyView {
    let role = words::role(graphql::role(&guest.role));
    let title = t::access_asked(&format::number(guest.hours.unwrap_or_default()), &role, &guest.store_name);
    let variables = move |guest: &Guest| {
        (doors.context.id.get_untracked(), guest.store_id.clone(), guest.guest_id.clone())
    };
    let (yes, no) = (guest.clone(), guest.clone());
    let approve = move |()| {
        let (organisation, store, guest) = variables(&yes);
        let variables =
            graphql::approve_store_access::Variables { organisation, store, guest, asked_at: yes.created_at };
        let said = t::access_given(&yes.guest_name, &yes.store_name);
        doors.change.send::<graphql::ApproveStoreAccess>(variables, move |_| doors.done(said));
    };
    let decline = move |()| {
        let (organisation, store, guest) = variables(&no);
        let variables = graphql::close_store::Variables { organisation, store, guest };
        let said = t::access_declined(&no.guest_name);
        doors.change.send::<graphql::CloseStore>(variables, move |_| doors.done(said));
    };
    let more = view! {
        <p class="anywhere">{guest.reason.clone()}</p>
        <p class="muted">{t::access_asked_words()}</p>
        <div class="row row--wrap">
            <Button label=t::access_approve() of=guest.store_name.clone() kind=ButtonKind::Primary busy=doors.change.busy on_press=approve />
            <Button label=t::access_decline() of=guest.store_name.clone() on_press=decline />
        </div>
    };
    notice(Tone::Information, title, more.into_any())
}

fn until(ends: Option<Time>) -> AnyView {
    match ends {
        Some(at) => moment(at.0),
        None => view! { {t::access_open_end()} }.into_any(),
    }
}

/// Who was let in.
fn guests(given: &[Guest], doors: Doors) -> AnyView {
    let row = |guest: &Guest| {
        let role = graphql::role(&guest.role);
        let of = format!("{}, {}", guest.guest_name, guest.store_name);
        let whom = guest.clone();
        let close = move |()| {
            let variables = graphql::close_store::Variables {
                organisation: doors.context.id.get_untracked(),
                store: whom.store_id.clone(),
                guest: whom.guest_id.clone(),
            };
            let said = t::access_closed(&whom.guest_name, &whom.store_name);
            doors.change.send::<graphql::CloseStore>(variables, move |_| doors.done(said));
        };
        let staff = guest
            .staff
            .then(|| view! { " " {badge(Tone::Information, Some(Icon::ShieldCheck), t::access_staff())} });
        view! {
            <tr>
                <td>
                    <div class="row row--wrap"><span class="strong anywhere">{guest.guest_name.clone()}</span>{staff}</div>
                    <div class="tiny muted anywhere">{guest.store_name.clone()}</div>
                </td>
                <td class="cell-wide"><div>{words::role(role)}</div><div class="tiny muted">{words::role_may(role)}</div></td>
                <td class="muted nowrap" data-name=t::ends()>{until(guest.ends_at)}</td>
                <td class="cell-actions"><Button label=t::access_close() of=of kind=ButtonKind::Quiet on_press=close /></td>
            </tr>
        }
    };
    let rows: Vec<_> = given.iter().map(row).collect();
    let none = rows.is_empty();
    let table = people_table([t::access_who(), t::access_role(), t::ends()], rows);
    view! {
        <section class="section" aria-labelledby="guests">
            <div class="row row--between">
                <h2 id="guests">{t::access_guests()}</h2>
                <Button label=t::access_give() sign=Icon::Plus on_press=move |()| doors.giving.set(true) />
            </div>
            <p class="muted">{t::access_guests_words()}</p>
            {if none { view! { <p class="muted">{t::access_guests_none()}</p> }.into_any() } else { table.into_any() }}
        </section>
    }
    .into_any()
}

/// Whose stores were opened to us.
fn visits(visits: &[Visit], staff: bool, doors: Doors) -> AnyView {
    let row = |visit: &Visit| {
        let role = graphql::role(&visit.role);
        let open = visit.given_at.is_some();
        let (which, name) = (visit.clone(), visit.store_name.clone());
        let leave = move |()| {
            let organisation = doors.context.id.get_untracked();
            let variables = graphql::leave_store::Variables { organisation, store: which.store_id.clone() };
            let said = t::access_left(&which.store_name);
            // Which stores one may see is known from the start of the console: it begins anew.
            doors.change.send::<graphql::LeaveStore>(variables, move |_| {
                if open { browser::leave_to("/") } else { doors.done(said) }
            });
        };
        let first = if open {
            // The console knows the stores there were when it began; this one may be newer.
            let href = Route::Carts.path(&visit.store_id);
            view! { <a class="table__link anywhere" href=href rel="external">{visit.store_name.clone()}</a> }
                .into_any()
        } else {
            view! { <span class="anywhere">{visit.store_name.clone()}</span> " " {badge(Tone::Caution, Some(Icon::Clock), t::access_waiting())} }.into_any()
        };
        let act = if open { t::access_leave() } else { t::access_withdraw() };
        view! {
            <tr>
                <td>{first}<div class="tiny muted anywhere">{visit.reason.clone()}</div></td>
                <td class="cell-wide"><div>{words::role(role)}</div><div class="tiny muted">{words::role_may(role)}</div></td>
                <td class="muted nowrap" data-name=t::ends()>{open.then(|| until(visit.ends_at))}</td>
                <td class="cell-actions"><Button label=act of=name kind=ButtonKind::Quiet on_press=leave /></td>
            </tr>
        }
    };
    let rows: Vec<_> = visits.iter().map(row).collect();
    let none = rows.is_empty();
    let ask = staff.then(|| {
        view! { <Button label=t::access_ask() sign=Icon::Plus kind=ButtonKind::Primary on_press=move |()| doors.asking.set(true) /> }
    });
    let table = people_table([t::settings_store(), t::access_role(), t::ends()], rows);
    view! {
        <section class="section" aria-labelledby="visits">
            <div class="row row--between"><h2 id="visits">{t::access_visits()}</h2>{ask}</div>
            {if none { view! { <p class="muted">{t::access_visits_none()}</p> }.into_any() } else { table.into_any() }}
        </section>
    }
    .into_any()
}

/// The organisation's own stores.
fn own_stores(context: Context) -> Vec<StoreInfo> {
    let id = context.id.get_untracked();
    use_stores().list.iter().filter(|one| one.organisation_id == id && one.visit.is_none()).cloned().collect()
}

/// Opens a store to an agency.
fn give_dialog(doors: Doors) -> AnyView {
    let change = Change::default();
    let stores = StoredValue::new(own_stores(doors.context));
    let content = move || {
        change.clear();
        let text = |text: &str| RwSignal::new(text.to_owned());
        let own = stores.get_value();
        let store = text(own.first().map_or("", |one| &one.id));
        let (agency, picked, day, tried) =
            (text(""), text(Role::Editor.word()), text(""), RwSignal::new(false));
        let wrong = move || {
            let known = agency.with(|id| id.trim().parse::<OrganisationId>().is_ok());
            (tried.get() && !known).then(t::access_agency_wrong)
        };
        let end = move || day.with(|day| last_moment(day, browser::now()));
        let end_wrong = move || end().is_err().then(t::api_key_end_wrong);
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            if untrack(wrong).is_some() {
                return browser::focus("access-agency");
            }
            let Ok(ends_at) = untrack(end) else { return browser::focus("access-end") };
            let variables = graphql::open_store::Variables {
                organisation: doors.context.id.get_untracked(),
                store: store.get_untracked(),
                agency: agency.get_untracked().trim().to_owned(),
                role: graphql::role(&picked.get_untracked()),
                ends_at,
            };
            change.send::<graphql::OpenStore>(variables, move |_| {
                doors.giving.set(false);
                doors.done(t::access_done());
            });
        };
        let options = own.iter().map(|one| (one.id.clone(), one.name.clone())).collect();
        let offered = choices(roles(doors.context.role.get_untracked().min(Role::Admin)), words::role_may);
        view! {
            <form class="dialog__body" novalidate aria-label=t::access_give() on:submit=submit>
                <h2>{t::access_give()}</h2>
                <p class="muted">{t::access_give_words()}</p>
                <Select id="access-store" label=t::settings_store() options=options value=store on_pick=move |value: String| store.set(value) visible_label=true />
                <Field id="access-agency" label=t::access_agency() value=agency hint=t::access_agency_hint() placeholder="org_…" error=field_error(change, "agencyId", wrong) />
                {radios("access-role", t::access_role(), offered, picked, None)}
                <Field id="access-end" label=t::access_end() value=day kind="date" hint=t::access_end_hint() error=field_error(change, "endsAt", end_wrong) />
                {outcome(change, &["agencyId", "endsAt"])}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| doors.giving.set(false) />
                    <Button label=t::access_give() kind=ButtonKind::Primary submits=true busy=change.busy />
                </div>
            </form>
        }
    };
    view! { <Dialog label=t::access_give() open=doors.giving>{content()}</Dialog> }.into_any()
}

/// Asks a merchant to let the staff in.
fn ask_dialog(doors: Doors) -> AnyView {
    let change = Change::default();
    let content = move || {
        change.clear();
        let text = |text: &str| RwSignal::new(text.to_owned());
        let (store, reason, hours) = (text(""), text(""), text("4"));
        let (picked, tried) = (text(Role::Support.word()), RwSignal::new(false));
        let store_wrong = move || {
            let known = store.with(|id| id.trim().parse::<StoreId>().is_ok());
            (tried.get() && !known).then(t::access_store_wrong)
        };
        let reason_wrong = move || {
            let enough = reason.with(|text| (5..=300).contains(&text.trim().chars().count()));
            (tried.get() && !enough).then(t::access_reason_wrong)
        };
        let many =
            move || hours.with(|text| text.trim().parse::<i64>().ok().filter(|n| (1..=72).contains(n)));
        let hours_wrong = move || (tried.get() && many().is_none()).then(t::access_hours_wrong);
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            let (reason_is_wrong, store_is_wrong) =
                (untrack(reason_wrong).is_some(), untrack(store_wrong).is_some());
            let wrong = [(store_is_wrong, "ask-store"), (reason_is_wrong, "ask-reason")];
            if let Some((_, field)) = wrong.into_iter().find(|(wrong, _)| *wrong) {
                return browser::focus(field);
            }
            let Some(hours) = untrack(many) else { return browser::focus("ask-hours") };
            let variables = graphql::ask_for_store::Variables {
                organisation: doors.context.id.get_untracked(),
                store: store.get_untracked().trim().to_owned(),
                role: graphql::role(&picked.get_untracked()),
                reason: reason.get_untracked().trim().to_owned(),
                hours,
            };
            change.send::<graphql::AskForStore>(variables, move |_| {
                doors.asking.set(false);
                doors.done(t::access_ask_done());
            });
        };
        let offered = choices(roles(doors.context.role.get_untracked().min(Role::Admin)), words::role_may);
        view! {
            <form class="dialog__body" novalidate aria-label=t::access_ask() on:submit=submit>
                <h2>{t::access_ask()}</h2>
                <Field id="ask-store" label=t::access_store() value=store placeholder="store_…" error=field_error(change, "storeId", store_wrong) />
                <Field id="ask-reason" label=t::access_reason() value=reason hint=t::access_reason_hint() error=field_error(change, "reason", reason_wrong) />
                <Field id="ask-hours" label=t::access_hours() value=hours kind="number" error=field_error(change, "hours", hours_wrong) />
                {radios("ask-role", t::access_role(), offered, picked, None)}
                {outcome(change, &["storeId", "reason", "hours"])}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| doors.asking.set(false) />
                    <Button label=t::access_ask() kind=ButtonKind::Primary submits=true busy=change.busy />
                </div>
            </form>
        }
    };
    view! { <Dialog label=t::access_ask() open=doors.asking>{content()}</Dialog> }.into_any()
}
