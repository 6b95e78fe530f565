//! A store's texts: read, tried out, saved as next versions.

use super::{
    access::Access,
    cart::Cart,
    errors::UserError,
    scalars::{Money, Time},
    template_rollout::{self, TemplateRollOutPlan},
};
use crate::{
    api::sheet,
    db::{DbError, Role},
    messages::{notice, preview},
    templates::{self, Edit, Head, Ready, StoredTemplate, TemplatesError, prepare, save},
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use cartwheel_domain::{
    consent::Channel,
    ids::{CartId, TemplateId},
    locale, money,
    push::{MOST_PAYLOAD, Notice},
    settings::StoreSettings,
    sms,
    template::{MailFault, RenderedMail, context::MailContext},
};
use std::sync::Arc;

/// Sie or du, vous or tu, Lei or tu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Formality {
    /// Sie, vous, Lei.
    Formal,
    /// du, tu.
    Informal,
}

impl From<locale::Formality> for Formality {
    fn from(form: locale::Formality) -> Self {
        match form {
            locale::Formality::Formal => Self::Formal,
            locale::Formality::Informal => Self::Informal,
        }
    }
}

/// Texts in place of stored ones; what is not given stays as it is.
#[derive(Debug, Clone, Default, InputObject)]
pub struct TemplateDraft {
    /// Subject line, Liquid.
    subject: Option<String>,
    /// Preheader, Liquid.
    preheader: Option<String>,
    /// HTML part, MJML with Liquid.
    mjml: Option<String>,
    /// Plain-text part, Liquid.
    text: Option<String>,
}

impl From<TemplateDraft> for Edit {
    fn from(TemplateDraft { subject, preheader, mjml, text }: TemplateDraft) -> Self {
        Self { subject, preheader, mjml, text }
    }
}

/// One of the versions of a text.
#[derive(SimpleObject)]
pub struct TemplateVersion {
    /// Id.
    id: ID,
    /// Number, from 1.
    version: i32,
    /// When it was saved.
    saved_at: Time,
}

/// A mail as somebody would get it.
#[derive(SimpleObject)]
pub struct PreviewMail {
    /// Subject line.
    subject: String,
    /// What an inbox shows after the subject.
    preheader: String,
    /// HTML part.
    html: String,
    /// Plain-text part.
    text: String,
    /// Lets `POST /v1/mail-preview` show this HTML in a sandboxed frame for ten minutes.
    ticket: String,
}

/// A text message as somebody would get it, and what it takes.
#[derive(SimpleObject)]
pub struct PreviewMessage {
    /// What it says.
    text: String,
    /// `gsm7`, or `ucs2` where a character is not of the GSM alphabet: then less than half as much fits into a part.
    encoding: String,
    /// The first such character.
    foreign: Option<String>,
    /// Parts that are sent and paid for.
    parts: i32,
    /// Characters that still fit into the last part.
    left: i32,
    /// What it costs by the store's settings; null while they do not say what a part costs.
    cost: Option<Money>,
}

/// A notification as somebody would get it, and what it takes.
#[derive(SimpleObject)]
pub struct PreviewNotice {
    /// First line.
    title: String,
    /// What it says below.
    text: String,
    /// Large picture, where the device shows one.
    image: Option<String>,
    /// Small picture: the shop's logo.
    icon: Option<String>,
    /// The button that says no.
    stop: String,
    /// Bytes before it is sealed.
    bytes: i32,
    /// The most it may take.
    most: i32,
}

/// What comes of a text for somebody of the store.
#[derive(SimpleObject)]
pub struct TemplatePreview {
    /// The mail; null when it cannot be written, or is none.
    mail: Option<PreviewMail>,
    /// The text message; null when it cannot be written, or is none.
    message: Option<PreviewMessage>,
    /// The notification; null when it cannot be written, or is none.
    notice: Option<PreviewNotice>,
    /// Why it cannot be written, with line and column.
    problems: Vec<UserError>,
    /// Whose mail it is; null: an example's.
    cart: Option<Cart>,
}

