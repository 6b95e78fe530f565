//! The drawing: places come from `domain`, so the picture is the same everywhere. Nodes are buttons in reading order,
//! so the keyboard walks them as the eye does; lines are drawn beneath.

use cartwheel_domain::journey::Definition;
use cartwheel_domain::journey::layout::{Edge, Placed, Sizes, layout};
use leptos::prelude::*;

use super::draft::{Counts, Draft};
use crate::i18n::t;
use crate::route::Parameters;
use crate::ui::icon;
use crate::words;

const SIZES: Sizes = Sizes { node_width: 232, node_height: 76, gap_x: 36, gap_y: 44 };
/// Kept free around the drawing.
const MARGIN: i32 = 24;

/// The drawing of the draft.
pub fn drawing(draft: Draft, counts: StoredValue<Counts>, parameters: Parameters) -> AnyView {
    let picture = move || {
        let definition = draft.shown.get();
        let placed = layout(&definition, SIZES);
        let nodes: Vec<_> = placed
            .nodes
            .iter()
            .filter_map(|place| node(&definition, place, counts, parameters, draft))
            .collect();
        let lines: Vec<_> = placed
            .edges
            .iter()
            .map(|edge| view! { <path class="graph__edge" d=path(&edge.points)></path> })
            .collect();
        let tips: Vec<_> = placed
            .edges
            .iter()
            .filter_map(|edge| edge.points.last())
            .map(|(x, y)| view! { <path class="graph__tip" d=format!("M{} {}l-4 -7h8z", x + MARGIN, y + MARGIN)></path> })
            .collect();
        let labels: Vec<_> = placed.edges.iter().filter_map(|edge| label(&definition, edge)).collect();
        let (width, height) = (placed.width + 2 * MARGIN, placed.height + 2 * MARGIN);
        view! {
            <div class="graph__sheet" style:width=format!("{width}px") style:height=format!("{height}px")>
                <svg class="graph__lines" width=width height=height viewBox=format!("0 0 {width} {height}") aria-hidden="true">
                    {lines}
                    {tips}
                </svg>
                {labels}
                <ol>{nodes}</ol>
            </div>
        }
    };
    view! { <div class="graph" role="group" aria-label=t::journey_drawing()>{picture}</div> }.into_any()
}

/// Straight down and across with rounded corners.
fn path(points: &[(i32, i32)]) -> String {
    let mut points = points.iter().map(|(x, y)| (x + MARGIN, y + MARGIN));
    let Some((mut x, mut y)) = points.next() else { return String::new() };
    let mut path = format!("M{x} {y}");
    for (to_x, to_y) in points {
        let (across, down) = (to_x - x, to_y - y);
        if across == 0 || down == 0 {
            path.push_str(&format!("L{to_x} {to_y}"));
        } else {
            let middle = y + down / 2;
            let round = 10.min(across.abs() / 2).min(down.abs() / 2);
            let side = across.signum();
            path.push_str(&format!(
                "V{}q0 {round} {} {round}H{}q{} 0 {} {round}V{to_y}",
                middle - round,
                round * side,
                to_x - round * side,
                round * side,
                round * side,
            ));
        }
        (x, y) = (to_x, to_y);
    }
    path
}

/// The word on an edge where a node has several.
fn label(definition: &Definition, edge: &Edge) -> Option<AnyView> {
    let words = words::way(definition.nodes.get(&edge.from)?, &edge.field)?;
    let (x, y) = *edge.points.first()?;
    let (left, top) = (format!("{}px", x + MARGIN), format!("{}px", y + MARGIN + 12));
    Some(
        view! { <span class="graph__label" aria-hidden="true" style:left=left style:top=top>{words}</span> }
            .into_any(),
    )
}

fn node(
    definition: &Definition,
    place: &Placed,
    counts: StoredValue<Counts>,
    parameters: Parameters,
    draft: Draft,
) -> Option<AnyView> {
    let node = definition.nodes.get(&place.id)?;
    let id = place.id.as_str().to_owned();
    let count = counts.with_value(|counts| counts.get(&id).copied()).unwrap_or_default();
    let (left, top) = (format!("{}px", place.x + MARGIN), format!("{}px", place.y + MARGIN));
    let (mine, wrong, pick) = (id.clone(), id.clone(), id);
    let waiting = (count.waiting > 0)
        .then(|| view! { <span class="graph__waiting">{t::node_waiting(count.waiting)}</span> });
    Some(
        view! {
            <li>
                <button
                    type="button"
                    class=format!("graph__node graph__node--{}", node.kind())
                    class:is-wrong=move || draft.problems.with(|problems| problems.iter().any(|one| one.node.as_deref() == Some(&wrong)))
                    style:left=left
                    style:top=top
                    aria-pressed=move || if parameters.get("node") == mine { "true" } else { "false" }
                    on:click=move |_| parameters.set(&[("node", &pick)])
                >
                    <span class="graph__sign">{icon(words::node_sign(node))}</span>
                    <span class="graph__words">
                        <span class="graph__name">{words::node_name(node)}</span>
                        <span class="graph__about">{words::node_about(node)}</span>
                        <span class="graph__counts">
                            <span>{t::node_entered(count.entered)}</span>
                            {waiting}
                        </span>
                    </span>
                </button>
            </li>
        }
        .into_any(),
    )
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_straight_edge_is_one_line() {
        assert_eq!(path(&[(10, 0), (10, 50)]), "M34 24L34 74");
    }

    #[test]
    fn a_bend_goes_down_across_and_down() {
        let path = path(&[(0, 0), (100, 60)]);
        assert!(path.starts_with("M24 24V") && path.ends_with("V84"), "{path}");
        assert_eq!(path.matches('q').count(), 2);
    }
}
