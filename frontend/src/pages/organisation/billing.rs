//! What the organisation pays for and what it used: the plan, usage against its caps, stores, plans to buy, invoices.

use std::sync::Arc;

use cartwheel_domain::money::Money;
use leptos::prelude::*;

use super::Context;
use crate::api::{Change, Query, use_query};
use crate::browser;
use crate::graphql;
use crate::graphql::billing::{
    BillingOrganisationBilling as Data, BillingOrganisationBillingInvoices as Invoice,
    BillingOrganisationBillingPlans as Plan, BillingOrganisationBillingStores as Store,
    BillingOrganisationBillingUsage as Usage, ResponseData, Variables,
};
use crate::graphql::preview_plan::PreviewPlanPreviewPlanPreview as Preview;
use crate::graphql::types::{BillingCurrency, BillingCycle, Role};
use crate::i18n::{format, t};
use crate::pages::shared::outcome;
use crate::ui::{
    Button, ButtonKind, Dialog, Icon, Segmented, Switch, Tone, badge, empty, moment, notice, progress,
    skeleton_lines, stateful, use_toasts,
};

/// What the sections work with.
#[derive(Clone, Copy)]
struct Desk {
    context: Context,
    query: Query<ResponseData>,
    change: Change,
    cycle: RwSignal<String>,
    currency: RwSignal<String>,
    /// What a change would cost: the plan, its cycle, and the sums.
    asked: RwSignal<Option<(String, BillingCycle, Preview)>>,
    asking: RwSignal<bool>,
}

impl Desk {
    fn organisation(self) -> String {
        self.context.id.get_untracked()
    }

    /// Only owners spend the organisation's money.
    fn owner(self) -> bool {
        self.context.role.get_untracked() == Role::Owner
    }

    fn cycle(self) -> BillingCycle {
        BillingCycle::from_word(&self.cycle.get_untracked()).unwrap_or_default()
    }

    fn done(self, words: String) {
        use_toasts().done(words);
        self.query.refetch();
    }
}

/// The part about billing.
pub fn part(context: Context) -> AnyView {
    let query = use_query::<graphql::Billing>(move || Some(Variables { organisation: context.id.get() }));
    let text = |text: &str| RwSignal::new(text.to_owned());
    let desk = Desk {
        context,
        query,
        change: Change::default(),
        cycle: text(BillingCycle::Month.word()),
        currency: text(BillingCurrency::Eur.word()),
        asked: RwSignal::new(None),
        asking: RwSignal::new(false),
    };
    let content = stateful(
        query,
        || skeleton_lines(8),
        move |data: Arc<ResponseData>| match data.organisation.as_ref().and_then(|one| one.billing.as_ref()) {
            Some(billing) => sections(billing, desk),
            None => empty(Icon::Info, t::billing_off(), t::billing_off_words(), ().into_any()),
        },
    );
    view! {
        <div class="stack stack--wide">{outcome(desk.change, &[])} {content}</div>
        {preview_dialog(desk)}
    }
    .into_any()
}

pub(super) fn money(minor: i64, code: &str) -> String {
    match code.parse() {
        Ok(currency) => format::money(&Money { minor, currency }.to_decimal(), code),
        Err(_) => format!("{minor} {code}"),
    }
}

