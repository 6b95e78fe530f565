//! The browsers that are signed in, and signing others out.

use leptos::prelude::*;

use crate::api::{Change, Query};
use crate::graphql;
use crate::graphql::account::{AccountViewerSessions as Session, ResponseData};
use crate::graphql::end_session::Variables;
use crate::i18n::t;
use crate::pages::shared::{outcome, people_table};
use crate::ui::{Button, ButtonKind, Confirm, Icon, Tone, badge, moment, use_toasts};
use crate::words;

/// The sessions, the last used first.
pub fn list(sessions: &[Session], query: Query<ResponseData>) -> AnyView {
    let (change, all, toasts) = (Change::default(), Change::default(), use_toasts());
    let asking = RwSignal::new(false);
    let end = move |change: Change, id: Option<String>| {
        change.send::<graphql::EndSession>(Variables { id }, move |data| {
            asking.set(false);
            toasts.done(t::sessions_ended(data.end_session.ended));
            query.refetch();
        });
    };
    let rows: Vec<_> = sessions.iter().map(|session| row(session, move |id| end(change, Some(id)))).collect();
    let others = sessions.iter().any(|session| !session.current).then(|| {
        view! { <Button label=t::sessions_end() on_press=move |()| asking.set(true) /> }
    });
    view! {
        <section class="section" aria-labelledby="sessions">
            <div class="row row--between row--wrap"><h2 id="sessions">{t::sessions()}</h2>{others}</div>
            <p class="muted">{t::sessions_words()}</p>
            {outcome(change, &[])}
            {people_table([t::session_browser(), t::session_since(), t::last_used()], rows)}
        </section>
        <Confirm
            title=Signal::derive(t::sessions_end_title)
            words=Signal::derive(t::sessions_end_words)
            act=Signal::derive(t::sessions_end)
            open=asking
            busy=all.busy
            outcome=move || outcome(all, &[])
            on_act=move |()| end(all, None)
        />
    }
    .into_any()
}

fn row(session: &Session, end: impl Fn(String) + Send + Sync + 'static) -> AnyView {
    let name = words::browser(&session.user_agent);
    let id = session.id.clone();
    let (here, way_out) = if session.current {
        (Some(badge(Tone::Positive, Some(Icon::Check), t::session_this())), None)
    } else {
        let press = move |()| end(id.clone());
        let button =
            view! { <Button label=t::session_end() of=name.clone() kind=ButtonKind::Quiet on_press=press /> };
        (None, Some(button))
    };
    view! {
        <tr>
            <td title=session.user_agent.clone()>
                <div class="row row--wrap"><span class="strong">{name}</span>{here}</div>
            </td>
            <td class="muted nowrap" data-name=t::session_since()>{moment(session.created_at.0)}</td>
            <td class="muted nowrap" data-name=t::last_used()>{moment(session.last_used_at.0)}</td>
            <td class="cell-actions">{way_out}</td>
        </tr>
    }
    .into_any()
}
