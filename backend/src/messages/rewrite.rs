//! Links of a rendered mail, replaced by signed ones that we look up; and the open pixel.

/// A mail whose links were taken out.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The HTML with our links.
    pub html: String,
    /// Destinations, numbered from 1 in this order.
    pub destinations: Vec<String>,
}

/// Most links of one mail that are counted; any beyond lead where they lead.
const MOST: usize = 200;

/// Replaces each absolute http(s) link that does not lead to us by `link(number)`. `mailto:`, `tel:` and anchors stay;
/// so do our own restore and unsubscribe links, which count for themselves.
pub fn rewrite(html: &str, own: &str, link: impl Fn(u16) -> String) -> Rewritten {
    let mut out = String::with_capacity(html.len() + 1_024);
    let mut destinations: Vec<String> = Vec::new();
    let lower = html.to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = lower[from..].find("href=") {
        let value = from + found + 5;
        let attribute = lower[..from + found].ends_with(|c: char| c.is_ascii_whitespace());
        let Some(quote) = html[value..].chars().next().filter(|c| attribute && matches!(c, '"' | '\''))
        else {
            out.push_str(&html[from..value]);
            from = value;
            continue;
        };
        let begin = value + 1;
        let Some(length) = html[begin..].find(quote) else { break };
        let (end, raw) = (begin + length, &html[begin..begin + length]);
        out.push_str(&html[from..begin]);
        let url = unescape(raw);
        let counted = inside_anchor(&lower[..value])
            && (url.starts_with("https://") || url.starts_with("http://"))
            && !url.starts_with(own);
        match counted.then(|| number(&mut destinations, url)).flatten() {
            Some(n) => out.push_str(&link(n)),
            None => out.push_str(raw),
        }
        from = end;
    }
    out.push_str(&html[from..]);
    Rewritten { html: out, destinations }
}

/// Whether the attribute that begins here belongs to an `<a` or `<area`; style sheets have `href` too.
fn inside_anchor(before: &str) -> bool {
    before.rfind('<').is_some_and(|open| {
        let tag = &before[open + 1..];
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
        !tag.contains('>') && (name == "a" || name == "area")
    })
}

fn number(destinations: &mut Vec<String>, url: String) -> Option<u16> {
    let place = match destinations.iter().position(|d| *d == url) {
        Some(place) => place,
        None if destinations.len() < MOST => {
            destinations.push(url);
            destinations.len() - 1
        }
        None => return None,
    };
    u16::try_from(place + 1).ok()
}

/// The entities that stand in an address.
fn unescape(raw: &str) -> String {
    if !raw.contains('&') {
        return raw.to_owned();
    }
    [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(raw.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

/// What stands around the pixel's address.
const PIXEL: (&str, &str) =
    ("<img src=\"", "\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">");

/// Puts the pixel at the end of the body.
pub fn with_pixel(html: &str, url: &str) -> String {
    let pixel = format!("{}{url}{}", PIXEL.0, PIXEL.1);
    match html.to_ascii_lowercase().rfind("</body>") {
        Some(at) => format!("{}{pixel}{}", &html[..at], &html[at..]),
        None => format!("{html}{pixel}"),
    }
}

/// The mail as its store may look at it: without the pixel, so that nobody's look counts as the reader's.
pub fn without_pixel(html: &str) -> String {
    let found = html.rfind(PIXEL.1).and_then(|end| Some((html[..end].rfind(PIXEL.0)?, end + PIXEL.1.len())));
    match found {
        Some((begin, end)) => format!("{}{}", &html[..begin], &html[end..]),
        None => html.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_numbered_once_and_the_rest_stays() {
        let html = r##"<link href="https://f.example/x.css"><a href="https://shop.example/p?a=1&amp;b=2">x</a><A HREF='https://shop.example/p?a=1&amp;b=2'>y</A>
<a href="https://we.example/u/1">no more</a><a href="mailto:a@b.cc">m</a><a href="#top">t</a><a href=bare>b</a><a class="href=" href="http://other.example">o</a>"##;
        let done = rewrite(html, "https://we.example/", |n| format!("https://we.example/c/{n}"));
        assert_eq!(done.destinations, ["https://shop.example/p?a=1&b=2", "http://other.example"]);
        assert_eq!(
            done.html,
            html.replace("https://shop.example/p?a=1&amp;b=2", "https://we.example/c/1")
                .replace("http://other.example", "https://we.example/c/2")
        );
    }

    #[test]
    fn broken_markup_is_left_as_it_is() {
        for html in
            ["<a href=\"https://x", "href=", "<a href='", "<p>href=\"https://x.example\"</p>", "ÄÖ<a href=ü>"]
        {
            assert_eq!(rewrite(html, "https://we.example/", |_| String::new()).html, html);
        }
    }

    #[test]
    fn the_pixel_stands_at_the_end_of_the_body() {
        assert!(
            with_pixel("<body>x</BODY></html>", "https://we/o")
                .starts_with("<body>x<img src=\"https://we/o\"")
        );
        assert!(with_pixel("x", "https://we/o").starts_with("x<img"));
    }

    #[test]
    fn a_look_in_the_console_is_no_open() {
        for html in ["<body><img src=\"https://shop/logo.png\" width=\"20\">x</BODY></html>", "x", ""] {
            assert_eq!(without_pixel(&with_pixel(html, "https://we/o/token.gif")), html);
            assert_eq!(without_pixel(html), html);
        }
    }
}
