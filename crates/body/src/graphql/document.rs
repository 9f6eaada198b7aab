//! A document (specification §2.2 to §2.12): operations and fragments, and the values of their arguments.

use zeroize::Zeroizing;

use super::arguments::{Arguments, Path, comparison};
use super::lexer::{Kind, Token, Tokens, expected};
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::language::{Or, Site, Special, Spelling};

/// What is asked of a string that no selector names.
const HOISTED: &str = "a variable in place of this string, or a selector that names its argument,";

/// How a string is spelled.
const STRING: Spelling = Spelling::quoted("\"", Special::Json);

/// Finds the sites of a document.
pub(super) fn read(
    document: &str,
    arguments: &Arguments,
    limit: usize,
) -> Result<Vec<Site>, Error> {
    let mut parser = Parser {
        tokens: Tokens::new(document)?,
        arguments,
        sites: Vec::new(),
        fields: Vec::new(),
        open: false,
        path: Vec::new(),
        depth: 0,
        limit,
    };
    while parser.tokens.peek().kind != Kind::End {
        parser.definition()?;
    }
    Ok(parser.sites)
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    arguments: &'a Arguments,
    sites: Vec<Site>,
    /// The fields around what is read.
    fields: Vec<&'a str>,
    /// Whether they are a fragment's.
    open: bool,
    /// The argument and the object fields around what is read.
    path: Vec<&'a str>,
    depth: usize,
    limit: usize,
}

impl<'a> Parser<'a> {
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
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

    fn definition(&mut self) -> Result<(), Error> {
        self.open = false;
        if self.tokens.is("{") {
            return self.selections();
        }
        if self.tokens.took("fragment")? {
            self.open = true;
            self.tokens.name()?;
            self.tokens.need("on")?;
            self.tokens.name()?;
        } else {
            let kinds = ["query", "mutation", "subscription"];
            if !kinds.iter().any(|kind| self.tokens.is(kind)) {
                return Err(self.tokens.fail("an operation or a fragment"));
            }
            self.tokens.take()?;
            if self.tokens.peek().kind == Kind::Name {
                self.tokens.take()?;
            }
            if self.tokens.took("(")? {
                while !self.tokens.took(")")? {
                    self.variable()?;
                }
            }
        }
        self.directives()?;
        self.selections()
    }

    /// `$name: [String!]! = "default" @directive`
    fn variable(&mut self) -> Result<(), Error> {
        self.tokens.need("$")?;
        self.tokens.name()?;
        self.tokens.need(":")?;
        self.kind()?;
        if self.tokens.took("=")? {
            // A default is at no argument: its path is empty.
            self.value(None, false)?;
        }
        self.directives()
    }

    fn kind(&mut self) -> Result<(), Error> {
        self.deeper(|parser| {
            if parser.tokens.took("[")? {
                parser.kind()?;
                parser.tokens.need("]")?;
            } else {
                parser.tokens.name()?;
            }
            parser.tokens.took("!").map(drop)
        })
    }

    fn selections(&mut self) -> Result<(), Error> {
        self.deeper(|parser| {
            parser.tokens.need("{")?;
            loop {
                parser.selection()?;
                if parser.tokens.took("}")? {
                    return Ok(());
                }
            }
        })
    }

    fn selection(&mut self) -> Result<(), Error> {
        if self.tokens.took("...")? {
            if self.tokens.took("on")? {
                self.tokens.name()?;
            } else if self.tokens.peek().kind == Kind::Name {
                self.tokens.take()?;
                return self.directives();
            }
            self.directives()?;
            return self.selections();
        }
        let mut name = self.tokens.name()?;
        if self.tokens.took(":")? {
            name = self.tokens.name()?;
        }
        self.fields.push(self.tokens.text(name));
        self.values()?;
        self.directives()?;
        if self.tokens.is("{") {
            self.selections()?;
        }
        self.fields.pop();
        Ok(())
    }

