//! JavaScript (ECMA-262 §12), as far as it takes to know whether a token stands in a string or template literal.
//!
//! Elsewhere in a script a value could become code, so there tokens stay: in code, comments and regular
//! expressions. Whether a `/` divides or begins a regular expression is guessed from what stands before it; a
//! wrong guess ends with the line, and what is written in the meantime holds no character that means anything in
//! code. What stands in a string goes through [`Content`]: HTML and JSON in strings are escaped for both readers.

use super::content::Content;
use super::machine::{Seen, Standing, Verdict};
use super::name::Name;
use super::peek::{Peek, holds_markup};
use crate::escape::Escape;

/// Template literals nested deeper than this are not followed: from there on tokens stay.
const DEEPEST_TEMPLATE: usize = 32;

pub(super) struct Script {
    state: State,
    content: Content,
    /// For each `${` that is open: the braces around it, and whether its template's text is known to be HTML.
    templates: Vec<(u32, bool)>,
    braces: u32,
    /// A `/` here would begin a regular expression.
    regex_may_begin: bool,
    word: Name,
    /// The last four bytes of code, for the comments that begin like those of HTML (ECMA-262 §B.1.1).
    tail: u32,
    line_is_blank: bool,
    peek: Peek,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Code,
    /// After a `/` in code.
    Slash,
    LineComment,
    BlockComment {
        star: bool,
    },
    Literal(u8),
    /// After a backslash in a literal.
    Escaped(u8),
    /// After a `$` in a template.
    Dollar,
    Regex {
        class: bool,
        escaped: bool,
    },
    /// Nothing is known any more.
    Lost,
}

impl Script {
    /// A script that stands in so many literals.
    pub(super) fn new(depth: u8) -> Self {
        Self {
            state: State::Code,
            content: Content::new(depth),
            templates: Vec::new(),
            braces: 0,
            regex_may_begin: true,
            word: Name::default(),
            tail: 0,
            line_is_blank: true,
            peek: Peek::default(),
        }
    }

