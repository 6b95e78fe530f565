//! What the service's own mails say, in four languages.

use super::{billing, hooks, sign_in};
use crate::{
    accounts::mailbox::{Letter, Mail},
    consent::escape,
};
use cartwheel_domain::locale::Language;

/// A mail in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// Subject.
    pub subject: String,
    pub(super) lines: Vec<String>,
    /// What stands on the button, and where it leads.
    pub(super) link: Option<(&'static str, String)>,
    /// What stands below.
    pub(super) small: &'static str,
}

/// Somebody's name for itself, so written that no mail program makes a link of it.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .flat_map(|c| {
            let joiner = matches!(c, '.' | ':' | '/' | '@').then_some('\u{2060}');
            std::iter::once(c).chain(joiner)
        })
        .collect()
}

/// What a mail says; its links begin with `site`.
pub(super) fn of(mail: &Mail, site: &str) -> Words {
    let l = mail.language;
    // Behind a # the token reaches no log of a server or a proxy.
    let at = |page: &str, token: &str| format!("{site}/{page}#{token}");
    if let Some(words) = sign_in::of(l, &mail.letter, site) {
        return words;
    }
    match &mail.letter {
        Letter::Invitation { organisation, by, role, token } => {
            let (organisation, by) = (plain(organisation), plain(by));
            let subject = match l {
                Language::En => format!("{by} invites you to {organisation}"),
                Language::De => format!("{by} lädt Sie zu {organisation} ein"),
                Language::Fr => format!("{by} vous invite chez {organisation}"),
                Language::It => format!("{by} la invita in {organisation}"),
            };
            let asks = match l {
                Language::En => format!("{by} asks you to work with {organisation} in Cartwheel."),
                Language::De => format!("{by} bittet Sie, in Cartwheel bei {organisation} mitzuarbeiten."),
                Language::Fr => format!("{by} vous propose de travailler avec {organisation} dans Cartwheel."),
                Language::It => format!("{by} le chiede di lavorare con {organisation} in Cartwheel."),
            };
            let lasts = pick(
                l,
                "The link works once, for a week. If you do not know the sender, leave it: nothing happens.",
                "Der Link gilt eine Woche und nur einmal. Kennen Sie den Absender nicht, lassen Sie ihn liegen: Es geschieht nichts.",
                "Le lien fonctionne une seule fois, pendant une semaine. Si vous ne connaissez pas l’expéditeur, ignorez-le : rien ne se passe.",
                "Il link vale una sola volta, per una settimana. Se non conosce il mittente, lo ignori: non succede nulla.",
            );
            let label = pick(l, "Accept the invitation", "Einladung annehmen", "Accepter l’invitation", "Accetta l’invito");
            let link = Some((label, at("join", token)));
            Words { subject, lines: vec![asks, may(l, role).into()], link, small: lasts }
        }
        Letter::SignUp { token } => Words {
            subject: pick(l, "Your account at Cartwheel", "Ihr Konto bei Cartwheel", "Votre compte Cartwheel", "Il suo account Cartwheel").into(),
            lines: vec![
                pick(
                    l,
                    "You asked for an account with this address. Go on here:",
                    "Sie möchten mit dieser Adresse ein Konto anlegen. Hier geht es weiter:",
                    "Vous souhaitez créer un compte avec cette adresse. Continuez ici :",
                    "Ha chiesto un account con questo indirizzo. Continui qui:",
                )
                .into(),
            ],
            link: Some((
                pick(l, "Create my account", "Konto anlegen", "Créer mon compte", "Crea il mio account"),
                at("welcome", token),
            )),
            small: pick(
                l,
                "The link works once, for a day. If you did not ask for it, leave it: no account is made.",
                "Der Link gilt einen Tag und nur einmal. War das jemand anderes, lassen Sie ihn liegen: Es entsteht kein Konto.",
                "Le lien fonctionne une seule fois, pendant un jour. Si ce n’était pas vous, ignorez-le : aucun compte n’est créé.",
                "Il link vale una sola volta, per un giorno. Se non è stato lei, lo ignori: non nasce alcun account.",
            ),
        },
        Letter::Known => Words {
            subject: pick(
                l,
                "You have an account at Cartwheel",
                "Sie haben ein Konto bei Cartwheel",
                "Vous avez un compte Cartwheel",
                "Ha già un account Cartwheel",
            )
            .into(),
            lines: vec![
                pick(
                    l,
                    "Somebody asked for a new account with this address, which has one already. Sign in with your password, or choose another if you have forgotten it.",
                    "Jemand wollte mit dieser Adresse ein neues Konto anlegen; sie hat schon eines. Melden Sie sich mit Ihrem Passwort an, oder wählen Sie ein neues, wenn Sie es vergessen haben.",
                    "Quelqu’un a voulu créer un compte avec cette adresse, qui en a déjà un. Connectez-vous avec votre mot de passe, ou choisissez-en un autre si vous l’avez oublié.",
                    "Qualcuno ha chiesto un nuovo account con questo indirizzo, che ne ha già uno. Acceda con la sua password, oppure ne scelga un’altra se l’ha dimenticata.",
                )
                .into(),
            ],
            link: Some((pick(l, "Sign in", "Anmelden", "Se connecter", "Accedi"), format!("{site}/"))),
            small: pick(
                l,
                "If that was not you, there is nothing to do.",
                "Waren Sie das nicht, müssen Sie nichts tun.",
                "Si ce n’était pas vous, vous n’avez rien à faire.",
                "Se non è stato lei, non deve fare nulla.",
            ),
        },
        Letter::Reset { token } => Words {
            subject: pick(
                l,
                "Choose a new password for Cartwheel",
                "Neues Passwort für Cartwheel",
                "Nouveau mot de passe pour Cartwheel",
                "Nuova password per Cartwheel",
            )
            .into(),
            lines: vec![
                pick(
                    l,
                    "You asked to choose a new password. Until you do, the old one stays.",
                    "Sie möchten ein neues Passwort wählen. Bis dahin gilt das alte.",
                    "Vous souhaitez choisir un nouveau mot de passe. D’ici là, l’ancien reste valable.",
                    "Ha chiesto di scegliere una nuova password. Fino ad allora vale la vecchia.",
                )
                .into(),
            ],
            link: Some((
                pick(l, "Choose a password", "Passwort wählen", "Choisir un mot de passe", "Scegli una password"),
                at("reset", token),
            )),
            small: pick(
                l,
                "The link works once, for an hour. If that was not you, leave it: nothing changes.",
                "Der Link gilt eine Stunde und nur einmal. Waren Sie das nicht, lassen Sie ihn liegen: Es ändert sich nichts.",
                "Le lien fonctionne une seule fois, pendant une heure. Si ce n’était pas vous, ignorez-le : rien ne change.",
                "Il link vale una sola volta, per un’ora. Se non è stato lei, lo ignori: non cambia nulla.",
            ),
        },
        Letter::PasswordChanged
        | Letter::Nothing
        | Letter::PasskeyAdded
        | Letter::PasskeyRemoved
        | Letter::ProviderConnected { .. }
        | Letter::ProviderDisconnected { .. } => Words {
            subject: pick(
                l,
                "Your password was changed",
                "Ihr Passwort wurde geändert",
                "Votre mot de passe a été modifié",
                "La sua password è stata cambiata",
            )
            .into(),
            lines: vec![
                pick(
                    l,
                    "The password of your account at Cartwheel was changed, and all other browsers were signed out.",
                    "Das Passwort Ihres Kontos bei Cartwheel wurde geändert; alle anderen Browser wurden abgemeldet.",
                    "Le mot de passe de votre compte Cartwheel a été modifié ; tous les autres navigateurs ont été déconnectés.",
                    "La password del suo account Cartwheel è stata cambiata; tutti gli altri browser sono stati disconnessi.",
                )
                .into(),
            ],
            link: Some((
                pick(
                    l,
                    "That was not me: choose another",
                    "Das war ich nicht: neues wählen",
                    "Ce n’était pas moi : en choisir un autre",
                    "Non sono stato io: ne scelgo un’altra",
                ),
                format!("{site}/forgot"),
            )),
            small: pick(
                l,
                "If it was you, there is nothing to do.",
                "Waren Sie es, müssen Sie nichts tun.",
                "Si c’était vous, vous n’avez rien à faire.",
                "Se è stato lei, non deve fare nulla.",
            ),
        },
        Letter::Billing { organisation, page, news } => billing::of(l, organisation, news, format!("{site}{page}")),
        Letter::WebhookOff { store, host, page, gone } => hooks::of(l, (store, host), *gone, format!("{site}{page}")),
        Letter::SecondFactorOn => news(
            l,
            pick(
                l,
                "Sign-in now asks for a code",
                "Die Anmeldung fragt jetzt nach einem Code",
                "La connexion demande désormais un code",
                "L’accesso ora richiede un codice",
            )
            .into(),
            pick(
                l,
                "From now on, signing in to your account at Cartwheel takes your password and a code from your app. All other browsers were signed out.",
                "Ab jetzt braucht die Anmeldung bei Cartwheel Ihr Passwort und einen Code aus Ihrer App. Alle anderen Browser wurden abgemeldet.",
                "Désormais, la connexion à votre compte Cartwheel demande votre mot de passe et un code de votre application. Tous les autres navigateurs ont été déconnectés.",
                "Da ora l’accesso al suo account Cartwheel richiede la password e un codice della sua app. Tutti gli altri browser sono stati disconnessi.",
            )
            .into(),
            site,
        ),
        Letter::SecondFactorOff => news(
            l,
            pick(
                l,
                "Sign-in no longer asks for a code",
                "Die Anmeldung fragt nicht mehr nach einem Code",
                "La connexion ne demande plus de code",
                "L’accesso non richiede più un codice",
            )
            .into(),
            pick(
                l,
                "Your account at Cartwheel now opens with the password alone; its recovery codes are no longer valid.",
                "Ihr Konto bei Cartwheel öffnet sich jetzt allein mit dem Passwort; die Wiederherstellungscodes gelten nicht mehr.",
                "Votre compte Cartwheel s’ouvre désormais avec le seul mot de passe ; ses codes de secours ne sont plus valables.",
                "Il suo account Cartwheel ora si apre con la sola password; i codici di recupero non valgono più.",
            )
            .into(),
            site,
        ),
        Letter::RecoveryCodesRenewed => news(
            l,
            pick(
                l,
                "You have new recovery codes",
                "Sie haben neue Wiederherstellungscodes",
                "Vous avez de nouveaux codes de secours",
                "Ha nuovi codici di recupero",
            )
            .into(),
            pick(
                l,
                "The recovery codes of your account at Cartwheel were replaced; the old ones are no longer valid.",
                "Die Wiederherstellungscodes Ihres Kontos bei Cartwheel wurden ersetzt; die alten gelten nicht mehr.",
                "Les codes de secours de votre compte Cartwheel ont été remplacés ; les anciens ne sont plus valables.",
                "I codici di recupero del suo account Cartwheel sono stati sostituiti; i vecchi non valgono più.",
            )
            .into(),
            site,
        ),
        Letter::AccessAsked { store_id, store, by, reason, hours } => Words {
            subject: match l {
                Language::En => format!("Support asks for access to {store}"),
                Language::De => format!("Der Support bittet um Zugang zu {store}"),
                Language::Fr => format!("Le support demande l’accès à {store}"),
                Language::It => format!("L’assistenza chiede l’accesso a {store}"),
            },
            lines: vec![
                match l {
                    Language::En => format!("{by} of Cartwheel’s support asks to be let into {store} for {hours} h:"),
                    Language::De => format!("{by} vom Cartwheel-Support bittet für {hours} Std. um Zugang zu {store}:"),
                    Language::Fr => format!("{by}, du support de Cartwheel, demande l’accès à {store} pour {hours} h :"),
                    Language::It => format!("{by} dell’assistenza Cartwheel chiede l’accesso a {store} per {hours} ore:"),
                },
                reason.clone(),
            ],
            link: Some((
                pick(l, "Let in or decline", "Zulassen oder ablehnen", "Autoriser ou refuser", "Consentire o rifiutare"),
                format!("{site}/stores/{store_id}/organisation/access"),
            )),
            small: pick(
                l,
                "Nothing is open until an owner or admin agrees. Access ends by itself, can be ended at any time, and what is done stands in your audit log.",
                "Nichts ist offen, bis ein Inhaber oder Administrator zustimmt. Der Zugang endet von selbst, lässt sich jederzeit beenden, und was geschieht, steht in Ihrem Prüfprotokoll.",
                "Rien n’est ouvert tant qu’un propriétaire ou un administrateur n’a pas accepté. L’accès prend fin de lui-même, peut être retiré à tout moment, et tout ce qui est fait figure dans votre journal d’audit.",
                "Nulla è aperto finché un titolare o un amministratore non acconsente. L’accesso termina da sé, si può chiudere in ogni momento e ciò che viene fatto è nel registro di controllo.",
            ),
        },
        Letter::RecoveryCodeUsed { left } => news(
            l,
            pick(
                l,
                "A recovery code was used",
                "Ein Wiederherstellungscode wurde benutzt",
                "Un code de secours a été utilisé",
                "È stato usato un codice di recupero",
            )
            .into(),
            match l {
                Language::En => format!("Somebody signed in to your account at Cartwheel with a recovery code. Codes left: {left}."),
                Language::De => format!("Bei Ihrem Konto bei Cartwheel wurde mit einem Wiederherstellungscode angemeldet. Übrige Codes: {left}."),
                Language::Fr => format!("Une connexion à votre compte Cartwheel a utilisé un code de secours. Codes restants : {left}."),
                Language::It => format!("È stato effettuato un accesso al suo account Cartwheel con un codice di recupero. Codici rimasti: {left}."),
            },
            site,
        ),
    }
}

