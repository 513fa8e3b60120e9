//! The words of a template.

/// What a template is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// What stands between actions.
    Text(String),
    /// What stands between `{{` and `}}`.
    Action(Vec<Word>),
}

/// A word of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The name of a function, or a keyword.
    Name(String),
    /// `.`, or `.A.B`.
    Fields(Vec<String>),
    /// `$`, `$x` or `$x.A.B`: the name, and the fields.
    Variable(String, Vec<String>),
    /// A text in quotes.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `|`, `(`, `,`, `=` or `:=`.
    Sign(&'static str),
    /// `)`, with the fields that are taken of what it ends.
    Close(Vec<String>),
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// What trims the text beside an action: a minus with a space on its inner side.
const TRIM: char = '-';

/// Takes a template apart.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut rest, mut trims) = (Vec::new(), template, false);
    while !rest.is_empty() {
        let (text, action) = rest.split_once(OPEN).map_or((rest, None), |(a, b)| (a, Some(b)));
        let text = if trims { text.trim_start() } else { text };
        let Some(action) = action else {
            pieces.push(Piece::Text(text.to_owned()));
            break;
        };
        let inner =
            action.strip_prefix(TRIM).filter(|inner| inner.starts_with(char::is_whitespace));
        let text = if inner.is_some() { text.trim_end() } else { text };
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        let action = inner.unwrap_or(action).trim_start();
        if let Some(comment) = action.strip_prefix("/*") {
            let after = comment.split_once("*/").map(|(_, after)| after.trim_start());
            let after = after.ok_or("a comment that ends with */")?;
            trims = after.starts_with(TRIM);
            let after = after.strip_prefix(TRIM).unwrap_or(after);
            rest = after.strip_prefix(CLOSE).ok_or("}} after a comment")?;
            continue;
        }
        let (words, after) = words(action)?;
        let trimming = after.strip_prefix(TRIM);
        trims = trimming.is_some();
        rest = trimming.unwrap_or(after).strip_prefix(CLOSE).ok_or("}} at the end of an action")?;
        pieces.push(Piece::Action(words));
    }
    Ok(pieces)
}

/// The words up to the end of an action, and what comes after them.
fn words(text: &str) -> Result<(Vec<Word>, &str), String> {
    let (mut words, mut rest) = (Vec::new(), text);
    loop {
        let trimmed = rest.trim_start();
        let is_trimming = trimmed.len() < rest.len() && trimmed.starts_with("-}}");
        rest = trimmed;
        if rest.is_empty() || rest.starts_with(CLOSE) || is_trimming {
            return Ok((words, rest));
        }
        let (word, after) = word(rest)?;
        words.push(word);
        rest = after;
    }
}

fn word(text: &str) -> Result<(Word, &str), String> {
    for sign in [":=", "|", "(", ",", "="] {
        if let Some(rest) = text.strip_prefix(sign) {
            return Ok((Word::Sign(sign), rest));
        }
    }
    if let Some(rest) = text.strip_prefix(')') {
        let (fields, rest) = fields(rest)?;
        return Ok((Word::Close(fields), rest));
    }
    if let Some(rest) = text.strip_prefix('$') {
        let (name, rest) = name(rest);
        let (fields, rest) = fields(rest)?;
        return Ok((Word::Variable(name.to_owned(), fields), rest));
    }
    if let Some(after) = text.strip_prefix('.') {
        let (fields, rest) = fields(text)?;
        // A dot alone has nothing after it that could be a field.
        let rest = if fields.is_empty() { after } else { rest };
        return Ok((Word::Fields(fields), rest));
    }
    if let Some(rest) = text.strip_prefix('`') {
        let (raw, rest) = rest.split_once('`').ok_or("a ` at the end of a text")?;
        return Ok((Word::Text(raw.to_owned()), rest));
    }
    if let Some(rest) = text.strip_prefix('"') {
        return quoted(rest);
    }
    let (word, rest) = name(text);
    if word.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with('-') {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let length = end + text.len() - digits.len();
        let number = text[..length].parse().map_err(|_| format!("no number such as {word}"))?;
        return Ok((Word::Number(number), &text[length..]));
    }
    if word.is_empty() {
        let first: String = text.chars().take(1).collect();
        return Err(format!("no {first} in an action"));
    }
    Ok((Word::Name(word.to_owned()), rest))
}

/// A name at the start of a text, and the rest.
fn name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.split_at(end)
}

/// Fields at the start of a text, each with a dot before it, and the rest.
fn fields(text: &str) -> Result<(Vec<String>, &str), String> {
    let (mut fields, mut rest) = (Vec::new(), text);
    while let Some(after) = rest.strip_prefix('.') {
        let (field, after) = name(after);
        if field.is_empty() {
            if fields.is_empty() {
                break;
            }
            return Err("no dot without the name of a field after it".to_owned());
        }
        fields.push(field.to_owned());
        rest = after;
    }
    Ok((fields, rest))
}

/// A text up to its closing quote, with Go's usual escapes.
fn quoted(text: &str) -> Result<(Word, &str), String> {
    let mut found = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((Word::Text(found), &text[at + 1..])),
            '\\' => match characters.next().map(|(_, c)| c) {
                Some('n') => found.push('\n'),
                Some('t') => found.push('\t'),
                Some(c @ ('"' | '\\')) => found.push(c),
                Some(_) | None => return Err("no escapes but \\n, \\t, \\\" and \\\\".to_owned()),
            },
            c => found.push(c),
        }
    }
    Err("a \" at the end of a text".to_owned())
}
