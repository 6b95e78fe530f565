//! The parsed form of a template. Blocks nest at most as deep as the parser's cap, so that walks may recurse.

use super::filters::Filter;
use super::html_state::HtmlState;
use super::value::Value;

#[derive(Debug)]
pub(crate) struct Node {
    /// Byte offset in the source.
    pub at: usize,
    pub kind: NodeKind,
}

#[derive(Debug)]
pub(crate) enum NodeKind {
    /// Text, with the HTML state that reading the source in order finds before and after it.
    Text {
        text: Box<str>,
        enter: HtmlState,
        leave: HtmlState,
    },
    Output(Chain),
    Assign {
        name: Box<str>,
        chain: Chain,
    },
    Capture {
        name: Box<str>,
        body: Vec<Node>,
    },
    If {
        branches: Vec<(Condition, Vec<Node>)>,
    },
    Case {
        value: Expr,
        whens: Vec<(Vec<Expr>, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
    For(Box<For>),
    Cycle {
        group: Option<Expr>,
        key: Box<str>,
        values: Vec<Expr>,
    },
    Step {
        name: Box<str>,
        by: i64,
    },
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct For {
    pub variable: Box<str>,
    pub list: Expr,
    pub limit: Option<Expr>,
    pub offset: Option<Offset>,
    pub reversed: bool,
    pub body: Vec<Node>,
    pub otherwise: Vec<Node>,
    /// Variable and list as written: `forloop.name`, and the key of `offset: continue`.
    pub name: Box<str>,
}

#[derive(Debug)]
pub(crate) enum Offset {
    At(Expr),
    Continue,
}

/// Comparisons joined by `and` and `or`, read from the right without precedence, as in Shopify's Liquid.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    pub negated: bool,
    /// The join stands before its comparison; the first one's means nothing.
    pub tests: Vec<(Join, Test)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    And,
    Or,
}

#[derive(Debug)]
pub(crate) struct Test {
    pub left: Expr,
    pub right: Option<(Operator, Expr)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

/// A value and the filters it passes through.
#[derive(Debug)]
pub(crate) struct Chain {
    pub expr: Expr,
    pub filters: Vec<FilterCall>,
}

#[derive(Debug)]
pub(crate) struct FilterCall {
    pub filter: &'static Filter,
    pub args: Vec<Expr>,
    pub named: Vec<(Box<str>, Expr)>,
    pub at: usize,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Literal(Value),
    Path { root: Box<str>, keys: Vec<Expr> },
    Range(Box<(Expr, Expr)>),
}
