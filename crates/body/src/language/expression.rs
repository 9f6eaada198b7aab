//! Expressions of comparisons, joined by 'and' and 'or', as most query languages have them: one engine, which a
//! language tells its operators and its operands.
//!
//! Only what is compared with a protected field matters, so 'and' and 'or' need no precedence between them. What
//! would hide a literal that is compared with a protected field (a function around either, a concatenation) is
//! refused.

use std::ops::Range;

use zeroize::Zeroizing;

use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Token, Tokens, expected};
use super::literal::{Escapes, Special, Spelling, unescape};
use super::site::{Joined, Or, Site};
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};

/// What stands on a side of a comparison.
pub(super) enum Operand {
    /// A protected field by itself.
    Field(PlaceId),
    /// A literal.
    Literal(Literal),
    /// Several of them.
    List(Vec<Operand>),
    /// What a comparison said: true or false.
    Truth,
    /// Anything else.
    Other {
        /// Whether a protected field's value goes into it.
        protected: bool,
        /// Whether a literal goes into it.
        literal: bool,
    },
}

impl Operand {
    /// What has nothing to do with literals or protected fields: `null`, a variable.
    pub(super) const NOTHING: Self = Self::Other {
        protected: false,
        literal: false,
    };

    /// What holds a literal in a form that cannot be replaced.
    pub(super) const OPAQUE: Self = Self::Other {
        protected: false,
        literal: true,
    };

    pub(super) fn is_protected(&self) -> bool {
        match self {
            Self::Field(_) => true,
            Self::Literal(_) | Self::Truth => false,
            Self::List(items) => items.iter().any(Self::is_protected),
            Self::Other { protected, .. } => *protected,
        }
    }

    pub(super) fn has_literal(&self) -> bool {
        match self {
            Self::Field(_) | Self::Truth => false,
            Self::Literal(_) => true,
            Self::List(items) => items.iter().any(Self::has_literal),
            Self::Other { literal, .. } => *literal,
        }
    }

    /// Whether a text goes into it, which a number or a boolean is not.
    pub(super) fn has_text(&self) -> bool {
        match self {
            Self::Field(_) | Self::Truth => false,
            Self::Literal(literal) => literal.value_type == ValueType::String,
            Self::List(items) => items.iter().any(Self::has_text),
            Self::Other { literal, .. } => *literal,
        }
    }

    /// What is made of several, of which it is only known what goes into it.
    pub(super) fn made_of(parts: &[Self]) -> Self {
        if parts.iter().any(|part| matches!(part, Self::Truth)) {
            return Self::Truth;
        }
        Self::Other {
            protected: parts.iter().any(Self::is_protected),
            literal: parts.iter().any(Self::has_literal),
        }
    }
}

/// A literal as it stands in the statement.
pub(super) struct Literal {
    /// Where it stands, with its quotes and what stands before them.
    pub(super) whole: Range<usize>,
    /// How many bytes stand before the quotes: the type in `guid'…'`.
    pub(super) prefix: usize,
    pub(super) value_type: ValueType,
    /// The quote it has and what is escaped, or that it has none.
    pub(super) quote: Option<(char, Escapes)>,
}

impl Literal {
    /// One without quotes.
    pub(super) fn bare(whole: Range<usize>, value_type: ValueType) -> Operand {
        Operand::Literal(Self {
            whole,
            prefix: 0,
            value_type,
            quote: None,
        })
    }
}

/// How a comparison compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// As this says.
    As(Comparison),
    /// By an SQL pattern of `%` and `_`, or by the lack of it.
    Like { not: bool },
}

impl How {
    pub(super) const EQUAL: Self = Self::As(Comparison::Equal);
    pub(super) const NOT_EQUAL: Self = Self::As(Comparison::NotEqual);
    pub(super) const ONE_OF: Self = Self::As(Comparison::OneOf);
    pub(super) const NOT_ONE_OF: Self = Self::As(Comparison::NotOneOf);
    pub(super) const CONTAINS: Self = Self::As(Comparison::Contains);
    pub(super) const PREFIX: Self = Self::As(Comparison::Prefix);
    pub(super) const ORDER: Self = Self::As(Comparison::Order);
}

/// What a language has of its own.
pub(super) trait Dialect: Sized {
    /// Its tokens.
    const LEXICON: &'static Lexicon;
    /// How it spells a literal that stood without quotes.
    const TEXT: Spelling;
    /// How comparisons are joined by 'or'.
    const OR: Joined;
    /// How comparisons are joined by 'and'.
    const AND: Joined;

    /// Whether this token joins comparisons.
    fn is_logic(tokens: &Tokens<'_>) -> bool {
        tokens.is_one_of(&["and", "or"])
    }

