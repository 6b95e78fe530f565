//! Our Liquid against the answers of liquidjs and python-liquid; see `liquid_golden/README.md`.

use cartwheel_domain::template::{Limits, OutputContext, Template, Value};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    template: String,
    liquidjs: Option<String>,
    python: Option<String>,
}

/// Where ours is neither's: our answer, `null` for an error, and the reason.
#[derive(Deserialize)]
struct Own {
    template: String,
    answer: Option<String>,
    why: String,
}

#[test]
fn answers_as_other_implementations_do() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("liquid_golden/golden.json")).expect("golden.json");
    let own: Vec<Own> = serde_json::from_str(include_str!("liquid_golden/ours.json")).expect("ours.json");
    let data: serde_json::Value =
        serde_json::from_str(include_str!("liquid_golden/data.json")).expect("data.json");
    let data = Value::from(data);
    assert!(cases.len() > 250, "the corpus has shrunk to {} cases", cases.len());
    let mut used = 0;
    let mut wrong = Vec::new();
    for case in &cases {
        let ours = Template::parse(&case.template)
            .and_then(|t| t.render(&data, &Limits::default(), OutputContext::Text))
            .map_err(|e| e.to_string());
        let answer = ours.clone().ok();
        let good = match own.iter().find(|o| o.template == case.template) {
            Some(exception) => {
                used += 1;
                assert!(!exception.why.is_empty(), "an exception without a reason: {}", exception.template);
                answer == exception.answer && answer != case.liquidjs && answer != case.python
            }
            None => answer == case.liquidjs || answer == case.python,
        };
        if !good {
            wrong.push(format!(
                "{:?}\n   ours {ours:?}\n   liquidjs {:?}\n   python {:?}",
                case.template, case.liquidjs, case.python
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(used, own.len(), "ours.json holds an exception for a template that is not in the corpus");
}
