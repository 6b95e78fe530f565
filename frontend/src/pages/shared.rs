//! Small things that several pages show.

use leptos::prelude::*;

use crate::api::Change;
use crate::graphql::types::{CartKind, CartStatus, Time};
use crate::i18n::{format, t};
use crate::route::Route;
use crate::ui::{Icon, NumberField, Select, Tone, fault, icon, moment, notice};
use crate::words::{self, Line};

/// How many rows a list shows at once.
pub const PAGE: i64 = 25;

/// One row of a list of carts, as several pages show it.
pub struct CartRow {
    /// Its id.
    pub id: String,
    /// What was left.
    pub kind: CartKind,
    /// Where it is in its life.
    pub status: CartStatus,
    /// Why it is left out of all rates.
    pub excluded: Option<String>,
    /// How many pieces.
    pub items: i64,
    /// Decimal and currency.
    pub total: (String, String),
    /// When it changed last.
    pub updated: Time,
    /// Whose it is, where the list is not about one person.
    pub person: Option<String>,
}

/// A table of carts.
pub fn cart_table(
    store: &str,
    rows: Vec<CartRow>,
    new: impl Fn(&str) -> bool + Clone + Send + 'static,
) -> AnyView {
    let with_person = rows.first().is_some_and(|row| row.person.is_some());
    let rows: Vec<_> = rows.into_iter().map(|row| cart_row(store, row, new.clone())).collect();
    view! {
        <div class="table-frame">
            <table class="table table--linked table--cards carts-table">
                <thead>
                    <tr>
                        <th scope="col">{if with_person { t::carts_person() } else { t::carts_kind() }}</th>
                        {with_person.then(|| view! { <th scope="col">{t::carts_kind()}</th> })}
                        <th scope="col" class="right">{t::carts_value()}</th>
                        <th scope="col">{t::carts_status()}</th>
                        <th scope="col">{t::carts_updated()}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn cart_row(store: &str, row: CartRow, new: impl Fn(&str) -> bool + Send + 'static) -> AnyView {
    let what = format!("{} · {}", words::cart_kind(row.kind), t::carts_items(row.items));
    let link = Route::Cart(row.id.clone()).path(store);
    let named = row.person.is_some();
    let first = row.person.unwrap_or_else(|| what.clone());
    let value = format::money(&row.total.0, &row.total.1);
    let id = row.id;
    view! {
        <tr class:is-new=move || new(&id)>
            <td class="truncate"><a class="table__link" href=link>{first}</a></td>
            {named.then(|| view! { <td class="muted cell-2">{what}</td> })}
            <td class="right strong">{value}</td>
            <td>{words::cart_badge(row.status)} {row.excluded.map(|why| view! { " " {words::excluded(&why)} })}</td>
            <td class="muted nowrap">{moment(row.updated.0)}</td>
        </tr>
    }
    .into_any()
}

/// A name in a list of facts, and what it is; absent facts leave no row.
pub fn fact(name: String, value: Option<impl IntoAny>) -> Option<AnyView> {
    value.map(|value| view! { <dt>{name}</dt><dd>{value.into_any()}</dd> }.into_any())
}

/// Non-empty text.
pub fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).cloned()
}

