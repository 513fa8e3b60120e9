//! Templates as trees, of which every field and every function's arguments are known to fit.

use std::vec::IntoIter;

use super::function::{FUNCTIONS, Function};
use super::lex::{Piece, Word, pieces};
use super::value::Kind;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Print(Pipe),
    Declare(String, Pipe),
    If { declared: Option<String>, pipe: Pipe, then: Vec<Node>, or_else: Vec<Node> },
    With { declared: Option<String>, pipe: Pipe, then: Vec<Node>, or_else: Vec<Node> },
    Range { declared: Vec<String>, pipe: Pipe, body: Vec<Node>, or_else: Vec<Node> },
    Break,
    Continue,
}

/// Commands, of which each has what the one before it gives for its last argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pipe {
    pub(super) commands: Vec<Command>,
}

/// A function with its arguments, or one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) head: Head,
    pub(super) operands: Vec<Operand>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Function(Function),
    /// The only operand.
    Value,
}

/// A value, or a field of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    pub(super) start: Start,
    pub(super) fields: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Dot,
    Root,
    Variable(String),
    Text(String),
    Number(i64),
    Bool(bool),
    Pipe(Pipe),
}

/// The words that are no functions.
const KEYWORDS: [&str; 8] = ["if", "else", "end", "range", "with", "break", "continue", "nil"];

/// Reads a template.
pub(super) fn nodes(template: &str) -> Result<Vec<Node>, String> {
    let mut reading =
        Reading { pieces: pieces(template)?.into_iter(), scope: Vec::new(), dot: Kind::Ingress };
    let (nodes, end) = reading.block(Place::Top)?;
    match end {
        None => Ok(nodes),
        Some(_) => Err("no end or else without an if, with or range before it".to_owned()),
    }
}

/// Where a block stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Loop,
}

/// What ends a block: `end`, or `else` with what comes after it.
enum Close {
    End,
    Else(Vec<Word>),
}

struct Reading {
    pieces: IntoIter<Piece>,
    scope: Vec<(String, Kind)>,
    dot: Kind,
}

