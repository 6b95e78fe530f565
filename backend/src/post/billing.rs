//! What owners are told of what they pay for, in four languages.

use super::words::{self, Words, plain};
use crate::accounts::mailbox::BillingNews;
use cartwheel_domain::{
    locale::Language,
    time::{Millis, to_rfc3339},
};

fn pick(l: Language, [en, de, fr, it]: [&'static str; 4]) -> &'static str {
    words::pick(l, en, de, fr, it)
}

/// A day as people write it.
fn day(l: Language, at: Millis) -> String {
    let text = to_rfc3339(at);
    let mut parts = text.split(['-', 'T']);
    let (y, m, d) = (parts.next(), parts.next(), parts.next());
    let (Some(y), Some(m), Some(d)) = (y, m, d) else { return text };
    match l {
        Language::En => format!("{y}-{m}-{d}"),
        Language::De => format!("{d}.{m}.{y}"),
        Language::Fr | Language::It => format!("{d}/{m}/{y}"),
    }
}

/// What is counted, in words.
fn measure(l: Language, name: &str) -> &'static str {
    match name {
        "email" => pick(l, ["e-mails", "E-Mails", "e-mails", "e-mail"]),
        "sms" => pick(l, ["text messages", "SMS", "SMS", "SMS"]),
        "push" => pick(l, ["push messages", "Push-Nachrichten", "notifications push", "notifiche push"]),
        "post" => pick(l, ["letters", "Briefe", "lettres", "lettere"]),
        _ => pick(l, ["active contacts", "aktive Kontakte", "contacts actifs", "contatti attivi"]),
    }
}

/// Fills `{0}`, `{1}` and so on; what is filled in is not read again.
fn fill(text: &str, values: &[&str]) -> String {
    let mut out = String::with_capacity(text.len() + 40);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (number, tail) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(number.parse::<usize>().ok().and_then(|n| values.get(n)).copied().unwrap_or_default());
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// What the mail says.
pub(super) fn of(l: Language, organisation: &str, news: &BillingNews, page: String) -> Words {
    let name = plain(organisation);
    let (subject, line) = match news {
        BillingNews::Usage { measure: what, percent, used, cap, until } => {
            let (what, used, cap, until) =
                (measure(l, what), used.to_string(), cap.to_string(), day(l, *until));
            let values = [name.as_str(), what, used.as_str(), cap.as_str(), until.as_str()];
            let texts = if *percent >= 100 {
                (
                    [
                        "{0}: sending is paused, the plan’s {1} are used up",
                        "{0}: Der Versand ruht, das Kontingent ist aufgebraucht ({1})",
                        "{0} : les envois sont suspendus, le quota est épuisé ({1})",
                        "{0}: gli invii sono sospesi, la quota è esaurita ({1})",
                    ],
                    [
                        "{2} of {3} {1} are used. Messages wait and nothing is lost; carts are still recorded. Sending goes on when you choose a larger plan, allow use beyond what is included, or when the next month begins on {4}.",
                        "Verbraucht: {2} von {3} ({1}). Nachrichten warten, nichts geht verloren, Warenkörbe werden weiter erfasst. Es geht weiter, sobald Sie einen größeren Tarif wählen, Verbrauch über das Enthaltene hinaus erlauben oder am {4} der nächste Monat beginnt.",
                        "Consommation : {2} sur {3} ({1}). Les messages attendent et rien n’est perdu ; les paniers sont toujours enregistrés. Les envois reprennent dès que vous choisissez une formule supérieure, autorisez la consommation au-delà du forfait, ou le {4}, au début du mois suivant.",
                        "Consumo: {2} su {3} ({1}). I messaggi attendono e nulla va perso; i carrelli continuano a essere registrati. Gli invii riprendono quando sceglie un piano più grande, consente il consumo oltre il compreso oppure il {4}, con il mese successivo.",
                    ],
                )
            } else {
                (
                    [
                        "{0}: four fifths of the plan’s {1} are used",
                        "{0}: vier Fünftel des Kontingents sind verbraucht ({1})",
                        "{0} : quatre cinquièmes du quota sont consommés ({1})",
                        "{0}: quattro quinti della quota sono consumati ({1})",
                    ],
                    [
                        "{2} of {3} {1} are used. When all are, sending pauses until {4}, unless you choose a larger plan or allow use beyond what is included.",
                        "Verbraucht: {2} von {3} ({1}). Ist alles verbraucht, ruht der Versand bis {4}, außer Sie wählen einen größeren Tarif oder erlauben Verbrauch über das Enthaltene hinaus.",
                        "Consommation : {2} sur {3} ({1}). Une fois le quota épuisé, les envois sont suspendus jusqu’au {4}, sauf si vous choisissez une formule supérieure ou autorisez la consommation au-delà du forfait.",
                        "Consumo: {2} su {3} ({1}). Esaurita la quota, gli invii restano sospesi fino al {4}, a meno che scelga un piano più grande o consenta il consumo oltre il compreso.",
                    ],
                )
            };
            (fill(pick(l, texts.0), &values), fill(pick(l, texts.1), &values))
        }
        BillingNews::TrialEnds { at } => {
            let at = day(l, *at);
            let values = [name.as_str(), at.as_str()];
            let subject = [
                "{0}: your trial ends on {1}",
                "{0}: Ihr Probezeitraum endet am {1}",
                "{0} : votre essai se termine le {1}",
                "{0}: la prova termina il {1}",
            ];
            let line = [
                "From then on your plan is paid by the means you gave. You can change or cancel it until then.",
                "Ab dann wird Ihr Tarif über das hinterlegte Zahlungsmittel bezahlt. Bis dahin können Sie ihn ändern oder kündigen.",
                "À partir de cette date, votre formule est réglée par le moyen de paiement indiqué. D’ici là, vous pouvez la modifier ou la résilier.",
                "Da allora il piano si paga con il mezzo di pagamento indicato. Fino ad allora può cambiarlo o disdirlo.",
            ];
            (fill(pick(l, subject), &values), fill(pick(l, line), &values))
        }
        BillingNews::PaymentFailed { until } => {
            let until = day(l, *until);
            let values = [name.as_str(), until.as_str()];
            let subject = [
                "{0}: a payment failed",
                "{0}: Eine Zahlung ist fehlgeschlagen",
                "{0} : un paiement a échoué",
                "{0}: un pagamento non è riuscito",
            ];
            let line = [
                "We could not collect the last payment and will try again. Please check your means of payment. Sending goes on until {1}; if the payment is still missing then, it pauses.",
                "Die letzte Zahlung ließ sich nicht einziehen; wir versuchen es erneut. Bitte prüfen Sie Ihr Zahlungsmittel. Der Versand läuft bis {1} weiter; fehlt die Zahlung dann noch, ruht er.",
                "Le dernier paiement n’a pas pu être encaissé ; nous réessaierons. Veuillez vérifier votre moyen de paiement. Les envois continuent jusqu’au {1} ; si le paiement manque encore à cette date, ils seront suspendus.",
                "Non è stato possibile incassare l’ultimo pagamento; riproveremo. Controlli il mezzo di pagamento. Gli invii proseguono fino al {1}; se il pagamento mancherà ancora, saranno sospesi.",
            ];
            (fill(pick(l, subject), &values), fill(pick(l, line), &values))
        }
        BillingNews::Erasure { at } => {
            let at = day(l, *at);
            let values = [name.as_str(), at.as_str()];
            let subject = [
                "{0}: your shoppers’ data is erased on {1}",
                "{0}: Die Daten Ihrer Kundinnen und Kunden werden am {1} gelöscht",
                "{0} : les données de vos clients seront effacées le {1}",
                "{0}: i dati dei suoi clienti verranno cancellati il {1}",
            ];
            let line = [
                "Your subscription is over. On {1} the people in all of your stores are erased for good: names, addresses, consent and what they looked at. Choose a plan before, the free one too, and everything stays.",
                "Ihr Abonnement ist beendet. Am {1} werden die Personen in allen Ihren Shops endgültig gelöscht: Namen, Adressen, Einwilligungen und was sie angesehen haben. Wählen Sie vorher einen Tarif, auch den kostenlosen, und alles bleibt.",
                "Votre abonnement a pris fin. Le {1}, les personnes de toutes vos boutiques seront effacées définitivement : noms, adresses, consentements et consultations. Choisissez une formule avant cette date, même gratuite, et tout reste.",
                "Il suo abbonamento è terminato. Il {1} le persone di tutti i suoi negozi verranno cancellate definitivamente: nomi, indirizzi, consensi e ciò che hanno guardato. Scelga prima un piano, anche quello gratuito, e tutto resta.",
            ];
            (fill(pick(l, subject), &values), fill(pick(l, line), &values))
        }
        BillingNews::Unpaid => {
            let values = [name.as_str()];
            let subject = [
                "{0}: sending is paused, a payment is missing",
                "{0}: Der Versand ruht, eine Zahlung fehlt",
                "{0} : les envois sont suspendus, un paiement manque",
                "{0}: gli invii sono sospesi, manca un pagamento",
            ];
            let line = [
                "Messages wait and nothing is lost; carts are still recorded. Sending goes on as soon as the payment has arrived.",
                "Nachrichten warten, nichts geht verloren, Warenkörbe werden weiter erfasst. Sobald die Zahlung eingegangen ist, geht es weiter.",
                "Les messages attendent et rien n’est perdu ; les paniers sont toujours enregistrés. Les envois reprennent dès réception du paiement.",
                "I messaggi attendono e nulla va perso; i carrelli continuano a essere registrati. Gli invii riprendono appena arriva il pagamento.",
            ];
            (fill(pick(l, subject), &values), fill(pick(l, line), &values))
        }
        BillingNews::Ended { until } => {
            let until = day(l, *until);
            let values = [name.as_str(), until.as_str()];
            let subject = [
                "{0}: your subscription has ended",
                "{0}: Ihr Abonnement ist beendet",
                "{0} : votre abonnement a pris fin",
                "{0}: il suo abbonamento è terminato",
            ];
            let line = [
                "Nothing is sent any more. Your data is kept until {1}; until then you can choose a plan and go on where you were, or take your data with you.",
                "Es wird nichts mehr versandt. Ihre Daten bleiben bis {1} erhalten; bis dahin können Sie einen Tarif wählen und dort weitermachen, wo Sie waren, oder Ihre Daten mitnehmen.",
                "Plus rien n’est envoyé. Vos données sont conservées jusqu’au {1} ; d’ici là, vous pouvez choisir une formule et reprendre là où vous en étiez, ou emporter vos données.",
                "Non viene più inviato nulla. I dati sono conservati fino al {1}; fino ad allora può scegliere un piano e riprendere da dove era rimasto, oppure portare con sé i dati.",
            ];
            (fill(pick(l, subject), &values), fill(pick(l, line), &values))
        }
    };
    let label =
        pick(l, ["Plan and usage", "Tarif und Verbrauch", "Formule et consommation", "Piano e consumo"]);
    let small = pick(
        l,
        [
            "You receive this as an owner of the organisation.",
            "Sie erhalten diese Nachricht, weil Ihnen die Organisation gehört.",
            "Vous recevez ce message en tant que propriétaire de l’organisation.",
            "Riceve questo messaggio come titolare dell’organizzazione.",
        ],
    );
    Words { subject, lines: vec![line], link: Some((label, page)), small }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::accounts::mailbox::Letter;

    /// One letter of each kind.
    pub(in super::super) fn letters() -> Vec<Letter> {
        let usage = |percent| BillingNews::Usage {
            measure: "email".into(),
            percent,
            used: 4_010,
            cap: 5_000,
            until: 1_795_341_600_000,
        };
        let at = 1_795_341_600_000;
        [
            usage(80),
            usage(100),
            BillingNews::TrialEnds { at },
            BillingNews::PaymentFailed { until: at },
            BillingNews::Unpaid,
            BillingNews::Ended { until: at },
            BillingNews::Erasure { at },
        ]
        .map(|news| Letter::Billing {
            organisation: "Wheel {1} www.evil.example".into(),
            page: "/stores/store_1/organisation/billing".into(),
            news,
        })
        .into()
    }

    #[test]
    fn figures_and_days_stand_where_they_belong() {
        let Letter::Billing { organisation, news, .. } = letters().remove(0) else {
            panic!("a letter of ours")
        };
        let words = of(Language::De, &organisation, &news, "https://c.example/".into());
        assert!(
            words.lines[0].contains("4010 von 5000") && words.lines[0].contains("bis 22.11.2026"),
            "{words:?}"
        );
        assert!(words.subject.starts_with("Wheel {1} "), "a name is not filled in: {}", words.subject);
        for language in Language::ALL {
            for letter in letters() {
                let Letter::Billing { news, .. } = letter else { panic!("a letter of ours") };
                let words = of(language, "Wheel", &news, "https://c.example/".into());
                assert!(
                    !words.subject.contains(['{', '}']) && !words.lines[0].contains(['{', '}']),
                    "{words:?}"
                );
            }
        }
    }
}
