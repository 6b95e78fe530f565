//! A store's settings: one typed object, with documented defaults and one place that says what is wrong.

use crate::{
    contact_point::EmailAddress,
    locale::{self, Country, Formality, Language},
    mail::Rates,
    money::Currency,
    schedule::zones_of_country,
    sms,
};
use serde::{Deserialize, Serialize};

/// How much the snippet may do before somebody agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// Nothing at all.
    Off,
    /// Only after `cartwheel.consent(true)`.
    AfterConsent,
    /// From the start, with a notice in the shop.
    LegitimateInterest,
}

/// Hours of the day in which messages may go, by the recipient's clock; minutes after midnight.
/// `from` later than `to` means across midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendingHours {
    /// First minute, 0 to 1439.
    pub from: u16,
    /// First minute that is out again, 0 to 1439.
    pub to: u16,
}

/// Where shops put the service worker that shows notifications, if they do not say otherwise.
pub const PUSH_WORKER: &str = "/cartwheel-push.js";

/// Whether a text is a path from the root of a shop to a script of its own: no other host (`//…`), no query, nothing that climbs.
fn path_of_worker(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    path.starts_with('/')
        && path.len() <= 200
        && path.chars().all(plain)
        && !path.contains("//")
        && !path.contains("..")
        && path.ends_with(".js")
}