/// Something about the account that its owner has done, or has not.
pub(super) fn news(l: Language, subject: String, line: String, site: &str) -> Words {
    let label = pick(
        l,
        "That was not me: choose a new password",
        "Das war ich nicht: neues Passwort wählen",
        "Ce n’était pas moi : choisir un autre mot de passe",
        "Non sono stato io: scelgo un’altra password",
    );
    let small = pick(
        l,
        "If it was you, there is nothing to do.",
        "Waren Sie es, müssen Sie nichts tun.",
        "Si c’était vous, vous n’avez rien à faire.",
        "Se è stato lei, non deve fare nulla.",
    );
    Words { subject, lines: vec![line], link: Some((label, format!("{site}/forgot"))), small }
}

pub(super) fn pick(
    language: Language,
    en: &'static str,
    de: &'static str,
    fr: &'static str,
    it: &'static str,
) -> &'static str {
    match language {
        Language::En => en,
        Language::De => de,
        Language::Fr => fr,
        Language::It => it,
    }
}

/// What a role may do, in a sentence.
fn may(language: Language, role: &str) -> &'static str {
    let pick = |en, de, fr, it| pick(language, en, de, fr, it);
    match role {
        "owner" => pick(
            "As owner you may do everything, including who else works there.",
            "Als Inhaber dürfen Sie alles, auch bestimmen, wer sonst dort arbeitet.",
            "Comme propriétaire, vous pouvez tout faire, y compris décider qui y travaille.",
            "Come titolare può fare tutto, anche decidere chi altro vi lavora.",
        ),
        "admin" => pick(
            "As admin you may change everything but the owners.",
            "Als Administrator dürfen Sie alles ändern außer den Inhabern.",
            "Comme administrateur, vous pouvez tout modifier sauf les propriétaires.",
            "Come amministratore può modificare tutto tranne i titolari.",
        ),
        "editor" => pick(
            "As editor you may look at everything and change journeys and texts.",
            "Als Redakteur dürfen Sie alles ansehen und Abläufe und Texte ändern.",
            "Comme éditeur, vous pouvez tout consulter et modifier les parcours et les textes.",
            "Come redattore può vedere tutto e modificare percorsi e testi.",
        ),
        "analyst" => pick(
            "As analyst you may look at everything and change nothing.",
            "Als Analyst dürfen Sie alles ansehen und nichts ändern.",
            "Comme analyste, vous pouvez tout consulter sans rien modifier.",
            "Come analista può vedere tutto e non modificare nulla.",
        ),
        _ => pick(
            "As support you may look up contacts and carts.",
            "Als Kundendienst dürfen Sie Kontakte und Warenkörbe nachschlagen.",
            "Au service client, vous pouvez consulter les contacts et les paniers.",
            "Come assistenza può consultare contatti e carrelli.",
        ),
    }
}

