//! What goes into one notification: read by the service worker in the shop, which shows it.

use serde::{Deserialize, Serialize};

/// The most bytes a notification may take before it is sealed. A push service takes 4,096 (RFC 8030, section 7.2); the head of the sealed
/// form, its tag and its end take 103 of them (RFC 8291, section 4), and some services count a little more.
pub const MOST_PAYLOAD: usize = 3_900;

/// The button that says no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// What stands on it.
    pub label: String,
    /// The page that takes the no.
    pub url: String,
}

/// One notification. The names are those of the Notifications API, where it has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// First line.
    pub title: String,
    /// Text below it.
    pub body: String,
    /// Where a press leads: back to the cart.
    pub url: String,
    /// Language of the words.
    pub lang: String,
    /// Of two with the same tag a device shows the newer one.
    pub tag: String,
    /// Small picture: the shop's logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Large picture, where the device shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// How it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
}

impl Notice {
    /// What it takes to be read by a push service as one record: where it is too large, the logo goes first and then the picture, since
    /// the words are what was agreed to. `None` where the words alone are too many.
    pub fn fitted(mut self) -> Option<String> {
        for drop in [|_: &mut Self| (), |n: &mut Self| n.icon = None, |n: &mut Self| n.image = None] {
            drop(&mut self);
            let payload = self.payload();
            if payload.len() <= MOST_PAYLOAD {
                return Some(payload);
            }
        }
        None
    }

    /// As it is sealed and sent.
    pub fn payload(&self) -> String {
        // Texts alone: there is nothing in it that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(body: usize, icon: usize, image: usize) -> Notice {
        let picture = |n: usize| (n > 0).then(|| format!("https://shop.example/{}", "p".repeat(n)));
        Notice {
            title: "Wheelhouse".into(),
            body: "b".repeat(body),
            url: "https://cartwheel.example/r/tok".into(),
            lang: "de".into(),
            tag: "t".into(),
            icon: picture(icon),
            image: picture(image),
            stop: Some(Stop {
                label: "Keine mehr davon".into(),
                url: "https://cartwheel.example/u/tok".into(),
            }),
        }
    }

    #[test]
    fn a_notification_keeps_its_words_and_gives_its_pictures_up() {
        let read = |text: String| serde_json::from_str::<Notice>(&text).expect("a notification");
        let whole = read(notice(100, 100, 100).fitted().expect("fits"));
        assert_eq!(whole, notice(100, 100, 100));
        let without_logo = read(notice(1_000, 2_000, 1_000).fitted().expect("fits"));
        assert_eq!((without_logo.icon, without_logo.image.is_some()), (None, true));
        let words = read(notice(3_000, 2_000, 2_000).fitted().expect("fits"));
        assert_eq!((words.icon, words.image, words.body.len()), (None, None, 3_000));
        assert_eq!(notice(4_000, 0, 0).fitted(), None);
        let most = (0..4_000).rev().find_map(|n| notice(n, 0, 0).fitted()).expect("some fit");
        assert_eq!(most.len(), MOST_PAYLOAD);
    }
}