/// Everything a merchant can set for a store. Durations are whole seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// Inactivity after which a cart counts as left.
    pub abandon_cart_after_seconds: u32,
    /// Inactivity after which a begun checkout counts as left.
    pub abandon_checkout_after_seconds: u32,
    /// Inactivity after which a quote counts as left.
    pub abandon_quote_after_seconds: u32,
    /// Days without any activity after which an abandoned cart is closed as expired.
    pub expire_after_days: u32,
    /// Share of people who get nothing, so that the effect can be known; 0 to 50. Used by holdout nodes that
    /// name no share of their own.
    pub holdout_percent: u8,
    /// Days after a click in which an order counts as recovered by click.
    pub click_window_days: u32,
    /// Days after a message in which an order counts as recovered by window.
    pub message_window_days: u32,
    /// Where the shop trades from; decides the rules where a shopper's country is unknown.
    pub country: Country,
    /// Language of last resort.
    pub locale: Language,
    /// Form of address.
    pub formality: Formality,
    /// IANA zone of last resort.
    pub time_zone: String,
    /// Currency of carts that name none.
    pub currency: Currency,
    /// What the snippet may do.
    pub capture_mode: CaptureMode,
    /// Whether an address typed into a form may be taken before the form is sent.
    pub capture_typed_email: bool,
    /// At most so many messages to one person …
    pub cap_messages: u32,
    /// … within so many seconds, over all journeys.
    pub cap_window_seconds: u32,
    /// Hours for e-mail; none means any time.
    pub email_hours: Option<SendingHours>,
    /// Name in From.
    pub sender_name: String,
    /// Address in From.
    pub sender_email: Option<EmailAddress>,
    /// Where answers go.
    pub reply_to: Option<EmailAddress>,
    /// Postal address under each mail; the law asks for it in most countries.
    pub postal_address: String,
    /// The shop's address on the web.
    pub shop_url: String,
    /// Further hosts of the shop that links may lead to.
    pub allowed_hosts: Vec<String>,
    /// Picture at the head of mails.
    pub logo_url: String,
    /// Address for questions.
    pub support_email: Option<EmailAddress>,
    /// The merchant states that reminders concern goods similar to what a customer bought.
    pub similar_goods: bool,
    /// The merchant states that the right to object is shown where addresses are taken.
    pub opt_out_shown_at_collection: bool,
    /// The merchant states that the privacy notice announces the reminder where addresses are taken; Italy's one
    /// early reminder without consent rests on it.
    pub reminder_announced: bool,
    /// Domains of the shop's own people, whose carts are marked.
    pub staff_domains: Vec<String>,
    /// Shopify: the shop's domain, `example.myshopify.com`.
    pub shopify_domain: String,
    /// WooCommerce: where the shop is, `https://shop.example`; with the folder WordPress is in, if it is in one.
    pub woo_url: String,
    /// BigCommerce: the store's hash, as in its API path `stores/HASH/v3`.
    pub bigcommerce_store: String,
    /// BigCommerce: the shop's page for carts that were left, with `{token}` in the place of the cart's; empty: BigCommerce is asked
    /// for a link.
    pub bigcommerce_recovery_url: String,
    /// Hours for text messages, beside those of law; none means those of law alone.
    pub sms_hours: Option<SendingHours>,
    /// Twilio: the account, `AC…`; empty means no text messages go out.
    pub sms_account: String,
    /// Twilio: a number, a name of at most eleven characters, or a messaging service, `MG…`.
    pub sms_sender: String,
    /// What one part of a text message costs, in thousandths of a unit of the store's currency (75 is 0.075); 0: not known.
    pub sms_part_cost: u32,
    /// Web push: whether the snippet may ask for it and notifications go out.
    pub push_on: bool,
    /// Web push: where in the shop the service worker lies, a path from its root.
    pub push_worker: String,
    /// Hours for notifications; none means any time.
    pub push_hours: Option<SendingHours>,
    /// DKIM: signing domain; empty means mail is not signed.
    pub dkim_domain: String,
    /// DKIM: selector.
    pub dkim_selector: String,
    /// Domain of the return path, where mail that cannot be delivered comes back to; empty: the address in From.
    pub mail_return_domain: String,
    /// Messages a minute to a group of `mail/domains.txt` or to a domain, where they are not to be the usual ones.
    pub mail_rates: Rates,
    /// SendGrid: the key its event webhook is signed with (base64, as SendGrid shows it).
    pub sendgrid_key: String,
    /// Amazon SES: the topic its notifications come by, `arn:aws:sns:…`.
    pub ses_topic: String,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            abandon_cart_after_seconds: 30 * 60,
            abandon_checkout_after_seconds: 15 * 60,
            abandon_quote_after_seconds: 3 * 24 * 3600,
            expire_after_days: 30,
            holdout_percent: 10,
            click_window_days: 7,
            message_window_days: 5,
            country: "DE".parse().expect("a country"),
            locale: Language::En,
            formality: Formality::Formal,
            time_zone: "Europe/Berlin".into(),
            currency: Currency::EUR,
            capture_mode: CaptureMode::AfterConsent,
            capture_typed_email: false,
            cap_messages: 6,
            cap_window_seconds: 7 * 24 * 3600,
            email_hours: None,
            sender_name: String::new(),
            sender_email: None,
            reply_to: None,
            postal_address: String::new(),
            shop_url: String::new(),
            allowed_hosts: Vec::new(),
            logo_url: String::new(),
            support_email: None,
            similar_goods: false,
            opt_out_shown_at_collection: false,
            reminder_announced: false,
            staff_domains: Vec::new(),
            shopify_domain: String::new(),
            woo_url: String::new(),
            bigcommerce_store: String::new(),
            bigcommerce_recovery_url: String::new(),
            sms_hours: None,
            sms_account: String::new(),
            sms_sender: String::new(),
            sms_part_cost: 0,
            push_on: false,
            push_worker: PUSH_WORKER.into(),
            push_hours: None,
            dkim_domain: String::new(),
            dkim_selector: String::new(),
            mail_return_domain: String::new(),
            mail_rates: Rates::new(),
            sendgrid_key: String::new(),
            ses_topic: String::new(),
        }
    }
}

/// One thing that is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct SettingError {
    /// Which setting.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

fn wrong(key: &str, message: impl Into<String>) -> SettingError {
    SettingError { key: key.into(), message: message.into() }
}

