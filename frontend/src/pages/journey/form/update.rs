//! What a run writes down about the person: tags. Traits are set by the API; they are shown and stay.

use cartwheel_domain::journey::{Node, UpdateContact};
use leptos::prelude::*;

use super::{Form, follow};
use crate::i18n::t;
use crate::ui::Field;
use crate::words;

/// The form.
pub fn form(form: Form, update: &UpdateContact) -> AnyView {
    let (add, remove) =
        (RwSignal::new(update.add_tags.join(", ")), RwSignal::new(update.remove_tags.join(", ")));
    follow(
        move || (add.get(), remove.get()),
        move |(add, remove)| {
            form.set(|node| {
                if let Node::UpdateContact(update) = node {
                    (update.add_tags, update.remove_tags) = (tags(&add), tags(&remove));
                }
            });
        },
    );
    let traits = (!update.set_traits.is_empty()).then(|| {
        let only = UpdateContact { add_tags: Vec::new(), remove_tags: Vec::new(), ..update.clone() };
        view! { <p class="muted small">{words::node_about(&Node::UpdateContact(only))}</p> }
    });
    view! {
        <Field id="add-tags" label=t::update_add() value=add hint=t::update_hint() />
        <Field id="remove-tags" label=t::update_remove() value=remove />
        {traits}
    }
    .into_any()
}

/// Tags as they are typed: with commas between.
fn tags(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::tags;

    #[test]
    fn commas_stand_between_tags() {
        assert_eq!(tags(" vip, left twice ,,"), ["vip", "left twice"]);
        assert!(tags(" , ").is_empty());
    }
}
