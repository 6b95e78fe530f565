//! Mails as servers of the wide world send them back: templates after real ones of Postfix, Exim, Exchange, Gmail, Amazon SES, Sendmail and
//! of Yahoo's and others' reports of spam, filled in and bent.

use cartwheel_domain::mail::Bounce;

/// What a sample must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Hard,
    Soft,
    Delivered,
    Complained,
    Nothing,
}

impl From<Bounce> for End {
    fn from(bounce: Bounce) -> Self {
        match bounce {
            Bounce::Hard => Self::Hard,
            Bounce::Soft => Self::Soft,
        }
    }
}

/// Whom a sample is about, and how.
pub struct Case<'a> {
    /// The signed return path.
    pub path: &'a str,
    /// The reference.
    pub reference: &'a str,
    /// The recipient of our message.
    pub to: &'a str,
}

/// Status, what was said, and what that means.
pub const WORDS: [(&str, &str, End); 14] = [
    (
        "5.1.1",
        "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table",
        End::Hard,
    ),
    (
        "5.1.1",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking",
        End::Hard,
    ),
    (
        "5.1.10",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {to} not found by SMTP address lookup",
        End::Hard,
    ),
    ("5.4.4", "unable to look up host: Host or domain name not found", End::Hard),
    ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", End::Hard),
    ("5.0.0", "550 Unrouteable address", End::Hard),
    ("5.1.2", "550 5.1.2 bad destination host", End::Hard),
    ("5.2.2", "552 5.2.2 The recipient's inbox is out of storage space: mailbox full", End::Soft),
    ("5.7.1", "550 5.7.1 Service unavailable, client host blocked using a blocklist", End::Soft),
    ("5.7.26", "550 5.7.26 unauthenticated: does not pass DMARC", End::Soft),
    ("4.4.1", "connect to mx.example.com[192.0.2.7]:25: Connection timed out", End::Soft),
    ("4.4.7", "400 4.4.7 message delayed, delivery time expired", End::Soft),
    ("5.3.4", "552 5.3.4 message too large", End::Soft),
    ("5.0.0", "rejected for a reason nobody knows", End::Soft),
];

fn report(head: &str, boundary: &str, human: &str, status: &str, back: Option<&str>) -> String {
    let third = back.map_or_else(String::new, |back| format!("--{boundary}\n{back}\n"));
    format!(
        "{head}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"{boundary}\"\n\n\
         This is a MIME-encapsulated message.\n\n--{boundary}\nContent-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\n\
         {human}\n\n--{boundary}\n{status}\n{third}--{boundary}--\n"
    )
}

fn original(case: &Case<'_>) -> String {
    format!(
        "Return-Path: <{}>\nReceived: from app.example (app.example [192.0.2.1])\n\tby mx.example; Mon, 2 Mar 2026 10:00:00 +0000\n\
         X-Cartwheel-Ref: {}\nFrom: Wheelhouse <shop@wheelhouse.example>\nTo: {}\nSubject: Your basket\nMessage-ID: <k@wheelhouse.example>\n",
        case.path, case.reference, case.to
    )
}

/// Postfix 3.
pub fn postfix(case: &Case<'_>, action: &str, status: &str, said: &str, back: bool) -> String {
    let head = format!(
        "Return-Path: <>\nDelivered-To: {}\nReceived: by mx.wheelhouse.example (Postfix)\n\tid 4F2A1; Mon, 2 Mar 2026 10:00:03 +0000 (UTC)\n\
         Date: Mon, 2 Mar 2026 10:00:03 +0000 (UTC)\nFrom: MAILER-DAEMON@mx.wheelhouse.example (Mail Delivery System)\n\
         Subject: Undelivered Mail Returned to Sender\nTo: {}\nAuto-Submitted: auto-replied\n",
        case.path, case.path
    );
    let status = format!(
        "Content-Description: Delivery report\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.wheelhouse.example\nX-Postfix-Queue-ID: 4F2A1\nX-Postfix-Sender: rfc822; {}\nArrival-Date: Mon,  2 Mar 2026 10:00:00 +0000 (UTC)\n\n\
         Final-Recipient: rfc822; {}\nOriginal-Recipient: rfc822;{}\nAction: {action}\nStatus: {status}\nRemote-MTA: dns; mx.example.com\nDiagnostic-Code: smtp; {said}\n",
        case.path, case.to, case.to
    );
    let back = back.then(|| {
        format!(
            "Content-Description: Undelivered Message\nContent-Type: message/rfc822\n\n{}\nHello.\n",
            original(case)
        )
    });
    report(
        &head,
        "4F2A1.1772445603/mx.wheelhouse.example",
        "I'm sorry to have to inform you.",
        &status,
        back.as_deref(),
    )
}

/// Exim 4.9x.
pub fn exim(case: &Case<'_>, action: &str, status: &str, said: &str, back: bool) -> String {
    let head = format!(
        "Return-path: <>\nEnvelope-to: {}\nDelivery-date: Mon, 02 Mar 2026 10:00:03 +0000\nX-Failed-Recipients: {}\n\
         Auto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@mail.example>\nTo: {}\n\
         Subject: Mail delivery failed: returning message to sender\nMessage-Id: <E1@mail.example>\n",
        case.path, case.to, case.path
    );
    let status = format!(
        "Content-type: message/delivery-status\n\nReporting-MTA: dns; mail.example\n\n\
         Action: {action}\nFinal-Recipient: rfc822;{}\nStatus: {status}\nRemote-MTA: dns; mx.example.com\nDiagnostic-Code: smtp; {said}\n",
        case.to
    );
    let back = back.then(|| format!("Content-type: text/rfc822-headers\n\n{}", original(case)));
    report(
        &head,
        "1772445603-eximdsn-1804289383",
        "A message that you sent could not be delivered.",
        &status,
        back.as_deref(),
    )
}

