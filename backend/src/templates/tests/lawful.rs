//! What every mail must have, whoever wrote it.

use crate::templates::{Ready, example::example, prepare};
use cartwheel_domain::{
    consent::Channel,
    locale::{Formality, Language},
    template::{MailFault, recovery, texts::Texts},
};

fn given() -> Texts {
    let [first, ..] = recovery::set(Language::De, Formality::Formal);
    Texts { subject: first.subject, preheader: first.preheader, mjml: first.mjml, text: first.text }
}

fn refused(texts: Texts) -> MailFault {
    prepare(Channel::Email, &texts).expect("it is a mail for all that");
    Ready::of(Channel::Email, texts, Language::De, Formality::Formal).expect_err("refused")
}

#[test]
fn what_a_store_is_given_may_be_saved() {
    for mail in recovery::all() {
        let texts =
            Texts { subject: mail.subject, preheader: mail.preheader, mjml: mail.mjml, text: mail.text };
        Ready::of(Channel::Email, texts, mail.language, mail.formality)
            .unwrap_or_else(|e| panic!("{} {}: {e}", mail.language, mail.key));
    }
}

#[test]
fn a_mail_nobody_can_say_no_to_is_not_saved() {
    let mut texts = given();
    texts.mjml = texts.mjml.replace("{{ links.unsubscribe }}", "{{ store.url }}");
    let fault = refused(texts);
    assert_eq!(fault.field, "mjml");
    assert!(fault.error.message.contains("{{ links.unsubscribe }}"), "{fault}");
    let mut texts = given();
    texts.text = texts.text.replace("{{ links.unsubscribe }}", "");
    assert_eq!(refused(texts).field, "text");
}

#[test]
fn a_way_to_say_no_that_never_comes_out_is_none() {
    let anchor = "<a href=\"{{ links.unsubscribe }}\">";
    let hidden = |mjml: &str| {
        mjml.replace(anchor, &format!("{{% if false %}}{anchor}x</a>{{% endif %}}<a href=\"#\">"))
    };
    let commented = |mjml: &str| mjml.replace(anchor, &format!("<!-- {anchor}</a> --><a href=\"#\">"));
    let for_carts = |mjml: &str| {
        mjml.replace(anchor, "<a href=\"{% if cart.kind == 'cart' %}{{ links.unsubscribe }}{% endif %}\">")
    };
    for (change, kind) in
        [(&hidden as &dyn Fn(&str) -> String, "cart"), (&commented, "cart"), (&for_carts, "checkout")]
    {
        let mut texts = given();
        texts.mjml = change(&texts.mjml);
        assert_ne!(texts.mjml, given().mjml);
        let fault = refused(texts);
        assert_eq!(fault.field, "mjml", "{fault}");
        assert!(fault.error.message.contains(&format!("about a {kind}")), "{fault}");
    }
}

#[test]
fn the_address_and_the_way_back_must_come_out_as_well() {
    for (name, field) in [
        ("store.address", "mjml"),
        ("links.restore", "mjml"),
        ("store.address", "text"),
        ("links.restore", "text"),
    ] {
        let mut texts = given();
        let part = if field == "mjml" { &mut texts.mjml } else { &mut texts.text };
        *part = part.replace(name, "store.url");
        let fault = refused(texts);
        assert_eq!(fault.field, field, "{name}: {fault}");
        assert!(fault.error.message.contains(name), "{fault}");
    }
}

#[test]
fn what_cannot_be_written_for_a_quote_is_not_saved() {
    let mut texts = given();
    texts.subject = "{% if cart.kind == 'quote' %}{{ 1 | divided_by: 0 }}{% endif %}x".into();
    let fault = refused(texts);
    assert_eq!((fault.field, fault.error.line), ("subject", 1), "{fault}");
}

fn notices() -> Vec<(Language, Formality, Texts)> {
    let texts = |n: recovery::DefaultNotice| Texts {
        subject: n.title,
        preheader: n.image,
        mjml: String::new(),
        text: n.body,
    };
    recovery::notices().into_iter().map(|n| (n.language, n.formality, texts(n))).collect()
}

#[test]
fn the_notifications_a_store_is_given_may_be_saved_and_say_what_they_are_about() {
    for (language, formality, texts) in notices() {
        let (_, notice) = prepare(Channel::Push, &texts).expect("it can be written");
        let out = notice.render_notice(&example(language, formality, "quote")).expect("written");
        assert!(out.subject.starts_with("Nordlicht Keramik"), "{}", out.subject);
        assert!(out.text.len() > 20 && out.preheader == "https://shop.example/board.jpg", "{out:?}");
        assert!(out.html.is_empty());
        Ready::of(Channel::Push, texts, language, formality).unwrap_or_else(|e| panic!("{language}: {e}"));
    }
}

#[test]
fn a_notification_without_a_sender_or_with_too_many_words_is_not_saved() {
    let (language, formality, given) = notices().remove(1);
    let refused = |change: &dyn Fn(&mut Texts)| {
        let mut texts = given.clone();
        change(&mut texts);
        Ready::of(Channel::Push, texts, language, formality).expect_err("refused")
    };
    let fault = refused(&|t| t.subject = "Ihr Warenkorb".into());
    assert_eq!(fault.field, "subject");
    assert!(fault.error.message.contains("{{ store.name }}"), "{fault}");
    assert!(
        refused(&|t| t.text = "{% if false %}x{% endif %}".into()).error.message.contains("text is empty")
    );
    assert!(refused(&|t| t.text = "wort ".repeat(600)).error.message.contains("2400 at most"));
    assert_eq!(refused(&|t| t.mjml = "<mjml></mjml>".into()).field, "mjml");
    assert_eq!(refused(&|t| t.subject = "{{ store.name ".into()).field, "subject");
    // A picture that is none is left out; the reminder goes.
    for image in ["javascript:alert(1)", "board.jpg", "http://shop.example/board.jpg", "mailto:a@b.example"] {
        let texts = Texts { preheader: image.into(), ..given.clone() };
        let (_, notice) = prepare(Channel::Push, &texts).expect("it can be written");
        let out = notice.render_notice(&example(language, formality, "cart")).expect("written");
        assert_eq!(out.preheader, "", "{image}");
    }
}
