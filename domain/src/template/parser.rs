//! Parses blocks and tags into nodes.

use super::ast::{Condition, Expr, For, Node, NodeKind, Offset};
use super::error::{Fault, clip};
use super::expression::Words;
use super::html_state::HtmlState;
use super::lexer::Word;
use super::limits::MAX_DEPTH;
use super::scanner::{Piece, Scanner, tag_name};
use super::variables::Variables;

/// What ended a block: one of the names the caller waited for.
struct End<'s> {
    name: &'s str,
    markup: &'s str,
    at: usize,
}

enum Pieces<'s> {
    Source(Scanner<'s>),
    /// The lines of a `liquid` tag.
    Lines(std::vec::IntoIter<Piece<'s>>),
}

pub(crate) struct Parser<'s> {
    pieces: Pieces<'s>,
    depth: usize,
    html: HtmlState,
    pub vars: Variables,
}

impl<'s> Parser<'s> {
    pub fn new(source: &'s str) -> Self {
        let pieces = Pieces::Source(Scanner::new(source));
        Self { pieces, depth: 0, html: HtmlState::default(), vars: Variables::default() }
    }

    /// The whole source.
    pub fn document(&mut self) -> Result<Vec<Node>, Fault> {
        self.block(&[], None).map(|(nodes, _)| nodes)
    }

