//! Who an event is about: which contact, which contacts turn out to be the same person, and what is believed.
//!
//! A person is known by identities: the shop's customer id, e-mail, phone, and the random id of a browser. Each
//! value belongs to one contact of a store. A browser can change hands, so its id moves on when somebody else
//! says who they are; the other three define a person.
//!
//! A browser (public key) is not believed about other people: its customer id is ignored, and only a contact of
//! which nothing but the browser's id is known is merged on its word. An address typed there says where the
//! *own* cart's reminder may go; it never selects a cart and never rewrites what is known of that address's owner.

/// What a person is known by, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityKind {
    /// The shop's customer id.
    User,
    /// E-mail.
    Email,
    /// Phone.
    Phone,
    /// A browser's random id.
    Anonymous,
}

impl IdentityKind {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Anonymous => "anonymous",
        }
    }

    /// The kind of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::User, Self::Email, Self::Phone, Self::Anonymous].into_iter().find(|k| k.as_str() == name)
    }
}

/// What is known of a contact that holds a claimed identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder<K> {
    /// Which contact.
    pub id: K,
    /// Its customer id.
    pub user: Option<String>,
    /// Its e-mail.
    pub email: Option<String>,
    /// Its phone.
    pub phone: Option<String>,
}

impl<K> Holder<K> {
    fn is_anonymous(&self) -> bool {
        self.user.is_none() && self.email.is_none() && self.phone.is_none()
    }
}

/// One identity an event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<K> {
    /// Which kind.
    pub kind: IdentityKind,
    /// Its canonical value.
    pub value: String,
    /// Who has it now.
    pub holder: Option<Holder<K>>,
}

/// What follows from an event's claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<K> {
    /// The contact; `None` makes a new one.
    pub target: Option<K>,
    /// Contacts that turn out to be the same person and go up in the target.
    pub absorb: Vec<K>,
    /// Identities to write down as the target's: new ones, and a browser that moved on.
    pub bind: Vec<(IdentityKind, String)>,
}

fn differ(a: Option<&str>, b: Option<&str>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}

