//! Templates that make names of Ingresses: the part of Go's text/template that external-dns's
//! `--fqdn-template` is used for. What is not understood is refused when a template is read, and
//! not when an Ingress comes by.

use std::collections::BTreeSet;

use crate::model::seen::Ingress;

use function::Function;
use parse::{Head, Node, Operand, Pipe, Start};
use value::Value;

mod function;
mod lex;
mod parse;
mod value;

/// The most bytes that one Ingress may make of a template: far more than all names of one.
const TEXT_LENGTH_MAX: usize = 64 * 1024;
/// The most parts of a template that are gone through for one Ingress: loops in loops over its
/// rules end here.
const STEPS_MAX: usize = 100_000;

/// A template of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    nodes: Vec<Node>,
}

impl Template {
    /// Reads one.
    ///
    /// # Errors
    /// What of it is not understood.
    pub fn new(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.to_owned(), nodes: parse::nodes(text)? })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that it makes of an Ingress; with commas between them, as external-dns has it.
    ///
    /// # Errors
    /// What the Ingress does not have that the template needs.
    pub fn names(&self, ingress: &Ingress) -> Result<BTreeSet<String>, String> {
        let root = Value::Ingress(ingress);
        let mut run = Run { root, variables: Vec::new(), steps: 0, text: String::new() };
        run.all(&self.nodes, &Value::Ingress(ingress))?;
        let each = run.text.split(',').map(str::trim);
        let each = each.map(|name| name.strip_suffix('.').unwrap_or(name));
        Ok(each.filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }
}

/// How a list of nodes ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Over,
    Break,
    Continue,
}

/// One pass through a template.
struct Run<'a> {
    root: Value<'a>,
    variables: Vec<(String, Value<'a>)>,
    steps: usize,
    text: String,
}

impl<'a> Run<'a> {
    fn all(&mut self, nodes: &[Node], dot: &Value<'a>) -> Result<End, String> {
        let before = self.variables.len();
        for node in nodes {
            let end = self.node(node, dot)?;
            if end != End::Over {
                self.variables.truncate(before);
                return Ok(end);
            }
        }
        self.variables.truncate(before);
        Ok(End::Over)
    }

    fn node(&mut self, node: &Node, dot: &Value<'a>) -> Result<End, String> {
        self.steps += 1;
        if self.steps > STEPS_MAX || self.text.len() > TEXT_LENGTH_MAX {
            return Err("a shorter result: it has more than all names of one can be".to_owned());
        }
        match node {
            Node::Text(text) => self.text.push_str(text),
            Node::Print(pipe) => {
                let value = self.pipe(pipe, dot)?;
                self.text.push_str(&value.printed()?);
            }
            Node::Declare(name, pipe) => {
                let value = self.pipe(pipe, dot)?;
                self.variables.push((name.clone(), value));
            }
            Node::If { declared, pipe, then, or_else } => {
                let before = self.variables.len();
                let value = self.pipe(pipe, dot)?;
                self.variables.extend(declared.iter().map(|name| (name.clone(), value.clone())));
                let end = self.all(if value.is_true() { then } else { or_else }, dot);
                self.variables.truncate(before);
                return end;
            }
            Node::With { declared, pipe, then, or_else } => {
                let before = self.variables.len();
                let value = self.pipe(pipe, dot)?;
                self.variables.extend(declared.iter().map(|name| (name.clone(), value.clone())));
                let is_true = value.is_true();
                let end = if is_true { self.all(then, &value) } else { self.all(or_else, dot) };
                self.variables.truncate(before);
                return end;
            }
            Node::Range { declared, pipe, body, or_else } => {
                let each = self.pipe(pipe, dot)?.entries();
                if each.is_empty() {
                    return self.all(or_else, dot);
                }
                return self.range(declared, each, body);
            }
            Node::Break => return Ok(End::Break),
            Node::Continue => return Ok(End::Continue),
        }
        Ok(End::Over)
    }

    fn range(
        &mut self,
        declared: &[String],
        each: Vec<(Value<'a>, Value<'a>)>,
        body: &[Node],
    ) -> Result<End, String> {
        for (key, value) in each {
            let before = self.variables.len();
            // One variable is the element; of two the first is its place.
            let values = [key, value.clone()];
            let named = declared.iter().zip(values.iter().skip(2 - declared.len().min(2)));
            self.variables.extend(named.map(|(name, value)| (name.clone(), value.clone())));
            let end = self.all(body, &value);
            self.variables.truncate(before);
            if end? == End::Break {
                break;
            }
        }
        Ok(End::Over)
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value<'a>) -> Result<Value<'a>, String> {
        let mut last = None;
        for command in &pipe.commands {
            let mut given = Vec::with_capacity(command.operands.len() + 1);
            match command.head {
                Head::Function(function @ (Function::And | Function::Or)) => {
                    let before = last.take();
                    last = Some(self.decided(function, &command.operands, before, dot)?);
                }
                Head::Function(function) => {
                    for operand in &command.operands {
                        given.push(self.operand(operand, dot)?);
                    }
                    given.extend(last.take());
                    last = Some(value::call(function, &given)?);
                }
                Head::Value => {
                    let Some(operand) = command.operands.first() else { continue };
                    last = Some(self.operand(operand, dot)?);
                }
            }
        }
        Ok(last.unwrap_or(Value::Nothing))
    }

    /// The first of some values that decides; the ones after it are not looked at (Go).
    fn decided(
        &mut self,
        function: Function,
        operands: &[Operand],
        piped: Option<Value<'a>>,
        dot: &Value<'a>,
    ) -> Result<Value<'a>, String> {
        let mut value = Value::Nothing;
        for operand in operands {
            value = self.operand(operand, dot)?;
            if value.is_true() == (function == Function::Or) {
                return Ok(value);
            }
        }
        Ok(piped.unwrap_or(value))
    }

    fn operand(&mut self, operand: &Operand, dot: &Value<'a>) -> Result<Value<'a>, String> {
        self.steps += 1;
        let mut value = match &operand.start {
            Start::Dot => dot.clone(),
            Start::Root => self.root.clone(),
            Start::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known.map_or(Value::Nothing, |(_, value)| value.clone())
            }
            Start::Text(text) => Value::Text(text.clone().into()),
            Start::Number(number) => Value::Number(*number),
            Start::Bool(is_true) => Value::Bool(*is_true),
            Start::Pipe(pipe) => self.pipe(pipe, dot)?,
        };
        for field in &operand.fields {
            value = value.field(field);
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
