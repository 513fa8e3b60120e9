//! Somebody else's text as part of a line. Whatever could end the line, hide or reorder what stands
//! on it is shown as an escape, and what is too long is cut.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is seen as something else than itself, or not at all: controls, ends of
/// lines, marks that turn the direction of writing, what has no width.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    // Quotes and backslashes are escaped within a literal only.
    !matches!(c, '\'' | '"' | '\\') && c.escape_debug().len() > 1
}

/// A text as part of one line.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            line.extend(c.escape_debug());
        } else {
            line.push(c);
        }
    }
    Cow::Owned(line)
}

/// As much of a text as a line has room for, in bytes before escaping, and how long it really is.
#[must_use]
pub fn excerpt(text: &str, length_max: usize) -> Cow<'_, str> {
    if text.len() <= length_max {
        return one_line(text);
    }
    let mut line = one_line(&text[..text.floor_char_boundary(length_max)]).into_owned();
    // Writing to a String cannot fail.
    let _ = write!(line, "... ({} bytes)", text.len());
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_line_or_hide_in_it_is_shown() {
        assert_eq!(one_line("a\nb\r\u{1b}[2J\tc"), "a\\nb\\r\\u{1b}[2J\\tc");
        assert_eq!(
            one_line("\u{202e}gpj.exe\u{2028}\u{200b}"),
            "\\u{202e}gpj.exe\\u{2028}\\u{200b}"
        );
        assert_eq!(one_line("\u{85}\0\u{7f}"), "\\u{85}\\0\\u{7f}");
    }

    #[test]
    fn what_is_seen_as_itself_stays() {
        for text in ["", "say \"it's\" \\ so", "größer, 大きい", "*.example.com"] {
            assert!(matches!(one_line(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(excerpt("abc", 3), "abc");
        assert_eq!(excerpt("abcd", 3), "abc... (4 bytes)");
        assert_eq!(excerpt("ää\n", 3), "ä... (5 bytes)");
    }
}
