//! The pages behind the unsubscribe link: plain HTML, no script, readable on a phone and by a screen reader.

use super::unsubscribe::Choice;
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{consent::Channel, locale::Language};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1b1a;--soft:#57534e;--ground:#faf9f7;--card:#fff;--line:#d6d3d1;--act:#1d4ed8;--on:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#f5f5f4;--soft:#b6b1ab;--ground:#171615;--card:#232120;--line:#57534e;--act:#93b4ff;--on:#0c1a3d}}\
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}\
main{max-width:34rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}\
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.5rem}p{margin:0 0 1rem}\
.soft{color:var(--soft)}button{display:block;width:100%;min-height:3rem;margin:0 0 .75rem;padding:.6rem 1rem;border-radius:.5rem;\
border:1px solid var(--act);background:transparent;color:var(--act);font:inherit;font-weight:600;cursor:pointer;overflow-wrap:anywhere}\
button.first{background:var(--act);color:var(--on)}button:focus-visible{outline:3px solid var(--act);outline-offset:3px}\
strong{overflow-wrap:anywhere}";

/// The policy that lets this style in and nothing else.
pub(super) fn content_security_policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    });
    &POLICY
}

/// What a page says in one language.
struct Words {
    ask_title: &'static str,
    ask: &'static str,
    email: &'static str,
    reminders: &'static str,
    everything: &'static str,
    still: &'static str,
    done_title: &'static str,
    done_email: &'static str,
    done_reminders: &'static str,
    done_everything: &'static str,
    ask_push_title: &'static str,
    ask_push: &'static str,
    push: &'static str,
    done_push: &'static str,
    invalid_title: &'static str,
    invalid: &'static str,
    later_title: &'static str,
    later: &'static str,
}

const fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &Words {
            ask_title: "Stop e-mails from {store}?",
            ask: "This is about the address {address}. Nothing changes until you press a button.",
            email: "Stop all e-mails",
            reminders: "Only stop reminders of my basket",
            everything: "Stop all advertising, on every channel",
            still: "You still get messages about your orders.",
            done_title: "Done",
            done_email: "{store} will send no more reminders or offers by e-mail to {address}.",
            done_reminders: "{store} will no longer remind {address} of an unfinished basket.",
            done_everything: "{store} will no longer advertise to you on any channel.",
            ask_push_title: "Stop notifications from {store}?",
            ask_push: "This is about notifications of your browsers. Nothing changes until you press a button.",
            push: "No more notifications",
            done_push: "{store} will send no more notifications.",
            invalid_title: "This link does not work",
            invalid: "It is incomplete or was changed on the way. Please open it again from the e-mail, or answer that e-mail.",
            later_title: "Please try again in a moment",
            later: "Your wish could not be saved just now. Nothing was changed.",
        },
        Language::De => &Words {
            ask_title: "E-Mails von {store} abbestellen?",
            ask: "Es geht um die Adresse {address}. Erst ein Druck auf eine der Schaltflächen ändert etwas.",
            email: "Alle E-Mails abbestellen",
            reminders: "Nur Erinnerungen an meinen Warenkorb abbestellen",
            everything: "Jeder Werbung widersprechen, auf allen Wegen",
            still: "Nachrichten zu Bestellungen kommen weiterhin.",
            done_title: "Erledigt",
            done_email: "{store} schickt keine Erinnerungen und Angebote mehr per E-Mail an {address}.",
            done_reminders: "{store} erinnert {address} nicht mehr an einen offenen Warenkorb.",
            done_everything: "{store} schickt Ihnen auf keinem Weg mehr Werbung.",
            ask_push_title: "Benachrichtigungen von {store} abbestellen?",
            ask_push: "Es geht um Benachrichtigungen in Ihren Browsern. Erst ein Druck auf eine der Schaltflächen ändert etwas.",
            push: "Keine Benachrichtigungen mehr",
            done_push: "{store} schickt keine Benachrichtigungen mehr.",
            invalid_title: "Dieser Link funktioniert nicht",
            invalid: "Er ist unvollständig oder wurde unterwegs verändert. Bitte öffnen Sie ihn noch einmal aus der E-Mail, oder antworten Sie auf die E-Mail.",
            later_title: "Bitte gleich noch einmal versuchen",
            later: "Ihr Wunsch konnte gerade nicht gespeichert werden. Es wurde nichts geändert.",
        },
        Language::Fr => &Words {
            ask_title: "Ne plus recevoir les e-mails de {store} ?",
            ask: "Il s’agit de l’adresse {address}. Rien ne change avant que vous n’appuyiez sur un bouton.",
            email: "Arrêter tous les e-mails",
            reminders: "Arrêter seulement les rappels de mon panier",
            everything: "M’opposer à toute publicité, sur tous les canaux",
            still: "Vous recevrez toujours les messages sur vos commandes.",
            done_title: "C’est fait",
            done_email: "{store} n’enverra plus de rappels ni d’offres par e-mail à {address}.",
            done_reminders: "{store} ne rappellera plus de panier inachevé à {address}.",
            done_everything: "{store} ne vous adressera plus de publicité, par aucun canal.",
            ask_push_title: "Ne plus recevoir les notifications de {store} ?",
            ask_push: "Il s’agit des notifications de vos navigateurs. Rien ne change avant que vous n’appuyiez sur un bouton.",
            push: "Arrêter les notifications",
            done_push: "{store} n’enverra plus de notifications.",
            invalid_title: "Ce lien ne fonctionne pas",
            invalid: "Il est incomplet ou a été modifié en route. Ouvrez-le à nouveau depuis l’e-mail, ou répondez à cet e-mail.",
            later_title: "Réessayez dans un instant",
            later: "Votre souhait n’a pas pu être enregistré. Rien n’a été modifié.",
        },
        Language::It => &Words {
            ask_title: "Non ricevere più e-mail da {store}?",
            ask: "Riguarda l’indirizzo {address}. Nulla cambia finché non si preme un pulsante.",
            email: "Ferma tutte le e-mail",
            reminders: "Ferma solo i promemoria del mio carrello",
            everything: "Mi oppongo a ogni pubblicità, su tutti i canali",
            still: "I messaggi sugli ordini continuano ad arrivare.",
            done_title: "Fatto",
            done_email: "{store} non invierà più promemoria né offerte via e-mail a {address}.",
            done_reminders: "{store} non ricorderà più a {address} un carrello non concluso.",
            done_everything: "{store} non invierà più pubblicità su nessun canale.",
            ask_push_title: "Non ricevere più notifiche da {store}?",
            ask_push: "Riguarda le notifiche nei Suoi browser. Nulla cambia finché non si preme un pulsante.",
            push: "Ferma le notifiche",
            done_push: "{store} non invierà più notifiche.",
            invalid_title: "Questo link non funziona",
            invalid: "È incompleto o è stato modificato lungo il percorso. Si prega di riaprirlo dall’e-mail o di rispondere a quella e-mail.",
            later_title: "Riprovare tra un momento",
            later: "La richiesta non è stata salvata. Nulla è cambiato.",
        },
    }
}

/// Asks; the form sends the choice to the very address of the page.
pub(super) fn ask(language: Language, store: &str, address: &str, channel: Option<Channel>) -> String {
    let w = words(language);
    let notice = channel == Some(Channel::Push);
    let button = |choice: Choice, text: &str, class: &str| {
        format!("<button{class} name=\"choice\" value=\"{}\">{}</button>", choice.as_str(), escape(text))
    };
    let everything = button(Choice::Everything, w.everything, "");
    let buttons = match notice {
        true => [button(Choice::Push, w.push, " class=\"first\""), everything].concat(),
        false => [
            button(Choice::Email, w.email, " class=\"first\""),
            button(Choice::Reminders, w.reminders, ""),
            everything,
        ]
        .concat(),
    };
    let (title, text) = if notice { (w.ask_push_title, w.ask_push) } else { (w.ask_title, w.ask) };
    let body = format!(
        "<p>{}</p><form method=\"post\">{buttons}</form><p class=\"soft\">{}</p>",
        fill(text, store, address),
        escape(w.still)
    );
    html(language, &fill(title, store, address), &body)
}

