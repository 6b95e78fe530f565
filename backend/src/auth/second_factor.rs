//! The second factor: six digits from an app (TOTP, RFC 6238), and codes on paper for whoever has lost it.
//!
//! The right password of somebody who has one earns a challenge instead of a session; challenge and code together open it. A code
//! is taken once: the step of the last one is kept, and only later ones count. Wrong codes are counted in the row, under its
//! lock, so that neither several processes nor many requests at once get more of them.
//!
//! Seeds are sealed and bound to their member. Recovery codes have fifty bits, so they are kept as HMACs under a key that is not in
//! the database: whoever has stolen that cannot try them out.

use super::{
    jwt::Access,
    session::{CHANGES, Granted, Sessions, SignInError, Which, end_sessions},
};
use crate::{
    accounts::{
        keys::Place,
        mailbox::{self, Letter, Mail},
    },
    db::{DbError, Role, System},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::{
    ids::MemberId,
    locale::Language,
    time::{MINUTE, Millis},
};
use cartwheel_entity::{member, membership, organisation, recovery_code, second_factor, session};
use qrcode::{QrCode, render::svg};
use ring::hmac;
use sea_orm::{ActiveValue::Set, ColumnTrait, PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr};
use std::net::IpAddr;
use subtle::ConstantTimeEq;
use totp_rs::{Builder, Totp};

/// How long the right password waits for its code.
const CHALLENGE: Millis = 10 * MINUTE;
/// Wrong codes in [`WINDOW`]. With three codes good at a time, a year of guessing finds one with a probability of a quarter, and the
/// password must be known for the first guess.
const TRIES: i32 = 5;
/// How long wrong codes count.
const WINDOW: Millis = 30 * MINUTE;
/// Recovery codes somebody has at a time.
const CODES: usize = 10;
/// Letters of recovery codes: none that is mistaken for another (Crockford's base32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters of one code.
const LENGTH: usize = 10;
/// Longest text that is looked at as a code.
const LONGEST: usize = 40;

/// What an app needs to show codes; shown this once.
pub struct Setup {
    /// The seed, base32.
    pub secret: String,
    /// The same as an `otpauth:` address.
    pub uri: String,
    /// The same as a QR code, SVG.
    pub qr: String,
}

/// What there is of somebody's second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Since when a code is asked for; `None` when none is.
    pub since: Option<Millis>,
    /// Recovery codes that are left.
    pub codes: u64,
    /// Whether it cannot be switched off: owners of agencies reach the shops of many.
    pub required: bool,
}

/// What was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    FromApp,
    OnPaper,
    Wrong,
}

impl Sessions {
    /// What somebody with the right password gets instead of a session. It stands for that password: when that is changed, it
    /// is good for nothing.
    pub(super) fn challenge(&self, member: &member::Model) -> String {
        let mut bytes = member.id.as_bytes().to_vec();
        bytes.extend((self.env.now() + CHALLENGE).to_be_bytes());
        let tag = self.seal_of(&bytes, member);
        bytes.extend(tag);
        format!("cwc_{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    fn seal_of(&self, said: &[u8], member: &member::Model) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.master.derive_global("sign-in challenge"));
        context.update(said);
        context.update(member.password_hash.as_bytes());
        let mut tag = [0; 16];
        tag.copy_from_slice(&context.sign().as_ref()[..16]);
        tag
    }

    /// Whose challenge it is, if it is a good one.
    async fn challenged(&self, challenge: &str) -> Result<Option<member::Model>, SignInError> {
        let parts = challenge.strip_prefix("cwc_").filter(|rest| rest.len() < 100);
        let Some(bytes) = parts.and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok()) else { return Ok(None) };
        let Some((said, tag)) = bytes.split_at_checked(24) else { return Ok(None) };
        let (Ok(id), Ok(ends)) = (uuid::Uuid::from_slice(&said[..16]), said[16..].try_into()) else {
            return Ok(None);
        };
        if Millis::from_be_bytes(ends) <= self.env.now() {
            return Ok(None);
        }
        let row = {
            let mut tx = self.db.read().await?;
            member_row(&tx.system().await?, id).await?
        };
        Ok(row.filter(|row| tag.ct_eq(&self.seal_of(said, row)).into()))
    }