/// A saved text.
#[derive(Default, SimpleObject)]
pub struct TemplatePayload {
    template: Option<Template>,
    user_errors: Vec<UserError>,
}

/// One version of a text in one language and form of address. A version never changes; an edit is a new one.
#[derive(Clone)]
pub struct Template {
    /// The store.
    pub access: Access,
    /// The version.
    pub head: Head,
    stored: Arc<tokio::sync::OnceCell<Arc<StoredTemplate>>>,
}

/// What is wrong with a draft, by its field.
pub(super) fn at_field(root: &str, fault: &MailFault) -> UserError {
    // The place is told where there is one; what every mail must have has none.
    let said = if fault.error.line > 0 { fault.error.to_string() } else { fault.error.message.clone() };
    UserError::at(&[root, fault.field], "invalid", said)
}

impl Template {
    fn of(access: &Access, head: Head) -> Self {
        Self { access: access.clone(), head, stored: Arc::default() }
    }

    /// The newest version of each text of a store.
    ///
    /// # Errors
    /// A fault.
    pub async fn all(access: &Access) -> Result<Vec<Self>> {
        let heads =
            access.read(async |scoped| Ok::<_, DbError>(templates::newest(scoped, None).await?)).await?;
        Ok(heads.into_iter().map(|head| Self::of(access, head)).collect())
    }

    /// One version.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, id: TemplateId) -> Result<Option<Self>> {
        let head = access.read(async |scoped| Ok::<_, DbError>(templates::head(scoped, id).await?)).await?;
        Ok(head.map(|head| Self::of(access, head)))
    }

    async fn versions_at_most(&self, most: u64) -> Result<Vec<Head>> {
        let Head { key, language, formality, .. } = &self.head;
        let read = self.access.read(async |scoped| {
            Ok::<_, DbError>(templates::versions(scoped, key, *language, *formality, most).await?)
        });
        read.await
    }

    async fn stored(&self) -> Result<&Arc<StoredTemplate>> {
        let read = || async {
            let read = async |scoped: &crate::db::Scoped<'_>| {
                self.access.api.templates.get(scoped, self.head.id).await
            };
            self.access.read(read).await
        };
        self.stored.get_or_try_init(read).await
    }

    /// What comes of texts: work that takes milliseconds, on a thread of its own.
    async fn tried(&self, edit: Edit, values: MailContext) -> Result<Result<RenderedMail, MailFault>> {
        let stored = self.stored().await?.clone();
        let work = tokio::task::spawn_blocking(move || {
            let texts = edit.applied(&stored);
            let (_, mail) = prepare(stored.channel, &texts)?;
            if stored.channel == Channel::Sms {
                let text = mail.render_message(&values)?;
                return Ok(RenderedMail {
                    subject: String::new(),
                    preheader: String::new(),
                    html: String::new(),
                    text,
                });
            }
            if stored.channel == Channel::Push {
                return mail.render_notice(&values);
            }
            // Whether a postal address must be known is the gate's word on each message.
            mail.render(&values, false)
        });
        work.await.map_err(|e| self.access.fault(&e))
    }
}

/// A token of a link as long as real ones are: a preview's leads nowhere and is shorter.
const TOKEN: &str = "000000000000000000000000000000000000000000000000000000000000000000000000";

fn preview_notice(written: &RenderedMail, mut values: MailContext) -> Result<PreviewNotice, MailFault> {
    values.links.restore.push_str(&TOKEN[..43]);
    values.links.unsubscribe.push_str(TOKEN);
    let shown = notice::of(written, &values, TOKEN[..32].to_owned());
    let payload = notice::fitted(shown)?;
    // What was given up to make it fit is not shown either.
    let shown: Notice =
        serde_json::from_str(&payload).unwrap_or_else(|_| notice::of(written, &values, String::new()));
    Ok(PreviewNotice {
        title: shown.title,
        text: shown.body,
        image: shown.image,
        icon: shown.icon,
        stop: shown.stop.map(|stop| stop.label).unwrap_or_default(),
        bytes: i32::try_from(payload.len()).unwrap_or(i32::MAX),
        most: i32::try_from(MOST_PAYLOAD).unwrap_or(i32::MAX),
    })
}

