//! What somebody is told of their passkeys and of their accounts at providers, in four languages.

use super::words::{Words, news, pick, plain};
use crate::accounts::mailbox::Letter;
use cartwheel_domain::locale::Language;

/// The words for one of these letters; `None` for any other.
pub(super) fn of(l: Language, letter: &Letter, site: &str) -> Option<Words> {
    let (subject, line) = match letter {
        Letter::PasskeyAdded => (
            pick(
                l,
                "A passkey was added to your account",
                "Ihrem Konto wurde ein Passkey hinzugefügt",
                "Une clé d’accès a été ajoutée à votre compte",
                "Una passkey è stata aggiunta al suo account",
            )
            .to_owned(),
            pick(
                l,
                "From now on, a new passkey signs in to your account at Cartwheel, without password and code.",
                "Ab jetzt meldet ein neuer Passkey bei Ihrem Konto bei Cartwheel an, ohne Passwort und Code.",
                "Désormais, une nouvelle clé d’accès ouvre votre compte Cartwheel, sans mot de passe ni code.",
                "Da ora una nuova passkey apre il suo account Cartwheel, senza password né codice.",
            )
            .to_owned(),
        ),
        Letter::PasskeyRemoved => (
            pick(
                l,
                "A passkey was removed from your account",
                "Ein Passkey wurde aus Ihrem Konto entfernt",
                "Une clé d’accès a été retirée de votre compte",
                "Una passkey è stata rimossa dal suo account",
            )
            .to_owned(),
            pick(
                l,
                "A passkey of your account at Cartwheel was removed and signs nobody in any more.",
                "Ein Passkey Ihres Kontos bei Cartwheel wurde entfernt und meldet niemanden mehr an.",
                "Une clé d’accès de votre compte Cartwheel a été retirée et n’ouvre plus rien.",
                "Una passkey del suo account Cartwheel è stata rimossa e non apre più nulla.",
            )
            .to_owned(),
        ),
        Letter::ProviderConnected { provider } => {
            let provider = plain(provider);
            match l {
                Language::En => (
                    format!("You can now sign in with {provider}"),
                    format!("From now on, an account at {provider} signs in to your account at Cartwheel."),
                ),
                Language::De => (
                    format!("Sie können sich jetzt mit {provider} anmelden"),
                    format!("Ab jetzt meldet ein Konto bei {provider} bei Ihrem Konto bei Cartwheel an."),
                ),
                Language::Fr => (
                    format!("Vous pouvez vous connecter avec {provider}"),
                    format!("Désormais, un compte chez {provider} ouvre votre compte Cartwheel."),
                ),
                Language::It => (
                    format!("Ora può accedere con {provider}"),
                    format!("Da ora un account presso {provider} apre il suo account Cartwheel."),
                ),
            }
        }
        Letter::ProviderDisconnected { provider } => {
            let provider = plain(provider);
            match l {
                Language::En => (
                    format!("{provider} no longer signs you in"),
                    format!("An account at {provider} is no longer connected with your account at Cartwheel."),
                ),
                Language::De => (
                    format!("{provider} meldet Sie nicht mehr an"),
                    format!("Ein Konto bei {provider} ist nicht mehr mit Ihrem Konto bei Cartwheel verbunden."),
                ),
                Language::Fr => (
                    format!("{provider} ne vous connecte plus"),
                    format!("Un compte chez {provider} n’est plus relié à votre compte Cartwheel."),
                ),
                Language::It => (
                    format!("{provider} non dà più accesso"),
                    format!("Un account presso {provider} non è più collegato al suo account Cartwheel."),
                ),
            }
        }
        _ => return None,
    };
    Some(news(l, subject, line, site))
}

#[cfg(test)]
pub(super) fn letters() -> Vec<Letter> {
    let provider = || "Acme <b> accounts.example".to_owned();
    vec![
        Letter::PasskeyAdded,
        Letter::PasskeyRemoved,
        Letter::ProviderConnected { provider: provider() },
        Letter::ProviderDisconnected { provider: provider() },
    ]
}
