//! The basket as the shopper sees it.

use leptos::prelude::*;

use crate::graphql::cart::CartStoreCart;
use crate::i18n::{format, t};
use crate::ui::{Icon, icon};

/// The lines with picture, variant, quantity and price, and the sum.
pub fn basket(cart: &CartStoreCart) -> AnyView {
    let lines: Vec<_> = cart
        .lines
        .iter()
        .map(|line| {
            let picture = match line.image_url.as_ref().filter(|url| url.starts_with('/')) {
                Some(url) => view! { <img src=url.clone() alt="" loading="lazy" width="44" height="44" /> }.into_any(),
                None => icon(Icon::Package),
            };
            let variant = line.variant.clone().filter(|variant| !variant.is_empty());
            view! {
                <li class="basket__line">
                    <span class="basket__picture">{picture}</span>
                    <div class="grow">
                        <p class="strong">{line.title.clone()}</p>
                        <p class="tiny muted">
                            {variant.map(|variant| format!("{variant} · "))}
                            {format!("{} × {}", format::number(line.quantity), format::money(&line.price.decimal, &line.price.currency))}
                        </p>
                    </div>
                    <span class="num nowrap">{format::money(&line.total.decimal, &line.total.currency)}</span>
                </li>
            }
        })
        .collect();
    let total = format::money(&cart.total.decimal, &cart.total.currency);
    let valid = cart.quote_valid_until.map(|until| t::quote_valid(&format::date(until.0)));
    view! {
        <section class="card" aria-labelledby="basket">
            <div class="card__head">
                <h2 id="basket">{t::basket()}</h2>
                <span class="muted small">{valid}</span>
            </div>
            <div class="card__body">
                <ul class="basket">{lines}</ul>
                <div class="basket__sum"><span class="muted">{t::basket_total()}</span><b class="num">{total}</b></div>
            </div>
        </section>
    }
    .into_any()
}
