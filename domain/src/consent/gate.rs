//! The gate itself.

use super::{
    ledger::Yes,
    pack::{Applicable, Grant, Need, PolicyBook, Tracking},
    types::{
        Basis, BasisKind, Channel, Conditions, ContentClass, Dealing, Decision, EvidenceKind, EvidenceRef,
        GateInput, Lack, Missing, Purpose, Refusal,
    },
};
use crate::time::{DAY, HOUR, Millis};

/// Decides by the packs of this build. The order: what no rule can lift first (mismatched class, suppression),
/// then what was asked for, then the jurisdiction's grants in their order, then its refusal.
pub fn may_send(input: &GateInput<'_>) -> Decision {
    may_send_by(PolicyBook::builtin(), input)
}

/// Decides by a given book: another version of the packs, for replays.
pub fn may_send_by(book: &PolicyBook, input: &GateInput<'_>) -> Decision {
    let Some(law) = book.applicable(input.recipient.country, input.now) else {
        return Decision::Deny(Refusal {
            rule: "any.no-policy".to_owned(),
            cite: "no policy pack is in force at this instant".to_owned(),
            pack: String::new(),
            pack_version: 0,
            evidence: Vec::new(),
            missing: Vec::new(),
        });
    };
    let gate = Gate { input, law };
    let service = input.purpose == Purpose::Service;
    if service != (input.content_class == ContentClass::Transactional) {
        return gate.deny(
            "any.class-mismatch",
            "transactional content and the purpose service belong together",
            vec![],
            vec![],
        );
    }
    if let Some(no) = gate.suppression(service) {
        let evidence = vec![EvidenceRef::new(EvidenceKind::Suppression, &no.id)];
        return gate.deny(
            no.reason.rule(),
            "Art. 21(3), 17 GDPR; CAN-SPAM 16 CFR 316; sender guidelines",
            evidence,
            vec![],
        );
    }
    if !service && gate.circle() {
        return gate.deny(
            "any.suppressed-circle",
            "said to another store that shares its noes with this one (Art. 6(1)(f), 21(3) GDPR)",
            vec![],
            vec![],
        );
    }
    if service { gate.service() } else { gate.marketing() }
}

struct Gate<'a> {
    input: &'a GateInput<'a>,
    law: Applicable<'a>,
}

/// The last no a person said, with its rule.
struct No {
    at: Millis,
    rule: &'static str,
    cite: &'static str,
    evidence: EvidenceRef,
}

