//! What can be changed about who works in an organisation, and about one's own sign-in.

use super::{
    access::{self, OrganisationAccess},
    errors::{self, UserError, team_errors},
    guests::act,
    organisation::{ApiKey, Invitation, Organisation},
    scalars::Time,
};
use crate::{
    accounts::team::{TeamError, invitations, keys, members},
    auth::{
        Who,
        jwt::Access as SignedIn,
        second_factor::Setup,
        session::{SignInError, Which},
    },
    db::Role,
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::{ApiKeyId, InvitationId, MemberId, SessionId, StoreId},
};

/// What can be changed about who works in an organisation.
#[derive(Default)]
pub struct TeamMutation;

/// What somebody may do, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "Role")]
pub enum RoleName {
    /// Looks at contacts, carts and messages to answer shoppers.
    Support,
    /// Looks at everything, figures, journeys and settings too.
    Analyst,
    /// Changes journeys and templates.
    Editor,
    /// Changes settings, keys and invitations.
    Admin,
    /// Everything, owners included.
    Owner,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Support => Self::Support,
            RoleName::Analyst => Self::Analyst,
            RoleName::Editor => Self::Editor,
            RoleName::Admin => Self::Admin,
            RoleName::Owner => Self::Owner,
        }
    }
}

/// A changed team.
#[derive(Default, SimpleObject)]
pub struct TeamPayload {
    organisation: Option<Organisation>,
    user_errors: Vec<UserError>,
}

/// An invitation, with its link this once.
#[derive(Default, SimpleObject)]
pub struct InvitePayload {
    invitation: Option<Invitation>,
    /// The link that lets one person in; it is not shown again. Null where the service sends mails of its own: then it goes to
    /// the mailbox of whoever is invited, and to nobody else.
    link: Option<String>,
    user_errors: Vec<UserError>,
}

/// A key, with its text this once.
#[derive(Default, SimpleObject)]
pub struct MakeApiKeyPayload {
    api_key: Option<ApiKey>,
    /// The key itself; it is not shown again.
    secret: Option<String>,
    user_errors: Vec<UserError>,
}

/// What became of the viewer's own sign-in.
#[derive(Default, SimpleObject)]
pub struct SignInPayload {
    /// How many sessions were ended.
    ended: i64,
    user_errors: Vec<UserError>,
}

/// What an app needs to show codes.
#[derive(Default, SimpleObject)]
pub struct StartSecondFactorPayload {
    /// The seed, base32; it is not shown again.
    secret: Option<String>,
    /// The same as an `otpauth:` address.
    uri: Option<String>,
    /// The same as a QR code, SVG.
    qr: Option<String>,
    user_errors: Vec<UserError>,
}

/// A changed second factor.
#[derive(Default, SimpleObject)]
pub struct SecondFactorPayload {
    /// New recovery codes, each good once; they are not shown again.
    recovery_codes: Vec<String>,
    user_errors: Vec<UserError>,
}

/// What a new key is to be.
#[derive(InputObject)]
pub struct ApiKeyInput {
    /// What it is for, in words.
    name: String,
    /// What it may do; never more than its maker.
    role: RoleName,
    /// The one store it opens; all of the organisation's when absent.
    store_id: Option<ID>,
    /// When it stops working by itself.
    expires_at: Option<Time>,
}

pub(super) fn none(path: &str, what: &str) -> Vec<UserError> {
    vec![UserError::at(&[path], "not_found", format!("there is no such {what}"))]
}

pub(super) async fn finish(
    access: OrganisationAccess,
    tx: crate::db::Tx,
    outcome: Result<(), TeamError>,
) -> Result<TeamPayload> {
    if let Err(e) = outcome {
        let user_errors = team_errors(e).map_err(|e| access.fault(&e))?;
        return Ok(TeamPayload { organisation: None, user_errors });
    }
    tx.commit().await.map_err(|e| access.fault(&e))?;
    Ok(TeamPayload { organisation: Organisation::load(access).await?, user_errors: Vec::new() })
}

