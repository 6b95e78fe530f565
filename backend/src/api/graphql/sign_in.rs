//! The viewer's passkeys and accounts at providers. Signing in by them is HTTP (`auth/other_ways.rs`): whoever does that has no rights yet.

use super::{
    access,
    errors::{self, UserError},
    scalars::Time,
    team::{none, signed_in},
};
use crate::auth::{passkey::Begun, session::SignInError};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use cartwheel_domain::ids::{MemberIdentityId, PasskeyId};
use cartwheel_entity::{member_identity, passkey};

/// A key of a device or a password manager that signs the viewer in.
#[derive(SimpleObject)]
pub struct PasskeyNode {
    id: ID,
    /// As the viewer calls it.
    name: String,
    created_at: Time,
    /// When it signed somebody in the last time.
    last_used_at: Option<Time>,
}

impl From<passkey::Model> for PasskeyNode {
    fn from(row: passkey::Model) -> Self {
        Self {
            id: ID(PasskeyId(row.id).to_string()),
            name: row.name,
            created_at: Time(row.created_at),
            last_used_at: row.last_used_at.map(Time),
        }
    }
}

/// An account at a provider (OpenID Connect) that signs the viewer in.
#[derive(SimpleObject)]
pub struct Identity {
    id: ID,
    /// The provider's name; its address when the server knows it no more.
    provider: String,
    /// The address it told when the two were connected.
    email: Option<String>,
    created_at: Time,
    /// When it signed somebody in the last time.
    last_used_at: Option<Time>,
}

/// The other ways a viewer can sign in.
#[derive(SimpleObject)]
pub struct OtherWays {
    /// Whether this server has passkeys.
    passkeys_offered: bool,
    /// The viewer's passkeys, the oldest first.
    passkeys: Vec<PasskeyNode>,
    /// The viewer's accounts at providers, the oldest first.
    identities: Vec<Identity>,
}

impl OtherWays {
    /// Those of a member.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn of(ctx: &Context<'_>, id: cartwheel_domain::ids::MemberId) -> Result<Self> {
        let sessions = access::api(ctx)?.grants.sessions();
        let fault = |e| errors::fault(&e, &access::request_id(ctx));
        let passkeys = sessions.passkeys(id).await.map_err(fault)?;
        let identities = sessions.identities(id).await.map_err(fault)?;
        let identity = |row: member_identity::Model| Identity {
            id: ID(MemberIdentityId(row.id).to_string()),
            provider: sessions.provider_of(&row.issuer).unwrap_or(&row.issuer).to_owned(),
            email: row.email,
            created_at: Time(row.created_at),
            last_used_at: row.last_used_at.map(Time),
        };
        Ok(Self {
            passkeys_offered: sessions.has_passkeys(),
            passkeys: passkeys.into_iter().map(Into::into).collect(),
            identities: identities.into_iter().map(identity).collect(),
        })
    }
}

/// What a browser needs to make a passkey.
#[derive(Default, SimpleObject)]
pub struct StartPasskeyPayload {
    /// To bring back with the browser's answer, within ten minutes.
    note: Option<String>,
    /// JSON for `PublicKeyCredential.parseCreationOptionsFromJSON`, below `publicKey`.
    options: Option<String>,
    user_errors: Vec<UserError>,
}

/// A changed way to sign in.
#[derive(Default, SimpleObject)]
pub struct OtherWaysPayload {
    /// All of them; null when nothing was changed.
    ways: Option<OtherWays>,
    user_errors: Vec<UserError>,
}

/// The viewer's own ways to sign in.
#[derive(Default)]
pub struct SignInMutation;

#[Object]
impl SignInMutation {
    /// Begins to add a passkey. Needs the password, so that whoever finds an open browser adds none.
    async fn start_passkey(&self, ctx: &Context<'_>, password: String) -> Result<StartPasskeyPayload> {
        let own = signed_in(ctx)?;
        match access::api(ctx)?.grants.sessions().start_passkey(own, &password).await {
            Ok(Begun { note, options }) => Ok(StartPasskeyPayload {
                note: Some(note),
                options: Some(options.to_string()),
                user_errors: Vec::new(),
            }),
            Err(e) => Ok(StartPasskeyPayload { user_errors: refused(ctx, e)?, ..Default::default() }),
        }
    }