    /// Opens a session for a challenge and the code to it: of the app, or one of the recovery codes.
    ///
    /// # Errors
    /// [`SignInError`]: the challenge is over, the code is wrong or was shown before, too many wrong ones.
    pub async fn second_factor(
        &self,
        challenge: &str,
        code: &str,
        address: Option<IpAddr>,
        agent: &str,
    ) -> Result<Granted, SignInError> {
        let row = self.challenged(challenge).await?.ok_or(SignInError::NoChallenge)?;
        let account = format!("second factor {}", row.id);
        if let Some(seconds) = self.throttle.wait(address, &account, self.env.now()) {
            return Err(SignInError::Throttled(seconds));
        }
        self.throttle.tried(address, &account, self.env.now());
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        // The member before the factor, everywhere: two at once wait for each other and not in a circle.
        self.unchanged(&system, &row).await?;
        let factor = factor(&system, row.id).await?.filter(|f| f.confirmed_at.is_some());
        let factor = factor.ok_or(SignInError::NoChallenge)?;
        let shown = self.judge(&system, &factor, code).await?;
        let granted = match shown {
            Shown::Wrong => None,
            Shown::FromApp | Shown::OnPaper => Some(self.open(&system, &row, agent, true).await?),
        };
        if shown == Shown::OnPaper {
            let left = left(&system, row.id).await?;
            self.tell(&system, &row, Letter::RecoveryCodeUsed { left }).await?;
        }
        tx.commit().await?;
        let granted = granted.ok_or(SignInError::WrongCode)?;
        self.throttle.succeeded(address, &account);
        Ok(granted)
    }

    /// Whether a code is good, under the factor's lock. The caller commits in either case: a wrong one has been counted.
    async fn judge(
        &self,
        system: &System<'_>,
        factor: &second_factor::Model,
        code: &str,
    ) -> Result<Shown, SignInError> {
        let now = self.env.now();
        let counts = factor.tries > 0 && (0..WINDOW).contains(&(now - factor.tries_since));
        let tries = if counts { factor.tries } else { 0 };
        if tries >= TRIES {
            let wait = (factor.tries_since + WINDOW - now + 999) / 1000;
            return Err(SignInError::Throttled(u64::try_from(wait).unwrap_or(1).max(1)));
        }
        let (shown, step) = match self.step(system, factor, code).await? {
            Some(step) => (Shown::FromApp, step),
            None if self.use_up(system, factor.member_id, code).await? => (Shown::OnPaper, factor.last_step),
            None => (Shown::Wrong, factor.last_step),
        };
        let wrong = shown == Shown::Wrong;
        let change = second_factor::ActiveModel {
            last_step: Set(step),
            tries: Set(if wrong { tries + 1 } else { 0 }),
            tries_since: Set(if counts { factor.tries_since } else { now }),
            ..Default::default()
        };
        let mine = second_factor::Column::MemberId.eq(factor.member_id);
        system.update::<second_factor::Entity>().set(change).filter(mine).exec(system.on()).await?;
        Ok(shown)
    }

    /// The step a code of the app is from; `None` when it is from none that counts, or from one that was shown before.
    async fn step(
        &self,
        system: &System<'_>,
        factor: &second_factor::Model,
        code: &str,
    ) -> Result<Option<i64>, SignInError> {
        let digits: String = code.chars().take(LONGEST).filter(|c| !c.is_whitespace()).collect();
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let place = Place::Factor(MemberId(factor.member_id));
        let seed = self.master.unseal(system, place, &factor.sealed).await.map_err(DbError::from)?;
        let seed = seed.ok_or_else(|| {
            SignInError::Fault("a second factor does not open: it was changed in the database".to_owned())
        })?;
        let seconds = u64::try_from(self.env.now() / 1000).unwrap_or_default();
        let step = app(seed.expose(), "")?.check(&digits, seconds).and_then(|step| i64::try_from(step).ok());
        Ok(step.filter(|step| *step > factor.last_step))
    }

    /// Takes a recovery code; says whether there was one.
    async fn use_up(&self, system: &System<'_>, member: uuid::Uuid, code: &str) -> Result<bool, SignInError> {
        let Some(code) = written(code) else { return Ok(false) };
        let gone = system
            .delete::<recovery_code::Entity>()
            .filter(recovery_code::Column::MemberId.eq(member))
            .filter(recovery_code::Column::CodeHash.eq(self.code_hash(member, &code)))
            .exec(system.on())
            .await?;
        Ok(gone.rows_affected == 1)
    }

    fn code_hash(&self, member: uuid::Uuid, code: &str) -> String {
        let mut context = hmac::Context::with_key(&self.master.derive_global("recovery codes"));
        context.update(member.as_bytes());
        context.update(code.as_bytes());
        hex::encode(context.sign().as_ref())
    }