/// Decides who an event is about. `claims` in any order; `None` when the event names nobody.
pub fn resolve<K: Copy + PartialEq>(claims: &[Claim<K>], trusted: bool) -> Option<Plan<K>> {
    let mut claims: Vec<&Claim<K>> =
        claims.iter().filter(|c| trusted || c.kind != IdentityKind::User).collect();
    claims.sort_by_key(|c| c.kind);
    if claims.is_empty() {
        return None;
    }
    let said = |kind| claims.iter().find(|c| c.kind == kind).map(|c| c.value.as_str());
    // A browser whose owner is known to be somebody else than the event says tells nothing of the person.
    let another = |c: &Claim<K>, h: &Holder<K>| {
        c.kind == IdentityKind::Anonymous
            && (differ(said(IdentityKind::User), h.user.as_deref())
                || differ(said(IdentityKind::Email), h.email.as_deref())
                || (said(IdentityKind::Email).is_none()
                    && differ(said(IdentityKind::Phone), h.phone.as_deref())))
    };
    let target = claims.iter().find_map(|c| c.holder.as_ref().filter(|h| !another(c, h)));
    let user = said(IdentityKind::User).or(target.and_then(|t| t.user.as_deref()));
    let email = said(IdentityKind::Email).or(target.and_then(|t| t.email.as_deref()));
    let mut plan = Plan { target: target.map(|t| t.id), absorb: Vec::new(), bind: Vec::new() };
    for claim in &claims {
        let browser = claim.kind == IdentityKind::Anonymous;
        let bind = match &claim.holder {
            None => true,
            Some(h) if Some(h.id) == plan.target => false,
            Some(h) => {
                let same_person = if trusted {
                    !differ(user, h.user.as_deref()) && (!browser || !differ(email, h.email.as_deref()))
                } else {
                    h.is_anonymous()
                };
                if same_person && plan.target.is_some() && !another(claim, h) {
                    if !plan.absorb.contains(&h.id) {
                        plan.absorb.push(h.id);
                    }
                    false
                } else {
                    browser
                }
            }
        };
        if bind {
            plan.bind.push((claim.kind, claim.value.clone()));
        }
    }
    Some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentityKind::*;
    use proptest::prelude::*;

    fn holder(id: u8, user: &str, email: &str) -> Holder<u8> {
        let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
        Holder { id, user: text(user), email: text(email), phone: None }
    }

    fn claim(kind: IdentityKind, value: &str, holder: Option<Holder<u8>>) -> Claim<u8> {
        Claim { kind, value: value.into(), holder }
    }

    #[test]
    fn an_anonymous_shopper_becomes_known() {
        let plan =
            resolve(&[claim(Anonymous, "b", Some(holder(1, "", ""))), claim(Email, "a@x.y", None)], false);
        assert_eq!(plan, Some(Plan { target: Some(1), absorb: vec![], bind: vec![(Email, "a@x.y".into())] }));
        let plan = resolve(
            &[
                claim(Anonymous, "b", Some(holder(1, "", ""))),
                claim(Email, "a@x.y", Some(holder(2, "", "a@x.y"))),
            ],
            false,
        );
        assert_eq!(plan, Some(Plan { target: Some(2), absorb: vec![1], bind: vec![] }));
    }

    #[test]
    fn a_browser_that_changes_hands_moves_on() {
        let claims = [claim(Anonymous, "b", Some(holder(1, "", "ann@x.y"))), claim(Email, "bob@x.y", None)];
        for trusted in [false, true] {
            let plan = resolve(&claims, trusted).expect("somebody");
            assert_eq!((plan.target, plan.absorb), (None, vec![]));
            assert_eq!(plan.bind, vec![(Email, "bob@x.y".into()), (Anonymous, "b".into())]);
        }
    }

    #[test]
    fn a_browser_is_not_believed_about_customers() {
        let victim = holder(1, "u1", "ann@x.y");
        assert_eq!(resolve(&[claim(User, "u1", Some(victim.clone()))], false), None);
        // Somebody with a history of their own does not become the owner of an address by typing it.
        let own = holder(2, "", "eve@x.y");
        let plan = resolve(&[claim(Anonymous, "b", Some(own)), claim(Email, "ann@x.y", Some(victim))], false)
            .expect("somebody");
        assert_eq!((plan.target, plan.absorb, plan.bind), (Some(1), vec![], vec![(Anonymous, "b".into())]));
    }

    #[test]
    fn two_customers_are_never_merged() {
        let claims = [
            claim(User, "u1", Some(holder(1, "u1", ""))),
            claim(Email, "a@x.y", Some(holder(2, "u2", "a@x.y"))),
        ];
        let plan = resolve(&claims, true).expect("somebody");
        assert_eq!((plan.target, plan.absorb, plan.bind), (Some(1), vec![], vec![]));
    }

    #[test]
    fn a_guest_who_makes_an_account_is_one_person() {
        let claims = [
            claim(User, "u1", None),
            claim(Email, "a@x.y", Some(holder(2, "", "a@x.y"))),
            claim(Anonymous, "b", Some(holder(3, "", ""))),
        ];
        let plan = resolve(&claims, true).expect("somebody");
        assert_eq!((plan.target, plan.absorb, plan.bind), (Some(2), vec![3], vec![(User, "u1".into())]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn nobody_with_another_customer_id_is_ever_merged(
            raw in prop::collection::vec((0u8..4, prop::option::of((1u8..5, "[uv]?", "[ef]?")), "[pq]"), 0..4),
            trusted: bool,
        ) {
            let kinds = [User, Email, Phone, Anonymous];
            let claims: Vec<_> = raw.iter()
                .map(|(k, h, v)| claim(kinds[usize::from(*k)], v, h.as_ref().map(|(id, u, e)| holder(*id, u, e))))
                .collect();
            if let Some(plan) = resolve(&claims, trusted) {
                for gone in &plan.absorb {
                    prop_assert!(plan.target.is_some() && Some(*gone) != plan.target);
                    if !trusted {
                        prop_assert!(claims.iter().filter_map(|c| c.holder.as_ref()).any(|h| h.id == *gone && h.is_anonymous()));
                    }
                }
            }
        }
    }
}
