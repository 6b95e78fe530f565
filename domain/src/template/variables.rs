//! Which variables of the context a template reads, found without rendering it.

use std::collections::BTreeSet;

use super::ast::Expr;
use super::value::Value;

/// Collects paths while the source is parsed in order. A list's elements are written `cart.items[]`.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    found: BTreeSet<String>,
    /// Loop variables with the path of their element, none where the list is made by the template.
    loops: Vec<(String, Option<String>)>,
    /// Names the template sets itself.
    own: BTreeSet<String>,
}

impl Variables {
    pub fn set(&mut self, name: &str) {
        self.own.insert(name.to_owned());
    }

    pub fn enter_loop(&mut self, variable: &str, list: &Expr) {
        let element = match list {
            Expr::Path { root, keys } => self.path(root, keys).map(|path| format!("{path}[]")),
            _ => None,
        };
        self.loops.push((variable.to_owned(), element));
    }

    pub fn leave_loop(&mut self) {
        self.loops.pop();
    }

    pub fn read(&mut self, expr: &Expr) {
        match expr {
            Expr::Literal(_) => {}
            Expr::Range(ends) => {
                self.read(&ends.0);
                self.read(&ends.1);
            }
            Expr::Path { root, keys } => {
                for key in keys {
                    self.read(key);
                }
                if let Some(path) = self.path(root, keys) {
                    self.found.insert(path);
                }
            }
        }
    }

    pub fn finish(self) -> Vec<String> {
        self.found.into_iter().collect()
    }

    /// The path in the context; none for what is the template's own.
    fn path(&self, root: &str, keys: &[Expr]) -> Option<String> {
        if root == "forloop" && !self.loops.is_empty() {
            return None;
        }
        let mut path = match self.loops.iter().rev().find(|(name, _)| name == root) {
            Some((_, element)) => element.clone()?,
            None if self.own.contains(root) => return None,
            None => root.to_owned(),
        };
        for key in keys {
            match key {
                Expr::Literal(Value::Str(name)) => match &**name {
                    "size" => break,
                    "first" | "last" => path.push_str("[]"),
                    name => {
                        path.push('.');
                        path.push_str(name);
                    }
                },
                _ => path.push_str("[]"),
            }
        }
        Some(path)
    }
}