/// A plan's name: a proper name in every language.
pub(super) fn name(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn measure(word: &str) -> String {
    match word {
        "email" => t::measure_email(),
        "sms" => t::measure_sms(),
        "push" => t::measure_push(),
        "post" => t::measure_post(),
        "contacts" => t::measure_contacts(),
        other => other.to_owned(),
    }
}

fn sections(data: &Data, desk: Desk) -> AnyView {
    desk.currency.set(data.currency.clone());
    if let Some(cycle) = BillingCycle::from_word(&data.cycle) {
        desk.cycle.set(cycle.word().to_owned());
    }
    view! {
        {notices(data)}
        {plan(data, desk)}
        {usage(&data.usage, data)}
        {(data.stores.len() > 1).then(|| stores(&data.stores))}
        {plans(data, desk)}
        {data.invoices.as_ref().map(|list| invoices(list))}
    }
    .into_any()
}

/// What must be known first.
fn notices(data: &Data) -> Vec<AnyView> {
    let mut list = Vec::new();
    let none = || ().into_any();
    if let Some(hold) = &data.hold {
        let words = match hold.reason.as_str() {
            "cap" => t::billing_hold_cap(),
            "unpaid" => t::billing_hold_unpaid(),
            _ => t::billing_hold_ended(),
        };
        list.push(notice(Tone::Negative, t::billing_hold(), view! { <p>{words}</p> }.into_any()));
    }
    if let (Some(_), Some(until)) = (data.past_due_since, data.grace_ends_at) {
        list.push(notice(Tone::Caution, t::billing_past_due(&format::date(until.0)), none()));
    }
    if let Some(at) = data.cancels_at.filter(|_| subscribed(&data.status)) {
        list.push(notice(Tone::Caution, t::billing_cancels(&format::date(at.0)), none()));
    }
    if let Some(at) = data.retained_until {
        list.push(notice(Tone::Caution, t::billing_retained(&format::date(at.0)), none()));
    }
    if let (Some(at), "trialing") = (data.trial_ends_at, data.status.as_str()) {
        list.push(notice(Tone::Information, t::billing_trial(&format::date(at.0)), none()));
    }
    list
}

/// Whether there is a subscription at Stripe that can be changed.
fn subscribed(status: &str) -> bool {
    matches!(status, "trialing" | "active" | "past_due" | "unpaid" | "paused")
}

fn plan(data: &Data, desk: Desk) -> AnyView {
    let subscribed = subscribed(&data.status);
    let price = subscribed.then(|| {
        let sum = money(data.price_minor, &data.currency);
        if data.cycle == "year" { t::billing_per_year(&sum) } else { t::billing_per_month(&sum) }
    });
    let paid = data.paid_until.filter(|_| subscribed).map(|at| t::billing_next(&format::date(at.0)));
    let portal = move |()| {
        let variables = graphql::open_billing_portal::Variables { organisation: desk.organisation() };
        desk.change.send::<graphql::OpenBillingPortal>(variables, move |data| {
            browser::leave_to(&data.open_billing_portal.url.unwrap_or_default());
        });
    };
    let cancels = data.cancels_at.is_some();
    let end = move |()| {
        let organisation = desk.organisation();
        if cancels {
            let variables = graphql::resume_plan::Variables { organisation };
            desk.change.send::<graphql::ResumePlan>(variables, move |_| desk.done(t::billing_resumed()));
        } else {
            let variables = graphql::cancel_plan::Variables { organisation };
            desk.change.send::<graphql::CancelPlan>(variables, move |_| desk.done(t::billing_cancelled()));
        }
    };
    let beyond = RwSignal::new(data.beyond);
    let flip = move |on: bool| {
        beyond.set(on);
        let variables = graphql::set_beyond::Variables { organisation: desk.organisation(), beyond: on };
        desk.change.send::<graphql::SetBeyond>(variables, move |_| desk.done(t::billing_beyond_done()));
    };
    let words =
        Signal::derive(move || if beyond.get() { t::billing_beyond_on() } else { t::billing_beyond_off() });
    let owner = desk.owner() && subscribed;
    let actions = owner.then(|| {
        let end_words = if cancels { t::billing_resume() } else { t::billing_cancel() };
        view! {
            <div class="row row--wrap">
                <Button label=t::billing_portal() busy=desk.change.busy on_press=portal />
                <Button label=end_words kind=ButtonKind::Quiet on_press=end />
            </div>
            <Switch label=t::billing_beyond() on=beyond on_flip=flip words=words disabled=desk.change.busy />
        }
    });
    view! {
        <section class="section" aria-labelledby="plan">
            <h2 id="plan">{t::billing_plan(&name(&data.plan))}</h2>
            <p>{price} " " <span class="muted">{paid}</span></p>
            {actions}
            {(!desk.owner()).then(|| view! { <p class="muted">{t::billing_owner()}</p> })}
        </section>
    }
    .into_any()
}

fn usage(list: &[Usage], data: &Data) -> AnyView {
    let row = |one: &Usage| {
        let (name, percent) = (measure(&one.measure), u32::try_from(one.percent.clamp(0, 100)).unwrap_or(0));
        let of = t::billing_of(&format::number(one.cap), &format::number(one.used));
        let forecast = one.forecast.map(|n| t::billing_forecast(&format::number(n)));
        let tone = match one.percent {
            100.. => {
                badge(Tone::Negative, Some(Icon::CircleAlert), format::percent(one.percent as f64 / 100.0))
            }
            80.. => {
                badge(Tone::Caution, Some(Icon::TriangleAlert), format::percent(one.percent as f64 / 100.0))
            }
            _ => badge(Tone::Quiet, None, format::percent(one.percent as f64 / 100.0)),
        };
        view! {
            <li class="stack stack--tight">
                <div class="row row--between row--wrap"><span class="strong">{name.clone()}</span>{tone}</div>
                {progress(percent, 100, format!("{name}: {of}"))}
                <div class="row row--between row--wrap tiny muted"><span>{of}</span><span>{forecast}</span></div>
            </li>
        }
    };
    let rows: Vec<_> = list.iter().filter(|one| one.cap > 0 || one.used > 0).map(row).collect();
    let period = t::billing_period(&format::date(data.period_start.0), &format::date(data.period_end.0));
    view! {
        <section class="section form-wide" aria-labelledby="usage">
            <h2 id="usage">{t::billing_usage()}</h2>
            <p class="muted">{period}</p>
            <ul class="stack">{rows}</ul>
        </section>
    }
    .into_any()
}

fn stores(list: &[Store]) -> AnyView {
    let rows: Vec<_> = list
        .iter()
        .map(|one| {
            let used: Vec<_> = one
                .usage
                .iter()
                .filter(|part| part.used > 0)
                .map(|part| format!("{}: {}", measure(&part.measure), format::number(part.used)))
                .collect();
            let sandbox = one.sandbox.then(|| view! { " " {badge(Tone::Caution, None, t::store_sandbox())} });
            view! {
                <tr>
                    <td><span class="anywhere">{one.name.clone()}</span>{sandbox}</td>
                    <td class="muted">{if used.is_empty() { "–".to_owned() } else { used.join(", ") }}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <section class="section" aria-labelledby="store-usage">
            <h2 id="store-usage">{t::all_stores_list()}</h2>
            <div class="table-frame">
                <table class="table table--cards">
                    <thead><tr><th scope="col">{t::settings_store()}</th><th scope="col">{t::billing_used()}</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn plans(data: &Data, desk: Desk) -> AnyView {
    let cycles = vec![
        (BillingCycle::Month.word().to_owned(), t::billing_monthly()),
        (BillingCycle::Year.word().to_owned(), t::billing_yearly()),
    ];
    let currencies =
        BillingCurrency::ALL.iter().map(|one| (one.word().to_owned(), one.word().to_owned())).collect();
    let bound = subscribed(&data.status);
    // Who has paid in a currency goes on in it.
    let which = (!bound).then(|| {
        view! { <Segmented label=t::new_store_currency() options=currencies value=desk.currency on_pick=move |code: String| desk.currency.set(code) /> }
    });
    let (own, list) = (data.plan.clone(), data.plans.clone());
    // Of a plan that is over none is one's own: each can be chosen, the free one too.
    let over = data.status == "canceled";
    let rows = move || {
        let own = Some(own.as_str()).filter(|_| !over);
        list.iter().map(|one| offer(one, own, (bound, over), desk)).collect_view()
    };
    view! {
        <section class="section" aria-labelledby="plans">
            <div class="row row--between row--wrap">
                <h2 id="plans">{t::billing_plans()}</h2>
                <div class="row row--wrap">
                    <Segmented label=t::billing_cycle() options=cycles value=desk.cycle on_pick=move |cycle: String| desk.cycle.set(cycle) />
                    {which}
                </div>
            </div>
            <ul class="stack">{rows}</ul>
        </section>
    }
    .into_any()
}

fn offer(plan: &Plan, own: Option<&str>, (bound, over): (bool, bool), desk: Desk) -> AnyView {
    let (cycle, currency) = (desk.cycle.get(), desk.currency.get());
    let price = plan
        .prices
        .iter()
        .find(|one| one.currency == currency && one.cycle.eq_ignore_ascii_case(&cycle))
        .map(|one| money(one.minor, &one.currency));
    let price = price.map(|sum| {
        let words = if cycle == BillingCycle::Year.word() {
            t::billing_per_year(&sum)
        } else {
            t::billing_per_month(&sum)
        };
        format!(" · {words}")
    });
    let limits: Vec<_> = plan
        .limits
        .iter()
        .filter(|one| one.included > 0)
        .map(|one| format!("{} {}", format::number(one.included), measure(&one.measure)))
        .collect();
    let (key, current) = (plan.key.clone(), own == Some(plan.key.as_str()));
    let free = plan.prices.is_empty();
    let choose = move |()| {
        let organisation = desk.organisation();
        let (plan, cycle) = (key.clone(), desk.cycle());
        if free {
            let variables = graphql::change_plan::Variables { organisation, plan, cycle, at: None };
            desk.change.send::<graphql::ChangePlan>(variables, move |_| desk.done(t::billing_changed()));
        } else if bound {
            let variables = graphql::preview_plan::Variables { organisation, plan: plan.clone(), cycle };
            desk.change.send::<graphql::PreviewPlan>(variables, move |data| {
                if let Some(preview) = data.preview_plan.preview {
                    desk.asked.set(Some((plan, cycle, preview)));
                    desk.asking.set(true);
                }
            });
        } else {
            let currency = BillingCurrency::from_word(&desk.currency.get_untracked()).unwrap_or_default();
            let variables = graphql::start_checkout::Variables { organisation, plan, cycle, currency };
            desk.change.send::<graphql::StartCheckout>(variables, move |data| {
                browser::leave_to(&data.start_checkout.url.unwrap_or_default());
            });
        }
    };
    let action = if current {
        Some(badge(Tone::Positive, Some(Icon::Check), t::billing_current()))
    } else if desk.owner() && (!free || over) {
        Some(view! { <Button label=t::billing_choose() of=name(&plan.key) busy=desk.change.busy on_press=choose /> }.into_any())
    } else {
        None
    };
    view! {
        <li class="card">
            <div class="card__body row row--between row--wrap">
                <div class="stack stack--tight">
                    <span class="strong">{name(&plan.key)} {price}</span>
                    <span class="tiny muted">{limits.join(", ")}</span>
                </div>
                {action}
            </div>
        </li>
    }
    .into_any()
}

/// What the change would cost; and shall it be done?
fn preview_dialog(desk: Desk) -> AnyView {
    let change = Change::default();
    let content = move || {
        change.clear();
        let (plan, cycle, preview) = desk.asked.get_untracked()?;
        let code = preview.currency.clone();
        let lines: Vec<_> = preview
            .lines
            .iter()
            .map(|line| view! { <li class="row row--between small"><span class="anywhere">{line.description.clone()}</span><span class="nowrap">{money(line.amount_minor, &code)}</span></li> })
            .collect();
        let title = t::billing_change(&name(&plan));
        let at = preview.at;
        let save = move |()| {
            let organisation = desk.organisation();
            let variables =
                graphql::change_plan::Variables { organisation, plan: plan.clone(), cycle, at: Some(at) };
            change.send::<graphql::ChangePlan>(variables, move |_| {
                desk.asking.set(false);
                desk.done(t::billing_changed());
            });
        };
        Some(view! {
            <div class="dialog__body">
                <h2>{title}</h2>
                <ul class="stack stack--tight">{lines}</ul>
                <p class="row row--between strong"><span>{t::billing_now()}</span><span>{money(preview.now_minor, &preview.currency)}</span></p>
                <p class="muted">{t::billing_then(&money(preview.cycle_minor, &preview.currency))}</p>
                {outcome(change, &[])}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| desk.asking.set(false) />
                    <Button label=t::billing_change_do() kind=ButtonKind::Primary busy=change.busy on_press=save />
                </div>
            </div>
        })
    };
    view! { <Dialog label=t::billing_plans() open=desk.asking>{content()}</Dialog> }.into_any()
}

fn invoices(list: &[Invoice]) -> AnyView {
    if list.is_empty() {
        return view! { <p class="muted">{t::billing_invoices_none()}</p> }.into_any();
    }
    let row = |one: &Invoice| {
        let status = match one.status.as_str() {
            "paid" => badge(Tone::Positive, Some(Icon::Check), t::invoice_paid()),
            "open" => badge(Tone::Caution, Some(Icon::Clock), t::invoice_open()),
            "draft" => badge(Tone::Quiet, None, t::invoice_draft()),
            _ => badge(Tone::Negative, None, t::invoice_unpaid()),
        };
        let label = one.number.clone().unwrap_or_else(t::invoice_draft);
        let named = match &one.url {
            Some(url) => {
                view! { <a class="table__link" href=url.clone() rel="noreferrer">{label}</a> }.into_any()
            }
            None => view! { {label} }.into_any(),
        };
        view! {
            <tr>
                <td>{named}<div class="tiny muted">{moment(one.created_at.0)}</div></td>
                <td>{status}</td>
                <td class="right strong">{money(one.total_minor, &one.currency)}</td>
            </tr>
        }
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    view! {
        <section class="section" aria-labelledby="invoices">
            <h2 id="invoices">{t::billing_invoices()}</h2>
            <div class="table-frame"><table class="table"><tbody>{rows}</tbody></table></div>
        </section>
    }
    .into_any()
}