fn preview_message(text: String, settings: &StoreSettings) -> PreviewMessage {
    let counted = sms::parts(&text);
    // Thousandths of a unit, rounded up to the smallest coin.
    let coin = 10_i64.pow(settings.currency.exponent());
    let cost = (i64::from(settings.sms_part_cost) * i64::from(counted.parts) * coin + 999) / 1_000;
    PreviewMessage {
        encoding: if counted.encoding == sms::Encoding::Gsm7 { "gsm7" } else { "ucs2" }.to_owned(),
        foreign: counted.foreign.map(|c| c.to_string()),
        parts: i32::try_from(counted.parts).unwrap_or(i32::MAX),
        left: i32::try_from(counted.left).unwrap_or(0),
        cost: (settings.sms_part_cost > 0).then(|| money::Money::new(cost, settings.currency).into()),
        text,
    }
}

#[Object]
impl Template {
    /// Id.
    async fn id(&self) -> ID {
        ID(self.head.id.to_string())
    }

    /// What messages of a journey name, such as recovery_1.
    async fn key(&self) -> &str {
        &self.head.key
    }

    /// How it reaches people: email, sms or push. Of a text message there is the plain-text part alone; of a notification the subject is its
    /// title, the plain-text part its text, and the preheader the address of its picture.
    async fn channel(&self) -> &str {
        self.head.channel.as_str()
    }

    /// en, de, fr or it.
    async fn language(&self) -> &str {
        self.head.language.code()
    }

    /// The form of address; English has the formal one alone.
    async fn formality(&self) -> Formality {
        self.head.formality.into()
    }

    /// Number, from 1: what the store was given at its start.
    async fn version(&self) -> i32 {
        self.head.version
    }

    /// When it was saved.
    async fn saved_at(&self) -> Time {
        Time(self.head.created_at)
    }

    /// Whether there is no newer version.
    async fn newest(&self) -> Result<bool> {
        Ok(self.versions_at_most(1).await?.first().is_none_or(|newest| newest.id == self.head.id))
    }

    /// Subject line, Liquid.
    async fn subject(&self) -> Result<String> {
        Ok(self.stored().await?.subject.clone())
    }

    /// Preheader, Liquid.
    async fn preheader(&self) -> Result<String> {
        Ok(self.stored().await?.preheader.clone())
    }

    /// HTML part, MJML with Liquid.
    async fn mjml(&self) -> Result<String> {
        Ok(self.stored().await?.mjml.clone())
    }

    /// Plain-text part, Liquid.
    async fn text(&self) -> Result<String> {
        Ok(self.stored().await?.text.clone())
    }