    fn next(&mut self) -> Result<Option<Piece<'s>>, Fault> {
        match &mut self.pieces {
            Pieces::Source(scanner) => scanner.next(),
            Pieces::Lines(lines) => Ok(lines.next()),
        }
    }

    /// Nodes up to one of the tags in `until`. `opened` is the tag that asked for them, with its place.
    fn block(
        &mut self,
        until: &[&str],
        opened: Option<(&str, usize)>,
    ) -> Result<(Vec<Node>, Option<End<'s>>), Fault> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.next()? {
            match piece {
                Piece::Text { text } => {
                    let enter = self.html;
                    self.html = enter.after(text);
                    let kind = NodeKind::Text { text: text.into(), enter, leave: self.html };
                    nodes.push(Node { at: 0, kind });
                }
                Piece::Output { markup, at, open } => {
                    let mut words = Words::of(markup, at)?;
                    if words.peek() == Word::End {
                        continue;
                    }
                    let chain = words.chain(&mut self.vars)?;
                    nodes.push(Node { at: open, kind: NodeKind::Output(chain) });
                }
                Piece::Tag { name, markup, at, .. } if until.contains(&name) => {
                    return Ok((nodes, Some(End { name, markup, at })));
                }
                Piece::Tag { name, markup, at, open } => {
                    self.tag(name, markup, at, open, opened, &mut nodes)?
                }
            }
        }
        match opened {
            Some((name, at)) => Err(Fault::syntax(at, format!("this `{name}` has no `end{name}`"))),
            None => Ok((nodes, None)),
        }
    }

    fn tag(
        &mut self,
        name: &'s str,
        markup: &'s str,
        at: usize,
        open: usize,
        opened: Option<(&str, usize)>,
        nodes: &mut Vec<Node>,
    ) -> Result<(), Fault> {
        let words = || Words::of(markup, at);
        let kind = match name {
            "echo" => NodeKind::Output(words()?.chain(&mut self.vars)?),
            "assign" => {
                let mut words = words()?;
                let name = words.name("the name of a variable")?;
                words.sign("=")?;
                let chain = words.chain(&mut self.vars)?;
                self.vars.set(name);
                NodeKind::Assign { name: name.into(), chain }
            }
            "increment" | "decrement" => {
                let mut words = words()?;
                let variable = words.name("the name of a variable")?;
                words.end()?;
                self.vars.set(variable);
                NodeKind::Step { name: variable.into(), by: if name == "increment" { 1 } else { -1 } }
            }
            "cycle" => self.cycle(words()?, markup)?,
            "break" => {
                words()?.end()?;
                NodeKind::Break
            }
            "continue" => {
                words()?.end()?;
                NodeKind::Continue
            }
            "capture" | "if" | "unless" | "case" | "for" | "liquid" => {
                self.deeper(open, |parser| match name {
                    "capture" => parser.capture(markup, at, open).map(Some),
                    "case" => parser.case(markup, at, open).map(Some),
                    "for" => parser.for_loop(markup, at, open).map(Some),
                    "liquid" => {
                        nodes.append(&mut parser.liquid(markup, at)?);
                        Ok(None)
                    }
                    _ => parser.branches(name, markup, at, open).map(Some),
                })
                .map(|kind| nodes.extend(kind.map(|kind| Node { at: open, kind })))?;
                return Ok(());
            }
            _ => return Err(unknown_tag(name, open, opened)),
        };
        nodes.push(Node { at: open, kind });
        Ok(())
    }

    fn deeper<T>(
        &mut self,
        at: usize,
        parse: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::syntax(at, format!("blocks are nested more than {MAX_DEPTH} deep")));
        }
        let done = parse(self);
        self.depth -= 1;
        done
    }

    fn capture(&mut self, markup: &'s str, at: usize, open: usize) -> Result<NodeKind, Fault> {
        let mut words = Words::of(markup, at)?;
        let name = match words.next() {
            Word::Name(name) | Word::Text(name) => name,
            _ => return Err(Fault::syntax(at, "`capture` needs the name of a variable")),
        };
        words.end()?;
        // What is captured is a piece of its own, wherever it is put later.
        let outer = std::mem::take(&mut self.html);
        let (body, _) = self.block(&["endcapture"], Some(("capture", open)))?;
        self.html = outer;
        self.vars.set(name);
        Ok(NodeKind::Capture { name: name.into(), body })
    }

    fn branches(&mut self, tag: &'s str, markup: &'s str, at: usize, open: usize) -> Result<NodeKind, Fault> {
        let mut condition = Words::of(markup, at)?.condition(&mut self.vars)?;
        condition.negated = tag == "unless";
        let until: &[&str] =
            if tag == "if" { &["elsif", "else", "endif"] } else { &["elsif", "else", "endunless"] };
        let mut branches = Vec::new();
        let mut after_else = false;
        loop {
            let (body, end) = self.block(until, Some((tag, open)))?;
            branches.push((condition, body));
            let Some(end) = end else { return Ok(NodeKind::If { branches }) };
            condition = match end.name {
                "elsif" | "else" if after_else => {
                    return Err(Fault::syntax(end.at, format!("`{}` stands after `else`", end.name)));
                }
                "elsif" => Words::of(end.markup, end.at)?.condition(&mut self.vars)?,
                "else" => {
                    Words::of(end.markup, end.at)?.end()?;
                    after_else = true;
                    // No test at all holds always.
                    Condition::default()
                }
                _ => {
                    Words::of(end.markup, end.at)?.end()?;
                    return Ok(NodeKind::If { branches });
                }
            };
        }
    }

    fn case(&mut self, markup: &'s str, at: usize, open: usize) -> Result<NodeKind, Fault> {
        let mut words = Words::of(markup, at)?;
        let value = words.expr(&mut self.vars)?;
        words.end()?;
        let until = ["when", "else", "endcase"];
        let (before, mut end) = self.block(&until, Some(("case", open)))?;
        let blank = |node: &Node| matches!(&node.kind, NodeKind::Text { text, .. } if text.trim().is_empty());
        if !before.iter().all(blank) {
            return Err(Fault::syntax(
                open,
                "between `case` and the first `when` nothing is shown: remove it",
            ));
        }
        let (mut whens, mut otherwise) = (Vec::new(), Vec::new());
        while let Some(tag) = end {
            match tag.name {
                "when" => {
                    let values = self.when_values(tag.markup, tag.at)?;
                    let (body, next) = self.block(&until, Some(("case", open)))?;
                    whens.push((values, body));
                    end = next;
                }
                "else" => {
                    Words::of(tag.markup, tag.at)?.end()?;
                    let (body, next) = self.block(&until, Some(("case", open)))?;
                    otherwise = body;
                    end = next;
                }
                _ => break,
            }
        }
        Ok(NodeKind::Case { value, whens, otherwise })
    }

    fn when_values(&mut self, markup: &'s str, at: usize) -> Result<Vec<Expr>, Fault> {
        let mut words = Words::of(markup, at)?;
        let mut values = vec![words.expr(&mut self.vars)?];
        while words.take_sign(",") || words.take_name("or") {
            values.push(words.expr(&mut self.vars)?);
        }
        words.end()?;
        Ok(values)
    }

    fn for_loop(&mut self, markup: &'s str, at: usize, open: usize) -> Result<NodeKind, Fault> {
        let mut words = Words::of(markup, at)?;
        let variable = words.name("the name of the loop's variable")?;
        if !words.take_name("in") {
            return Err(Fault::syntax(words.at(), "a loop is written `for item in list`"));
        }
        let list_at = words.at();
        let list = words.expr(&mut self.vars)?;
        let list_end = words.at();
        let (mut limit, mut offset, mut reversed) = (None, None, false);
        loop {
            match words.next() {
                Word::End => break,
                Word::Sign(",") => {}
                Word::Name("reversed") => reversed = true,
                Word::Name("limit") => {
                    words.sign(":")?;
                    limit = Some(words.expr(&mut self.vars)?);
                }
                Word::Name("offset") => {
                    words.sign(":")?;
                    offset = Some(if words.take_name("continue") {
                        Offset::Continue
                    } else {
                        Offset::At(words.expr(&mut self.vars)?)
                    });
                }
                _ => {
                    return Err(Fault::syntax(
                        at,
                        "a loop knows `limit:`, `offset:` and `reversed`, nothing else",
                    ));
                }
            }
        }
        let written = markup.get(list_at - at..list_end - at).unwrap_or_default().trim();
        let name = format!("{variable}-{}", clip(written)).into();
        self.vars.enter_loop(variable, &list);
        let (body, end) = self.block(&["else", "endfor"], Some(("for", open)))?;
        self.vars.leave_loop();
        let otherwise = match end {
            Some(End { name: "else", .. }) => self.block(&["endfor"], Some(("for", open)))?.0,
            _ => Vec::new(),
        };
        let variable = variable.into();
        Ok(NodeKind::For(Box::new(For { variable, list, limit, offset, reversed, body, otherwise, name })))
    }

    fn cycle(&mut self, mut words: Words<'s>, markup: &str) -> Result<NodeKind, Fault> {
        let first = words.expr(&mut self.vars)?;
        let (group, mut values) = if words.take_sign(":") {
            (Some(first), vec![words.expr(&mut self.vars)?])
        } else {
            (None, vec![first])
        };
        while words.take_sign(",") {
            values.push(words.expr(&mut self.vars)?);
        }
        words.end()?;
        Ok(NodeKind::Cycle { group, key: markup.trim().into(), values })
    }

    /// Each line of a `liquid` tag is a tag; its blocks end inside it.
    fn liquid(&mut self, markup: &'s str, at: usize) -> Result<Vec<Node>, Fault> {
        let mut lines = Vec::new();
        let mut comments = 0usize;
        let mut start = at;
        for line in markup.split('\n') {
            let (name, rest, rest_at) = tag_name(line, start);
            let open = start + (line.len() - line.trim_start().len());
            start += line.len() + 1;
            match name {
                "comment" => comments += 1,
                "endcomment" => comments = comments.saturating_sub(1),
                "#" => {}
                _ if comments > 0 => {}
                "" if rest.trim().is_empty() => {}
                "" => {
                    return Err(Fault::syntax(
                        rest_at,
                        format!("`{}` is not the name of a tag", clip(rest.trim())),
                    ));
                }
                _ => lines.push(Piece::Tag { name, markup: rest, at: rest_at, open }),
            }
        }
        let outer = std::mem::replace(&mut self.pieces, Pieces::Lines(lines.into_iter()));
        let nodes = self.block(&[], None);
        self.pieces = outer;
        nodes.map(|(nodes, _)| nodes)
    }
}

fn unknown_tag(name: &str, open: usize, opened: Option<(&str, usize)>) -> Fault {
    let why = match (name, opened) {
        ("include" | "render" | "layout" | "section", _) => {
            "templates cannot load other templates: put the text itself here".to_owned()
        }
        (_, Some((block, _))) if name.starts_with("end") => {
            format!("`{}` stands inside an open `{block}`, which needs `end{block}` first", clip(name))
        }
        _ if name.starts_with("end") || matches!(name, "else" | "elsif" | "when") => {
            format!("there is nothing open that `{}` belongs to", clip(name))
        }
        _ => format!("there is no tag `{}`", clip(name)),
    };
    Fault::syntax(open, why)
}
