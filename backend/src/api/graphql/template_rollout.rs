//! The texts of a key taken over into other stores.

use super::{
    access::Access,
    rollout::{Looked, ManyPayload, RollOutState, at, look, open},
    template::{Formality, Template, no_template},
};
use crate::{
    accounts::audit::{Action, Entry},
    db::{Role, Tx},
    templates::{
        Head, TemplatesError,
        difference::{self, Kind, difference},
        rollout::{self, Change, Known, Plan, Source},
    },
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use cartwheel_domain::{ids::TemplateId, template::texts::Texts};
use serde_json::json;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum DiffKind {
    /// It stands in both.
    Same,
    /// It stands in the first alone.
    Removed,
    /// It stands in the second alone.
    Added,
    /// Here lines are left out.
    Gap,
}

/// A line of a difference.
#[derive(SimpleObject)]
pub struct DiffLine {
    /// What became of it.
    kind: DiffKind,
    /// The line; empty for a gap.
    text: String,
}

impl From<difference::Line> for DiffLine {
    fn from(line: difference::Line) -> Self {
        let kind = match line.kind {
            Kind::Same => DiffKind::Same,
            Kind::Removed => DiffKind::Removed,
            Kind::Added => DiffKind::Added,
            Kind::Gap => DiffKind::Gap,
        };
        Self { kind, text: line.text }
    }
}

/// A text that differs.
#[derive(SimpleObject)]
pub struct TemplateDifference {
    /// en, de, fr or it.
    language: String,
    /// The form of address.
    formality: Formality,
    /// subject, preheader, mjml or text.
    field: String,
    /// The lines that differ, with one of their neighbourhood; two hundred at most.
    lines: Vec<DiffLine>,
}

/// What would become of one store's texts of a key.
#[derive(SimpleObject)]
pub struct TemplateRollOutPlan {
    /// The store.
    store_id: ID,
    /// What would become of them.
    state: RollOutState,
    /// What was looked at; to be sent along when it is done.
    seen: String,
    /// What would change there.
    differences: Vec<TemplateDifference>,
    /// What was changed there since it was last taken over, and would stay: removed is the library's, added what stays.
    kept: Vec<TemplateDifference>,
    /// Why they cannot be taken over.
    problems: Vec<String>,
}

/// A store that shall take texts over.
#[derive(InputObject)]
pub struct TemplateRollOutTarget {
    /// The store.
    store_id: ID,
    /// What was looked at: `seen` of its plan.
    seen: String,
}

fn refused(store: Option<&ID>, problem: String) -> TemplateRollOutPlan {
    TemplateRollOutPlan {
        store_id: store.cloned().unwrap_or_else(|| ID(String::new())),
        state: RollOutState::Refused,
        seen: String::new(),
        differences: Vec::new(),
        kept: Vec::new(),
        problems: vec![problem],
    }
}

/// How texts differ, field by field; of some fields alone where they are named.
fn differ(text: &Change, before: &Texts, after: &Texts, only: Option<&[&str]>) -> Vec<TemplateDifference> {
    let pairs = before.fields().into_iter().zip(after.fields());
    let told = pairs.filter(|((field, a), (_, b))| a != b && only.is_none_or(|only| only.contains(field)));
    let difference = |((field, before), (_, after)): ((&str, &str), (&str, &str))| TemplateDifference {
        language: text.language.code().to_owned(),
        formality: text.formality.into(),
        field: field.to_owned(),
        lines: difference(before, after).into_iter().map(Into::into).collect(),
    };
    told.map(difference).collect()
}

fn shown(store: String, plan: &Plan) -> TemplateRollOutPlan {
    let (mut differences, mut kept) = (Vec::new(), Vec::new());
    for text in &plan.texts {
        if let Some(before) = &text.before {
            differences.extend(differ(text, before, &text.after, None));
        }
        kept.extend(differ(text, &text.library, &text.after, Some(&text.kept)));
    }
    let changes = plan.texts.iter().any(Change::changes);
    let state = match (plan.is_new(), changes) {
        (true, _) => RollOutState::New,
        (false, true) => RollOutState::Update,
        (false, false) => RollOutState::Same,
    };
    TemplateRollOutPlan {
        store_id: ID(store),
        state,
        seen: plan.seen.clone(),
        differences,
        kept,
        problems: Vec::new(),
    }
}

async fn source(template: &Template) -> Result<Source> {
    let id = template.head.id;
    template.access.read(async |scoped| rollout::source(scoped, id).await).await
}

async fn plan(access: &Access, source: &Source) -> Result<Plan> {
    access.read(async |scoped| rollout::plan(scoped, source).await).await
}

/// What each of some stores would take over of a key's texts.
///
/// # Errors
/// A fault; too many stores; a store that cannot be changed is a plan that is refused.
pub async fn plans(
    ctx: &Context<'_>,
    template: &Template,
    stores: &[ID],
) -> Result<Vec<TemplateRollOutPlan>> {
    let source = source(template).await?;
    let Looked { stores, open, errors } = look(ctx, stores).await?;
    let mut plans: Vec<(usize, TemplateRollOutPlan)> = Vec::with_capacity(stores.len());
    plans.extend(errors.into_iter().map(|(place, said)| (place, refused(stores.get(place), said))));
    for (place, access) in open {
        if access.info.id == template.access.info.id {
            plans.push((place, refused(stores.get(place), "the texts are this store's own".into())));
            continue;
        }
        let (store, plan) = (access.info.id.to_string(), plan(&access, &source).await?);
        // Lines are compared on a thread of their own: of long texts that takes milliseconds.
        let compared = tokio::task::spawn_blocking(move || shown(store, &plan)).await;
        plans.push((place, compared.map_err(|e| access.fault(&e))?));
    }
    plans.sort_by_key(|(place, _)| *place);
    Ok(plans.into_iter().map(|(_, plan)| plan).collect())
}

/// Writes down that a version of a text was saved.
pub(super) async fn note(access: &Access, tx: &mut Tx, saved: &Head) -> Result<()> {
    let (language, formality) = (saved.language.code(), saved.formality.code());
    let detail =
        json!({ "key": saved.key, "language": language, "formality": formality, "version": saved.version });
    access.note(tx, Entry::new(Action::TemplateSaved, saved.id, detail)).await
}

/// Texts for many stores.
#[derive(Default)]
pub struct TemplateRollOutMutation;

#[Object]
impl TemplateRollOutMutation {
    /// Takes all texts of a key over into other stores, each by itself, as next versions. What was changed there stays.
    /// `Template.rollOut` is looked at first and says what was seen. Needs the role editor in each store.
    #[graphql(complexity = "to.len() * 500 + child_complexity")]
    async fn roll_out_template(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        template_id: ID,
        to: Vec<TemplateRollOutTarget>,
    ) -> Result<ManyPayload> {
        let none = || ManyPayload { user_errors: no_template(), ..Default::default() };
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else { return Ok(none()) };
        let Ok(id) = template_id.parse::<TemplateId>() else { return Ok(none()) };
        let Some(template) = Template::load(&access, id).await? else { return Ok(none()) };
        let source = source(&template).await?;
        let ids: Vec<ID> = to.iter().map(|target| target.store_id.clone()).collect();
        let (open, user_errors) = open(ctx, "to", &ids).await?;
        let mut payload = ManyPayload { changed: Vec::new(), user_errors };
        let mut known = Known::new();
        for (place, target) in open {
            if target.info.id == access.info.id {
                payload.user_errors.push(at("to", place, "own", "the texts are this store's own"));
                continue;
            }
            let taken = take(&target, &source, &to[place].seen, known).await?;
            known = taken.0;
            match taken.1 {
                Ok(()) => payload.changed.push(ID(target.info.id.to_string())),
                Err((code, said)) => payload.user_errors.push(at("to", place, code, said)),
            }
        }
        Ok(payload)
    }
}

/// Takes texts over into one store, in a transaction of its own.
async fn take(
    access: &Access,
    source: &Source,
    seen: &str,
    mut known: Known,
) -> Result<(Known, Result<(), (&'static str, String)>)> {
    let plan = plan(access, source).await?;
    let work = tokio::task::spawn_blocking(move || {
        let ready = plan.ready(&mut known);
        (known, ready)
    });
    let (known, ready) = work.await.map_err(|e| access.fault(&e))?;
    let ready = match ready {
        Ok(ready) => ready,
        Err(fault) => return Ok((known, Err(("unsound", fault.to_string())))),
    };
    let mut tx = access.write().await?;
    let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
    let made = match rollout::take(&scoped, &access.api.env, source, (seen, ready)).await {
        Ok(made) => made,
        Err(e @ TemplatesError::Outdated) => return Ok((known, Err(("outdated", e.to_string())))),
        Err(e) => return Err(access.fault(&e)),
    };
    for saved in &made {
        note(access, &mut tx, saved).await?;
    }
    tx.commit().await.map_err(|e| access.fault(&e))?;
    Ok((known, Ok(())))
}
