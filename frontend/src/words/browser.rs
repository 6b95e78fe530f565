//! A browser by the line it calls itself, in a few words a person knows.

use crate::i18n::t;

/// Marks of browsers, those first that also carry the marks of others.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Marks of systems, those first that also carry the marks of others.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

fn found(marks: &[(&str, &'static str)], agent: &str) -> Option<&'static str> {
    marks.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
}

/// Its name and its system, as far as its line tells. What is no browser is called by its first word.
pub fn browser(agent: &str) -> String {
    match (found(&BROWSERS, agent), found(&SYSTEMS, agent)) {
        (Some(browser), Some(system)) => t::session_on(browser, system),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => {
            let first = agent.split(['/', ' ']).next().unwrap_or_default();
            if first.is_empty() || first == "Mozilla" { t::session_unknown() } else { first.to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};

    #[test]
    fn a_browser_is_called_by_what_people_know() {
        assert!(install(Lang::En, include_str!("../../lang/en.json")));
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let cases = [
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/142.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0"),
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1".into(),
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1".into(),
                "Chrome on iPad",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0".into(),
                "Firefox on macOS",
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 14; SM-S911B) {webkit} SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet on Android",
            ),
            (format!("Mozilla/5.0 (X11; CrOS x86_64 15633.0) {webkit} Chrome/142.0.0.0 Safari/537.36"), "Chrome on ChromeOS"),
            ("curl/8.5.0".into(), "curl"),
            ("Mozilla/5.0".into(), "Unknown browser"),
            (String::new(), "Unknown browser"),
        ];
        for (agent, name) in cases {
            assert_eq!(browser(&agent), name, "{agent}");
        }
    }
}
