//! How a store's mail goes: its servers, its pace, what comes back, and what that is judged to be.

use super::{access::Access, scalars::Time};
use crate::{
    db::{DbError, Role},
    mail::{desk, guard, pace, provider, ways},
};
use async_graphql::{ID, Object, Result, SimpleObject};
use cartwheel_domain::{
    ids::ProviderId,
    mail::{day_start, groups, slowed, usual},
};
use cartwheel_entity::{mail_pace, mail_provider, message};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};

/// Counts of what waits stop here.
const ENOUGH: u64 = 1_000;

/// E-mail of a store.
pub struct Mail(pub Access);

/// A mail server of a store.
#[derive(Clone)]
pub struct MailProvider {
    /// The store.
    pub access: Access,
    /// The row.
    pub row: mail_provider::Model,
}

/// The plan by which a new sender begins small.
#[derive(SimpleObject)]
pub struct MailWarmUp {
    /// When it began.
    since: Time,
    /// Which day it is, from 1.
    day: i32,
    /// How many may go today; null when the plan is over.
    ceiling: Option<i32>,
    /// How many have gone today, or are about to.
    used: i32,
    /// The ceilings, day by day.
    plan: Vec<i32>,
}

/// Where what comes back is told. Whoever knows these addresses can report in the store's name.
#[derive(SimpleObject)]
pub struct MailHooks {
    /// For a mail server: a message as it arrived, by POST.
    raw_url: String,
    /// For Amazon SES, by SNS.
    ses_url: String,
    /// For Postmark.
    postmark_url: String,
    /// For SendGrid.
    sendgrid_url: String,
}

/// What comes back, and what that is judged to be.
#[derive(SimpleObject)]
pub struct MailGuard {
    /// `fine`, `warned`, `slow` or `paused`.
    state: String,
    /// `bounces` or `complaints`.
    why: Option<String>,
    /// Since when.
    since: Option<Time>,
    /// Mails of the last seven days, or since the store was let go again.
    sent: i64,
    /// Of them, came back.
    bounced: i64,
    /// Of them, reported as spam.
    complained: i64,
}

/// How fast mailboxes are written to.
#[derive(SimpleObject)]
pub struct MailPace {
    /// A group of domains, a domain, or `*` for any other domain.
    name: String,
    /// Messages a minute.
    per_minute: i32,
    /// Until when that is less than usual, because its servers said "too many".
    slowed_until: Option<Time>,
    /// Until when its queue is booked, where it waits.
    booked_until: Option<Time>,
}

/// Mail that waits; counts stop at 1,000.
#[derive(SimpleObject)]
pub struct MailWaiting {
    /// For its turn at its recipient's domain.
    paced: i64,
    /// For a later day of a warm-up.
    warming: i64,
    /// Because the store is slowed.
    slowed: i64,
    /// Because the store's mail is paused.
    paused: i64,
}

fn whole(n: impl TryInto<i32>) -> i32 {
    n.try_into().unwrap_or(i32::MAX)
}

impl MailProvider {
    /// One server; `None` when there is none by this id.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, id: ProviderId) -> Result<Option<Self>> {
        let found = access.read(async |scoped| match provider::find(scoped, id).await {
            Ok(row) => Ok(Some(row)),
            Err(provider::ProviderError::None) => Ok(None),
            Err(error) => Err(error),
        });
        Ok(found.await?.map(|row| Self { access: access.clone(), row }))
    }
}

