//! A menu behind a button: arrow keys walk, Escape closes, leaving it closes it too.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::{Icon, icon};

/// A button that opens a list of [`MenuItem`]s.
#[component]
pub fn Menu(
    /// What the button is for. Where the face shows words, they are part of it.
    #[prop(into)]
    label: Signal<String>,
    /// The look of the button.
    class: &'static str,
    /// What stands in the button.
    #[prop(into)]
    face: ViewFn,
    /// Hangs from the left edge in place of the right.
    #[prop(optional)]
    left: bool,
    /// Stands above the button, at the foot of a page.
    #[prop(optional)]
    up: bool,
    /// The items.
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    provide_context(MenuState { open });
    let frame = NodeRef::<leptos::html::Div>::new();
    let button = NodeRef::<leptos::html::Button>::new();
    Effect::new(move |_| {
        if open.get() {
            crate::browser::after(0, move || {
                lift(frame);
                walk(frame, Walk::First);
            });
        }
    });
    let left_it = move |event: leptos::ev::FocusEvent| {
        let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        // A menu that is taken out of the page loses the keyboard too, when nothing of it is left.
        if frame.try_get_untracked().flatten().is_some_and(|frame| !frame.contains(to.as_ref())) {
            open.try_set(false);
        }
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        if !open.get_untracked() {
            return;
        }
        let way = match event.key().as_str() {
            "ArrowDown" => Walk::Next,
            "ArrowUp" => Walk::Back,
            "Home" => Walk::First,
            "End" => Walk::Last,
            "Escape" => {
                event.stop_propagation();
                open.set(false);
                if let Some(button) = button.get_untracked() {
                    // The button is in the page, so it can take the focus.
                    let _ = button.focus();
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        walk(frame, way);
    };
    let list_class = match (left, up) {
        (true, _) => "menu__list menu__list--left",
        (_, true) => "menu__list menu__list--up",
        _ => "menu__list",
    };
    view! {
        <div class="menu" node_ref=frame on:focusout=left_it on:keydown=key>
            <button
                type="button"
                class=class
                node_ref=button
                aria-haspopup="menu"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-label=move || label.get()
                title=move || label.get()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {face.run()}
            </button>
            <Show when=move || open.get()>
                <div class=list_class role="menu" aria-label=label.get_untracked()>{children()}</div>
            </Show>
        </div>
    }
    .into_any()
}

#[derive(Clone, Copy)]
struct MenuState {
    open: RwSignal<bool>,
}

#[derive(Clone, Copy)]
enum Walk {
    First,
    Last,
    Next,
    Back,
}

/// How near a list may come to the edge of the window, CSS pixels.
const EDGE: f64 = 8.0;

/// Lifts a list that would hang out of the window's foot, where nothing may scroll to it, by as much as it hangs out: at most to
/// the window's head, which its own greatest height leaves room for.
fn lift(frame: NodeRef<leptos::html::Div>) {
    let list = frame.get_untracked().and_then(|frame| frame.query_selector("[role=menu]").ok()?);
    let Some(list) = list.and_then(|list| list.dyn_into::<web_sys::HtmlElement>().ok()) else { return };
    let height =
        web_sys::window().and_then(|window| window.inner_height().ok()?.as_f64()).unwrap_or_default();
    let place = list.get_bounding_client_rect();
    let by = (place.bottom() - (height - EDGE)).min(place.top() - EDGE);
    if by > 0.0 {
        // What is not taken leaves the list where it was.
        let _ = list.style().set_property("margin-top", &format!("-{by}px"));
    }
}

fn walk(frame: NodeRef<leptos::html::Div>, way: Walk) {
    let Some(frame) = frame.get_untracked() else { return };
    let Ok(items) = frame.query_selector_all("[role^=menuitem]") else { return };
    let active = crate::browser::document().and_then(|document| document.active_element());
    let items: Vec<web_sys::HtmlElement> =
        (0..items.length()).filter_map(|i| items.item(i)?.dyn_into().ok()).collect();
    let here = items.iter().position(|item| active.as_ref() == Some(item.as_ref()));
    let count = items.len();
    let next = match (way, here) {
        (Walk::Last, _) | (Walk::Back, None) => count.saturating_sub(1),
        (Walk::Next, Some(here)) => (here + 1) % count.max(1),
        (Walk::Back, Some(here)) => (here + count - 1) % count.max(1),
        (Walk::First, _) | (Walk::Next, None) => 0,
    };
    if let Some(item) = items.get(next) {
        // It is shown, so it can take the focus.
        let _ = item.focus();
    }
}

/// One line of a menu: an action, a link, or a choice of several.
#[component]
pub fn MenuItem(
    /// The words.
    #[prop(into)]
    label: String,
    /// Before the words.
    #[prop(optional, into)]
    sign: Option<Icon>,
    /// Where it leads, for a link.
    #[prop(optional, into)]
    href: Option<String>,
    /// Whether it is the chosen one, for a choice.
    #[prop(optional)]
    chosen: Option<bool>,
    /// Called when picked.
    #[prop(optional, into)]
    on_pick: Option<Callback<()>>,
) -> impl IntoView {
    let state = expect_context::<MenuState>();
    let pick = move || {
        state.open.set(false);
        if let Some(on_pick) = on_pick {
            on_pick.run(());
        }
    };
    let inside = view! {
        {sign.map(icon)}
        <span class="truncate grow">{label}</span>
        {chosen.filter(|chosen| *chosen).map(|_| icon(Icon::Check))}
    };
    match (href, chosen) {
        (Some(href), _) => view! {
            <a class="menu__item" role="menuitem" tabindex="-1" href=href on:click=move |_| pick()>{inside}</a>
        }
        .into_any(),
        (None, Some(chosen)) => view! {
            <button type="button" class="menu__item" role="menuitemradio" tabindex="-1" aria-checked=chosen.to_string() on:click=move |_| pick()>
                {inside}
            </button>
        }
        .into_any(),
        (None, None) => view! {
            <button type="button" class="menu__item" role="menuitem" tabindex="-1" on:click=move |_| pick()>{inside}</button>
        }
        .into_any(),
    }
}