/// What a refused change of the second factor says.
fn factor_errors(ctx: &Context<'_>, e: SignInError) -> Result<Vec<UserError>> {
    let (path, code): (&[&str], _) = match &e {
        SignInError::Refused => {
            return Ok(vec![UserError::at(&["password"], "refused", "this is not the password")]);
        }
        SignInError::Throttled(_) => (&["code"], "throttled"),
        SignInError::WrongCode => (&["code"], "wrong_code"),
        SignInError::AlreadyOn => (&[], "already_on"),
        SignInError::NotStarted => (&[], "not_started"),
        SignInError::Required => (&[], "required"),
        SignInError::Busy => (&[], "busy"),
        SignInError::Over => return Err(errors::signed_out()),
        _ => return Err(errors::fault(&e, &access::request_id(ctx))),
    };
    Ok(vec![UserError::at(path, code, e.to_string())])
}

fn codes(ctx: &Context<'_>, outcome: Result<Vec<String>, SignInError>) -> Result<SecondFactorPayload> {
    Ok(match outcome {
        Ok(recovery_codes) => SecondFactorPayload { recovery_codes, user_errors: Vec::new() },
        Err(e) => SecondFactorPayload { recovery_codes: Vec::new(), user_errors: factor_errors(ctx, e)? },
    })
}

/// The viewer as a signed-in member.
pub(super) fn signed_in(ctx: &Context<'_>) -> Result<SignedIn> {
    let viewer = access::viewer(ctx)?;
    match (viewer.who, viewer.session) {
        (Who::Member(member), Some(session)) => Ok(SignedIn { member, session }),
        _ => Err(errors::people_only()),
    }
}

#[Object]
impl TeamMutation {
    /// Asks somebody to join by a link that works once, for a week. It goes to their mailbox; where the service sends no mails it
    /// is handed to the inviter. They have the role in the stores that are named, or in all when none is. Needs the role admin, and
    /// at least the role given.
    async fn invite_member(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        email: String,
        role: RoleName,
        store_ids: Option<Vec<ID>>,
    ) -> Result<InvitePayload> {
        let Some(access) = OrganisationAccess::open_to(ctx, &organisation_id, Role::Admin)? else {
            return Ok(InvitePayload {
                user_errors: none("organisationId", "organisation"),
                ..Default::default()
            });
        };
        let email = match email.parse::<EmailAddress>() {
            Ok(email) => email,
            Err(e) => {
                let user_errors = vec![UserError::at(&["email"], "invalid", e.to_string())];
                return Ok(InvitePayload { user_errors, ..Default::default() });
            }
        };
        let stores: Result<Vec<StoreId>, _> =
            store_ids.unwrap_or_default().iter().map(|id| id.parse::<StoreId>()).collect();
        let Ok(stores) = stores else {
            let user_errors = team_errors(TeamError::None("store")).unwrap_or_default();
            return Ok(InvitePayload { user_errors, ..Default::default() });
        };
        let mut tx = access.write().await?;
        let (env, scope) = (&access.api.env, &access.scope);
        match invitations::invite_to(&mut tx, env, scope, &email, role.into(), &stores).await {
            Ok((row, token)) => {
                let api = &access.api;
                if api.mails {
                    let sent = invitations::send(&mut tx, &api.env, &api.master, &row, &token).await;
                    sent.map_err(|e| access.fault(&e))?;
                }
                tx.commit().await.map_err(|e| access.fault(&e))?;
                // Behind a # it reaches no log of a server or a proxy.
                let link = (!api.mails).then(|| format!("{}/join#{token}", api.public_url));
                Ok(InvitePayload { invitation: Some(Invitation(row)), link, user_errors: Vec::new() })
            }
            Err(e) => {
                let user_errors = team_errors(e).map_err(|e| access.fault(&e))?;
                Ok(InvitePayload { user_errors, ..Default::default() })
            }
        }
    }

