//! What admins are told of an endpoint of outgoing webhooks that was switched off, in four languages.

use super::words::{Words, pick, plain};
use cartwheel_domain::locale::Language;

/// What the mail says.
pub(super) fn of(l: Language, (store, host): (&str, &str), gone: bool, page: String) -> Words {
    let (store, host) = (plain(store), plain(host));
    let subject = match l {
        Language::En => format!("Webhooks of {store} to {host} were switched off"),
        Language::De => format!("Webhooks von {store} an {host} wurden abgeschaltet"),
        Language::Fr => format!("Les webhooks de {store} vers {host} ont été désactivés"),
        Language::It => format!("I webhook di {store} verso {host} sono stati disattivati"),
    };
    let line = match (l, gone) {
        (Language::En, true) => {
            format!("{host} answered that it is gone for good (410), so Cartwheel tells it nothing any more.")
        }
        (Language::De, true) => format!(
            "{host} hat geantwortet, dass es dauerhaft weg ist (410); Cartwheel meldet dorthin nichts mehr."
        ),
        (Language::Fr, true) => {
            format!("{host} a répondu avoir disparu pour de bon (410) : Cartwheel ne lui envoie plus rien.")
        }
        (Language::It, true) => {
            format!("{host} ha risposto di non esistere più (410): Cartwheel non gli invia più nulla.")
        }
        (Language::En, false) => {
            format!("For five days every call to {host} has failed, so Cartwheel tells it nothing any more.")
        }
        (Language::De, false) => format!(
            "Seit fünf Tagen ist jeder Aufruf an {host} fehlgeschlagen; Cartwheel meldet dorthin nichts mehr."
        ),
        (Language::Fr, false) => format!(
            "Depuis cinq jours, tous les appels vers {host} échouent : Cartwheel ne lui envoie plus rien."
        ),
        (Language::It, false) => {
            format!("Da cinque giorni ogni chiamata a {host} fallisce: Cartwheel non gli invia più nulla.")
        }
    };
    Words {
        subject,
        lines: vec![line],
        link: Some((
            pick(l, "See what was answered", "Antworten ansehen", "Voir les réponses", "Vedere le risposte"),
            page,
        )),
        small: pick(
            l,
            "Once the receiver is mended, switch the endpoint on again and replay what has failed. Deliveries are kept for 30 days.",
            "Wenn der Empfänger wieder geht, schalten Sie den Endpunkt ein und wiederholen Sie, was fehlgeschlagen ist. Zustellungen werden 30 Tage aufbewahrt.",
            "Une fois le récepteur réparé, réactivez le point de terminaison et rejouez ce qui a échoué. Les envois sont conservés 30 jours.",
            "Quando il ricevente funziona di nuovo, riattivi l’endpoint e ripeta ciò che è fallito. Le consegne sono conservate 30 giorni.",
        ),
    }
}
