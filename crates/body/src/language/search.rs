//! Searches, in which terms stand side by side, some behind a name: what the languages share that are made of them.

use std::marker::PhantomData;
use std::ops::Range;

use super::compare::{NO_ESCAPES, inner};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Token, Tokens};
use super::literal::Spelling;
use super::site::Site;
use crate::error::{Error, ErrorKind};

/// What a language has of its own.
pub(super) trait Terms: Sized {
    /// Its tokens.
    const LEXICON: &'static Lexicon;
    /// What closes terms.
    const CLOSES: &'static [&'static str];
    /// What terms stand behind.
    type Behind: Copy;

    /// Reads one term.
    fn term(search: &mut Search<'_, Self>, behind: Option<Self::Behind>) -> Result<(), Error>;
}

/// Reads one search.
pub(super) struct Search<'a, L> {
    pub(super) tokens: Tokens<'a>,
    pub(super) fields: &'a Fields,
    pub(super) sites: Vec<Site>,
    depth: usize,
    limit: usize,
    language: PhantomData<L>,
}

impl<'a, L: Terms> Search<'a, L> {
    /// Finds the sites of a statement.
    pub(super) fn read(
        statement: &'a str,
        fields: &'a Fields,
        depth: usize,
    ) -> Result<Vec<Site>, Error> {
        let mut search = Self {
            tokens: Tokens::at(statement, L::LEXICON, 0)?,
            fields,
            sites: Vec::new(),
            depth: 0,
            limit: depth,
            language: PhantomData,
        };
        search.terms(None)?;
        search.tokens.need_end()?;
        Ok(search.sites)
    }

    /// Terms up to what closes them.
    pub(super) fn terms(&mut self, behind: Option<L::Behind>) -> Result<(), Error> {
        if self.depth >= self.limit {
            let limit = self.limit;
            let at = self.tokens.peek().start as u64;
            return Err(Error::new(ErrorKind::Depth { limit }, at));
        }
        self.depth += 1;
        while !self.closes() {
            L::term(self, behind)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Whether no term comes next.
    pub(super) fn closes(&self) -> bool {
        let mut closes = L::CLOSES.iter();
        closes.any(|symbol| self.tokens.is_symbol(symbol)) || self.tokens.peek().kind == Kind::End
    }
}

/// What a replacement of a word or a phrase takes the place of, and how it is spelled there.
pub(super) fn spelled(token: Token) -> (Range<usize>, Spelling) {
    match token.kind {
        Kind::Text(quote, _) => (inner(&token.range(), quote), Spelling::inside(NO_ESCAPES)),
        _ => {
            let quoted = Spelling::quoted("\"", NO_ESCAPES);
            (token.range(), quoted.shedding())
        }
    }
}

/// Whether a text is one whole address.
pub(super) fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace)
    })
}
