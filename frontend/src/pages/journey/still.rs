//! A drawing to be looked at: each step and each way may carry a mark.

use cartwheel_domain::journey::layout::Edge;
use cartwheel_domain::journey::{Definition, NodeId};
use leptos::prelude::*;

use super::canvas::{Picture, path, place, tip};
use crate::ui::icon;
use crate::words;

/// What a step carries: a class, and what stands in it below its words.
pub type Mark = (&'static str, Option<AnyView>);

/// The drawing of one or several versions; what is written in a step comes from the first that has it.
pub fn still(
    picture: &Picture,
    versions: &[&Definition],
    of_node: impl Fn(&NodeId) -> Mark,
    of_way: impl Fn(&Edge) -> &'static str,
) -> AnyView {
    let node = |id: &NodeId| versions.iter().find_map(|definition| definition.nodes.get(id));
    let ways: Vec<_> = picture
        .edges
        .iter()
        .map(|edge| {
            let class = of_way(edge);
            view! {
                <path class=format!("graph__edge {class}") d=path(&edge.points)></path>
                <path class=format!("graph__tip {class}") d=tip(&edge.points)></path>
            }
        })
        .collect();
    let labels: Vec<_> = picture
        .edges
        .iter()
        .filter_map(|edge| {
            let words = words::way(node(&edge.from)?, &edge.field)?;
            let (x, y) = *edge.points.first()?;
            let (left, top) = (format!("{x}px"), format!("{}px", y + 12));
            Some(view! { <span class="graph__label" aria-hidden="true" style:left=left style:top=top>{words}</span> })
        })
        .collect();
    let nodes: Vec<_> = picture
        .nodes
        .iter()
        .filter_map(|(id, corner)| {
            let node = node(id)?;
            let (class, mark) = of_node(id);
            let class = format!("graph__node graph__node--{} {class}", node.kind());
            Some(view! {
                <li>
                    <div class=class data-node=id.to_string() tabindex="-1" style:transform=place(*corner)>
                        <span class="graph__sign">{icon(words::node_sign(node))}</span>
                        <span class="graph__words">
                            <span class="graph__name">{words::node_name(node)}</span>
                            <span class="graph__about">{words::node_about(node)}</span>
                            {mark}
                        </span>
                    </div>
                </li>
            })
        })
        .collect();
    view! {
        <svg class="graph__lines" aria-hidden="true">{ways}</svg>
        {labels}
        <ol>{nodes}</ol>
    }
    .into_any()
}
