//! What every mail must have, whoever wrote it.

use crate::templates::{Ready, prepare};
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
