//! When a cart counts as left, and how many people stay without messages.

use leptos::prelude::*;

use super::form::{Context, Form, Span};
use crate::graphql::settings::SettingsStore;
use crate::graphql::update_store_settings::StoreSettingsInput;
use crate::i18n::t;
use crate::ui::NumberField;

/// The part about abandonment.
pub fn form(store: &SettingsStore, context: Context) -> AnyView {
    let form = Form::new(context);
    let settings = &store.settings;
    let cart = Span::new(settings.abandon_cart_after_seconds);
    let checkout = Span::new(settings.abandon_checkout_after_seconds);
    let quote = Span::new(settings.abandon_quote_after_seconds);
    let holdout = RwSignal::new(settings.holdout_percent.to_string());
    let percent =
        move || holdout.get().trim().parse::<i64>().ok().filter(|percent| (0..=50).contains(percent));
    let span_wrong = |span: Span| move || span.seconds().is_none().then(t::settings_span_wrong);
    let percent_wrong = move || percent().is_none().then(t::settings_percent_wrong);
    let wrong = Signal::derive(move || {
        [cart, checkout, quote].into_iter().any(|span| span.seconds().is_none()) || percent().is_none()
    });
    let input = move || StoreSettingsInput {
        abandon_cart_after_seconds: untrack(|| cart.seconds()),
        abandon_checkout_after_seconds: untrack(|| checkout.seconds()),
        abandon_quote_after_seconds: untrack(|| quote.seconds()),
        holdout_percent: untrack(percent),
        ..StoreSettingsInput::default()
    };
    let unit = || view! { <span class="affix__unit">"%"</span> }.into_any();
    let fields = view! {
        <p class="muted">{t::settings_abandonment_about()}</p>
        {cart.field("after-cart", t::settings_after_cart(), t::settings_after_cart_hint(), form.error("abandonCartAfterSeconds", span_wrong(cart)))}
        {checkout.field("after-checkout", t::settings_after_checkout(), t::settings_after_checkout_hint(), form.error("abandonCheckoutAfterSeconds", span_wrong(checkout)))}
        {quote.field("after-quote", t::settings_after_quote(), t::settings_after_quote_hint(), form.error("abandonQuoteAfterSeconds", span_wrong(quote)))}
        <NumberField id="holdout" label=t::holdout_label() value=holdout unit=unit hint=t::settings_holdout_hint() error=form.error("holdoutPercent", percent_wrong) />
    };
    form.view(t::settings_abandonment(), fields.into_any(), wrong, input)
}
