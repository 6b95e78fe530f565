//! What a text would say to somebody of the store: the values for a cart that is there, or for an example.

use super::render::{company, context, sender};
use crate::{
    accounts::StoreInfo,
    db::{DbError, Scoped},
    templates::example::example,
};
use cartwheel_domain::{
    ids::CartId,
    locale::{Formality, Language},
    template::context::{LinkContext, MailContext},
    time::Millis,
};
use cartwheel_entity::{cart, contact};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, BTreeSet};

/// Newest carts among which somebody with an address is looked for.
const NEWEST: u64 = 200;

/// Links of a mail that nobody gets: they look like those of a real one and lead nowhere.
fn links(public_url: &str) -> LinkContext {
    let unsubscribe = format!("{public_url}/u/preview");
    LinkContext {
        restore: format!("{public_url}/r/preview"),
        preferences: Some(unsubscribe.clone()),
        unsubscribe,
        view: None,
    }
}

/// The cart that is asked for; else the one that was left last, of somebody who can be written to.
async fn chosen(
    scoped: &Scoped<'_>,
    cart: Option<CartId>,
) -> Result<Option<(cart::Model, contact::Model)>, DbError> {
    use cart::Column;
    let rows = match cart {
        Some(id) => scoped.find::<cart::Entity>().filter(Column::Id.eq(id.uuid())).all(scoped.on()).await?,
        None => {
            let left = scoped.find::<cart::Entity>().filter(Column::Status.eq("abandoned"));
            let left = left.filter(Column::Kind.eq("cart"));
            let newest = left.order_by_desc(Column::UpdatedAt).order_by_desc(Column::Id).limit(NEWEST);
            newest.all(scoped.on()).await?
        }
    };
    let people = rows.iter().filter_map(|cart| cart.contact_id).collect::<BTreeSet<_>>();
    let people = scoped.find_among::<contact::Entity, _>(contact::Column::Id, people).await?;
    let mut reached: BTreeMap<_, _> =
        people.into_iter().filter(|contact| contact.email.is_some()).map(|c| (c.id, c)).collect();
    let found = rows.into_iter().find_map(|cart| Some((reached.remove(&cart.contact_id?)?, cart)));
    Ok(found.map(|(contact, cart)| (cart, contact)))
}

/// The values of a mail in a language and form, and the cart they are of; an example's where there is none.
///
/// # Errors
/// What the database says.
pub async fn values(
    scoped: &Scoped<'_>,
    store: &StoreInfo,
    public_url: &str,
    (cart, language, formality): (Option<CartId>, Language, Formality),
    now: Millis,
) -> Result<(MailContext, Option<cart::Model>), DbError> {
    let Some((cart, contact)) = chosen(scoped, cart).await? else {
        let mut values = example(language, formality, "cart");
        values.store = sender(store);
        values.links = links(public_url);
        values.cart.items.iter_mut().for_each(|item| item.image_url = None);
        values.time_zone.clone_from(&store.settings.time_zone);
        values.now = now;
        return Ok((values, None));
    };
    let company = company(scoped, Some(&cart)).await?;
    let mut values = context(store, &contact, (Some(&cart), company), links(public_url), now);
    if values.language != language {
        values.locale = language.code().to_owned();
        values.language = language;
    }
    values.formality = formality;
    Ok((values, Some(cart)))
}
