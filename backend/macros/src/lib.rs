//! `#[db_test]`: one test body, both databases.

use proc_macro::{TokenStream, TokenTree};

/// Turns `async fn name(app: TestApp) { … }` into two tests, `name::sqlite` and `name::postgres`.
///
/// `TestApp` must be in scope. The body gets a fresh [`TestApp`] on a database of its own, copied from a migrated template. After the body
/// the app checks that no work is left over; call `app.allow_leftovers()` where that is the point of the test.
#[proc_macro_attribute]
pub fn db_test(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut tokens = item.clone().into_iter();
    let mut name = None;
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Ident(i) if i.to_string() == "fn") {
            name = tokens.next().map(|t| t.to_string());
            break;
        }
    }
    let Some(name) = name else {
        return "compile_error!(\"db_test goes on an async fn that takes a TestApp\");"
            .parse()
            .unwrap_or_default();
    };
    let source = format!(
        "mod {name} {{
            use super::*;
            {item}
            #[::core::prelude::v1::test]
            fn sqlite() {{
                TestApp::run_sqlite({name})
            }}
            #[::core::prelude::v1::test]
            fn postgres() {{
                TestApp::run_postgres({name})
            }}
        }}"
    );
    source.parse().unwrap_or_default()
}