/// Says what now holds.
pub(super) fn done(language: Language, store: &str, address: &str, choice: Choice) -> String {
    let w = words(language);
    let text = match choice {
        Choice::Email => w.done_email,
        Choice::Reminders => w.done_reminders,
        Choice::Push => w.done_push,
        Choice::Everything => w.done_everything,
    };
    let body = format!(
        "<p role=\"status\">{}</p><p class=\"soft\">{}</p>",
        fill(text, store, address),
        escape(w.still)
    );
    html(language, w.done_title, &body)
}

/// For a link that is none.
pub(super) fn invalid(language: Language) -> String {
    let w = words(language);
    html(language, w.invalid_title, &format!("<p>{}</p>", escape(w.invalid)))
}

/// For a moment in which nothing can be written.
pub(super) fn later(language: Language) -> String {
    let w = words(language);
    html(language, w.later_title, &format!("<p>{}</p>", escape(w.later)))
}

/// The sentence next to the button that was pressed, kept with the entry.
pub(super) const fn wording(language: Language, choice: Choice) -> &'static str {
    let w = words(language);
    match choice {
        Choice::Email => w.email,
        Choice::Reminders => w.reminders,
        Choice::Push => w.push,
        Choice::Everything => w.everything,
    }
}

/// `title` and `body` are HTML.
fn html(language: Language, title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main><div class=\"card\"><h1>{title}</h1>{body}</div></main></body></html>"
    )
}

fn fill(text: &str, store: &str, address: &str) -> String {
    // Both are other people's text: first escaped, then put in, the address last and never looked at again.
    let strong = |s: &str| format!("<strong>{}</strong>", escape(s));
    let (before, after) = text.split_once("{address}").unwrap_or((text, ""));
    let named = |part: &str| escape(part).replace("{store}", &escape(store));
    if after.is_empty() && !text.contains("{address}") {
        return named(text);
    }
    format!("{}{}{}", named(before), strong(address), named(after))
}

/// A text as HTML shows it.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_text_stays_text() {
        let evil = "<script>alert(1)</script>\"'{address}&\u{0}";
        for language in Language::ALL {
            let page = ask(language, evil, "a•••@<b>.example", None);
            assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
            assert!(page.contains("&lt;script&gt;"));
            assert_eq!(page.matches("<button").count(), 3);
            let notice = ask(language, evil, "", Some(Channel::Push));
            assert!(!notice.contains("<script") && notice.matches("<button").count() == 2, "{notice}");
            assert!(page.contains(&format!("lang=\"{language}\"")));
        }
    }

    #[test]
    fn each_page_has_one_heading_and_no_script_or_inline_style() {
        for language in Language::ALL {
            let pages = [
                ask(language, "Shop", "a•••@b.example", Some(Channel::Email)),
                ask(language, "Shop", "a•••@b.example", Some(Channel::Push)),
                done(language, "Shop", "a•••@b.example", Choice::Push),
                done(language, "Shop", "a•••@b.example", Choice::Email),
                done(language, "Shop", "a•••@b.example", Choice::Reminders),
                done(language, "Shop", "a•••@b.example", Choice::Everything),
                invalid(language),
                later(language),
            ];
            for page in pages {
                assert_eq!((page.matches("<h1>").count(), page.matches("<main>").count()), (1, 1));
                let beside_style = page.replace(STYLE, "");
                let clean = !page.contains("<script") && !page.contains("style=\"");
                assert!(clean && !beside_style.contains('{'), "{page}");
            }
        }
    }
}