    /// Whether this token negates what follows.
    fn is_not(tokens: &Tokens<'_>) -> bool {
        tokens.is_word("not")
    }

    /// Whether this token joins two operands into a new value.
    fn is_join(_tokens: &Tokens<'_>) -> bool {
        false
    }

    /// Takes the operator of a comparison, if one comes next.
    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error>;

    /// Reads the operand that comes next; `right` says that it stands behind an operator.
    fn operand(parser: &mut Parser<'_, Self>, right: bool) -> Result<Operand, Error>;

    /// Takes what may follow a comparison. `protected` says that a protected field is compared.
    fn after(_parser: &mut Parser<'_, Self>, _protected: bool) -> Result<(), Error> {
        Ok(())
    }

    /// How the language asks for several values where it asked for one.
    fn or(&self, comparison: Comparison, whole: Range<usize>, parts: Compared) -> Option<Or> {
        Self::repeated(comparison, whole, parts)
    }

    /// By comparing again, or in its list.
    fn repeated(comparison: Comparison, whole: Range<usize>, parts: Compared) -> Option<Or> {
        match comparison {
            Comparison::Equal => Some(Self::OR.over(whole)),
            Comparison::NotEqual => Some(Self::AND.over(whole)),
            Comparison::OneOf | Comparison::NotOneOf => {
                Some(Joined::new("", ", ", "").over(parts.literal))
            }
            _ => None,
        }
    }
}

/// Where the parts of a comparison stand.
pub(super) struct Compared {
    pub(super) literal: Range<usize>,
    pub(super) operator: Range<usize>,
}

/// Reads one statement in a dialect.
pub(super) struct Parser<'a, D> {
    pub(super) tokens: Tokens<'a>,
    pub(super) fields: &'a Fields,
    pub(super) sites: Vec<Site>,
    pub(super) dialect: D,
    depth: usize,
    limit: usize,
}

impl<'a, D: Dialect> Parser<'a, D> {
    pub(super) fn new(
        statement: &'a str,
        fields: &'a Fields,
        limit: usize,
        dialect: D,
    ) -> Result<Self, Error> {
        Self::at(statement, fields, limit, dialect, 0)
    }

