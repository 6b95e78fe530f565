//! Every argument of the schema, with values nobody meant.

use super::*;

/// Values nobody meant.
pub(super) fn strange() -> Vec<String> {
    let mut all: Vec<String> = [
        "null",
        "true",
        "0",
        "1",
        "-1",
        "1.5",
        "-0.0",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551616",
        "1e308",
        "1e400",
        "1e-400",
        "\"\"",
        "\" \"",
        "\"\\u0000\"",
        "\"\\u202e\"",
        "\"1\"",
        "\"NaN\"",
        "NOTHING",
        "Null",
        "[]",
        "[null]",
        "[[[]]]",
        "{}",
        "{a: {b: [1]}}",
        "\"'; DROP TABLE cart; --\"",
        "\"%\"",
        "\"../../etc/passwd\"",
        "\"{{ 1 | times: 9 }}\"",
        "\"<script>\"",
        "\"\"\"block\"\"\"",
        "$missing",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push(format!("\"{}\"", "x".repeat(5_000)));
    all.push(format!("[{}]", "1,".repeat(500)));
    all
}

pub(super) struct Schema(BTreeMap<String, TypeKind>);

impl Schema {
    fn of(sdl: &str) -> Self {
        let types = parse_schema(sdl).expect("a schema").definitions.into_iter().filter_map(|d| match d {
            TypeSystemDefinition::Type(t) => Some((t.node.name.node.to_string(), t.node.kind)),
            _ => None,
        });
        Self(types.collect())
    }

    fn field(&self, about: &str) -> FieldDefinition {
        let (ty, name) = about.split_once('.').expect("a type and a field");
        let Some(TypeKind::Object(object)) = self.0.get(ty) else { panic!("{ty} is no object") };
        object.fields.iter().find(|f| f.node.name.node == name).expect("the field").node.clone()
    }

    fn input(&self, argument: &InputValueDefinition) -> Vec<String> {
        match self.0.get(argument.ty.node.to_string().trim_matches(['[', ']', '!'])) {
            Some(TypeKind::InputObject(input)) => {
                input.fields.iter().map(|f| f.node.name.node.to_string()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Splits `a: 1, b: {c: 2, d: [3, 4]}` at the commas that are its own.
pub(super) fn split(list: &str) -> Vec<String> {
    let (mut parts, mut deep) = (vec![String::new()], 0);
    for c in list.chars() {
        match c {
            '{' | '[' => deep += 1,
            '}' | ']' => deep -= 1,
            ',' if deep == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("a part").push(c);
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// An argument with a value put in.
pub(super) type Form<'a> = Box<dyn Fn(&str) -> String + 'a>;

/// Every strange value for every argument of the schema and every field of an input, the others as they should be. Says how many
/// arguments there are.
pub(super) fn arguments(app: &TestApp, store: &TestStore) -> (usize, Vec<Case>) {
    let sdl = crate::api::sdl();
    let (schema, mut walk) = (Schema::of(&sdl), Walk::of(&sdl));
    let mut documents = walk.documents("query", "Query");
    documents.extend(walk.documents("mutation", "Mutation"));
    let mut ids = random(app);
    ids.insert(Named::Store, store.id().to_string());
    ids.insert(Named::Organisation, store.keys.organisation_id.to_string());
    let (mut all, mut places) = (Vec::new(), BTreeSet::new());
    for document in documents {
        let field = schema.field(&document.about);
        if field.arguments.is_empty() {
            continue;
        }
        // Ids as they stand, without variables: one that is not used any more would be refused for that.
        let mut text = document.text.clone();
        for (n, (_, named)) in document.slots.iter().enumerate().rev() {
            text = text
                .replace(&format!("$v{n}: "), "")
                .replace(&format!("$v{n}"), &format!("\"{}\"", ids[named]));
        }
        let body = text.find('{').expect("a selection");
        let text = format!("{} {}", document.operation, &text[body..]);
        let name = field.name.node.as_str();
        let start = text.rfind(&format!("{name}("));
        let (before, given, after) = match start {
            Some(start) => {
                let open = start + name.len() + 1;
                let close = open + text[open..].find(')').expect("the end of the arguments");
                (&text[..start], split(&text[open..close]), &text[close + 1..])
            }
            None => {
                let start = text.rfind(&format!("{{ {name}")).expect("the field") + 2;
                (&text[..start], Vec::new(), &text[start + name.len()..])
            }
        };
        for argument in &field.arguments {
            let own = argument.node.name.node.as_str();
            let others: Vec<String> =
                given.iter().filter(|g| !g.starts_with(&format!("{own}:"))).cloned().collect();
            let mut forms: Vec<(String, Form<'_>)> =
                vec![(own.to_owned(), Box::new(move |value| format!("{own}: {value}")))];
            for inner in schema.input(&argument.node) {
                let place = format!("{own}.{inner}");
                forms.push((place, Box::new(move |value| format!("{own}: {{ {inner}: {value} }}"))));
            }
            for (place, form) in forms {
                places.insert(format!("{}({place})", document.about));
                for value in strange() {
                    let list = others.iter().cloned().chain([form(&value)]).collect::<Vec<_>>().join(", ");
                    let query = format!("{before}{name}({list}){after}");
                    let shown: String = value.chars().take(40).collect();
                    let must = if value == "$missing" { Must::Refused } else { Must::BeInForm };
                    all.push(asked(format!("{}({place}: {shown})", document.about), must, &query));
                }
            }
        }
    }
    (places.len(), all)
}