/// Exchange Online; the report in base64.
pub fn exchange(case: &Case<'_>, action: &str, status: &str, said: &str, back: bool) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let head = format!(
        "From: <postmaster@contoso.example>\nTo: <{}>\nSubject: Undeliverable: Your basket\nX-MS-Exchange-Message-Is-Ndr:\nAuto-Submitted: auto-replied\n",
        case.path
    );
    let inner = format!(
        "Reporting-MTA: dns;AM0PR01.eurprd01.prod.exchangelabs.com\r\nReceived-From-MTA: dns;mx.wheelhouse.example\r\n\r\n\
         Final-Recipient: rfc822;{}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp;{said}\r\nX-Display-Name: Ann\r\n",
        case.to
    );
    let coded = STANDARD.encode(inner);
    let lines: Vec<&str> =
        (0..coded.len()).step_by(76).map(|at| &coded[at..(at + 76).min(coded.len())]).collect();
    let status = format!(
        "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n{}\n",
        lines.join("\n")
    );
    let back = back.then(|| format!("Content-Type: message/rfc822\n\n{}\nHello.\n", original(case)));
    report(&head, "_000_AM0PR01_", "Your message couldn't be delivered.", &status, back.as_deref())
}

/// Gmail; the diagnostic folded.
pub fn gmail(case: &Case<'_>, action: &str, status: &str, said: &str, back: bool) -> String {
    let folded = said.replacen(' ', "\n ", 2);
    let head = format!(
        "Delivered-To: {}\nReceived: by 2002:a05:6a00:1 with SMTP id x1; Mon, 02 Mar 2026 02:00:04 -0800 (PST)\n\
         From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: {}\nAuto-Submitted: auto-replied\nSubject: Delivery Status Notification (Failure)\n\
         X-Failed-Recipients: {}\n",
        case.path, case.path, case.to
    );
    let status = format!(
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; googlemail.com\nReceived-From-MTA: dns; shop@wheelhouse.example\n\n\
         Final-Recipient: rfc822; {}\nAction: {action}\nStatus: {status}\nRemote-MTA: dns; gmail-smtp-in.l.google.com. (2a00:1450::1a, the server for the domain gmail.com.)\n\
         Diagnostic-Code: smtp; {folded}\nLast-Attempt-Date: Mon, 02 Mar 2026 02:00:04 -0800 (PST)\n",
        case.to
    );
    let back = back.then(|| format!("Content-Type: message/rfc822\n\n{}\nHello.\n", original(case)));
    report(&head, "000000000000a1b2c3", "** Address not found **", &status, back.as_deref())
}

/// Amazon SES by mail; statuses with a comment behind.
pub fn amazon(case: &Case<'_>, action: &str, status: &str, said: &str, back: bool) -> String {
    let head = format!(
        "From: MAILER-DAEMON@amazonses.com\nTo: {}\nSubject: Delivery Status Notification (Failure)\nX-Original-To: {}\n",
        case.path, case.path
    );
    let status = format!(
        "Content-Type: message/delivery-status\nContent-Transfer-Encoding: 7bit\n\nReporting-MTA: dsn; a8-50.smtp-out.amazonses.com\n\n\
         Action: {action}\nFinal-Recipient: rfc822; {}\nDiagnostic-Code: smtp; {said}\nStatus: {status} (permanent failure)\n",
        case.to.to_uppercase()
    );
    let back = back.then(|| format!("Content-Type: message/rfc822\n\n{}\nHello.\n", original(case)));
    report(&head, "==_amz_1", "An error occurred while trying to deliver the mail.", &status, back.as_deref())
}

/// The servers there are.
pub type Server = fn(&Case<'_>, &str, &str, &str, bool) -> String;
pub const SERVERS: [(&str, Server); 5] =
    [("postfix", postfix), ("exim", exim), ("exchange", exchange), ("gmail", gmail), ("amazon", amazon)];

/// A report of spam. `fields` are those of the feedback report, `back` what comes with it.
pub fn arf(kind: &str, fields: &str, back: &str) -> String {
    format!(
        "From: <feedback@arf.mail.yahoo.com>\nTo: <fbl@wheelhouse.example>\nSubject: FW: Your basket\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"part1_13d.2e68ed54_boundary\"\n\n--part1_13d.2e68ed54_boundary\n\
         Content-Type: text/plain; charset=\"US-ASCII\"\n\nThis is an email abuse report.\n\n--part1_13d.2e68ed54_boundary\nContent-Type: message/feedback-report\n\n\
         Feedback-Type: {kind}\nUser-Agent: Yahoo!-Mail-Feedback/2.0\nVersion: 1\n{fields}\n--part1_13d.2e68ed54_boundary\n{back}\n--part1_13d.2e68ed54_boundary--\n"
    )
}

/// The mail that a report of spam brings back.
pub fn back(case: &Case<'_>, whole: bool) -> String {
    if whole {
        format!("Content-Type: message/rfc822\nContent-Disposition: inline\n\n{}\nHello.\n", original(case))
    } else {
        format!("Content-Type: text/rfc822-headers\n\n{}", original(case))
    }
}

/// Somebody is away.
pub fn away(case: &Case<'_>) -> String {
    format!(
        "From: Ann <{}>\nTo: {}\nSubject: Automatic reply: Your basket\nAuto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\n\
         Content-Type: text/plain; charset=utf-8\n\nI am out of the office until Monday. 550 5.1.1 user unknown is what I like to quote.\n",
        case.to, case.path
    )
}