    /// What there is of a member's second factor.
    ///
    /// # Errors
    /// What the database says.
    pub async fn status(&self, member: MemberId) -> Result<Status, SignInError> {
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let mine = second_factor::Column::MemberId.eq(member.uuid());
        let row = system.find::<second_factor::Entity>().filter(mine).one(system.on()).await?;
        Ok(Status {
            since: row.and_then(|row| row.confirmed_at),
            codes: left(&system, member.uuid()).await?,
            required: !coded_of(&system, member).await?.is_empty(),
        })
    }

    /// Begins to set an app up; it is asked for once a code of it was shown. One that was begun before is forgotten.
    ///
    /// # Errors
    /// [`SignInError`]: the password is wrong, there is a second factor already.
    pub async fn start_second_factor(&self, access: Access, password: &str) -> Result<Setup, SignInError> {
        let row = self.shown(access, password).await?;
        let member = MemberId(row.id);
        let seed = totp_rs::Secret::from(self.env.random::<20>().to_vec()).to_base32();
        let uri = app(&seed, &row.email)?.to_url().map_err(fault)?;
        let code = QrCode::new(&uri).map_err(fault)?;
        let qr = code.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        self.unchanged(&system, &row).await?;
        if factor(&system, row.id).await?.is_some_and(|f| f.confirmed_at.is_some()) {
            return Err(SignInError::AlreadyOn);
        }
        self.forget(&system, row.id).await?;
        let now = self.env.now();
        let sealed = self.master.seal(&system, &self.env, Place::Factor(member), &seed).await;
        let new = second_factor::ActiveModel {
            member_id: Set(row.id),
            sealed: Set(sealed.map_err(DbError::from)?),
            created_at: Set(now),
            confirmed_at: Set(None),
            last_step: Set(0),
            tries: Set(0),
            tries_since: Set(now),
        };
        system.insert::<second_factor::Entity>(new).await?;
        tx.commit().await?;
        Ok(Setup { secret: seed, uri, qr })
    }