    /// Takes an invitation back. Needs the role admin.
    async fn withdraw_invitation(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        id: ID,
    ) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let id = id.parse::<InvitationId>().map_err(|_| TeamError::None("invitation"))?;
            let organised = tx.organisation(&access.scope).await?;
            invitations::withdraw(&organised, &access.api.env, &access.scope, id).await
        })
        .await
    }

    /// Gives a member another role in the organisation and all its stores, from their next request on; without one they have what
    /// `setStoreRole` gives them. Needs the role admin, and at least both roles.
    async fn set_member_role(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        id: ID,
        role: Option<RoleName>,
    ) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let id = id.parse::<MemberId>().map_err(|_| TeamError::None("member"))?;
            let organised = tx.organisation(&access.scope).await?;
            members::set_role(&organised, &access.api.env, &access.scope, id, role.map(Role::from)).await
        })
        .await
    }

    /// Says what a member may do in one store, its own or one that was opened to the organisation, from their next request on;
    /// without a role, the same as in all. Owners and admins have their role everywhere. Needs the role admin, and at least the
    /// roles concerned.
    async fn set_store_role(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        id: ID,
        store_id: ID,
        role: Option<RoleName>,
    ) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let id = id.parse::<MemberId>().map_err(|_| TeamError::None("member"))?;
            let store = store_id.parse::<StoreId>().map_err(|_| TeamError::None("store"))?;
            let (env, scope) = (&access.api.env, &access.scope);
            members::set_store_role(tx, env, scope, (id, store), role.map(Role::from)).await
        })
        .await
    }

    /// Takes a member out, from their next request on; their keys stay. Needs the role admin, and at least the member's.
    async fn remove_member(&self, ctx: &Context<'_>, organisation_id: ID, id: ID) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let id = id.parse::<MemberId>().map_err(|_| TeamError::None("member"))?;
            let organised = tx.organisation(&access.scope).await?;
            members::remove(&organised, &access.api.env, &access.scope, id).await
        })
        .await
    }

    /// Makes a key of the API; its text is shown this once. Needs the role admin, and at least the role given.
    async fn make_api_key(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        input: ApiKeyInput,
    ) -> Result<MakeApiKeyPayload> {
        let refused = |user_errors| Ok(MakeApiKeyPayload { user_errors, ..Default::default() });
        let Some(access) = OrganisationAccess::open_to(ctx, &organisation_id, Role::Admin)? else {
            return refused(none("organisationId", "organisation"));
        };
        let store = match input.store_id.as_deref().map(|id| id.parse::<StoreId>()).transpose() {
            Ok(store) => store,
            Err(_) => return refused(team_errors(TeamError::None("store")).unwrap_or_default()),
        };
        let new = keys::NewKey {
            name: input.name,
            role: input.role.into(),
            store,
            expires_at: input.expires_at.map(|at| at.0),
        };
        let mut tx = access.write().await?;
        match keys::make(&mut tx, &access.api.env, &access.scope, new).await {
            Ok((row, text)) => {
                tx.commit().await.map_err(|e| access.fault(&e))?;
                Ok(MakeApiKeyPayload {
                    api_key: Some(ApiKey(row)),
                    secret: Some(text),
                    user_errors: Vec::new(),
                })
            }
            Err(e) => refused(team_errors(e).map_err(|e| access.fault(&e))?),
        }
    }

    /// Takes a key back, from the next request on. Needs the role admin, and at least the key's.
    async fn revoke_api_key(&self, ctx: &Context<'_>, organisation_id: ID, id: ID) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let id = id.parse::<ApiKeyId>().map_err(|_| TeamError::None("key"))?;
            let organised = tx.organisation(&access.scope).await?;
            keys::revoke(&organised, &access.api.env, &access.scope, id).await
        })
        .await
    }

    /// Ends one of the viewer's own sessions, at once; without an id, all but the one that asks.
    async fn end_session(&self, ctx: &Context<'_>, id: Option<ID>) -> Result<SignInPayload> {
        let own = signed_in(ctx)?;
        let which = match id {
            None => Some(Which::But(own.session)),
            Some(id) => id.parse::<SessionId>().ok().map(Which::One),
        };
        let Some(which) = which else {
            return Ok(SignInPayload { ended: 0, user_errors: none("id", "session") });
        };
        let ended = access::api(ctx)?.grants.sessions().end(own.member, which).await;
        let ended = ended.map_err(|e| errors::fault(&e, &access::request_id(ctx)))?;
        if ended == 0 && matches!(which, Which::One(_)) {
            return Ok(SignInPayload { ended: 0, user_errors: none("id", "session") });
        }
        Ok(SignInPayload { ended: i64::try_from(ended).unwrap_or(i64::MAX), user_errors: Vec::new() })
    }

    /// Gives the viewer another password and ends all their other sessions, at once.
    async fn change_password(&self, ctx: &Context<'_>, old: String, new: String) -> Result<SignInPayload> {
        let own = signed_in(ctx)?;
        let said = match access::api(ctx)?.grants.sessions().change_password(own, &old, &new, None).await {
            Ok(()) => return Ok(SignInPayload::default()),
            Err(SignInError::Refused) => UserError::at(&["old"], "refused", "this is not the password"),
            Err(e @ SignInError::Throttled(_)) => UserError::at(&["old"], "throttled", e.to_string()),
            Err(e @ SignInError::Busy) => UserError::at(&[], "busy", e.to_string()),
            Err(SignInError::Invalid(_, said)) => UserError::at(&["new"], "invalid", said),
            Err(SignInError::Over) => return Err(errors::signed_out()),
            Err(e) => return Err(errors::fault(&e, &access::request_id(ctx))),
        };
        Ok(SignInPayload { ended: 0, user_errors: vec![said] })
    }

    /// Begins to set up an app that shows codes (TOTP). Sign-in asks for them once `confirmSecondFactor` was shown one.
    async fn start_second_factor(
        &self,
        ctx: &Context<'_>,
        password: String,
    ) -> Result<StartSecondFactorPayload> {
        let own = signed_in(ctx)?;
        match access::api(ctx)?.grants.sessions().start_second_factor(own, &password).await {
            Ok(Setup { secret, uri, qr }) => Ok(StartSecondFactorPayload {
                secret: Some(secret),
                uri: Some(uri),
                qr: Some(qr),
                user_errors: Vec::new(),
            }),
            Err(e) => {
                Ok(StartSecondFactorPayload { user_errors: factor_errors(ctx, e)?, ..Default::default() })
            }
        }
    }

    /// Switches the second factor on by a first code of the app, ends all other sessions, and shows the recovery codes.
    async fn confirm_second_factor(&self, ctx: &Context<'_>, code: String) -> Result<SecondFactorPayload> {
        let own = signed_in(ctx)?;
        codes(ctx, access::api(ctx)?.grants.sessions().confirm_second_factor(own, &code).await)
    }

    /// New recovery codes in place of the old ones.
    async fn renew_recovery_codes(
        &self,
        ctx: &Context<'_>,
        password: String,
        code: String,
    ) -> Result<SecondFactorPayload> {
        let own = signed_in(ctx)?;
        let sessions = access::api(ctx)?.grants.sessions();
        codes(ctx, sessions.renew_recovery_codes(own, &password, &code).await)
    }

    /// Switches the second factor off. Owners of agencies cannot.
    async fn end_second_factor(
        &self,
        ctx: &Context<'_>,
        password: String,
        code: String,
    ) -> Result<SecondFactorPayload> {
        let own = signed_in(ctx)?;
        let ended = access::api(ctx)?.grants.sessions().end_second_factor(own, &password, &code).await;
        codes(ctx, ended.map(|()| Vec::new()))
    }
}

pub(super) fn no_organisation() -> TeamPayload {
    TeamPayload { organisation: None, user_errors: none("organisationId", "organisation") }
}

pub(super) fn no_such(e: TeamError) -> Result<TeamPayload> {
    Ok(TeamPayload { organisation: None, user_errors: team_errors(e).unwrap_or_default() })
}
