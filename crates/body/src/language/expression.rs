//! Expressions of comparisons, joined by 'and' and 'or', as most query languages have them: one engine, which a
//! language tells its operators and its operands.
//!
//! Only what is compared with a protected field matters, so 'and' and 'or' need no precedence between them. What
//! would hide a literal that is compared with a protected field (a function around either, a concatenation) is
//! refused.

use std::ops::Range;

use super::compare::ALONE;
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Tokens, expected};
use super::literal::Spelling;
use super::operand::{How, Literal, Operand};
use super::site::{Joined, Or, Site};
use crate::edit::{Comparison, ValueType};
use crate::error::{Error, ErrorKind};

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
                // What a comparison chose may be compared again only with what is no literal: which literal it is may
                // tell of a protected field.
                let literal = results.iter().any(Operand::has_literal);
                match Operand::made_of(results) {
                    Operand::Other { .. } if literal && matches!(condition, Operand::Truth) => {
                        Ok(Operand::Other {
                            protected: true,
                            literal,
                        })
                    }
                    other => Ok(other),
                }
            }
            _ => Self::function(arguments, at),
        }
    }

    /// What stands in parentheses, behind the first of them.
    pub(super) fn grouped(&mut self) -> Result<Operand, Error> {
        let inside = self.expression()?;
        self.tokens.need(")")?;
        Ok(inside)
    }

    /// The operand that comes next in a language without forms of its own: a literal, what `named` reads from a name
    /// on, what stands in parentheses or behind a sign.
    pub(super) fn plain(
        &mut self,
        named: impl FnOnce(&mut Self) -> Result<Operand, Error>,
        what: &'static str,
    ) -> Result<Operand, Error> {
        let token = self.tokens.peek();
        match token.kind {
            Kind::Text(..) | Kind::Number => self.literal(),
            Kind::Word | Kind::Name => named(self),
            Kind::Symbol if self.tokens.symbol("(")? => self.grouped(),
            Kind::Symbol if self.tokens.symbol("-")? => self.negative(token.start),
            Kind::Symbol | Kind::End => Err(self.tokens.fail(what)),
        }
    }

    /// A number behind its sign, which is taken, or what the sign makes of the operand behind it.
    pub(super) fn signed(&mut self, start: usize, right: bool) -> Result<Operand, Error> {
        if self.tokens.peek().kind == Kind::Number {
            self.tokens.take()?;
            return Ok(Literal::bare(start..self.tokens.end, ValueType::Number));
        }
        let negative = self.deeper(|parser| D::operand(parser, right))?;
        Self::function(&[negative], start)
    }

    /// What a sign makes of the operand behind it.
    pub(super) fn negative(&mut self, start: usize) -> Result<Operand, Error> {
        let negative = self.deeper(|parser| D::operand(parser, false))?;
        Self::function(&[negative], start)
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