impl Reading {
    /// The nodes up to what ends the block.
    fn block(&mut self, place: Place) -> Result<(Vec<Node>, Option<Close>), String> {
        let (before, mut nodes) = (self.scope.len(), Vec::new());
        while let Some(piece) = self.pieces.next() {
            let words = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(words) => words,
            };
            let keyword = match words.first() {
                Some(Word::Name(name)) => name.clone(),
                _ => String::new(),
            };
            let rest = || words.iter().skip(1).cloned().collect::<Vec<_>>();
            match (keyword.as_str(), words.len()) {
                ("end", 1) => {
                    self.scope.truncate(before);
                    return Ok((nodes, Some(Close::End)));
                }
                ("else", _) => {
                    self.scope.truncate(before);
                    return Ok((nodes, Some(Close::Else(rest()))));
                }
                ("if" | "with", 2..) => nodes.push(self.choice(&keyword, rest(), place)?),
                ("range", 2..) => nodes.push(self.range(rest(), place)?),
                ("break", 1) if place == Place::Loop => nodes.push(Node::Break),
                ("continue", 1) if place == Place::Loop => nodes.push(Node::Continue),
                _ => nodes.push(self.action(words)?),
            }
        }
        Ok((nodes, None))
    }

    fn action(&mut self, mut words: Vec<Word>) -> Result<Node, String> {
        let declared = declared(&mut words)?;
        let (pipe, kind) = self.pipe(&mut words.into_iter().peekable())?;
        Ok(match declared.as_slice() {
            [] if !kind.is_printed() => {
                return Err(format!("no {} to be printed", kind.shown()));
            }
            [] => Node::Print(pipe),
            [name] => {
                self.scope.push((name.clone(), kind));
                Node::Declare(name.clone(), pipe)
            }
            _ => return Err("two variables in a range only".to_owned()),
        })
    }

    /// `if` or `with`, up to its end.
    fn choice(
        &mut self,
        keyword: &str,
        mut words: Vec<Word>,
        place: Place,
    ) -> Result<Node, String> {
        let (before, dot) = (self.scope.len(), self.dot);
        let declared = declared(&mut words)?;
        let (pipe, kind) = self.pipe(&mut words.into_iter().peekable())?;
        let ([] | [_]) = declared.as_slice() else {
            return Err("two variables in a range only".to_owned());
        };
        let declared = declared.into_iter().next();
        self.scope.extend(declared.iter().map(|name| (name.clone(), kind)));
        if keyword == "with" {
            self.dot = kind;
        }
        let (then, close) = self.block(place)?;
        self.dot = dot;
        let or_else = match close {
            Some(Close::End) => Vec::new(),
            Some(Close::Else(words)) => self.otherwise(&words, place)?,
            None => return Err(format!("an end of {{{{{keyword}}}}}")),
        };
        self.scope.truncate(before);
        Ok(if keyword == "with" {
            Node::With { declared, pipe, then, or_else }
        } else {
            Node::If { declared, pipe, then, or_else }
        })
    }

    /// What comes after an `else`.
    fn otherwise(&mut self, words: &[Word], place: Place) -> Result<Vec<Node>, String> {
        match words.split_first() {
            None => match self.block(place)? {
                (nodes, Some(Close::End)) => Ok(nodes),
                _ => Err("an end after {{else}}".to_owned()),
            },
            Some((Word::Name(keyword), rest)) if matches!(keyword.as_str(), "if" | "with") => {
                Ok(vec![self.choice(keyword, rest.to_vec(), place)?])
            }
            Some(_) => Err("an if or with after else".to_owned()),
        }
    }

    fn range(&mut self, mut words: Vec<Word>, place: Place) -> Result<Node, String> {
        let (before, dot) = (self.scope.len(), self.dot);
        let declared = declared(&mut words)?;
        let (pipe, kind) = self.pipe(&mut words.into_iter().peekable())?;
        let (key, element) =
            kind.element().ok_or_else(|| format!("no range over {}", kind.shown()))?;
        let kinds = if declared.len() == 2 { vec![key, element] } else { vec![element] };
        self.scope.extend(declared.iter().cloned().zip(kinds));
        self.dot = element;
        let (body, close) = self.block(Place::Loop)?;
        self.dot = dot;
        self.scope.truncate(before);
        let or_else = match close {
            Some(Close::End) => Vec::new(),
            Some(Close::Else(words)) if words.is_empty() => self.otherwise(&words, place)?,
            Some(Close::Else(_)) => return Err("nothing after the else of a range".to_owned()),
            None => return Err("an end of {{range}}".to_owned()),
        };
        Ok(Node::Range { declared, pipe, body, or_else })
    }

    /// A pipe up to the end of the words, or to the parenthesis that closes it.
    fn pipe(&mut self, words: &mut Words) -> Result<(Pipe, Kind), String> {
        let (mut commands, mut piped) = (Vec::new(), None);
        loop {
            let (command, kind) = self.command(words, piped)?;
            commands.push(command);
            piped = Some(kind);
            match words.peek() {
                Some(Word::Sign("|")) => _ = words.next(),
                Some(Word::Close(_)) | None => return Ok((Pipe { commands }, kind)),
                Some(word) => return Err(format!("no {word:?} there")),
            }
        }
    }

    fn command(
        &mut self,
        words: &mut Words,
        piped: Option<Kind>,
    ) -> Result<(Command, Kind), String> {
        let function = match words.peek() {
            Some(Word::Name(name)) if !is_value(name) => Some(function(name)?),
            _ => None,
        };
        if function.is_some() {
            words.next();
        }
        let (mut operands, mut kinds) = (Vec::new(), Vec::new());
        while let Some((operand, kind)) = self.operand(words)? {
            operands.push(operand);
            kinds.push(kind);
        }
        kinds.extend(piped);
        let Some(function) = function else {
            let [kind] = kinds.as_slice() else {
                return Err("a function before several values, or after |".to_owned());
            };
            return Ok((Command { head: Head::Value, operands }, *kind));
        };
        let kind = function.result(&kinds)?;
        Ok((Command { head: Head::Function(function), operands }, kind))
    }

    /// The next value, if there is one.
    fn operand(&mut self, words: &mut Words) -> Result<Option<(Operand, Kind)>, String> {
        let (start, kind, fields) = match words.peek().cloned() {
            Some(Word::Fields(fields)) => (Start::Dot, self.dot, fields),
            Some(Word::Variable(name, fields)) if name.is_empty() => {
                (Start::Root, Kind::Ingress, fields)
            }
            Some(Word::Variable(name, fields)) => {
                let known = self.scope.iter().rev().find(|(known, _)| *known == name);
                let kind = known.ok_or_else(|| format!("a variable ${name} before it is used"))?.1;
                (Start::Variable(name), kind, fields)
            }
            Some(Word::Text(text)) => (Start::Text(text), Kind::Text, Vec::new()),
            Some(Word::Number(number)) => (Start::Number(number), Kind::Number, Vec::new()),
            Some(Word::Name(name)) if is_value(&name) => {
                (Start::Bool(name == "true"), Kind::Bool, Vec::new())
            }
            Some(Word::Name(name)) => return Err(format!("{name} and its arguments in ( )")),
            Some(Word::Sign("(")) => {
                words.next();
                let (pipe, kind) = self.pipe(words)?;
                let Some(Word::Close(fields)) = words.peek().cloned() else {
                    return Err("a ) for each (".to_owned());
                };
                (Start::Pipe(pipe), kind, fields)
            }
            _ => return Ok(None),
        };
        words.next();
        let mut found = kind;
        for field in &fields {
            found = found.field(field).ok_or_else(|| {
                format!("no .{field} of {}: there is {}", found.shown(), found.fields())
            })?;
        }
        Ok(Some((Operand { start, fields }, found)))
    }
}

type Words = std::iter::Peekable<IntoIter<Word>>;

fn is_value(name: &str) -> bool {
    matches!(name, "true" | "false")
}

fn function(name: &str) -> Result<Function, String> {
    let known = FUNCTIONS.iter().find(|(known, _)| *known == name);
    known.map(|(_, function)| *function).ok_or_else(|| {
        if KEYWORDS.contains(&name) {
            return format!("no {name} there");
        }
        let all: Vec<&str> = FUNCTIONS.iter().map(|(known, _)| *known).collect();
        format!("no {name}: there is {}", all.join(", "))
    })
}

/// Takes the variables that an action declares from its front: `$x :=` or `$i, $x :=`.
fn declared(words: &mut Vec<Word>) -> Result<Vec<String>, String> {
    let Some(at) = words.iter().position(|word| matches!(word, Word::Sign(":=" | "="))) else {
        return Ok(Vec::new());
    };
    if words[at] == Word::Sign("=") {
        return Err("no variable that changes: := declares one".to_owned());
    }
    let before: Vec<Word> = words.drain(..=at).collect();
    let name = |word: &Word| match word {
        Word::Variable(name, fields) if !name.is_empty() && fields.is_empty() => Some(name.clone()),
        _ => None,
    };
    let names = match before.as_slice() {
        [one, _] => name(one).map(|one| vec![one]),
        [one, Word::Sign(","), other, _] => name(one).zip(name(other)).map(|(a, b)| vec![a, b]),
        _ => None,
    };
    names.ok_or_else(|| "variables such as $x before :=".to_owned())
}