    fn directives(&mut self) -> Result<(), Error> {
        while self.tokens.is("@") {
            let at = self.tokens.take()?;
            let name = self.tokens.name()?;
            let directive = Token {
                start: at.start,
                ..name
            };
            if name.start != at.end {
                return Err(expected("the name of a directive", at.end));
            }
            self.fields.push(self.tokens.text(directive));
            self.values()?;
            self.fields.pop();
        }
        Ok(())
    }

    /// The arguments of a field or a directive, if there are any.
    fn values(&mut self) -> Result<(), Error> {
        if !self.tokens.took("(")? {
            return Ok(());
        }
        loop {
            self.member()?;
            if self.tokens.took(")")? {
                return Ok(());
            }
        }
    }

    /// `name: value`
    fn member(&mut self) -> Result<(), Error> {
        let name = self.tokens.name()?;
        self.tokens.need(":")?;
        self.path.push(self.tokens.text(name));
        self.value(Some(name), false)?;
        self.path.pop();
        Ok(())
    }

    /// A value, of the member of this name.
    fn value(&mut self, name: Option<Token>, in_list: bool) -> Result<(), Error> {
        self.deeper(|parser| {
            if parser.tokens.took("$")? {
                return parser.tokens.name().map(drop);
            }
            if parser.tokens.took("[")? {
                while !parser.tokens.took("]")? {
                    parser.value(name, true)?;
                }
                return Ok(());
            }
            let place = parser.arguments.find(&Path {
                fields: &parser.fields,
                open: parser.open,
                argument: &parser.path,
            });
            if parser.tokens.is("{") {
                if place.is_some_and(|(_, below)| !below) {
                    let at = parser.tokens.peek().start as u64;
                    return Err(Error::new(ErrorKind::NotALeaf, at));
                }
                parser.tokens.take()?;
                while !parser.tokens.took("}")? {
                    parser.member()?;
                }
                return Ok(());
            }
            parser.leaf(place.map(|(place, _)| place), name, in_list)
        })
    }

    /// A value without parts.
    fn leaf(
        &mut self,
        place: Option<PlaceId>,
        name: Option<Token>,
        in_list: bool,
    ) -> Result<(), Error> {
        let token = self.tokens.take()?;
        let text = self.tokens.text(token);
        let value_type = match token.kind {
            Kind::Name if text == "null" => return Ok(()),
            Kind::Name if text == "true" || text == "false" => ValueType::Boolean,
            Kind::Int | Kind::Float => ValueType::Number,
            Kind::String | Kind::Block if place.is_none() => {
                return match self.tokens.string(token)?.is_empty() {
                    true => Ok(()),
                    false => Err(expected(HOISTED, token.start)),
                };
            }
            // At a place, a name of an enumeration is a text as well.
            Kind::Name | Kind::String | Kind::Block => ValueType::String,
            Kind::Punctuator | Kind::End => return Err(expected("a value", token.start)),
        };
        let Some(place) = place else {
            return Ok(());
        };
        let text = match token.kind {
            Kind::String | Kind::Block => self.tokens.string(token)?,
            _ => Zeroizing::new(text.as_bytes().to_vec()),
        };
        let last = self.path.last().copied().unwrap_or_default();
        let (comparison, several) = comparison(last);
        self.sites.push(Site {
            place,
            comparison,
            value_type,
            text,
            at: token.range(),
            spelling: STRING,
            or: or(comparison, token, name, several, in_list),
        });
        Ok(())
    }
}

/// How a filter asks for several values: in the list it has, or as another filter that takes one.
fn or(
    comparison: Comparison,
    value: Token,
    name: Option<Token>,
    several: Option<&'static str>,
    in_list: bool,
) -> Option<Or> {
    let operator = match (comparison, name, several) {
        (Comparison::Equal | Comparison::NotEqual, Some(name), Some(several)) if !in_list => {
            Some((name.range(), several))
        }
        (Comparison::OneOf | Comparison::NotOneOf, ..) => None,
        _ => return None,
    };
    let (open, close) = if in_list { ("", "") } else { ("[", "]") };
    Some(Or {
        whole: value.range(),
        open,
        between: ", ",
        close,
        operator,
    })
}