    /// All versions of this text, newest first, a hundred at most.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn versions(&self) -> Result<Vec<TemplateVersion>> {
        let versions = self.versions_at_most(100).await?;
        let version = |head: Head| TemplateVersion {
            id: ID(head.id.to_string()),
            version: head.version,
            saved_at: Time(head.created_at),
        };
        Ok(versions.into_iter().map(version).collect())
    }

    /// The newest version of this key in each language and form, this one's among them.
    #[graphql(complexity = "7 * child_complexity + 1")]
    async fn siblings(&self) -> Result<Vec<Template>> {
        let key = &self.head.key;
        let read = async |scoped: &crate::db::Scoped<'_>| {
            Ok::<_, DbError>(templates::newest(scoped, Some(key)).await?)
        };
        let heads = self.access.read(read).await?;
        Ok(heads.into_iter().map(|head| Self::of(&self.access, head)).collect())
    }

    /// As somebody would get it, with the texts of a draft in place of the stored ones: for a cart of the store; without one for the cart
    /// that was left last; where there is none, for an example.
    #[graphql(complexity = "500 + child_complexity")]
    async fn preview(&self, draft: Option<TemplateDraft>, cart_id: Option<ID>) -> Result<TemplatePreview> {
        let (access, head) = (&self.access, &self.head);
        let cart = cart_id.and_then(|id| id.parse::<CartId>().ok());
        let wanted = (cart, head.language, head.formality);
        let (url, now) = (&access.api.public_url, access.api.env.now());
        let read = access.read(async |scoped| preview::values(scoped, &access.info, url, wanted, now).await);
        let (values, cart) = read.await?;
        let cart = cart.map(|row| Cart { access: access.clone(), row });
        let none =
            |problems, cart| TemplatePreview { mail: None, message: None, notice: None, problems, cart };
        Ok(match self.tried(draft.unwrap_or_default().into(), values.clone()).await? {
            Ok(written) if head.channel == Channel::Push => match preview_notice(&written, values) {
                Ok(notice) => TemplatePreview { notice: Some(notice), ..none(Vec::new(), cart) },
                Err(fault) => none(vec![at_field("draft", &fault)], cart),
            },
            Ok(RenderedMail { text, .. }) if head.channel == Channel::Sms => {
                let message = Some(preview_message(text, &access.info.settings));
                TemplatePreview { message, ..none(Vec::new(), cart) }
            }
            Ok(RenderedMail { subject, preheader, html, text }) => {
                let ticket = sheet::ticket(&access.api, access.info.id, &html);
                let mail = PreviewMail { subject, preheader, html, text, ticket };
                TemplatePreview { mail: Some(mail), ..none(Vec::new(), cart) }
            }
            Err(fault) => none(vec![at_field("draft", &fault)], cart),
        })
    }

    /// What other stores would take over of all texts of this key. Needs the role editor here; a store in which the viewer is none is
    /// refused.
    #[graphql(complexity = "store_ids.len() * (child_complexity + 100)")]
    async fn roll_out(&self, ctx: &Context<'_>, store_ids: Vec<ID>) -> Result<Vec<TemplateRollOutPlan>> {
        self.access.needs(Role::Editor)?;
        template_rollout::plans(ctx, self, &store_ids).await
    }
}

/// What can be changed in the texts of a store.
#[derive(Default)]
pub struct TemplateMutation;

pub(super) fn no_template() -> Vec<UserError> {
    vec![UserError::at(&["templateId"], "not_found", "there is no such template")]
}

#[Object]
impl TemplateMutation {
    /// Saves an edit of the newest version of a text as the next one; messages that are written from then on get it. Needs the role
    /// editor.
    #[graphql(complexity = "500 + child_complexity")]
    async fn save_template(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        template_id: ID,
        input: TemplateDraft,
    ) -> Result<TemplatePayload> {
        let none = || TemplatePayload { template: None, user_errors: no_template() };
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else { return Ok(none()) };
        let Ok(id) = template_id.parse::<TemplateId>() else { return Ok(none()) };
        let Some(old) = Template::load(&access, id).await? else { return Ok(none()) };
        let refused = |error| Ok(TemplatePayload { template: None, user_errors: vec![error] });
        let (language, formality) = (old.head.language, old.head.formality);
        let stored = old.stored().await?.clone();
        let work = tokio::task::spawn_blocking(move || {
            Ready::of(stored.channel, Edit::from(input).applied(&stored), language, formality)
        });
        let ready = match work.await.map_err(|e| access.fault(&e))? {
            Ok(ready) => ready,
            Err(fault) => return refused(at_field("input", &fault)),
        };
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let saved = match save(&scoped, &access.api.env, id, ready).await {
            Ok(saved) => saved,
            Err(e @ TemplatesError::Changed { .. }) => {
                return refused(UserError::at(&["templateId"], "outdated", e.to_string()));
            }
            Err(e) => return Err(access.fault(&e)),
        };
        template_rollout::note(&access, &mut tx, &saved).await?;
        tx.commit().await.map_err(|e| access.fault(&e))?;
        Ok(TemplatePayload { template: Some(Template::of(&access, saved)), user_errors: Vec::new() })
    }
}
