//! `$expand` and `$apply` of OData (OASIS OData 4.01, part 2 §5.1.3, and Data Aggregation): the filters that stand in
//! them, `contacts($filter=lastname eq 'x';$select=name)`, `filter(lastname eq 'x')/groupby((city))`.
//!
//! In `$expand` a property is found by the path to it, `contacts/lastname`. Refused are what compares without a filter
//! (`$search`, `search`), and what gives a protected property another name (`$compute`, `compute`, `with max as m`).

use super::expression::Parser;
use super::fields::Fields;
use super::lexer::{Kind, expected};
use super::odata::Odata;
use super::site::Site;
use crate::error::Error;

/// Finds the sites of an `$expand`.
pub(super) fn expand(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Odata::default())?;
    parser.expanded()?;
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

/// Finds the sites of an `$apply`.
pub(super) fn apply(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Odata::default())?;
    parser.transformations()?;
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

/// What asks in another way than by a filter, or names anew what is asked.
const REFUSED: &[&str] = &["search", "compute", "expand", "join", "outerjoin"];

impl Parser<'_, Odata> {
    /// Properties that are expanded, with their options.
    fn expanded(&mut self) -> Result<(), Error> {
        self.deeper(|parser| {
            loop {
                if parser.tokens.symbol("*")? {
                    parser.levels()?;
                } else {
                    let path = parser.tokens.need_kind(Kind::Word, "a property")?;
                    let path = parser.tokens.text(path).trim_end_matches("/$ref");
                    let path = path.trim_end_matches("/$count").to_owned();
                    let outer = parser.dialect.enter(&path);
                    parser.options()?;
                    parser.dialect.leave(outer);
                }
                if !parser.tokens.symbol(",")? {
                    return Ok(());
                }
            }
        })
    }

    /// What may follow a star, which stands for every property: `/$ref`, `($levels=2)`.
    fn levels(&mut self) -> Result<(), Error> {
        if self.tokens.symbol("/")? {
            return self.tokens.need_word("$ref");
        }
        if self.tokens.symbol("(")? {
            self.tokens.need_word("$levels")?;
            self.tokens.need("=")?;
            self.tokens.take()?;
            self.tokens.need(")")?;
        }
        Ok(())
    }

    /// The options of one of them, if it has any.
    fn options(&mut self) -> Result<(), Error> {
        if !self.tokens.symbol("(")? {
            return Ok(());
        }
        loop {
            let name = self.tokens.need_kind(Kind::Word, "an option")?;
            let option = self
                .tokens
                .text(name)
                .trim_start_matches('$')
                .to_lowercase();
            self.tokens.need("=")?;
            match option.as_str() {
                "filter" => drop(self.expression()?),
                "expand" => self.expanded()?,
                "apply" => self.transformations()?,
                "select" | "orderby" => self.pass(false)?,
                "top" | "skip" | "count" | "levels" => self.pass(true)?,
                _ => return Err(expected("an option that does not search", name.start)),
            }
            if !self.tokens.symbol(";")? {
                return self.tokens.need(")");
            }
        }
    }

    /// Passes over an option in which nothing is compared: it has no texts, and numbers only where it is one.
    fn pass(&mut self, is_number: bool) -> Result<(), Error> {
        let mut open = 0_usize;
        loop {
            match self.tokens.next_text() {
                ";" | ")" if open == 0 => return Ok(()),
                "(" => open += 1,
                ")" => open -= 1,
                _ => {}
            }
            match self.tokens.peek().kind {
                Kind::Word | Kind::Symbol => {}
                Kind::Number if is_number => {}
                _ => return Err(self.tokens.fail("an option that compares nothing")),
            }
            self.tokens.take()?;
        }
    }

    /// Transformations one behind the other.
    fn transformations(&mut self) -> Result<(), Error> {
        self.deeper(|parser| {
            loop {
                parser.transformation()?;
                // The next one's name is read with its slash, or behind it.
                let slash = parser.tokens.next_text().starts_with('/');
                if !slash {
                    return Ok(());
                }
                parser.tokens.need("/")?;
            }
        })
    }

    fn transformation(&mut self) -> Result<(), Error> {
        let name = self.tokens.need_kind(Kind::Word, "a transformation")?;
        // Those without arguments are read with what follows them: `identity/filter`.
        let text = self.tokens.text(name).to_lowercase();
        if text.split('/').any(|step| REFUSED.contains(&step)) {
            return Err(expected(
                "a transformation that asks by a filter",
                name.start,
            ));
        }
        if !self.tokens.symbol("(")? {
            return Ok(());
        }
        if text.rsplit('/').next() == Some("filter") {
            self.expression()?;
            return self.tokens.need(")");
        }
        self.arguments()
    }

    /// The arguments of a transformation, behind the parenthesis: names, numbers, and transformations.
    fn arguments(&mut self) -> Result<(), Error> {
        let (mut protected, mut number) = (false, false);
        loop {
            if protected && number {
                return Err(self.tokens.fail("a protected property in a filter"));
            }
            let token = self.tokens.peek();
            match token.kind {
                Kind::Text(..) | Kind::End | Kind::Name => {
                    return Err(self.tokens.fail("an argument without texts"));
                }
                Kind::Word => {
                    let mut ahead = self.tokens.clone();
                    ahead.take()?;
                    if ahead.is_symbol("(") {
                        self.deeper(Self::transformation)?;
                        continue;
                    }
                    let name = self.tokens.text(token);
                    if protected && name.eq_ignore_ascii_case("as") {
                        return Err(expected(
                            "a protected property by its own name",
                            token.start,
                        ));
                    }
                    protected |= self.is_named(name);
                    self.tokens.take()?;
                }
                Kind::Number => {
                    number = true;
                    self.tokens.take()?;
                }
                Kind::Symbol if self.tokens.symbol(")")? => return Ok(()),
                Kind::Symbol if self.tokens.symbol("(")? => self.deeper(Self::arguments)?,
                Kind::Symbol => drop(self.tokens.take()?),
            }
        }
    }
}
