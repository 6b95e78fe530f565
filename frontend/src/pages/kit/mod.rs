//! The kit in all its states, in development only. Its words are samples and not translated.

use leptos::prelude::*;

use crate::api::{Fault, FaultKind};
use crate::i18n::format;
use crate::ui::{
    Button, ButtonKind, Chart, ChartPoint, Choice, CodeBlock, Confirm, Dialog, DialogKind, Field, Icon,
    IconButton, Menu, MenuItem, NumberField, PageHead, Pager, SearchField, Segmented, Select, Switch, Tab,
    TextArea, Tone, badge, empty, fault, icon, moment, notice, progress, radios, skeleton_block,
    skeleton_lines, skeleton_rows, stat, tabs, use_toasts,
};

fn part(name: &'static str, inside: AnyView) -> AnyView {
    view! { <section class="section"><h2>{name}</h2><div class="toolbar">{inside}</div></section> }.into_any()
}

fn plain(name: &'static str, inside: AnyView) -> AnyView {
    view! { <section class="section"><h2>{name}</h2>{inside}</section> }.into_any()
}

/// The page.
#[component]
pub fn Kit() -> impl IntoView {
    let about = || view! { "Every part in all its states" }.into_any();
    view! {
        <PageHead title="Kit" about=about />
        <div class="stack stack--wide">{controls()} {fields()} {states()} {data()} {overlays()}</div>
    }
    .into_any()
}

fn controls() -> AnyView {
    let on = RwSignal::new(true);
    let range = RwSignal::new("30".to_owned());
    let options = || ["7", "30", "90"].map(|days| (days.to_owned(), format!("{days} days"))).to_vec();
    let buttons = view! {
        <Button label="Plain" />
        <Button label="Primary" kind=ButtonKind::Primary />
        <Button label="Quiet" kind=ButtonKind::Quiet />
        <Button label="Danger" kind=ButtonKind::Danger />
        <Button label="With sign" sign=Icon::Plus />
        <Button label="Busy" busy=true />
        <Button label="Disabled" disabled=true />
        <IconButton label="Close" sign=Icon::X on_press=|()| () />
    };
    let choices = view! {
        <Switch label="Switch" on=on on_flip=move |to| on.set(to) words=Signal::derive(move || if on.get() { "On" } else { "Off" }.to_owned()) />
        <Switch label="Disabled" on=false on_flip=|_| () disabled=true />
        <Segmented label="Range" options=options() value=range on_pick=move |to: String| range.set(to) />
        <Select id="kit-select" label="Range" options=options() value=range on_pick=move |to: String| range.set(to) />
        <SearchField label="Search" value=String::new() on_search=|_: String| () />
    };
    let list = vec![
        Tab { href: "/kit".to_owned(), name: "First".to_owned(), current: true },
        Tab { href: "/kit?tab=2".to_owned(), name: "Second".to_owned(), current: false },
    ];
    view! { {part("Buttons", buttons.into_any())} {part("Choices", choices.into_any())} {plain("Tabs", tabs("Tabs".to_owned(), list))} }
        .into_any()
}

fn fields() -> AnyView {
    let text = RwSignal::new("Wheelhouse".to_owned());
    let wrong = Signal::derive(|| Some("Give an address with an @.".to_owned()));
    let unit = || view! { <span class="affix__unit">"%"</span> }.into_any();
    let choice = |value: &str, name: &str, words: &str| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        words: words.to_owned(),
    };
    let roles =
        vec![choice("1", "Analyst", "May look at everything."), choice("2", "Editor", "May change texts.")];
    let inside = view! {
        <div class="form">
            <Field id="kit-text" label="Field" value=text hint="What helps to answer." />
            <Field id="kit-wrong" label="Wrong" value=text error=wrong />
            <NumberField id="kit-number" label="Number" value=RwSignal::new("10".to_owned()) unit=unit />
            <TextArea id="kit-area" label="Text" value=text />
            {radios("kit-radio", "Role".to_owned(), roles, RwSignal::new("1".to_owned()), Some("What helps to choose.".to_owned()))}
            <CodeBlock label="Code" text="<script src=\"https://example.com/s/pk.js\" async></script>" />
        </div>
    };
    plain("Fields", inside.into_any())
}