    /// Adds a passkey that a browser has made for the note: `credential` is what its `toJSON` says.
    async fn add_passkey(
        &self,
        ctx: &Context<'_>,
        note: String,
        credential: String,
        name: String,
    ) -> Result<OtherWaysPayload> {
        let own = signed_in(ctx)?;
        match access::api(ctx)?.grants.sessions().add_passkey(own, &note, &credential, &name).await {
            Ok(_) => {
                let ways = Some(OtherWays::of(ctx, own.member).await?);
                Ok(OtherWaysPayload { ways, user_errors: Vec::new() })
            }
            // The password was shown before: what is refused here is what the browser made.
            Err(SignInError::Refused) => {
                let said = "this is no passkey that was made for this note; begin again";
                let user_errors = vec![UserError::at(&["credential"], "invalid", said)];
                Ok(OtherWaysPayload { ways: None, user_errors })
            }
            Err(e) => Ok(OtherWaysPayload { ways: None, user_errors: refused(ctx, e)? }),
        }
    }

    /// Takes a passkey of the viewer's away. Sessions it has opened stay.
    async fn remove_passkey(&self, ctx: &Context<'_>, id: ID, password: String) -> Result<OtherWaysPayload> {
        let own = signed_in(ctx)?;
        let Ok(id) = id.parse::<PasskeyId>() else { return Ok(no_such("passkey")) };
        let gone = access::api(ctx)?.grants.sessions().remove_passkey(own, id, &password).await;
        removed(ctx, gone, "passkey", own.member).await
    }

    /// Takes the connection with an account at a provider away. Sessions it has opened stay.
    async fn disconnect_identity(
        &self,
        ctx: &Context<'_>,
        id: ID,
        password: String,
    ) -> Result<OtherWaysPayload> {
        let own = signed_in(ctx)?;
        let Ok(id) = id.parse::<MemberIdentityId>() else { return Ok(no_such("identity")) };
        let gone = access::api(ctx)?.grants.sessions().disconnect(own, id, &password).await;
        removed(ctx, gone, "identity", own.member).await
    }
}

async fn removed(
    ctx: &Context<'_>,
    gone: Result<bool, SignInError>,
    what: &str,
    member: cartwheel_domain::ids::MemberId,
) -> Result<OtherWaysPayload> {
    match gone {
        Ok(true) => {
            Ok(OtherWaysPayload { ways: Some(OtherWays::of(ctx, member).await?), user_errors: Vec::new() })
        }
        Ok(false) => Ok(no_such(what)),
        Err(e) => Ok(OtherWaysPayload { ways: None, user_errors: refused(ctx, e)? }),
    }
}

fn no_such(what: &str) -> OtherWaysPayload {
    OtherWaysPayload { ways: None, user_errors: none("id", what) }
}

/// What a refusal says.
fn refused(ctx: &Context<'_>, e: SignInError) -> Result<Vec<UserError>> {
    let (path, code): (&[&str], _) = match &e {
        SignInError::Refused => {
            return Ok(vec![UserError::at(&["password"], "refused", "this is not the password")]);
        }
        SignInError::Throttled(_) => (&["password"], "throttled"),
        SignInError::Invalid(field, said) => {
            return Ok(vec![UserError::at(&[field], "invalid", said.clone())]);
        }
        SignInError::NoChallenge => (&["note"], "over"),
        SignInError::AlreadyOn => {
            let said = "this passkey is there already";
            return Ok(vec![UserError::at(&["credential"], "known", said)]);
        }
        SignInError::TooMany => (&[], "too_many"),
        SignInError::NotOffered => (&[], "not_offered"),
        SignInError::Busy => (&[], "busy"),
        SignInError::Over => return Err(errors::signed_out()),
        _ => return Err(errors::fault(&e, &access::request_id(ctx))),
    };
    Ok(vec![UserError::at(path, code, e.to_string())])
}