    pub(super) fn advance(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            match self.state {
                State::Literal(quote) => {
                    let special = match quote {
                        b'`' => memchr::memchr3(b'`', b'\\', b'$', bytes),
                        _ => memchr::memchr3(quote, b'\\', b'\n', bytes),
                    };
                    let (text, from) = bytes.split_at(special.unwrap_or(bytes.len()));
                    self.content.advance_escaped(text);
                    bytes = from.get(1..).unwrap_or_default();
                    if let Some(special) = from.first() {
                        self.literal(quote, *special);
                    }
                }
                State::Lost => return,
                _ => {
                    self.step(*first);
                    bytes = rest;
                }
            }
        }
    }

    pub(super) fn standing(&mut self) -> Standing {
        match self.state {
            State::Literal(_) => self.content.standing(),
            State::Dollar => Standing::Open.and(self.content.standing()),
            _ => Standing::Leave,
        }
    }

    /// The verdict for a script that is a body by itself or stands in a script element.
    pub(super) fn spot(&mut self, seen: &Seen<'_>, lookahead: usize) -> Verdict {
        let undecided = !seen.is_simple() && self.content.undecided().is_some();
        let (true, State::Literal(quote)) = (undecided, self.state) else {
            return Verdict::escape(self.escape(false));
        };
        let ends = |bytes: &[u8], at: usize, slashes: usize| {
            bytes.get(at) == Some(&quote) && slashes.is_multiple_of(2)
        };
        match self.peek.until(ends, seen, lookahead) {
            None => Verdict::More,
            Some(rest) => {
                Verdict::escape(self.escape(rest.is_none_or(|rest| holds_markup(rest, true))))
            }
        }
    }

    /// The escape here; `markup` says that what follows in the literal is HTML.
    pub(super) fn escape(&self, markup: bool) -> Escape {
        self.content.escape(markup).within(Escape::Script)
    }

    /// A byte of a literal that is not text.
    fn literal(&mut self, quote: u8, byte: u8) {
        self.state = match byte {
            b'\\' => {
                self.content.advance_escaped(b"\\");
                State::Escaped(quote)
            }
            b'$' => State::Dollar,
            // The end of the literal, or of a line, which no string outlives.
            _ => self.after_operand(),
        };
    }

    fn step(&mut self, byte: u8) {
        self.state = match self.state {
            State::Code => self.code(byte),
            State::Slash => match byte {
                b'/' => State::LineComment,
                b'*' => State::BlockComment { star: false },
                _ if self.regex_may_begin => regex(byte, false, false),
                _ => {
                    self.regex_may_begin = true;
                    self.code(byte)
                }
            },
            State::LineComment if matches!(byte, b'\n' | b'\r') => {
                self.line_is_blank = true;
                State::Code
            }
            State::BlockComment { star: true } if byte == b'/' => State::Code,
            State::BlockComment { .. } => State::BlockComment { star: byte == b'*' },
            State::Escaped(quote) => {
                self.content.advance_escaped(&[byte]);
                State::Literal(quote)
            }
            State::Dollar => self.dollar(byte),
            State::Regex {
                class,
                escaped: false,
            } if byte == b'/' && !class => self.after_operand(),
            State::Regex { .. } if matches!(byte, b'\n' | b'\r') => State::Code,
            State::Regex { class, escaped } => regex(byte, class, escaped),
            state @ (State::LineComment | State::Literal(_) | State::Lost) => state,
        };
    }

    fn code(&mut self, byte: u8) -> State {
        let tail = self.tail << 8 | u32::from(byte);
        self.tail = tail;
        if tail == u32::from_be_bytes(*b"<!--")
            || (self.line_is_blank && tail << 8 == u32::from_be_bytes(*b"-->\0"))
        {
            return State::LineComment;
        }
        match byte {
            b'\n' | b'\r' => self.line_is_blank = true,
            b' ' | b'\t' | b'-' => {}
            _ => self.line_is_blank = false,
        }
        let in_word = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80;
        if in_word {
            self.word.push(byte);
            self.regex_may_begin = false;
            return State::Code;
        }
        if !self.word.start().is_empty() {
            self.regex_may_begin = is_keyword(self.word.get());
            self.word.clear();
        }
        match byte {
            b'"' | b'\'' | b'`' => {
                self.content.begin();
                return State::Literal(byte);
            }
            b'/' => return State::Slash,
            b'{' => self.braces += 1,
            b'}' if self.braces == 0 => {
                if let Some((braces, markup)) = self.templates.pop() {
                    self.braces = braces;
                    self.content.resume(markup);
                    return State::Literal(b'`');
                }
            }
            b'}' => self.braces -= 1,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.regex_may_begin = !matches!(byte, b')' | b']');
        }
        State::Code
    }

    /// The byte after a `$` in a template.
    fn dollar(&mut self, byte: u8) -> State {
        if byte == b'{' {
            if self.templates.len() == DEEPEST_TEMPLATE {
                return State::Lost;
            }
            self.templates.push((self.braces, self.content.is_markup()));
            self.braces = 0;
            self.regex_may_begin = true;
            return State::Code;
        }
        self.content.advance_escaped(b"$");
        match byte {
            b'`' | b'\\' | b'$' => {
                self.literal(b'`', byte);
                self.state
            }
            _ => {
                self.content.advance_escaped(&[byte]);
                State::Literal(b'`')
            }
        }
    }

    fn after_operand(&mut self) -> State {
        self.regex_may_begin = false;
        self.line_is_blank = false;
        self.tail = 0;
        State::Code
    }
}

fn regex(byte: u8, class: bool, escaped: bool) -> State {
    let class = match byte {
        b'[' if !escaped => true,
        b']' if !escaped => false,
        _ => class,
    };
    State::Regex {
        class,
        escaped: byte == b'\\' && !escaped,
    }
}

/// Words after which an operand follows (ECMA-262 §12.7.2).
fn is_keyword(word: &[u8]) -> bool {
    matches!(
        word,
        b"return"
            | b"typeof"
            | b"case"
            | b"in"
            | b"of"
            | b"delete"
            | b"void"
            | b"throw"
            | b"new"
            | b"instanceof"
            | b"else"
            | b"do"
            | b"yield"
            | b"await"
            | b"extends"
            | b"default"
    )
}
