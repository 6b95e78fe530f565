//! A store's settings, read and changed.

use super::{access::Access, errors::UserError};
use crate::{
    accounts::{SecretKind, secrets},
    push,
};
use async_graphql::{Enum, InputObject, Object, Result, SimpleObject};
use cartwheel_domain::{
    locale::Formality,
    settings::{self, SendingHours, SettingError},
};

/// Everything that can be set for a store.
pub struct StoreSettings(pub Access);

/// How fast mailboxes are written to.
#[derive(Debug, Clone, SimpleObject)]
pub struct MailRate {
    /// A group of domains such as `gmail`, a domain, or `*` for any other domain.
    name: String,
    /// Messages a minute.
    per_minute: i32,
}

/// The same, to be set.
#[derive(Debug, Clone, InputObject)]
pub struct MailRateInput {
    /// A group of domains such as `gmail`, a domain, or `*` for any other domain.
    pub name: String,
    /// Messages a minute, 1 to 100000.
    pub per_minute: i32,
}

/// What the snippet may do before somebody agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum CaptureMode {
    /// Nothing.
    Off,
    /// Only after consent.
    AfterConsent,
    /// From the start, with a notice in the shop.
    LegitimateInterest,
}

impl From<settings::CaptureMode> for CaptureMode {
    fn from(mode: settings::CaptureMode) -> Self {
        match mode {
            settings::CaptureMode::Off => Self::Off,
            settings::CaptureMode::AfterConsent => Self::AfterConsent,
            settings::CaptureMode::LegitimateInterest => Self::LegitimateInterest,
        }
    }
}

