//! Search and commands: type a few letters of a page or an action, press Enter.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::nav;
use super::stores::{use_store, use_stores};
use crate::api::session;
use crate::graphql::types::Role;
use crate::i18n::{Lang, t};
use crate::prefs::{Prefs, Theme};
use crate::route::{Part, Route, Section, use_store_id};
use crate::ui::{Dialog, DialogKind, Icon, icon};
use crate::words;

#[derive(Clone)]
enum Act {
    Go(String),
    Theme(Theme),
    Language(Lang),
    SignOut,
}

#[derive(Clone)]
struct Command {
    words: String,
    sign: Icon,
    act: Act,
}

fn commands(store: &str, role: Role) -> Vec<Command> {
    let mut list: Vec<Command> = nav::entries()
        .into_iter()
        .filter(|entry| role >= entry.route.least())
        .map(|entry| Command { words: entry.name, sign: entry.sign, act: Act::Go(entry.route.path(store)) })
        .collect();
    let sections = Section::ALL.into_iter().filter(|section| role >= Route::Settings(*section).least());
    list.extend(sections.map(|section| Command {
        words: format!("{} › {}", t::nav_settings(), words::section(section)),
        sign: Icon::Settings,
        act: Act::Go(Route::Settings(section).path(store)),
    }));
    let parts = Part::ALL.into_iter().filter(|part| role >= words::least(*part));
    list.extend(parts.map(|part| Command {
        words: format!("{} › {}", t::nav_organisation(), words::part(part)),
        sign: Icon::Building,
        act: Act::Go(Route::Organisation(part).path(store)),
    }));
    list.push(Command {
        words: t::nav_account(),
        sign: Icon::User,
        act: Act::Go(Route::Account.path(store)),
    });
    list.push(Command { words: t::all_stores(), sign: Icon::Store, act: Act::Go(Route::AllStores.path("")) });
    let theme = |words, sign, theme| Command { words, sign, act: Act::Theme(theme) };
    list.push(theme(t::theme_light(), Icon::Sun, Theme::Light));
    list.push(theme(t::theme_dark(), Icon::Moon, Theme::Dark));
    list.push(theme(t::theme_system(), Icon::Monitor, Theme::System));
    list.extend(Lang::ALL.into_iter().map(|lang| Command {
        words: lang.own_name().to_owned(),
        sign: Icon::Globe,
        act: Act::Language(lang),
    }));
    list.push(Command { words: t::sign_out(), sign: Icon::LogOut, act: Act::SignOut });
    list
}

/// The palette. Ctrl or command with K opens it from everywhere.
#[component]
pub fn Palette(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    if cfg!(target_arch = "wasm32") {
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                open.update(|open| *open = !*open);
            }
        });
        on_cleanup(move || handle.remove());
    }
    view! {
        <Dialog label=t::palette_open() open=open kind=DialogKind::Palette>
            <Inside open=open />
        </Dialog>
    }
    .into_any()
}

#[component]
fn Inside(open: RwSignal<bool>) -> impl IntoView {
    let (store, navigate, prefs) = (use_store_id(), use_navigate(), expect_context::<Prefs>());
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let info = use_store();
    // Pages that belong to no store lead back to the one last looked at.
    let (back, least) = match use_stores().first() {
        Some(first) => (first.id.clone(), first.role),
        None => (String::new(), Role::Support),
    };
    let role = move || info.with(|info| info.as_ref().map_or(least, |info| info.role));
    let of = move || store.with(|store| if store.is_empty() { back.clone() } else { store.clone() });
    let all = Memo::new_with_compare(move |_| commands(&of(), role()), |_, _| true);
    let found = Memo::new_with_compare(
        move |_| {
            let typed = typed.get().to_lowercase();
            let matches = |command: &Command| {
                typed.split_whitespace().all(|part| command.words.to_lowercase().contains(part))
            };
            all.with(|all| all.iter().filter(|command| matches(command)).cloned().collect::<Vec<_>>())
        },
        |_, _| true,
    );
    let run = move |command: Command| {
        open.set(false);
        match command.act {
            Act::Go(path) => navigate(&path, NavigateOptions::default()),
            Act::Theme(theme) => prefs.set_theme(theme),
            Act::Language(lang) => prefs.set_language(lang),
            Act::SignOut => spawn_local(session::sign_out()),
        }
    };
    let run_key = run.clone();
    let key = move |event: leptos::ev::KeyboardEvent| {
        let count = found.with(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => at.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                if let Some(command) = found.with(|found| found.get(at.get_untracked()).cloned()) {
                    run_key(command);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let lines = move || {
        let run = run.clone();
        let lines: Vec<_> = found
            .get()
            .into_iter()
            .enumerate()
            .map(|(place, command)| {
                let (run, mine) = (run.clone(), command.clone());
                view! {
                    <div
                        class="menu__item"
                        role="option"
                        id=format!("command-{place}")
                        aria-selected=move || if at.get() == place { "true" } else { "false" }
                        on:pointermove=move |_| at.set(place)
                        on:click=move |_| run(mine.clone())
                    >
                        {icon(command.sign)}
                        <span class="truncate">{command.words}</span>
                    </div>
                }
            })
            .collect();
        if lines.is_empty() {
            view! { <p class="palette__none">{t::palette_none()}</p> }.into_any()
        } else {
            lines.into_any()
        }
    };
    crate::browser::after(0, || crate::browser::focus("palette-field"));
    view! {
        <div class="palette__field">
            {icon(Icon::Search)}
            <input
                id="palette-field"
                type="text"
                role="combobox"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || format!("command-{}", at.get())
                aria-label=t::palette_open()
                placeholder=t::palette_hint()
                autocomplete="off"
                on:input:target=move |event| {
                    at.set(0);
                    typed.set(event.target().value());
                }
                on:keydown=key
            />
        </div>
        <div class="palette__list" id="palette-list" role="listbox" aria-label=t::palette_open()>{lines}</div>
    }
    .into_any()
}