impl StoreSettings {
    /// Everything that is wrong, not only the first.
    pub fn check(&self) -> Vec<SettingError> {
        const YEAR: u32 = 366 * 24 * 3600;
        let mut errors = Vec::new();
        for (key, value) in [
            ("abandon_cart_after_seconds", self.abandon_cart_after_seconds),
            ("abandon_checkout_after_seconds", self.abandon_checkout_after_seconds),
            ("abandon_quote_after_seconds", self.abandon_quote_after_seconds),
        ] {
            if value > YEAR {
                errors.push(wrong(key, "at most a year (31622400 seconds)"));
            }
        }
        for (key, value, most) in [
            ("expire_after_days", self.expire_after_days, 366),
            ("click_window_days", self.click_window_days, 90),
            ("message_window_days", self.message_window_days, 90),
            ("cap_messages", self.cap_messages, 1000),
        ] {
            if value == 0 || value > most {
                errors.push(wrong(key, format!("between 1 and {most}")));
            }
        }
        if self.holdout_percent > 50 {
            errors.push(wrong("holdout_percent", "between 0 and 50"));
        }
        if self.cap_window_seconds == 0 || self.cap_window_seconds > YEAR {
            errors.push(wrong("cap_window_seconds", "between 1 second and a year"));
        }
        if zones_of_country(self.country).is_empty() {
            errors.push(wrong("country", "a country code of ISO 3166-1 such as DE"));
        }
        if locale::zone(&self.time_zone).is_none() {
            errors.push(wrong("time_zone", "an IANA time zone such as Europe/Berlin"));
        }
        let all = [
            ("email_hours", self.email_hours),
            ("sms_hours", self.sms_hours),
            ("push_hours", self.push_hours),
        ];
        for (key, hours) in all {
            if hours.is_some_and(|h| h.from > 1439 || h.to > 1439 || h.from == h.to) {
                errors.push(wrong(key, "two different minutes of the day, 0 to 1439"));
            }
        }
        if !self.sms_account.is_empty() && sms::account_id(&self.sms_account).is_none() {
            errors.push(wrong("sms_account", "an account SID: AC and 32 digits and letters from a to f"));
        }
        if !self.sms_sender.is_empty() && sms::Sender::parse(&self.sms_sender).is_none() {
            errors.push(wrong(
                "sms_sender",
                "a number such as +4915112345678, a name of at most 11 letters and digits, or a messaging service SID (MG…)",
            ));
        }
        if !path_of_worker(&self.push_worker) {
            errors.push(wrong("push_worker", "a path in the shop such as /cartwheel-push.js"));
        }
        if self.sms_part_cost > 10_000 {
            errors.push(wrong("sms_part_cost", "at most 10000 thousandths"));
        }
        let domain = |name: &str| {
            name == "*"
                || name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        };
        let rate = |(name, rate): (&String, &u32)| {
            (1..=253).contains(&name.len()) && domain(name) && (1..=100_000).contains(rate)
        };
        if self.mail_rates.len() > 100 || !self.mail_rates.iter().all(rate) {
            errors.push(wrong(
                "mail_rates",
                "at most 100 names in lower case (gmail, example.com, * for any other), each with 1 to 100000 messages a minute",
            ));
        }
        if !self.mail_return_domain.is_empty()
            && (!self.mail_return_domain.contains('.') || !self.mail_return_domain.is_ascii())
        {
            errors.push(wrong("mail_return_domain", "a domain such as bounces.example.com"));
        }
        if !self.sendgrid_key.is_empty()
            && (self.sendgrid_key.len() > 300
                || !self.sendgrid_key.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)))
        {
            errors
                .push(wrong("sendgrid_key", "the verification key as SendGrid shows it: one line of base64"));
        }
        if !self.ses_topic.is_empty() && !topic(&self.ses_topic) {
            errors.push(wrong("ses_topic", "a topic such as arn:aws:sns:eu-central-1:123456789012:mail"));
        }
        let hash = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if self.bigcommerce_store.len() > 32 || !self.bigcommerce_store.chars().all(hash) {
            errors.push(wrong(
                "bigcommerce_store",
                "the hash alone: small letters and digits, as after stores/",
            ));
        }
        let page = &self.bigcommerce_recovery_url;
        if !page.is_empty() && (!page.contains("{token}") || !web_address(page)) {
            errors.push(wrong(
                "bigcommerce_recovery_url",
                "an address with {token} in it, such as https://shop.example/recover?t={token}",
            ));
        }
        if self.woo_url.contains(['?', '#']) {
            errors.push(wrong("woo_url", "the address of the shop alone, without what follows a ? or a #"));
        }
        let addresses =
            [("shop_url", &self.shop_url), ("logo_url", &self.logo_url), ("woo_url", &self.woo_url)];
        for (key, url) in addresses {
            if !url.is_empty() && !web_address(url) {
                errors.push(wrong(key, "an address that begins with https:// or http://"));
            }
        }
        let texts = [("sender_name", &self.sender_name, 120), ("postal_address", &self.postal_address, 500)];
        for (key, text, most) in texts {
            if text.chars().count() > most
                || text.chars().any(|c| c.is_control() && !(key == "postal_address" && c == '\n'))
            {
                errors.push(wrong(key, format!("at most {most} characters and no control characters")));
            }
        }
        let hosts = self
            .allowed_hosts
            .iter()
            .map(|h| ("allowed_hosts", h))
            .chain(self.staff_domains.iter().map(|h| ("staff_domains", h)));
        let single = [
            ("shopify_domain", &self.shopify_domain),
            ("dkim_domain", &self.dkim_domain),
            ("dkim_selector", &self.dkim_selector),
            ("mail_return_domain", &self.mail_return_domain),
        ];
        for (key, host) in hosts.chain(single.into_iter().filter(|(_, h)| !h.is_empty())) {
            let label_ok = |l: &str| {
                !l.is_empty()
                    && l.len() <= 63
                    && l.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
            };
            if host.len() > 253 || !host.split('.').all(label_ok) {
                errors.push(wrong(key, "a host name such as shop.example.com"));
            }
        }
        errors
    }

    /// Whether a link may lead to this address: the shop's own hosts over http(s), nothing else.
    pub fn may_lead_to(&self, url: &str) -> bool {
        host_of(url).is_some_and(|host| {
            host_of(&self.shop_url).is_some_and(|own| own == host)
                || self.allowed_hosts.iter().any(|h| h.eq_ignore_ascii_case(&host))
                || (!self.shopify_domain.is_empty() && self.shopify_domain.eq_ignore_ascii_case(&host))
                || host_of(&self.woo_url).is_some_and(|own| own == host)
                || (!self.bigcommerce_store.is_empty()
                    && host == format!("store-{}.mybigcommerce.com", self.bigcommerce_store))
        })
    }

    /// Sets one value by its name, as the operator's command and the console's forms do: JSON, or plain text.
    ///
    /// # Errors
    /// [`SettingError`] for an unknown name, a value of the wrong form, or one out of bounds; nothing is changed then.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), SettingError> {
        let mut all = serde_json::to_value(&*self).map_err(|e| wrong(key, e.to_string()))?;
        let slot = all.get_mut(key).ok_or_else(|| wrong(key, "there is no such setting"))?;
        let parsed = serde_json::from_str(text).ok().filter(|parsed: &serde_json::Value| !parsed.is_string());
        let expected = match slot {
            serde_json::Value::Number(_) => Some("a whole number such as 60"),
            serde_json::Value::Bool(_) => Some("true or false"),
            _ => None,
        };
        // A text that happens to look like JSON ("123" as a sender's name, or one in quotation marks) is still a text.
        *slot = match parsed {
            Some(parsed) if !slot.is_string() => parsed,
            _ => serde_json::Value::String(text.to_owned()),
        };
        let next: Self = serde_json::from_value(all)
            .map_err(|e| wrong(key, expected.map_or_else(|| e.to_string(), str::to_owned)))?;
        if let Some(error) = next.check().into_iter().find(|e| e.key == key) {
            return Err(error);
        }
        *self = next;
        Ok(())
    }
}

