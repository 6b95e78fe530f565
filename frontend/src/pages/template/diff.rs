//! Lines of a text beside what they were: what goes, what comes, and a little of what stands around.

use leptos::prelude::*;

use crate::graphql::template_roll_out::Difference;
use crate::graphql::types::DiffKind;
use crate::words;

/// One field of one text.
pub fn difference(one: &Difference) -> AnyView {
    let name =
        format!("{} · {}", words::form(&one.language, one.formality), words::template_field(&one.field));
    let lines: Vec<_> = one.lines.iter().map(|line| drawn(line.kind, line.text.clone())).collect();
    view! {
        <li class="stack stack--tight">
            <span class="tiny">{name.clone()}</span>
            <div class="diff" tabindex="0" role="group" aria-label=name>{lines}</div>
        </li>
    }
    .into_any()
}

/// One line. Its sign says as much as its colour.
fn drawn(kind: DiffKind, text: String) -> AnyView {
    match kind {
        DiffKind::Same => view! { <span class="diff__line">{text}</span> }.into_any(),
        DiffKind::Removed => view! { <del class="diff__line">{text}</del> }.into_any(),
        DiffKind::Added => view! { <ins class="diff__line">{text}</ins> }.into_any(),
        DiffKind::Gap => view! { <span class="diff__line muted">"…"</span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::template_roll_out::DifferenceLines;
    use crate::graphql::types::Formality;
    use crate::i18n::{Lang, install};

    #[test]
    fn what_goes_and_what_comes_are_told_apart_without_colours() {
        assert!(install(Lang::En, include_str!("../../../lang/en.json")));
        let line = |kind, text: &str| DifferenceLines { kind, text: text.to_owned() };
        let one = Difference {
            language: "de".to_owned(),
            formality: Formality::Formal,
            field: "subject".to_owned(),
            lines: vec![
                line(DiffKind::Gap, ""),
                line(DiffKind::Removed, "Alt"),
                line(DiffKind::Added, "Neu"),
            ],
        };
        let html = Owner::new().with(|| difference(&one).to_html());
        for part in ["Deutsch · formal · Subject", "<del", "Alt", "<ins", "Neu", "…"] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }
}
