//! What owners are told, once each: in the transaction in which it becomes so.

use super::Billing;
use crate::{
    accounts::mailbox::{self, BillingNews, Letter, Mail},
    db::{Among, DbError, Organised, Role, System, Tx},
};
use cartwheel_domain::{
    ids::{OrganisationId, StoreId},
    locale::Language,
    time::Millis,
};
use cartwheel_entity::{billing_notice, member, membership, organisation, store};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When what it is about began.
    pub since: Millis,
    /// A word for it; with `since` it is told once.
    pub kind: String,
    /// What to say.
    pub news: BillingNews,
}

/// Where the console shows an organisation's plan: every page of it stands under a store.
///
/// # Errors
/// What the database says.
pub(super) async fn page_of(system: &System<'_>, id: OrganisationId) -> Result<String, DbError> {
    let first = system
        .find::<store::Entity>()
        .filter(store::Column::OrganisationId.eq(id.uuid()))
        .order_by_asc(store::Column::Id);
    let first = first.one(system.on()).await?.map(|s| StoreId(s.id));
    Ok(first.map_or_else(|| "/".into(), |store| format!("/stores/{store}/organisation/billing")))
}

impl Billing {
    /// Leaves out what was told before, and writes down the rest.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn first_time(
        &self,
        organised: &Organised<'_>,
        notices: Vec<Notice>,
    ) -> Result<Vec<Notice>, DbError> {
        if notices.is_empty() {
            return Ok(notices);
        }
        let query = organised
            .find::<billing_notice::Entity>()
            .filter(billing_notice::Column::Since.among(notices.iter().map(|n| n.since)));
        let told = query.all(organised.on()).await?;
        let mut new = Vec::new();
        for notice in notices {
            if told.iter().any(|t| t.since == notice.since && t.kind == notice.kind) {
                continue;
            }
            let row = billing_notice::ActiveModel {
                organisation_id: Set(organised.organisation_id().uuid()),
                since: Set(notice.since),
                kind: Set(notice.kind.clone()),
                at: Set(self.env.now()),
            };
            organised.insert::<billing_notice::Entity>(row).await?;
            new.push(notice);
        }
        Ok(new)
    }

    /// Queues a mail to each owner for each notice, in their language.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn tell_owners(
        &self,
        tx: &mut Tx,
        id: OrganisationId,
        notices: Vec<Notice>,
    ) -> Result<(), DbError> {
        if notices.is_empty() || !self.mails {
            return Ok(());
        }
        let system = tx.system().await?;
        let page = page_of(&system, id).await?;
        let named = system.find::<organisation::Entity>().filter(organisation::Column::Id.eq(id.uuid()));
        let name = named.one(system.on()).await?.map(|o| o.name).unwrap_or_default();
        let owners = system
            .find::<membership::Entity>()
            .filter(membership::Column::OrganisationId.eq(id.uuid()))
            .filter(membership::Column::Role.eq(Role::Owner.as_str()));
        let ids: Vec<Uuid> = owners.all(system.on()).await?.into_iter().map(|m| m.member_id).collect();
        let people = system.find::<member::Entity>().filter(member::Column::Id.among(ids));
        for person in people.all(system.on()).await? {
            let language = Language::of_tag(&person.language).unwrap_or(Language::En);
            for notice in &notices {
                let letter = Letter::Billing {
                    organisation: name.clone(),
                    page: page.clone(),
                    news: notice.news.clone(),
                };
                let mail = Mail { to: person.email.clone(), language, letter };
                mailbox::queue(&system, &self.env, &self.master, &mail).await?;
            }
        }
        Ok(())
    }
}