/// Whether a text names a topic of Amazon SNS.
fn topic(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    matches!(parts[..], ["arn", partition, "sns", region, account, name]
        if partition.starts_with("aws") && [partition, region, account, name].into_iter().all(plain) && arn.len() <= 300)
}

/// Whether a text is an absolute http(s) address with a host and without control characters or spaces.
pub fn web_address(url: &str) -> bool {
    url.len() <= 2048 && !url.chars().any(|c| c.is_control() || c == ' ') && host_of(url).is_some()
}

/// The host of an absolute http(s) address, in lower case, without user, port and path. Anything odd is `None`:
/// backslashes, credentials and empty hosts are how links are smuggled.
pub fn host_of(url: &str) -> Option<String> {
    let lower = url.get(..8.min(url.len()))?.to_ascii_lowercase();
    let rest = if lower.starts_with("https://") {
        url.get(8..)?
    } else if lower.starts_with("http://") {
        url.get(7..)?
    } else {
        return None;
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    if authority.contains(['\\', '@', '%', '[']) {
        return None;
    }
    let host = match authority.split_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) => return None,
        None => authority,
    };
    let ok = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.');
    ok.then(|| host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_sound() {
        assert_eq!(StoreSettings::default().check(), Vec::new());
    }

    #[test]
    fn values_are_set_by_name_and_refused_with_a_reason() {
        let mut s = StoreSettings::default();
        s.set("abandon_cart_after_seconds", "20").expect("a number");
        s.set("sender_name", "123").expect("a text");
        s.set("country", "CH").expect("a country");
        s.set("allowed_hosts", r#"["shop.example.com"]"#).expect("a list");
        assert_eq!((s.abandon_cart_after_seconds, s.sender_name.as_str()), (20, "123"));
        s.set("sender_name", "\"The\" shop").expect("a text");
        s.set("postal_address", "\"quoted\"").expect("a text");
        assert_eq!((s.sender_name.as_str(), s.postal_address.as_str()), ("\"The\" shop", "\"quoted\""));
        let said = s.set("abandon_cart_after_seconds", "soon").expect_err("no number").message;
        assert_eq!(said, "a whole number such as 60");
        for (key, value) in [
            ("holdout_percent", "60"),
            ("holdout_percent", "-1"),
            ("time_zone", "Mars/Olympus"),
            ("nonsense", "1"),
            ("country", "Deutschland"),
            ("country", "ZZ"),
            ("currency", "XXX"),
            ("shop_url", "javascript:alert(1)"),
            ("woo_url", "https://shop.example/?a=1"),
            ("woo_url", "shop.example"),
            ("bigcommerce_store", "../v3"),
            ("bigcommerce_recovery_url", "https://shop.example/recover"),
            ("sms_account", "AC1"),
            ("sms_sender", "a name that is too long"),
            ("sms_hours", "{\"from\": 60, \"to\": 60}"),
            ("sms_part_cost", "10001"),
            ("mail_rates", "{\"gmail\": 0}"),
            ("mail_rates", "{\"Gmail\": 5}"),
            ("mail_return_domain", "bounces"),
            ("sendgrid_key", "not a key"),
            ("ses_topic", "arn:aws:sqs:eu-central-1:123456789012:mail"),
            ("push_worker", "https://evil.example/w.js"),
            ("push_worker", "//evil.example/w.js"),
            ("push_worker", "/a/../w.js"),
            ("push_worker", "/w.js?x"),
            ("push_hours", "{\"from\": 1440, \"to\": 60}"),
            ("sender_name", "a\r\nBcc: x"),
        ] {
            let before = s.clone();
            assert_eq!(s.set(key, value).map_err(|e| e.key), Err(key.into()), "{key}={value}");
            assert_eq!(s, before);
        }
    }

    #[test]
    fn links_lead_only_to_the_shop() {
        let s = StoreSettings {
            shop_url: "https://shop.example.com/de".into(),
            allowed_hosts: vec!["m.example.com".into()],
            woo_url: "https://woo.example.com/wp".into(),
            bigcommerce_store: "abc123".into(),
            ..Default::default()
        };
        assert!(s.may_lead_to("https://woo.example.com/wp/checkout/order-pay/7/"));
        assert!(s.may_lead_to("https://store-abc123.mybigcommerce.com/cart.php"));
        assert!(!s.may_lead_to("https://store-abc1234.mybigcommerce.com/cart.php"));
        assert!(s.may_lead_to("https://shop.example.com/cart?x=1"));
        assert!(s.may_lead_to("https://M.example.com"));
        for bad in [
            "https://evil.example",
            "//shop.example.com",
            "https://shop.example.com@evil.example/",
            "https:\\\\shop.example.com",
            "javascript:alert(1)",
            "https://evil.example/https://shop.example.com",
            "https://shop.example.com.evil.example",
            "https://shop.example.com\\@evil.example",
            "data:text/html,x",
            "",
        ] {
            assert!(!s.may_lead_to(bad), "{bad}");
        }
    }
}