impl Words {
    /// The plain-text part.
    pub(super) fn text(&self) -> String {
        let mut parts = self.lines.clone();
        if let Some((label, url)) = &self.link {
            parts.push(format!("{label}:\n{url}"));
        }
        parts.push(self.small.to_owned());
        parts.join("\n\n") + "\n"
    }

    /// The HTML part: the same words, and a button.
    pub(super) fn html(&self, language: Language) -> String {
        let mut body: String = self.lines.iter().map(|line| format!("<p>{}</p>", escape(line))).collect();
        if let Some((label, url)) = &self.link {
            let (label, url) = (escape(label), escape(url));
            body.push_str(&format!(
                "<p><a href=\"{url}\" style=\"display:inline-block;padding:10px 18px;border-radius:6px;background:#1f5f4a;\
                 color:#ffffff;text-decoration:none\">{label}</a></p><p style=\"font-size:13px;word-break:break-all\">{url}</p>"
            ));
        }
        format!(
            "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
             <title>{}</title></head><body style=\"margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif\">\
             <div style=\"max-width:34em;margin:0 auto\">{body}<p style=\"font-size:13px\">{}</p></div></body></html>",
            escape(&self.subject),
            escape(self.small)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> Vec<Letter> {
        let token = || "cwm_secret".to_owned();
        vec![
            Letter::Invitation {
                organisation: "Lamps & <b>".into(),
                by: "Ann www.evil.example".into(),
                role: "editor".into(),
                token: token(),
            },
            Letter::SignUp { token: token() },
            Letter::Known,
            Letter::Reset { token: token() },
            Letter::PasswordChanged,
            Letter::SecondFactorOn,
            Letter::SecondFactorOff,
            Letter::RecoveryCodesRenewed,
            Letter::RecoveryCodeUsed { left: 9 },
            Letter::AccessAsked {
                store_id: "store_1".into(),
                store: "Milch & Brot".into(),
                by: "Sven".into(),
                reason: "mails of Tuesday are missing".into(),
                hours: 4,
            },
            Letter::WebhookOff {
                store: "Milch & Brot".into(),
                host: "hooks.example".into(),
                page: "/stores/store_1/settings/webhooks".into(),
                gone: true,
            },
        ]
        .into_iter()
        .chain(billing::tests::letters())
        .chain(sign_in::letters())
        .collect()
    }

    #[test]
    fn every_letter_says_the_same_in_both_parts_in_every_language() {
        for letter in letters() {
            let mut subjects = std::collections::BTreeSet::new();
            for language in Language::ALL {
                let mail = Mail { to: "a@b.example".into(), language, letter: letter.clone() };
                let words = of(&mail, "https://c.example");
                let (text, html) = (words.text(), words.html(language));
                for line in &words.lines {
                    assert!(text.contains(line.as_str()) && html.contains(&escape(line)), "{line}");
                }
                let (_, url) = words.link.as_ref().expect("each leads somewhere");
                assert!(text.contains(url.as_str()) && html.contains(&format!("href=\"{url}\"")), "{url}");
                assert!(url.starts_with("https://c.example/"), "{url}");
                assert!(html.contains(&format!("lang=\"{language}\"")));
                subjects.insert(words.subject);
            }
            assert_eq!(subjects.len(), 4, "{letter:?}");
        }
    }

    /// Whoever signs up chooses these names; a stranger's mailbox must not show them as a link or as markup.
    #[test]
    fn names_are_names_and_nothing_else() {
        let letter = letters().remove(0);
        let words =
            of(&Mail { to: "a@b.example".into(), language: Language::En, letter }, "https://c.example");
        for part in [words.text(), words.html(Language::En), words.subject.clone()] {
            assert!(!part.contains("www.evil.example"), "{part}");
        }
        assert!(!words.html(Language::En).contains("<b>"));
    }
}