impl From<CaptureMode> for settings::CaptureMode {
    fn from(mode: CaptureMode) -> Self {
        match mode {
            CaptureMode::Off => Self::Off,
            CaptureMode::AfterConsent => Self::AfterConsent,
            CaptureMode::LegitimateInterest => Self::LegitimateInterest,
        }
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn seconds(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl StoreSettings {
    fn of(&self) -> &settings::StoreSettings {
        &self.0.info.settings
    }
}

#[Object]
impl StoreSettings {
    /// Inactivity after which a cart counts as left, seconds.
    async fn abandon_cart_after_seconds(&self) -> i32 {
        seconds(self.of().abandon_cart_after_seconds)
    }

    /// Inactivity after which a begun checkout counts as left, seconds.
    async fn abandon_checkout_after_seconds(&self) -> i32 {
        seconds(self.of().abandon_checkout_after_seconds)
    }

    /// Inactivity after which a quote counts as left, seconds.
    async fn abandon_quote_after_seconds(&self) -> i32 {
        seconds(self.of().abandon_quote_after_seconds)
    }

    /// Share of people who get nothing, so that the effect can be known.
    async fn holdout_percent(&self) -> i32 {
        i32::from(self.of().holdout_percent)
    }

    /// Name in From.
    async fn sender_name(&self) -> &str {
        &self.of().sender_name
    }

    /// Address in From; empty while none is set.
    async fn sender_email(&self) -> String {
        self.of().sender_email.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Where answers go.
    async fn reply_to(&self) -> Option<String> {
        self.of().reply_to.as_ref().map(ToString::to_string)
    }

    /// Postal address under each mail.
    async fn postal_address(&self) -> &str {
        &self.of().postal_address
    }

    /// The shop's address on the web.
    async fn shop_url(&self) -> &str {
        &self.of().shop_url
    }

    /// Formal address: Sie, vous, Lei.
    async fn formal(&self) -> bool {
        self.of().formality == Formality::Formal
    }

    /// From when e-mail may not go (`20:00`); null for any time.
    async fn quiet_hours_from(&self) -> Option<String> {
        self.of().email_hours.map(|h| clock(h.to))
    }

    /// From when e-mail may go again (`09:00`); null for any time.
    async fn quiet_hours_to(&self) -> Option<String> {
        self.of().email_hours.map(|h| clock(h.from))
    }

    /// Text messages: the account at Twilio, `AC…`; empty while none is set.
    async fn sms_account(&self) -> &str {
        &self.of().sms_account
    }

    /// Text messages: the number, the name or the messaging service they come from.
    async fn sms_sender(&self) -> &str {
        &self.of().sms_sender
    }

    /// Text messages: what one part costs, in thousandths of a unit of the store's currency; 0 while it is not known.
    async fn sms_part_cost(&self) -> i32 {
        seconds(self.of().sms_part_cost)
    }

    /// From when text messages may not go (`20:00`), beside the hours of law; null for none.
    async fn sms_quiet_hours_from(&self) -> Option<String> {
        self.of().sms_hours.map(|h| clock(h.to))
    }

    /// From when text messages may go again (`09:00`); null for none.
    async fn sms_quiet_hours_to(&self) -> Option<String> {
        self.of().sms_hours.map(|h| clock(h.from))
    }

    /// Text messages: whether the account's auth token is on record.
    async fn sms_connected(&self) -> Result<bool> {
        let kind = SecretKind::TwilioToken;
        let found = self.0.read(async |scoped| secrets::get(scoped, &self.0.api.master, kind).await);
        Ok(found.await?.is_some())
    }

    /// Text messages: where Twilio sends what people answer, so that STOP holds here too.
    async fn sms_answer_url(&self) -> String {
        format!("{}/v1/sms/{}/answer", self.0.api.public_url, self.0.info.id)
    }

    /// E-mail: domain of the return path, where mail that cannot be delivered comes back to; empty: the address in From.
    async fn mail_return_domain(&self) -> &str {
        &self.of().mail_return_domain
    }

    /// E-mail: what the store says of how fast mailboxes are written to.
    async fn mail_rates(&self) -> Vec<MailRate> {
        let rates = self.of().mail_rates.iter();
        rates.map(|(name, n)| MailRate { name: name.clone(), per_minute: seconds(*n) }).collect()
    }

    /// SendGrid: the key its event webhook is signed with; empty while none is set.
    async fn sendgrid_key(&self) -> &str {
        &self.of().sendgrid_key
    }

    /// Amazon SES: the topic its notifications come by; empty while none is set.
    async fn ses_topic(&self) -> &str {
        &self.of().ses_topic
    }

    /// Web push: whether the snippet may ask for it and notifications go out.
    async fn push_on(&self) -> bool {
        self.of().push_on
    }

    /// Web push: where in the shop the service worker lies.
    async fn push_worker(&self) -> &str {
        &self.of().push_worker
    }

    /// Web push: the line that file holds.
    async fn push_worker_script(&self) -> String {
        format!("importScripts('{}/push/worker.js');", self.0.api.public_url)
    }

    /// Web push: the public half of the store's pair of keys; anybody may see it. Null while it was never switched on.
    async fn push_public_key(&self) -> Option<&str> {
        self.0.info.push_key.as_deref()
    }

    /// Web push: browsers that may be notified.
    async fn push_subscriptions(&self) -> Result<i32> {
        let count = self.0.read(async |scoped| push::count(scoped).await).await?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// From when notifications may not go (`20:00`); null for any time.
    async fn push_quiet_hours_from(&self) -> Option<String> {
        self.of().push_hours.map(|h| clock(h.to))
    }

    /// From when notifications may go again (`09:00`); null for any time.
    async fn push_quiet_hours_to(&self) -> Option<String> {
        self.of().push_hours.map(|h| clock(h.from))
    }

    /// At most so many messages to one person …
    async fn frequency_cap_messages(&self) -> Option<i32> {
        Some(seconds(self.of().cap_messages))
    }

    /// … within so many seconds.
    async fn frequency_cap_seconds(&self) -> Option<i32> {
        Some(seconds(self.of().cap_window_seconds))
    }

    /// What the snippet may do.
    async fn capture_mode(&self) -> CaptureMode {
        self.of().capture_mode.into()
    }

    /// Further hosts of the shop that links may lead to.
    async fn store_hosts(&self) -> &[String] {
        &self.of().allowed_hosts
    }

    /// The snippet's key; anybody may see it.
    async fn public_key(&self) -> &str {
        &self.0.info.public_key
    }

    /// The line to put into the shop's pages.
    async fn snippet_html(&self) -> String {
        format!("<script async src=\"{}/s/{}.js\"></script>", self.0.api.public_url, self.0.info.public_key)
    }

    /// How to recognise the secret write key.
    async fn write_key_hint(&self) -> &str {
        "cww_…"
    }

    /// Shopify: the shop's domain.
    async fn shopify_domain(&self) -> Option<&str> {
        Some(self.of().shopify_domain.as_str()).filter(|d| !d.is_empty())
    }

    /// Shopify: whether a secret for its signatures is on record.
    async fn shopify_connected(&self) -> Result<bool> {
        let found =
            self.0.read(async |scoped| secrets::get(scoped, &self.0.api.master, SecretKind::Shopify).await);
        Ok(found.await?.is_some())
    }

    /// Shopify: where its webhooks go.
    async fn shopify_webhook_url(&self) -> String {
        format!("{}/webhooks/shopify/{}", self.0.api.public_url, self.0.info.id)
    }
}

/// Changes; what is not named stays as it is.
#[derive(Debug, Default, InputObject)]
pub struct StoreSettingsInput {
    /// Name as shoppers see it.
    pub name: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// `en`, `de`, `fr` or `it`.
    pub locale: Option<String>,
    /// IANA zone.
    pub time_zone: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Seconds.
    pub abandon_cart_after_seconds: Option<i32>,
    /// Seconds.
    pub abandon_checkout_after_seconds: Option<i32>,
    /// Seconds.
    pub abandon_quote_after_seconds: Option<i32>,
    /// 0 to 50.
    pub holdout_percent: Option<i32>,
    /// Name in From.
    pub sender_name: Option<String>,
    /// Address in From; empty takes it out.
    pub sender_email: Option<String>,
    /// Where answers go; empty takes it out.
    pub reply_to: Option<String>,
    /// Postal address.
    pub postal_address: Option<String>,
    /// The shop's address on the web.
    pub shop_url: Option<String>,
    /// Formal address.
    pub formal: Option<bool>,
    /// `20:00`; empty, in both, for any time.
    pub quiet_hours_from: Option<String>,
    /// `09:00`.
    pub quiet_hours_to: Option<String>,
    /// The account at Twilio; empty takes it out.
    pub sms_account: Option<String>,
    /// A number, a name of at most eleven characters or a messaging service; empty takes it out.
    pub sms_sender: Option<String>,
    /// Thousandths of a unit of the store's currency.
    pub sms_part_cost: Option<i32>,
    /// Twilio: the auth token; stored sealed, never shown again.
    pub sms_token: Option<String>,
    /// `20:00`; empty, in both, for the hours of law alone.
    pub sms_quiet_hours_from: Option<String>,
    /// `09:00`.
    pub sms_quiet_hours_to: Option<String>,
    /// E-mail: domain of the return path; empty takes it out.
    pub mail_return_domain: Option<String>,
    /// E-mail: all there is to say otherwise of how fast mailboxes are written to.
    pub mail_rates: Option<Vec<MailRateInput>>,
    /// SendGrid: the key its event webhook is signed with; empty takes it out.
    pub sendgrid_key: Option<String>,
    /// Amazon SES: the topic its notifications come by; empty takes it out.
    pub ses_topic: Option<String>,
    /// Web push on or off; a pair of keys is made when it is switched on for the first time.
    pub push_on: Option<bool>,
    /// A path in the shop such as `/cartwheel-push.js`.
    pub push_worker: Option<String>,
    /// `20:00`; empty, in both, for any time.
    pub push_quiet_hours_from: Option<String>,
    /// `09:00`.
    pub push_quiet_hours_to: Option<String>,
    /// At most so many …
    pub frequency_cap_messages: Option<i32>,
    /// … within so many seconds.
    pub frequency_cap_seconds: Option<i32>,
    /// What the snippet may do.
    pub capture_mode: Option<CaptureMode>,
    /// Further hosts.
    pub store_hosts: Option<Vec<String>>,
    /// Shopify: the shop's domain.
    pub shopify_domain: Option<String>,
    /// WooCommerce: the shop's address; `connectPlatform` sets it too.
    pub woo_url: Option<String>,
    /// BigCommerce: the store's hash.
    pub bigcommerce_store: Option<String>,
    /// BigCommerce: the shop's page for carts that were left, with `{token}`.
    pub bigcommerce_recovery_url: Option<String>,
    /// Shopify: the app's client secret; stored sealed, never shown again.
    pub shopify_secret: Option<String>,
}

impl StoreSettingsInput {
    /// Lays the changes over the settings; every mistake is told, under the name the caller used.
    pub fn apply(&self, to: &mut settings::StoreSettings) -> Vec<UserError> {
        let mut errors = Vec::new();
        let mut set = |key: &str, name: &str, value: Option<serde_json::Value>| {
            let Some(value) = value else { return };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if let Err(SettingError { message, .. }) = to.set(key, &text) {
                errors.push(UserError::at(&["input", name], "invalid", message));
            }
        };
        let text = |v: &Option<String>| v.clone().map(serde_json::Value::from);
        let number = |v: Option<i32>| v.map(serde_json::Value::from);
        let optional = |v: &Option<String>| {
            v.as_ref().map(|t| if t.trim().is_empty() { serde_json::Value::Null } else { t.clone().into() })
        };
        set("country", "country", text(&self.country));
        set("locale", "locale", text(&self.locale));
        set("time_zone", "timeZone", text(&self.time_zone));
        set("currency", "currency", text(&self.currency));
        set("abandon_cart_after_seconds", "abandonCartAfterSeconds", number(self.abandon_cart_after_seconds));
        set(
            "abandon_checkout_after_seconds",
            "abandonCheckoutAfterSeconds",
            number(self.abandon_checkout_after_seconds),
        );
        set(
            "abandon_quote_after_seconds",
            "abandonQuoteAfterSeconds",
            number(self.abandon_quote_after_seconds),
        );
        set("holdout_percent", "holdoutPercent", number(self.holdout_percent));
        set("sender_name", "senderName", text(&self.sender_name));
        set("sender_email", "senderEmail", optional(&self.sender_email));
        set("reply_to", "replyTo", optional(&self.reply_to));
        set("postal_address", "postalAddress", text(&self.postal_address));
        set("shop_url", "shopUrl", text(&self.shop_url));
        set("formality", "formal", self.formal.map(|f| if f { "formal" } else { "informal" }.into()));
        set("cap_messages", "frequencyCapMessages", number(self.frequency_cap_messages));
        set("cap_window_seconds", "frequencyCapSeconds", number(self.frequency_cap_seconds));
        set("allowed_hosts", "storeHosts", self.store_hosts.clone().map(serde_json::Value::from));
        set("shopify_domain", "shopifyDomain", text(&self.shopify_domain));
        set("woo_url", "wooUrl", text(&self.woo_url));
        set("bigcommerce_store", "bigcommerceStore", text(&self.bigcommerce_store));
        set("bigcommerce_recovery_url", "bigcommerceRecoveryUrl", text(&self.bigcommerce_recovery_url));
        let rates = |rates: &Vec<MailRateInput>| {
            let one = |rate: &MailRateInput| (rate.name.clone(), rate.per_minute.into());
            serde_json::Value::Object(rates.iter().map(one).collect())
        };
        set("mail_return_domain", "mailReturnDomain", text(&self.mail_return_domain));
        set("mail_rates", "mailRates", self.mail_rates.as_ref().map(rates));
        set("sendgrid_key", "sendgridKey", text(&self.sendgrid_key));
        set("ses_topic", "sesTopic", text(&self.ses_topic));
        set("push_on", "pushOn", self.push_on.map(serde_json::Value::from));
        set("push_worker", "pushWorker", text(&self.push_worker));
        set("sms_account", "smsAccount", text(&self.sms_account));
        set("sms_sender", "smsSender", text(&self.sms_sender));
        set("sms_part_cost", "smsPartCost", number(self.sms_part_cost));
        if let Some(mode) = self.capture_mode {
            to.capture_mode = mode.into();
        }
        let mails = ("quietHoursFrom", &self.quiet_hours_from, "quietHoursTo", &self.quiet_hours_to);
        let texts =
            ("smsQuietHoursFrom", &self.sms_quiet_hours_from, "smsQuietHoursTo", &self.sms_quiet_hours_to);
        let notices = (
            "pushQuietHoursFrom",
            &self.push_quiet_hours_from,
            "pushQuietHoursTo",
            &self.push_quiet_hours_to,
        );
        let all = [(mails, &mut to.email_hours), (texts, &mut to.sms_hours), (notices, &mut to.push_hours)];
        for (given, hours) in all {
            match hours_of(given) {
                Ok(Some(new)) => *hours = new,
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        errors
    }
}

/// Hours outside quiet ones, each with the name of its field; `None` when they are not to be changed.
type Given<'a> = (&'static str, &'a Option<String>, &'static str, &'a Option<String>);

fn hours_of((from_name, from, to_name, to): Given<'_>) -> Result<Option<Option<SendingHours>>, UserError> {
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (None, None) => return Ok(None),
        (from, _) => {
            let missing = if from.is_some() { to_name } else { from_name };
            return Err(UserError::at(
                &["input", missing],
                "invalid",
                "quiet hours have a beginning and an end",
            ));
        }
    };
    if from.is_empty() && to.is_empty() {
        return Ok(Some(None));
    }
    let minute = |name: &str, text: &str| -> Result<u16, UserError> {
        let wrong = || UserError::at(&["input", name], "invalid", "a time of day such as 20:00");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        match (hour.parse::<u16>(), minute.parse::<u16>()) {
            (Ok(h @ 0..=23), Ok(m @ 0..=59)) => Ok(h * 60 + m),
            _ => Err(wrong()),
        }
    };
    let (quiet_from, quiet_to) = (minute(from_name, from)?, minute(to_name, to)?);
    if quiet_from == quiet_to {
        return Err(UserError::at(
            &["input", to_name],
            "invalid",
            "a time other than the one quiet hours begin at",
        ));
    }
    Ok(Some(Some(SendingHours { from: quiet_to, to: quiet_from })))
}
