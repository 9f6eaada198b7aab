//! The clauses of SOQL: what is selected, from which objects, and where, up to what its grammar does not take.

use super::expression::Parser;
use super::lexer::Kind;
use super::soql::Soql;
use crate::error::Error;

/// What a query asks: its object, and the other names its objects have in it.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) object: String,
    /// Aliases, and the path that each stands for.
    pub(super) aliases: Vec<(String, String)>,
}

/// The words that end the objects and their aliases.
const CLAUSES: &[&str] = &[
    "where",
    "using",
    "with",
    "group",
    "having",
    "order",
    "orderby",
    "limit",
    "offset",
    "for",
    "update",
    "all",
    "startposition",
    "maxresults",
];

impl Parser<'_, Soql> {
    /// Reads a whole query, up to what its grammar does not take.
    pub(super) fn query(&mut self) -> Result<(), Error> {
        self.deeper(|parser| {
            parser.tokens.need_word("select")?;
            parser.dialect.scopes.push(Scope::default());
            // The fields come before the objects that they are of.
            let list = parser.tokens.clone();
            parser.skip_to_objects()?;
            parser.objects()?;
            let rest = std::mem::replace(&mut parser.tokens, list);
            parser.selected()?;
            parser.tokens = rest;
            parser.clauses()?;
            parser.dialect.scopes.pop();
            Ok(())
        })
    }

    /// `Contact(Id, Name WHERE … LIMIT 10)`, of a search.
    pub(super) fn returned(&mut self) -> Result<(), Error> {
        let object = self.tokens.need_kind(Kind::Word, "an object")?;
        if !self.tokens.symbol("(")? {
            return Ok(());
        }
        self.dialect.scopes.push(Scope {
            object: self.tokens.text(object).to_lowercase(),
            aliases: Vec::new(),
        });
        self.expressions()?;
        if self.tokens.word("using")? {
            self.tokens.need_kind(Kind::Word, "a list view")?;
            self.tokens.need("=")?;
            self.tokens
                .need_kind(Kind::Word, "the name of a list view")?;
        }
        self.clauses()?;
        self.tokens.need(")")?;
        self.dialect.scopes.pop();
        Ok(())
    }

    fn skip_to_objects(&mut self) -> Result<(), Error> {
        let mut open = 0usize;
        while open > 0 || !self.tokens.is_word("from") {
            if self.tokens.is_symbol("(") {
                open += 1;
            } else if self.tokens.is_symbol(")") {
                let fail = self.tokens.fail("from");
                open = open.checked_sub(1).ok_or(fail)?;
            }
            match self.tokens.peek().kind {
                Kind::End => return Err(self.tokens.fail("from")),
                _ => self.tokens.take()?,
            };
        }
        Ok(())
    }

    /// `FROM Contact c, c.Account a USING SCOPE mine`
    fn objects(&mut self) -> Result<(), Error> {
        self.tokens.need_word("from")?;
        let mut scope = Scope::default();
        loop {
            let object = self.tokens.need_kind(Kind::Word, "an object")?;
            let object = self.tokens.text(object).to_lowercase();
            let first = scope.object.is_empty();
            let path = if first {
                scope.object.clone_from(&object);
                String::new()
            } else {
                let (alias, rest) = object.split_once('.').unwrap_or((&object, ""));
                let known = scope.aliases.iter().find(|(known, _)| known == alias);
                match known {
                    Some((_, of)) if of.is_empty() => rest.to_owned(),
                    Some((_, of)) => format!("{of}.{rest}"),
                    None if alias == scope.object => rest.to_owned(),
                    None => object.clone(),
                }
            };
            let named = self.tokens.word("as")?;
            if named || (self.tokens.peek().kind == Kind::Word && !self.tokens.is_one_of(CLAUSES)) {
                let alias = self.tokens.need_kind(Kind::Word, "an alias")?;
                let alias = self.tokens.text(alias).to_lowercase();
                scope.aliases.push((alias, path));
            }
            if !self.tokens.symbol(",")? {
                break;
            }
        }
        if self.tokens.word("using")? {
            self.tokens.need_word("scope")?;
            self.tokens.need_kind(Kind::Word, "a scope")?;
        }
        if let Some(open) = self.dialect.scopes.last_mut() {
            *open = scope;
        }
        Ok(())
    }

    /// `Id, (SELECT Name FROM Contacts), COUNT(Id) n, TYPEOF What WHEN Account THEN Name END`
    fn selected(&mut self) -> Result<(), Error> {
        loop {
            if self.tokens.is_word("typeof") {
                while !self.tokens.word("end")? {
                    match self.tokens.is_symbol(",") {
                        true => self.tokens.take()?,
                        false => self.tokens.need_kind(Kind::Word, "end")?,
                    };
                }
            } else {
                self.expression()?;
            }
            if self.tokens.peek().kind == Kind::Word && !self.tokens.is_word("from") {
                self.tokens.take()?;
            }
            if !self.tokens.symbol(",")? {
                break;
            }
        }
        match self.tokens.is_word("from") {
            true => Ok(()),
            false => Err(self.tokens.fail("from")),
        }
    }

    fn clauses(&mut self) -> Result<(), Error> {
        if self.tokens.word("where")? {
            self.expression()?;
        }
        if self.tokens.word("with")? {
            self.with()?;
        }
        if self.tokens.word("group")? {
            self.tokens.need_word("by")?;
            self.expressions()?;
        }
        if self.tokens.word("having")? {
            self.expression()?;
        }
        if self.tokens.word("orderby")? {
            self.order()?;
        } else if self.tokens.word("order")? {
            self.tokens.need_word("by")?;
            self.order()?;
        }
        for count in ["limit", "offset", "startposition", "maxresults"] {
            if self.tokens.word(count)? && !self.bound()? {
                self.tokens.need_kind(Kind::Number, "a number")?;
            }
        }
        while self.tokens.is_one_of(&["for", "update"]) {
            self.tokens.take()?;
            loop {
                self.tokens.need_kind(Kind::Word, "a word")?;
                if !self.tokens.symbol(",")? {
                    break;
                }
            }
        }
        if self.tokens.word("all")? {
            self.tokens.need_word("rows")?;
        }
        Ok(())
    }

    /// What is checked, or which data categories: words without literals.
    fn with(&mut self) -> Result<(), Error> {
        let mut open = 0usize;
        loop {
            if self.tokens.symbol("(")? {
                open += 1;
            } else if open > 0 && self.tokens.symbol(")")? {
                open -= 1;
            } else if !(open > 0 && self.tokens.symbol(",")?) {
                self.tokens.need_kind(Kind::Word, "a word")?;
            }
            let ends = self.tokens.is_one_of(CLAUSES) || self.tokens.is_symbol(")");
            if open == 0 && (ends || self.tokens.peek().kind == Kind::End) {
                return Ok(());
            }
        }
    }

    fn order(&mut self) -> Result<(), Error> {
        loop {
            self.expression()?;
            if self.tokens.is_one_of(&["asc", "desc"]) {
                self.tokens.take()?;
            }
            if self.tokens.word("nulls")? {
                self.tokens.need_kind(Kind::Word, "first or last")?;
            }
            if !self.tokens.symbol(",")? {
                return Ok(());
            }
        }
    }

    fn expressions(&mut self) -> Result<(), Error> {
        loop {
            self.expression()?;
            if !self.tokens.symbol(",")? {
                return Ok(());
            }
        }
    }

    /// Takes a bind variable, if one comes next.
    fn bound(&mut self) -> Result<bool, Error> {
        let is_it = self.tokens.symbol(":")?;
        if is_it {
            let variable = "the name of a variable";
            self.tokens.need_kind(Kind::Word, variable)?;
        }
        Ok(is_it)
    }
}