impl<'a> Gate<'a> {
    /// The suppression that stops this message, the gravest first.
    fn suppression(&self, service: bool) -> Option<&'a super::Suppression> {
        let matching = |s: &&super::Suppression| {
            s.channel.is_none_or(|c| c == self.input.channel) && (!service || s.reason.stops_service())
        };
        self.input.recipient.suppressions.iter().filter(matching).min_by_key(|s| (s.reason, s.at))
    }

    /// Whether a no to another store of a circle stops this message: it does unless the person asked this store anew since, by an act
    /// of their own. What they ask of this store goes to them anyway.
    fn circle(&self) -> bool {
        let said = self.input.recipient.circle.iter().filter(|no| no.channel == self.input.channel);
        said.into_iter().any(|no| !no.reason.yields_to_consent() || !self.asked_since(no.at))
    }

    fn asked_since(&self, at: Millis) -> bool {
        let consents = &self.input.recipient.consents;
        let covering = self.law.covering(self.input.purpose);
        let yes =
            covering.iter().filter_map(|p| consents.standing(self.input.channel, *p)).flat_map(|s| &s.yes);
        yes.into_iter().any(|y| y.method.is_act() && y.at > at && y.at <= self.input.now)
    }

    fn service(&self) -> Decision {
        let conditions = Conditions { sender_identity: true, no_offer: true, ..Conditions::default() };
        let cite = "asked for by the person (Art. 6(1)(b) GDPR, Art. 13(2) ePrivacy Directive e contrario)";
        Decision::Allow(self.basis("any.service", cite, BasisKind::Service, vec![], conditions))
    }

    fn marketing(&self) -> Decision {
        let Some(block) = self.law.block(self.input.channel, self.input.purpose) else {
            return self.deny(
                "any.channel-purpose",
                "the purpose does not belong to the channel",
                vec![],
                vec![],
            );
        };
        let covering = self.law.covering(self.input.purpose);
        let no = self.last_no(&covering);
        let overrides = || self.input.store.overrides.iter().filter(|o| o.pack == self.law.pack.id);
        let added = overrides().flat_map(|o| {
            let ours = |a: &&super::pack::AddedGrant| {
                a.channel == self.input.channel && a.purposes.contains(&self.input.purpose)
            };
            o.added.iter().filter(ours).map(move |a| (&a.grant, Some(o.id.as_str())))
        });
        let mut missing = Vec::new();
        for (grant, by) in block.grants.iter().map(|g| (g, None)).chain(added) {
            let off = overrides().any(|o| o.switched_off.contains(&grant.id));
            let tried = if off {
                Err(vec![Lack::SwitchedOff])
            } else {
                self.try_grant(grant, &covering, no.as_ref())
            };
            match tried {
                Ok(mut evidence) => {
                    evidence.extend(by.map(|id| EvidenceRef::new(EvidenceKind::Override, id)));
                    let conditions = self.conditions(block.conditions, grant);
                    return Decision::Allow(self.basis(
                        &grant.id,
                        &grant.cite,
                        grant.basis,
                        evidence,
                        conditions,
                    ));
                }
                Err(lacks) => missing.push(Missing { rule: grant.id.clone(), lacks }),
            }
        }
        match no {
            Some(no) => self.deny(no.rule, no.cite, vec![no.evidence], missing),
            None => self.deny(&block.refusal.id, &block.refusal.cite, vec![], missing),
        }
    }

    /// The last objection to marketing, or withdrawal of a purpose that covers this one.
    fn last_no(&self, covering: &[Purpose]) -> Option<No> {
        let consents = &self.input.recipient.consents;
        let withdrawn = covering
            .iter()
            .filter_map(|p| consents.standing(self.input.channel, *p))
            .filter(|s| s.state.is_no())
            .map(|s| No {
                at: s.at,
                rule: "any.withdrawn",
                cite: "Art. 7(3) GDPR: consent was withdrawn",
                evidence: EvidenceRef::new(EvidenceKind::Consent, &s.evidence),
            });
        let objected = consents.objected().map(|(at, id)| No {
            at,
            rule: "any.objected",
            cite: "Art. 21(2), (3) GDPR: objection to direct marketing",
            evidence: EvidenceRef::new(EvidenceKind::Consent, id),
        });
        withdrawn.chain(objected).max_by_key(|no| (no.at, no.rule == "any.objected"))
    }

    /// The evidence when the grant holds, else all that it misses.
    fn try_grant(
        &self,
        grant: &Grant,
        covering: &[Purpose],
        no: Option<&No>,
    ) -> Result<Vec<EvidenceRef>, Vec<Lack>> {
        let mut evidence = Vec::new();
        let mut lacks = self.shared_lacks(grant, &mut evidence);
        let ground = match grant.basis {
            BasisKind::Consent => self.consent(grant, covering, no),
            BasisKind::ExistingCustomer => self.customer(grant),
            _ => Ok(vec![]),
        };
        match ground {
            Ok(proof) => evidence.splice(0..0, proof).for_each(drop),
            Err(further) => lacks.splice(0..0, further).for_each(drop),
        }
        // After a no, nothing but a newer consent counts.
        if no.is_some() && grant.basis != BasisKind::Consent {
            lacks.insert(0, Lack::Consent);
        }
        if lacks.is_empty() { Ok(evidence) } else { Err(lacks) }
    }

    /// What grants of every kind can ask for.
    fn shared_lacks(&self, grant: &Grant, evidence: &mut Vec<EvidenceRef>) -> Vec<Lack> {
        let mut lacks = Vec::new();
        let store = self.input.store;
        let setting = |name: &str| EvidenceRef::new(EvidenceKind::StoreSetting, name);
        if grant.needs.contains(&Need::PreferenceList) && !self.input.recipient.preference_list_clear {
            lacks.push(Lack::PreferenceList);
        }
        if grant.needs.contains(&Need::Announced) {
            if store.reminder_announced {
                evidence.push(setting("reminder_announced"))
            } else {
                lacks.push(Lack::Announced)
            }
        }
        if grant.needs.contains(&Need::PostalAddress) {
            if store.has_postal_address {
                evidence.push(setting("postal_address"))
            } else {
                lacks.push(Lack::PostalAddress)
            }
        }
        if !grant.classes.is_empty() && !grant.classes.contains(&self.input.content_class) {
            lacks.push(Lack::ContentClass);
        }
        if grant.max_per_cart.is_none() && grant.within_hours.is_none() {
            return lacks;
        }
        match self.input.cart.and_then(|cart| Some((cart, cart.abandoned_at?))) {
            None => lacks.push(Lack::Cart),
            Some((cart, left)) => {
                if grant.max_per_cart.is_some_and(|max| cart.messages_sent >= max) {
                    lacks.push(Lack::MaxPerCart);
                }
                if grant.within_hours.is_some_and(|hours| self.input.now - left > Millis::from(hours) * HOUR)
                {
                    lacks.push(Lack::Late);
                }
                evidence.push(EvidenceRef::new(EvidenceKind::Cart, cart.id));
            }
        }
        lacks
    }

    fn too_old(&self, grant: &Grant, at: Millis) -> bool {
        grant.max_age_days.is_some_and(|days| self.input.now - at > Millis::from(days) * DAY)
    }

    fn consent(
        &self,
        grant: &Grant,
        covering: &[Purpose],
        no: Option<&No>,
    ) -> Result<Vec<EvidenceRef>, Vec<Lack>> {
        let consents = &self.input.recipient.consents;
        let standing: Vec<&Yes> = covering
            .iter()
            .filter_map(|p| consents.standing(self.input.channel, *p))
            .flat_map(|s| &s.yes)
            .filter(|y| y.at <= self.input.now && no.is_none_or(|no| y.at > no.at))
            .collect();
        let proven: Vec<&Yes> =
            standing.iter().copied().filter(|y| grant.methods.contains(&y.method)).collect();
        match proven.iter().find(|y| !self.too_old(grant, y.at)) {
            Some(yes) => {
                Ok(yes.evidence.iter().map(|id| EvidenceRef::new(EvidenceKind::Consent, id)).collect())
            }
            None if !proven.is_empty() => Err(vec![Lack::Age]),
            None if !standing.is_empty() => Err(vec![Lack::Proof]),
            None => Err(vec![Lack::Consent]),
        }
    }

    /// All facts must be true of one and the same dealing; the refusal names what the best one misses.
    fn customer(&self, grant: &Grant) -> Result<Vec<EvidenceRef>, Vec<Lack>> {
        let judged = self
            .input
            .recipient
            .dealings
            .iter()
            .filter(|d| Some(d.kind) == grant.dealing && d.at <= self.input.now);
        let best =
            judged.map(|d| (self.dealing_lacks(grant, d), d)).min_by_key(|(lacks, d)| (lacks.len(), -d.at));
        match best {
            Some((lacks, dealing)) if lacks.is_empty() => Ok(vec![dealing.evidence.clone()]),
            Some((lacks, _)) => Err(lacks),
            None => Err(vec![Lack::Dealing]),
        }
    }

    fn dealing_lacks(&self, grant: &Grant, dealing: &Dealing) -> Vec<Lack> {
        let facts = [
            (Need::OwnAddress, dealing.own_address, Lack::OwnAddress),
            (Need::OptOutAtCollection, dealing.opt_out_offered, Lack::OptOutAtCollection),
            (Need::SimilarGoods, dealing.similar_goods, Lack::SimilarGoods),
        ];
        let missing =
            facts.into_iter().filter(|(need, holds, _)| grant.needs.contains(need) && !holds).map(|f| f.2);
        missing.chain(self.too_old(grant, dealing.at).then_some(Lack::Age)).collect()
    }

    fn conditions(&self, of_block: Conditions, grant: &Grant) -> Conditions {
        let only_informs = grant.classes == [ContentClass::Informational];
        Conditions {
            postal_address: of_block.postal_address || grant.needs.contains(&Need::PostalAddress),
            no_offer: of_block.no_offer
                || only_informs
                || self.input.content_class == ContentClass::Informational,
            pixel_allowed: self.tracking_allowed(self.law.pack.pixel, Purpose::OpenPixel),
            click_profile_allowed: self.tracking_allowed(self.law.pack.click_profile, Purpose::ClickProfile),
            ..of_block
        }
    }

    /// A no to measuring counts everywhere; where a yes is asked for, a list's claim is none.
    fn tracking_allowed(&self, rule: Tracking, purpose: Purpose) -> bool {
        let standing = self.input.recipient.consents.standing(Channel::Email, purpose);
        match (standing, rule) {
            (Some(s), _) if s.state.is_no() => false,
            (_, Tracking::Allowed) => true,
            (Some(s), Tracking::Consent) => {
                s.yes.iter().any(|y| y.method != super::Method::Imported && y.at <= self.input.now)
            }
            (None, Tracking::Consent) => false,
        }
    }

    fn basis(
        &self,
        rule: &str,
        cite: &str,
        kind: BasisKind,
        evidence: Vec<EvidenceRef>,
        conditions: Conditions,
    ) -> Basis {
        Basis {
            rule: rule.to_owned(),
            cite: cite.to_owned(),
            kind,
            pack: self.law.pack.id.clone(),
            pack_version: self.law.pack.version,
            evidence,
            conditions,
        }
    }

    fn deny(&self, rule: &str, cite: &str, evidence: Vec<EvidenceRef>, missing: Vec<Missing>) -> Decision {
        Decision::Deny(Refusal {
            rule: rule.to_owned(),
            cite: cite.to_owned(),
            pack: self.law.pack.id.clone(),
            pack_version: self.law.pack.version,
            evidence,
            missing,
        })
    }
}

/// A message that two books decide differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its place among the inputs.
    pub index: usize,
    /// The old answer.
    pub before: Decision,
    /// The new one.
    pub after: Decision,
}

/// Replays past messages under another book and lists those whose answer or rule changes.
pub fn differences<'a>(
    old: &PolicyBook,
    new: &PolicyBook,
    inputs: impl IntoIterator<Item = GateInput<'a>>,
) -> Vec<Difference> {
    let judged = inputs.into_iter().enumerate().map(|(index, input)| Difference {
        index,
        before: may_send_by(old, &input),
        after: may_send_by(new, &input),
    });
    judged
        .filter(|d| d.before.is_allow() != d.after.is_allow() || d.before.rule() != d.after.rule())
        .collect()
}

#[cfg(test)]
#[path = "gate_tests/mod.rs"]
mod tests;