/// A table of people, keys or stores, each with what can be done at its end; on a phone each is a card.
pub fn people_table<const N: usize>(heads: [String; N], rows: Vec<impl IntoView + 'static>) -> AnyView {
    let heads = heads.map(|head| view! { <th scope="col">{head}</th> });
    let rows: Vec<_> = rows.into_iter().map(IntoAny::into_any).collect();
    view! {
        <div class="table-frame">
            <table class="table table--cards team-table">
                <thead><tr>{heads.into_iter().collect_view()}<td></td></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// How a change went, where it was asked for: the fault, or what was refused unless it stands at one of `fields`.
pub fn outcome(change: Change, fields: &'static [&'static str]) -> AnyView {
    let told = move || {
        if let Some(it) = change.fault.get() {
            return Some(fault(&it, None));
        }
        let refusal = change.refusal.get().filter(|refusal| !fields.contains(&refusal.field.as_str()))?;
        let told = notice(Tone::Negative, words::refused(&refusal), ().into_any());
        Some(view! { <div role="alert">{told}</div> }.into_any())
    };
    told.into_any()
}

/// What is wrong with a field: what the console sees, else what the server refused.
pub fn field_error(
    change: Change,
    field: &'static str,
    seen: impl Fn() -> Option<String> + Send + Sync + 'static,
) -> Signal<Option<String>> {
    Signal::derive(move || {
        seen().or_else(|| {
            change.refusal.with(|refusal| refusal.as_ref().filter(|it| it.field == field).map(words::refused))
        })
    })
}

const fn dot(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "dot",
        Tone::Quiet => "dot dot--quiet",
        Tone::Positive => "dot dot--positive",
        Tone::Negative => "dot dot--negative",
        Tone::Caution => "dot dot--caution",
        Tone::Information => "dot dot--information",
    }
}

/// One line of a story: its sign, what happened and why, and when; `more` stands below the time.
pub fn line(line: Line, at: i64, more: Option<AnyView>) -> AnyView {
    let why: Vec<_> = line.why.into_iter().map(|why| view! { <p class="muted small">{why}</p> }).collect();
    view! {
        <li class="line">
            <span class=dot(line.tone)>{icon(line.sign)}</span>
            <div class="grow">
                <p class="line__title">{line.title}</p>
                {why}
            </div>
            <div class="line__when">
                <span class="muted tiny nowrap">{moment(at)}</span>
                {more}
            </div>
        </li>
    }
    .into_any()
}

/// A number with the unit it is counted in: how long something takes. First the field's id, its label and its hint.
pub fn span_field(
    (id, label, hint): (&'static str, String, String),
    (digits, unit): (RwSignal<String>, RwSignal<String>),
    units: Vec<(String, String)>,
    error: Signal<Option<String>>,
) -> AnyView {
    let choice = move || {
        view! { <Select id=format!("{id}-unit") label=t::unit() options=units.clone() value=unit on_pick=move |value: String| unit.set(value) /> }
            .into_any()
    };
    view! { <NumberField id=id label=label value=digits error=error unit=choice hint=hint /> }.into_any()
}

/// A message as a phone shows it.
pub fn bubble(text: &str) -> AnyView {
    view! {
        <div class="phone" tabindex="0" role="region" aria-label=t::sms_view()>
            <p class="phone__text">{text.to_owned()}</p>
        </div>
    }
    .into_any()
}

/// A notification as a browser shows it.
pub struct Pushed {
    /// First line.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Address of its picture; the console loads nothing from a shop, so its place is shown alone.
    pub image: Option<String>,
    /// The button that says no.
    pub stop: Option<String>,
}

/// A notification as a desktop or a phone shows it. Which of the parts a device leaves out is its own.
pub fn pushed(notice: &Pushed, phone: bool) -> AnyView {
    let picture = notice.image.as_ref().map(|_| {
        view! { <div class="pushed__image" role="img" aria-label=t::push_image()>{icon(Icon::Inbox)}</div> }
    });
    let stop = notice.stop.clone().map(|label| view! { <p class="pushed__stop">{label}</p> });
    view! {
        <div class="pushed" class:pushed--phone=phone tabindex="0" role="region" aria-label=t::push_view()>
            <div class="pushed__head">
                <span class="pushed__icon">{icon(Icon::Bell)}</span>
                <div class="stack stack--tight">
                    <p class="strong anywhere">{notice.title.clone()}</p>
                    <p class="anywhere">{notice.text.clone()}</p>
                </div>
            </div>
            {picture}
            {stop}
        </div>
    }
    .into_any()
}