    /// Switches the second factor on by a first code of the app, ends all other sessions, and returns the recovery codes, this
    /// once.
    ///
    /// # Errors
    /// [`SignInError`]: nothing was begun, the code is wrong.
    pub async fn confirm_second_factor(
        &self,
        access: Access,
        code: &str,
    ) -> Result<Vec<String>, SignInError> {
        let row = self.own(access).await?;
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        self.unchanged(&system, &row).await?;
        let factor = factor(&system, row.id).await?.filter(|f| f.confirmed_at.is_none());
        let factor = factor.ok_or(SignInError::NotStarted)?;
        if self.judge(&system, &factor, code).await? == Shown::Wrong {
            tx.commit().await?;
            return Err(SignInError::WrongCode);
        }
        system
            .update::<second_factor::Entity>()
            .col_expr(second_factor::Column::ConfirmedAt, Expr::value(self.env.now()))
            .filter(second_factor::Column::MemberId.eq(row.id))
            .exec(system.on())
            .await?;
        system
            .update::<session::Entity>()
            .col_expr(session::Column::SecondFactor, Expr::value(true))
            .filter(session::Column::Id.eq(access.session.uuid()))
            .exec(system.on())
            .await?;
        end_sessions(&system, self.env.now(), access.member, Which::But(access.session)).await?;
        let codes = self.write_codes(&system, row.id).await?;
        self.tell(&system, &row, Letter::SecondFactorOn).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// New recovery codes in place of the old ones, for the password and a code of the app or one that is left. The password is asked
    /// first: else whoever has found an open browser could use up the owner's tries.
    ///
    /// # Errors
    /// [`SignInError`]: there is no second factor, password or code is wrong.
    pub async fn renew_recovery_codes(
        &self,
        access: Access,
        password: &str,
        code: &str,
    ) -> Result<Vec<String>, SignInError> {
        let row = self.shown(access, password).await?;
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        self.unchanged(&system, &row).await?;
        let factor = factor(&system, row.id).await?.filter(|f| f.confirmed_at.is_some());
        let factor = factor.ok_or(SignInError::NotStarted)?;
        if self.judge(&system, &factor, code).await? == Shown::Wrong {
            tx.commit().await?;
            return Err(SignInError::WrongCode);
        }
        let codes = self.write_codes(&system, row.id).await?;
        self.tell(&system, &row, Letter::RecoveryCodesRenewed).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Switches the second factor off, by password and code. Other sessions stay.
    ///
    /// # Errors
    /// [`SignInError`]: the member owns an agency, password or code is wrong, there is none.
    pub async fn end_second_factor(
        &self,
        access: Access,
        password: &str,
        code: &str,
    ) -> Result<(), SignInError> {
        let row = self.shown(access, password).await?;
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        self.unchanged(&system, &row).await?;
        let factor = factor(&system, row.id).await?.filter(|f| f.confirmed_at.is_some());
        let factor = factor.ok_or(SignInError::NotStarted)?;
        if !coded_of(&system, access.member).await?.is_empty() {
            return Err(SignInError::Required);
        }
        if self.judge(&system, &factor, code).await? == Shown::Wrong {
            tx.commit().await?;
            return Err(SignInError::WrongCode);
        }
        self.forget(&system, row.id).await?;
        self.tell(&system, &row, Letter::SecondFactorOff).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the second factor of somebody away who has lost app and codes, and ends their sessions. For the operator, who
    /// has made sure of whom they speak to. Says whether there was one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn reset_second_factor(&self, member: &member::Model) -> Result<bool, SignInError> {
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        self.unchanged(&system, member).await?;
        if factor(&system, member.id).await?.is_none() {
            return Ok(false);
        }
        self.forget(&system, member.id).await?;
        end_sessions(&system, self.env.now(), MemberId(member.id), Which::All).await?;
        self.tell(&system, member, Letter::SecondFactorOff).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whoever is signed in, who shows their password once more. Counted for the session: whoever has only that must not lock the
    /// account for its owner.
    pub(super) async fn shown(&self, access: Access, password: &str) -> Result<member::Model, SignInError> {
        let row = self.own(access).await?;
        self.prove(&row.email, password, None, (&format!("session {}", access.session), CHANGES)).await
    }

    async fn own(&self, access: Access) -> Result<member::Model, SignInError> {
        let mut tx = self.db.read().await?;
        let row = member_row(&tx.system().await?, access.member.uuid()).await?;
        row.ok_or(SignInError::Over)
    }

    /// Removes app and codes. Sessions that have shown a code have no more shown one than others.
    async fn forget(&self, system: &System<'_>, member: uuid::Uuid) -> Result<(), DbError> {
        let codes = recovery_code::Column::MemberId.eq(member);
        system.delete::<recovery_code::Entity>().filter(codes).exec(system.on()).await?;
        let app = second_factor::Column::MemberId.eq(member);
        system.delete::<second_factor::Entity>().filter(app).exec(system.on()).await?;
        system
            .update::<session::Entity>()
            .col_expr(session::Column::SecondFactor, Expr::value(false))
            .filter(session::Column::MemberId.eq(member))
            .filter(session::Column::SecondFactor.eq(true))
            .exec(system.on())
            .await?;
        Ok(())
    }

    async fn write_codes(&self, system: &System<'_>, member: uuid::Uuid) -> Result<Vec<String>, DbError> {
        let mine = recovery_code::Column::MemberId.eq(member);
        system.delete::<recovery_code::Entity>().filter(mine).exec(system.on()).await?;
        let codes: Vec<String> = (0..CODES).map(|_| paper(self.env.random::<LENGTH>())).collect();
        for code in &codes {
            let code_hash = Set(self.code_hash(member, &written(code).unwrap_or_default()));
            let row = recovery_code::ActiveModel { member_id: Set(member), code_hash };
            system.insert::<recovery_code::Entity>(row).await?;
        }
        Ok(codes)
    }

    /// Tells a mailbox, where the service sends mails.
    pub(super) async fn tell(
        &self,
        system: &System<'_>,
        row: &member::Model,
        letter: Letter,
    ) -> Result<(), DbError> {
        if self.mailbox.is_none() {
            return Ok(());
        }
        let language = row.language.parse().unwrap_or(Language::En);
        let mail = Mail { to: row.email.clone(), language, letter };
        mailbox::queue(system, &self.env, &self.master, &mail).await
    }
}

/// Organisations that a member reaches by a code alone.
///
/// # Errors
/// What the database says.
async fn coded_of(system: &System<'_>, member: MemberId) -> Result<Vec<uuid::Uuid>, DbError> {
    let query = system.find::<membership::Entity>().filter(membership::Column::MemberId.eq(member.uuid()));
    coded_only(system, &query.all(system.on()).await?).await
}

/// Of what somebody is a member of, what they reach by a code alone: agencies they own, and the service's staff.
///
/// # Errors
/// What the database says.
async fn coded_only(system: &System<'_>, rows: &[membership::Model]) -> Result<Vec<uuid::Uuid>, DbError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let special = system
        .find::<organisation::Entity>()
        .filter(organisation::Column::Id.is_in(rows.iter().map(|m| m.organisation_id)))
        .filter(organisation::Column::Kind.ne("merchant"))
        .all(system.on())
        .await?;
    let role = |id| rows.iter().find(|m| m.organisation_id == id).map_or("", |m| m.role.as_str());
    Ok(special.into_iter().filter(|row| needs_code(&row.kind, role(row.id))).map(|row| row.id).collect())
}

/// Whether somebody reaches an organisation by a code alone: their own agency, and the service's staff.
pub(super) fn needs_code(kind: &str, role: &str) -> bool {
    kind == "staff" || kind == "agency" && role == Role::Owner.as_str()
}

/// Whether a member is asked for a code.
///
/// # Errors
/// What the database says.
pub(super) async fn is_on(system: &System<'_>, member: uuid::Uuid) -> Result<bool, DbError> {
    let confirmed = second_factor::Column::ConfirmedAt.is_not_null();
    let mine = second_factor::Column::MemberId.eq(member);
    let query = system.find::<second_factor::Entity>().filter(mine).filter(confirmed);
    Ok(query.one(system.on()).await?.is_some())
}

/// A member's factor, held until the commit: codes are judged one after the other.
async fn factor(system: &System<'_>, member: uuid::Uuid) -> Result<Option<second_factor::Model>, DbError> {
    let mine = second_factor::Column::MemberId.eq(member);
    let query = system.find::<second_factor::Entity>().filter(mine).lock_exclusive();
    Ok(query.one(system.on()).await?)
}

async fn left(system: &System<'_>, member: uuid::Uuid) -> Result<u64, DbError> {
    let mine = recovery_code::Column::MemberId.eq(member);
    Ok(system.find::<recovery_code::Entity>().filter(mine).count(system.on()).await?)
}

async fn member_row(system: &System<'_>, id: uuid::Uuid) -> Result<Option<member::Model>, DbError> {
    let query = system.find::<member::Entity>().filter(member::Column::Id.eq(id));
    Ok(query.one(system.on()).await?)
}

fn fault(e: impl std::fmt::Display) -> SignInError {
    SignInError::Fault(e.to_string())
}

/// The app with this seed: SHA-1, six digits, thirty seconds, one step of tolerance each way, which is what every app speaks.
fn app(seed: &str, account: &str) -> Result<Totp, SignInError> {
    let secret = totp_rs::Secret::try_from_base32(seed).map_err(|_| fault("a seed is not base32"))?;
    // A colon would end the account's name in the address (Key URI format).
    let account = account.replace(':', " ");
    let app = Builder::new().with_secret(secret).with_account_name(account).with_issuer(Some("Cartwheel"));
    app.build().map_err(fault)
}

/// A recovery code as it is shown.
fn paper(random: [u8; LENGTH]) -> String {
    let letters: String = random.iter().map(|b| char::from(LETTERS[usize::from(b % 32)])).collect();
    format!("{}-{}", &letters[..LENGTH / 2], &letters[LENGTH / 2..])
}

/// A recovery code as somebody typed it, in the form it is kept; `None` when it is none.
fn written(code: &str) -> Option<String> {
    let letters: String = code
        .chars()
        .take(LONGEST)
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    (letters.len() == LENGTH && letters.bytes().all(|b| LETTERS.contains(&b))).then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_on_paper_are_read_however_they_are_typed() {
        let code = paper([0, 1, 2, 3, 31, 32, 33, 10, 17, 255]);
        assert_eq!(code, "0123z-01ahz");
        for typed in ["0123z-01ahz", "O123Z 0IAHZ", " o l23z01ahz "] {
            assert_eq!(written(typed).as_deref(), Some("0123z01ahz"), "{typed}");
        }
        for typed in ["", "0123z-01ah", "0123z-01ahzz", "0123z-01ahu", "0123z-01ahß", "123456"] {
            assert_eq!(written(typed), None, "{typed}");
        }
    }

    /// RFC 6238, appendix B, the last six of the eight digits.
    #[test]
    fn the_app_speaks_rfc_6238() {
        let seed = totp_rs::Secret::from(b"12345678901234567890".to_vec()).to_base32();
        let app = app(&seed, "ann:b@c.example").expect("an app");
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(app.check(code, seconds), Some(seconds / 30), "{seconds}");
        }
        let uri = app.to_url().expect("an address");
        assert!(uri.starts_with("otpauth://totp/Cartwheel:ann%20b%40c.example?"), "{uri}");
    }
}