fn states() -> AnyView {
    let badges = view! {
        {badge(Tone::Neutral, None, "Active".to_owned())}
        {badge(Tone::Quiet, None, "Expired".to_owned())}
        {badge(Tone::Positive, Some(Icon::Check), "Recovered".to_owned())}
        {badge(Tone::Caution, Some(Icon::Clock), "Abandoned".to_owned())}
        {badge(Tone::Negative, Some(Icon::CircleAlert), "Bounced".to_owned())}
        {badge(Tone::Information, Some(Icon::Send), "Sent".to_owned())}
    };
    let more = || view! { <p class="muted">"What it means and what to do."</p> }.into_any();
    let broken =
        Fault { kind: FaultKind::Server, detail: String::new(), request_id: Some("req_01k5".to_owned()) };
    let notices = view! {
        <div class="stack">
            {notice(Tone::Neutral, "A notice".to_owned(), more())}
            {notice(Tone::Information, "Something comes next".to_owned(), more())}
            {notice(Tone::Caution, "Wants a look".to_owned(), more())}
            {fault(&broken, Some(Callback::new(|()| ())))}
            {empty(Icon::Inbox, "Nothing here yet".to_owned(), "What will be here, and the next step.".to_owned(), view! { <Button label="Next step" kind=ButtonKind::Primary /> }.into_any())}
            {progress(2, 5, "Progress".to_owned())}
            {skeleton_lines(3)}
            {skeleton_rows(2)}
            {skeleton_block()}
        </div>
    };
    view! { {part("Badges", badges.into_any())} {plain("States", notices.into_any())} }.into_any()
}

fn data() -> AnyView {
    let now = crate::browser::now();
    let point = |day: i64| {
        let value = f64::from(u32::try_from(day * day * 7 % 90).unwrap_or(0)) + 20.0;
        let shown = format::money(&format!("{value}"), "EUR");
        ChartPoint { at: now - (30 - day) * 86_400_000, value, shown, band: Some((value * 0.7, value * 1.3)) }
    };
    let figure = |name: &str, value: &str| {
        stat(
            name.to_owned(),
            "How it is counted.".to_owned(),
            value.to_owned(),
            view! { "12 orders" }.into_any(),
        )
    };
    let axis: fn(f64, &str) -> String = |value, unit| format::money_round(&format!("{value:.0}"), unit);
    let inside = view! {
        <div class="stack">
            <div class="stats">{figure("By click", "4,310 €")} {figure("By window", "6,020 €")} {figure("Extra", "2,900 €")}</div>
            <Chart title="Revenue" points=(0..30).map(point).collect() axis=axis unit="EUR" />
            <p>{moment(now - 3_600_000)}</p>
            <Pager shown="25 of 340" has_before=true has_after=true on_first=|()| () on_next=|()| () />
        </div>
    };
    plain("Figures", inside.into_any())
}

fn overlays() -> AnyView {
    let (middle, drawer, question) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let words = |text: &'static str| Signal::derive(move || text.to_owned());
    let toasts = use_toasts();
    let face = || view! { {icon(Icon::Settings)} "Menu" }.into_any();
    let inside = view! {
        <Menu label="Menu" class="btn" face=face left=true>
            <MenuItem label="First" sign=Icon::House />
            <MenuItem label="Chosen" chosen=true />
        </Menu>
        <Button label="Dialog" on_press=move |()| middle.set(true) />
        <Button label="Question" on_press=move |()| question.set(true) />
        <Button label="Drawer" on_press=move |()| drawer.set(true) />
        <Button label="Toast" on_press=move |()| toasts.done("Saved.".to_owned()) />
        <Button label="Failed toast" on_press=move |()| toasts.failed("Could not be saved.".to_owned()) />
        <Dialog label="A question" open=middle>
            <div class="dialog__body"><h2>"A question"</h2><p class="muted">"What will be lost."</p></div>
        </Dialog>
        <Confirm title=words("Remove this?") words=words("What will be lost.") act=words("Remove") open=question busy=false outcome=|| () on_act=move |()| question.set(false) />
        <Dialog label="A drawer" open=drawer kind=DialogKind::Drawer>
            <div class="dialog__body"><h2>"A drawer"</h2></div>
        </Dialog>
    };
    part("Overlays", inside.into_any())
}
