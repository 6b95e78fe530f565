//! Every mail of the recovery set as its reader gets it.

use super::sample;
use crate::templates::{compile, example::KINDS};
use cartwheel_domain::{
    locale::{Formality, Language},
    template::{
        MailTemplate, RenderedMail, TemplateErrorKind, context::MailContext, recovery,
        recovery::DefaultTemplate,
    },
};

fn prepared(mail: &DefaultTemplate) -> MailTemplate {
    let compiled =
        compile(&mail.mjml, &mail.text).unwrap_or_else(|e| panic!("{} {}: {e}", mail.language, mail.key));
    MailTemplate::parse(&mail.subject, &mail.preheader, &compiled.html, &compiled.text).expect("parses")
}

fn all() -> Vec<(DefaultTemplate, MailTemplate)> {
    recovery::all().into_iter().map(|mail| (mail.clone(), prepared(&mail))).collect()
}

fn rendered(template: &MailTemplate, context: &MailContext) -> RenderedMail {
    template.render(context, true).unwrap_or_else(|e| panic!("{}: {e}", context.language))
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn words_of_every_mail_are_as_approved() {
    let mut by_set: std::collections::BTreeMap<String, String> = Default::default();
    for (mail, template) in all() {
        for kind in KINDS {
            let out = rendered(&template, &sample(mail.language, mail.formality, kind));
            let set = by_set.entry(format!("{}-{}", mail.language, mail.formality.code())).or_default();
            set.push_str(&format!(
                "==== {} {kind}\nSubject: {}\nPreheader: {}\n\n{}\n",
                mail.key, out.subject, out.preheader, out.text
            ));
        }
    }
    assert_eq!(by_set.len(), 7);
    for (set, text) in by_set {
        snapshot(&format!("text-{set}"), &text);
    }
}

#[test]
fn markup_of_each_set_is_as_approved() {
    for (mail, template) in all().into_iter().filter(|(mail, _)| mail.key == "recovery_1") {
        let out = rendered(&template, &sample(mail.language, mail.formality, "cart"));
        snapshot(&format!("html-{}-{}", mail.language, mail.formality.code()), &out.html);
    }
}

#[test]
fn every_mail_says_who_why_and_how_to_stop() {
    let mut seen = 0;
    for (mail, template) in all() {
        for kind in KINDS {
            let context = sample(mail.language, mail.formality, kind);
            let out = rendered(&template, &context);
            for part in [&out.html, &out.text] {
                for must in [
                    "https://mail.shop.example/r/tok",
                    "https://mail.shop.example/u/tok",
                    "Nordlicht Keramik",
                    "Hafenstr. 12",
                    "jonas@customer.example",
                    "hallo@shop.example",
                    "154",
                ] {
                    assert!(part.contains(must), "{} {} {kind} lacks {must}", mail.language, mail.key);
                }
                for never in ["{{", "{%", "}}", "%}", "[[", "lq0q", "Liquid"] {
                    assert!(!part.contains(never), "{} {} {kind} shows {never}", mail.language, mail.key);
                }
            }
            assert!(out.html.contains(&out.preheader.replace('\'', "&#39;")), "the preheader is in the HTML");
            assert!(out.html.len() < 60_000, "{} bytes: mailboxes cut long mails", out.html.len());
            assert!(out.subject.chars().count() <= 78, "{:?} is too long", out.subject);
            if kind == "quote" {
                assert!(out.subject.contains("A-2041"), "{:?}", out.subject);
                assert!(!out.text.contains("  A-2041"), "a gap before the number");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 63);
}

#[test]
fn awkward_words_stay_words() {
    let awkward = [
        "Größe & \"Maß\" <b>fett</b> 'x' !",
        "🎉👩‍👩‍👧 Émoji",
        "مرحبا بالعالم",
        "שלום",
        "a".repeat(5_000).as_str(),
        "",
        "   ",
        "{{ store.name }}{% if %}",
        "line\r\nbreak: header",
        "</td></tr></table><script>alert(1)</script>",
        "\" onmouseover=\"x",
        "\u{0}\u{202e}evil",
        "100 % *_`#",
    ]
    .map(str::to_owned);
    for (mail, template) in all() {
        for words in &awkward {
            for kind in KINDS {
                let mut context = sample(mail.language, mail.formality, kind);
                context.contact.first_name = Some(words.clone());
                context.contact.last_name = Some(words.clone());
                context.cart.number = context.cart.number.map(|_| words.clone());
                context.cart.company = Some(words.clone());
                for item in &mut context.cart.items {
                    item.title = words.clone();
                    item.variant = Some(words.clone());
                    item.image_url = Some(format!("javascript:{words}"));
                }
                let out = rendered(&template, &context);
                assert!(!out.subject.chars().any(char::is_control), "{:?}", out.subject);
                for never in ["<script", "<b>", "javascript:", " onmouseover=\"", "\u{0}"] {
                    assert!(
                        !out.html.contains(never),
                        "{} {} shows {never} for {words:?}",
                        mail.language,
                        mail.key
                    );
                }
                let cells = |html: &str| (html.matches("<tr").count(), html.matches("<td").count());
                let plain = rendered(&template, &sample(mail.language, mail.formality, kind));
                let (awkward, usual) = (cells(&out.html), cells(&plain.html));
                assert_eq!(awkward, usual, "the table is not what it was for {words:?}");
            }
        }
    }
}

#[test]
fn what_is_not_known_leaves_no_gap() {
    for (mail, template) in all() {
        for kind in KINDS {
            let mut context = sample(mail.language, mail.formality, kind);
            context.contact.first_name = None;
            context.contact.last_name = None;
            context.cart.number = None;
            context.cart.company = None;
            context.cart.valid_until = None;
            context.links.preferences = None;
            context.store.support_email = String::new();
            context.cart.item_count = 1;
            context.cart.items.truncate(1);
            context.cart.items[0].variant = None;
            context.cart.items[0].price = None;
            context.cart.items[0].line_price = None;
            context.cart.items[0].image_url = None;
            let out = rendered(&template, &context);
            for text in [&out.subject, &out.preheader, &out.text] {
                for gap in ["  ,", " ,", " .", "()", "°", "n. .", "\n\n\n"] {
                    assert!(
                        !text.contains(gap),
                        "{} {} {kind} has {gap:?} in {text}",
                        mail.language,
                        mail.key
                    );
                }
            }
            let first = out.text.lines().next().unwrap_or_default();
            assert!(
                first.ends_with(',') && !first.contains(' ') || first == "Guten Tag,",
                "greeting {first:?}"
            );
        }
    }
}

#[test]
fn long_carts_are_cut_and_say_so() {
    let (mail, template) = &all()[0];
    let mut context = sample(mail.language, mail.formality, "cart");
    let item = context.cart.items[0].clone();
    context.cart.items = (0..400).map(|_| item.clone()).collect();
    let out = rendered(template, &context);
    assert_eq!(out.html.matches("Walnut bread board").count(), 10);
    assert!(out.html.contains("and 390 more") && out.text.contains("and 390 more"));
}

#[test]
fn amounts_follow_the_readers_region() {
    let set = recovery::set(Language::De, Formality::Formal);
    let template = prepared(&set[0]);
    let mut context = sample(Language::De, Formality::Formal, "cart");
    assert!(rendered(&template, &context).text.contains("Summe: 154,00\u{a0}€"));
    context.locale = "de-CH".to_owned();
    context.cart.total = cartwheel_domain::money::Money::new(1_234_550, "CHF".parse().expect("a currency"));
    assert!(rendered(&template, &context).text.contains("Summe: CHF\u{a0}12'345.50"));
}

#[test]
fn without_what_is_mandatory_nothing_is_sent() {
    let (mail, template) = &all()[0];
    let good = || sample(mail.language, mail.formality, "cart");
    type Spoil = fn(&mut MailContext);
    let breaks: [(&str, Spoil); 7] = [
        ("`links.restore` is missing", |c| c.links.restore = String::new()),
        ("`links.unsubscribe` is missing", |c| c.links.unsubscribe = "  ".to_owned()),
        ("`store.name` is missing", |c| c.store.name = String::new()),
        ("`store.address` is missing", |c| c.store.address = "\n".to_owned()),
        ("`cart.items` is missing", |c| c.cart.items.clear()),
        ("`links.restore` is no address", |c| c.links.restore = "javascript:x".to_owned()),
        ("`links.unsubscribe` is no address", |c| c.links.unsubscribe = "http://shop.example/u".to_owned()),
    ];
    for (part, spoil) in breaks {
        let mut context = good();
        spoil(&mut context);
        let fault = template.render(&context, true).expect_err(part);
        assert_eq!(fault.error.kind, TemplateErrorKind::Missing);
        assert!(
            fault.error.message.starts_with("not sent: ") && fault.error.message.contains(part),
            "{fault}"
        );
    }
    let mut context = good();
    context.store.address = String::new();
    assert!(template.render(&context, false).is_ok(), "where no address is asked for, none is needed");
}