    /// Reads a statement from an offset on.
    pub(super) fn at(
        statement: &'a str,
        fields: &'a Fields,
        limit: usize,
        dialect: D,
        from: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            tokens: Tokens::at(statement, D::LEXICON, from)?,
            fields,
            sites: Vec::new(),
            dialect,
            depth: 0,
            limit,
        })
    }

    /// Does `read` one level deeper.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.depth >= self.limit {
            let limit = self.limit;
            let at = self.tokens.peek().start as u64;
            return Err(Error::new(ErrorKind::Depth { limit }, at));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    /// Reads comparisons joined by 'and' and 'or'.
    pub(super) fn expression(&mut self) -> Result<Operand, Error> {
        self.deeper(|parser| {
            let mut whole = parser.negated()?;
            while D::is_logic(&parser.tokens) {
                parser.tokens.take()?;
                parser.negated()?;
                whole = Operand::Truth;
            }
            Ok(whole)
        })
    }

    fn negated(&mut self) -> Result<Operand, Error> {
        if !D::is_not(&self.tokens) {
            return self.comparison();
        }
        while D::is_not(&self.tokens) {
            self.tokens.take()?;
        }
        self.comparison()?;
        Ok(Operand::Truth)
    }

    fn comparison(&mut self) -> Result<Operand, Error> {
        let start = self.tokens.peek().start;
        let mut left = self.joined(false)?;
        loop {
            let at = self.tokens.peek().start;
            let Some(how) = self.dialect.operator(&mut self.tokens)? else {
                return Ok(left);
            };
            let operator = at..self.tokens.end;
            let right = self.joined(true)?;
            let protected = left.is_protected() || right.is_protected();
            let whole = start..self.tokens.end;
            self.compare(left, how, right, whole, operator)?;
            D::after(self, protected)?;
            left = Operand::Truth;
        }
    }

    /// Reads operands that are joined into one value.
    fn joined(&mut self, right: bool) -> Result<Operand, Error> {
        let start = self.tokens.peek().start;
        let mut all = D::operand(self, right)?;
        while D::is_join(&self.tokens) {
            self.tokens.take()?;
            let next = D::operand(self, right)?;
            all = Self::function(&[all, next], start)?;
        }
        Ok(all)
    }

    /// Reads operands up to a closing symbol, which is taken.
    pub(super) fn list(&mut self, close: &'static str, right: bool) -> Result<Vec<Operand>, Error> {
        let mut items = Vec::new();
        if self.tokens.symbol(close)? {
            return Ok(items);
        }
        loop {
            items.push(self.deeper(|parser| match right {
                true => parser.joined(true),
                false => parser.expression(),
            })?);
            if !self.tokens.symbol(",")? {
                self.tokens.need(close)?;
                return Ok(items);
            }
        }
    }

    /// What a function makes of its arguments. One that is given both a protected field and a literal compares them
    /// in a way that is not known here.
    pub(super) fn function(arguments: &[Operand], at: usize) -> Result<Operand, Error> {
        let protected = arguments.iter().any(Operand::is_protected);
        let literal = arguments.iter().any(Operand::has_literal);
        if protected && literal {
            return Err(expected(ALONE, at));
        }
        Ok(Operand::made_of(arguments))
    }

    /// What a choice between its second and third argument makes of them. The first is a condition, which may compare
    /// on its own.
    pub(super) fn choice(arguments: &[Operand], at: usize) -> Result<Operand, Error> {
        match arguments {
            [condition, results @ ..]
                if !condition.is_protected() && !condition.has_text() && !results.is_empty() =>
            {
                Ok(Operand::made_of(results))
            }
            _ => Self::function(arguments, at),
        }
    }

    /// A quoted text or a number that comes next.
    pub(super) fn literal(&mut self) -> Result<Operand, Error> {
        let token = self.tokens.take()?;
        let text = self.tokens.text(token);
        let (value_type, quote) = match token.kind {
            Kind::Text(quote, escapes) => (ValueType::String, Some((quote, escapes))),
            Kind::Number if is_number(text) => (ValueType::Number, None),
            Kind::Word if is_boolean(text) => (ValueType::Boolean, None),
            Kind::Word | Kind::Number | Kind::Name => (ValueType::String, None),
            Kind::Symbol | Kind::End => return Err(expected("a literal", token.start)),
        };
        Ok(Operand::Literal(Literal {
            whole: token.range(),
            prefix: 0,
            value_type,
            quote,
        }))
    }

    /// The text of a token that must be a quoted text.
    pub(super) fn quoted(&self, token: Token) -> Result<String, Error> {
        let Kind::Text(quote, escapes) = token.kind else {
            return Err(expected("a quoted text", token.start));
        };
        let text = self.unescaped(inner(&token.range(), quote), quote, escapes)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn unescaped(
        &self,
        inner: Range<usize>,
        quote: char,
        escapes: Escapes,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let start = inner.start;
        unescape(self.tokens.slice(inner), quote, escapes)
            .map_err(|at| expected("an escape that the language defines", start + at))
    }

    /// Notes what is compared.
    pub(super) fn compare(
        &mut self,
        left: Operand,
        how: How,
        right: Operand,
        whole: Range<usize>,
        operator: Range<usize>,
    ) -> Result<(), Error> {
        match (left, right) {
            (Operand::Field(place), Operand::Literal(literal)) => {
                self.found(place, how, &literal, whole, operator)
            }
            (Operand::Literal(literal), Operand::Field(place)) => {
                let how = match how {
                    How::As(Comparison::OneOf) => How::EQUAL,
                    How::As(Comparison::NotOneOf) => How::NOT_EQUAL,
                    How::Like { .. } => How::CONTAINS,
                    other => other,
                };
                self.found(place, how, &literal, whole, operator)
            }
            (Operand::Field(place), Operand::List(items)) => {
                let how = match how {
                    How::Like { .. } => return Err(expected("one pattern", whole.start)),
                    How::As(Comparison::Equal) => How::ONE_OF,
                    How::As(Comparison::NotEqual) => How::NOT_ONE_OF,
                    other => other,
                };
                for item in items {
                    match item {
                        Operand::Literal(literal) => {
                            self.found(place, how, &literal, whole.clone(), operator.clone())?;
                        }
                        item if item.has_literal() => {
                            return Err(expected(ALONE, whole.start));
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            (left, right)
                if (left.is_protected() && right.has_literal())
                    || (right.is_protected() && left.has_literal()) =>
            {
                Err(expected(ALONE, whole.start))
            }
            (Operand::List(_), _) => Err(expected("a list behind its operator", whole.start)),
            (left @ Operand::Literal(_), right @ Operand::Literal(_))
                if left.has_text() && right.has_text() =>
            {
                Err(expected("a field beside a text", whole.start))
            }
            (Operand::Truth, other) | (other, Operand::Truth)
                if other.has_text() || other.is_protected() =>
            {
                Err(expected("true or false beside a comparison", whole.start))
            }
            _ => Ok(()),
        }
    }

    /// Notes a literal.
    pub(super) fn found(
        &mut self,
        place: PlaceId,
        how: How,
        literal: &Literal,
        whole: Range<usize>,
        operator: Range<usize>,
    ) -> Result<(), Error> {
        let Some((quote, escapes)) = literal.quote else {
            let text = self.tokens.slice(literal.whole.clone());
            let comparison = match how {
                How::As(comparison) => comparison,
                How::Like { .. } => Comparison::Contains,
            };
            let text = Zeroizing::new(text.as_bytes().to_vec());
            let at = literal.whole.clone();
            let spelling = match literal.value_type {
                ValueType::String => D::TEXT.shedding(),
                ValueType::Number | ValueType::Boolean => D::TEXT,
            };
            self.note(
                place, comparison, literal, text, at, spelling, whole, operator,
            );
            return Ok(());
        };
        let mut at = inner(
            &(literal.whole.start + literal.prefix..literal.whole.end),
            quote,
        );
        let mut special = special(quote, escapes);
        let comparison = match how {
            How::As(comparison) => comparison,
            How::Like { not } => {
                let pattern = Pattern::of(self.tokens.slice(at.clone()));
                at = at.start + pattern.inner.start..at.start + pattern.inner.end;
                special = like(special);
                match pattern.comparison {
                    Comparison::Equal if not => Comparison::NotEqual,
                    other => other,
                }
            }
        };
        let escapes = match (how, escapes) {
            (How::Like { .. }, Escapes::Backslash(_)) => Escapes::Backslash(LIKE_ESCAPES),
            (_, escapes) => escapes,
        };
        let text = self.unescaped(at.clone(), quote, escapes)?;
        let spelling = Spelling::inside(special);
        self.note(
            place, comparison, literal, text, at, spelling, whole, operator,
        );
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a site, in one place"
    )]
    fn note(
        &mut self,
        place: PlaceId,
        comparison: Comparison,
        literal: &Literal,
        text: Zeroizing<Vec<u8>>,
        at: Range<usize>,
        spelling: Spelling,
        whole: Range<usize>,
        operator: Range<usize>,
    ) {
        let parts = Compared {
            literal: literal.whole.clone(),
            operator,
        };
        self.sites.push(Site {
            place,
            comparison,
            value_type: literal.value_type,
            text,
            at,
            spelling,
            or: self.dialect.or(comparison, whole, parts),
        });
    }
}

/// What is asked for where a literal and a protected field meet in another way than side by side.
pub(super) const ALONE: &str =
    "a protected field compared with a plain literal, nothing around either";

const LIKE_ESCAPES: &str = "nrtbfu'\"\\%_";

/// What stands between a literal's quotes.
pub(super) fn inner(whole: &Range<usize>, quote: char) -> Range<usize> {
    let width = quote.len_utf8();
    whole.start + width..whole.end.saturating_sub(width).max(whole.start + width)
}

/// What stands between quotes of which it is not known how they are escaped.
pub(super) const NO_ESCAPES: Special = Special::Never("'\"\\");

/// How what stands between these quotes is escaped.
pub(super) fn special(quote: char, escapes: Escapes) -> Special {
    match (escapes, quote) {
        (Escapes::Doubled, quote) => Special::Doubled(quote),
        (Escapes::Backslash(known), '"') if known.contains('n') => Special::Json,
        (Escapes::Backslash(_), '"') => Special::Backslash("\"\\"),
        (Escapes::Backslash(_), _) => Special::Backslash("'\\"),
        (Escapes::None, _) => NO_ESCAPES,
    }
}

fn like(special: Special) -> Special {
    match special {
        Special::Backslash(_) | Special::Json => Special::Backslash("'\"\\%_"),
        other => other,
    }
}

fn is_boolean(text: &str) -> bool {
    ["true", "false"]
        .iter()
        .any(|known| text.eq_ignore_ascii_case(known))
}

/// Whether this is spelled as JSON spells a number, which every one of the languages does.
fn is_number(text: &str) -> bool {
    crate::escape::is_number(text.as_bytes())
}

/// An SQL pattern: `%` is anything, `_` any character, a backslash takes their meaning.
struct Pattern {
    comparison: Comparison,
    /// What stands between the first and the last `%`.
    inner: Range<usize>,
}

impl Pattern {
    fn of(raw: &str) -> Self {
        let mut wild = Vec::new();
        let mut bytes = raw.bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => {
                    bytes.next();
                }
                b'%' | b'_' => wild.push((at, byte)),
                _ => {}
            }
        }
        let end = raw.len();
        let (comparison, inner) = match wild.as_slice() {
            [] => (Comparison::Equal, 0..end),
            [(at, b'%')] if at + 1 == end => (Comparison::Prefix, 0..*at),
            [(0, b'%')] => (Comparison::Contains, 1..end),
            [(0, b'%'), (at, b'%')] if at + 1 == end => (Comparison::Contains, 1..*at),
            _ => (Comparison::Contains, 0..end),
        };
        Self { comparison, inner }
    }
}