#[Object]
impl Mail {
    /// The servers it sends by, in order.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn providers(&self) -> Result<Vec<MailProvider>> {
        let rows = self.0.read(async |scoped| provider::all(scoped).await).await?;
        Ok(rows.into_iter().map(|row| MailProvider { access: self.0.clone(), row }).collect())
    }

    /// Whether the operator's server carries its mail while it has none of its own that is on.
    async fn usual(&self) -> bool {
        self.0.api.mail_usual
    }

    /// Whether servers may be on this very machine, without TLS too.
    async fn local(&self) -> bool {
        self.0.api.webhooks_local
    }

    /// Where what comes back is told. Needs the role admin.
    async fn hooks(&self) -> Result<MailHooks> {
        self.0.needs(Role::Admin)?;
        let row = self.0.read(async |scoped| desk::row(scoped).await).await?;
        let token = desk::token(&self.0.api.master, self.0.info.id, row.hook_round);
        let url = |what: &str| format!("{}/v1/mail/{}/{token}/{what}", self.0.api.public_url, self.0.info.id);
        Ok(MailHooks {
            raw_url: url("raw"),
            ses_url: url("ses"),
            postmark_url: url("postmark"),
            sendgrid_url: url("sendgrid"),
        })
    }

    /// When something was told last of what came back.
    async fn reported_at(&self) -> Result<Option<Time>> {
        let row = self.0.read(async |scoped| desk::row(scoped).await).await?;
        Ok(row.reported_at.map(Time))
    }

    /// What comes back, and what that is judged to be.
    async fn guard(&self) -> Result<MailGuard> {
        let now = self.0.api.env.now();
        let read = self.0.read(async |scoped| {
            let desk = desk::row(scoped).await?;
            guard::counts(scoped, &desk, now).await
        });
        let counts = read.await?;
        let (state, why) = match &self.0.info.mail_guard {
            Some((state, why)) => (state.as_str(), Some(why.clone())),
            None => ("fine", None),
        };
        let n = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Ok(MailGuard {
            state: state.into(),
            why,
            since: self.0.info.mail_guard_at.map(Time),
            sent: n(counts.sent),
            bounced: n(counts.bounced),
            complained: n(counts.complained),
        })
    }

    /// How fast which mailboxes are written to, by the store's own servers: the groups there are, what the store says otherwise, and
    /// what is slowed or booked.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn paces(&self) -> Result<Vec<MailPace>> {
        let now = self.0.api.env.now();
        let rows = self.0.read(async |scoped| pace::standing(scoped).await).await?;
        let own = &self.0.info.settings.mail_rates;
        let busy = |row: &&mail_pace::Model| row.slow_until > now || row.window_at > now;
        let mut names: Vec<String> = groups().map(|(name, _)| name.to_owned()).collect();
        let others = own.keys().map(String::as_str);
        let waiting = rows.iter().filter(busy).filter_map(|row| row.scope.strip_prefix("d:"));
        for name in others.chain(waiting.take(50)) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        let pace = |name: String| {
            let row = rows.iter().find(|row| row.scope.strip_prefix("d:") == Some(name.as_str()));
            let slow = row.filter(|row| row.slow_until > now);
            let level = slow.map_or(0, |row| u32::try_from(row.slow_level).unwrap_or(0));
            MailPace {
                per_minute: whole(slowed(usual(&name, own), level).0),
                slowed_until: slow.map(|row| Time(row.slow_until)),
                booked_until: row.filter(|row| row.window_at > now).map(|row| Time(row.window_at)),
                name,
            }
        };
        Ok(names.into_iter().map(pace).collect())
    }

    /// What waits, and why.
    async fn waiting(&self) -> Result<MailWaiting> {
        let lane = self.0.info.lane;
        let read = self.0.read(async |scoped| {
            let mut counts = [0_i64; 4];
            for (count, reason) in
                counts.iter_mut().zip([pace::PACED, pace::WARMING, pace::SLOWED, pace::PAUSED])
            {
                let found = scoped
                    .find::<message::Entity>()
                    // Said as the index of due messages says it.
                    .filter(Expr::cust("message.status = 0"))
                    .filter(message::Column::Lane.eq(lane))
                    .filter(message::Column::Reason.eq(reason));
                *count = i64::try_from(scoped.count_to(found, ENOUGH).await?).unwrap_or(i64::MAX);
            }
            Ok::<_, DbError>(counts)
        });
        let [paced, warming, slowed, paused] = read.await?;
        Ok(MailWaiting { paced, warming, slowed, paused })
    }
}

#[Object]
impl MailProvider {
    /// Id.
    async fn id(&self) -> ID {
        ID(ProviderId(self.row.id).to_string())
    }

    /// A word for people.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// `smtp`, `ses`, `postmark` or `sendgrid`.
    async fn service(&self) -> &str {
        &self.row.service
    }

    /// Name of the server.
    async fn host(&self) -> &str {
        &self.row.host
    }

    /// Port.
    async fn port(&self) -> i32 {
        self.row.port
    }

    /// `tls`, `starttls` or `none`.
    async fn security(&self) -> &str {
        &self.row.security
    }

    /// User name; empty: no sign-in. Null when what is sealed does not open. The password is never shown.
    async fn user(&self) -> Result<Option<String>> {
        let key = &self.access.api.master;
        let read = self.access.read(async |scoped| provider::user(scoped, key, &self.row).await);
        Ok(read.await?.map(|(user, _)| user))
    }

    /// Address in From, where it is not the store's.
    async fn sender(&self) -> Option<&str> {
        self.row.sender.as_deref()
    }

    /// Whether it carries anything.
    async fn enabled(&self) -> bool {
        self.row.off_at.is_none()
    }

    /// When it was checked last.
    async fn checked_at(&self) -> Option<Time> {
        self.row.checked_at.map(Time)
    }

    /// What that came to: `fine`, `unknown_host`, `address_refused`, `unreachable`, `tls`, `no_smtp`, `sign_in_refused`, `sign_in`,
    /// `timed_out` or `unusable`.
    async fn checked(&self) -> Option<&str> {
        self.row.checked.as_deref()
    }

    /// What was said.
    async fn checked_said(&self) -> Option<&str> {
        self.row.checked_said.as_deref()
    }

    /// Until when it is left alone, because it failed several times in a row; null: it is not.
    async fn down_until(&self) -> Option<Time> {
        self.row.down_until.filter(|until| *until > self.access.api.env.now()).map(Time)
    }

    /// What it said then.
    async fn down_said(&self) -> Option<&str> {
        self.row.down_said.as_deref()
    }

    /// Ceiling of the first day of a warm-up.
    async fn warm_first(&self) -> i32 {
        self.row.warm_first
    }

    /// The plan it warms up by; null: it does not.
    async fn warm_up(&self) -> Result<Option<MailWarmUp>> {
        let Some(plan) = ways::warm_up(&self.row) else { return Ok(None) };
        let now = self.access.api.env.now();
        let scope = pace::warm_up(ProviderId(self.row.id));
        let rows = self.access.read(async |scoped| pace::standing(scoped).await).await?;
        let ceiling = plan.ceiling(now);
        let used = rows.iter().find(|row| row.scope == scope).map_or(0, |row| {
            match row.window_at.cmp(&day_start(now)) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => row.used,
                std::cmp::Ordering::Greater => ceiling.map_or(row.used, whole),
            }
        });
        Ok(Some(MailWarmUp {
            since: Time(plan.from),
            day: whole(plan.day(now)),
            ceiling: ceiling.map(whole),
            used,
            plan: plan.plan().into_iter().map(whole).collect(),
        }))
    }
}
