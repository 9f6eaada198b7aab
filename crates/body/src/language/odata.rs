//! `$filter` of OData (OASIS OData 4.01 ABNF, §5.1.1 of part 2), with what versions 2 and 3 and Dataverse add to it.
//!
//! A property is found by its path, `parentcustomerid_account/name`; casts to a type (`Model.Contact/name`) and `$it`
//! are taken off, and the variable of `any` and `all` stands for its collection: in `contacts/any(c:c/name eq 'x')`
//! the path is `contacts/name`. `contains`, `endswith` and their like are [`Comparison::Contains`](crate::Comparison), `startswith` is
//! [`Comparison::Prefix`](crate::Comparison); any other function of a protected property is refused where it is compared with a literal,
//! as is a parameter alias (`@p1`), whose literal stands elsewhere.

use std::ops::Range;

use super::compare::ALONE;
use super::expression::{Dialect, Parser};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Token, Tokens, expected};
use super::literal::{Escapes, Special, Spelling};
use super::operand::{How, Literal, Operand};
use super::site::{Joined, Site};
use crate::edit::{PlaceId, ValueType};
use crate::error::Error;

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Odata::default())?;
    parser.expression()?;
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

/// The dialect, and the variables of the lambdas that are open.
#[derive(Default)]
pub(super) struct Odata {
    /// The path of what is expanded, in which the filter stands.
    within: String,
    /// Each variable and the path that it stands for.
    variables: Vec<(String, String)>,
}

static LEXICON: Lexicon = Lexicon {
    quotes: &[
        ('\'', Escapes::Doubled),
        // Only in lists of JSON, which Dataverse's functions take.
        ('"', Escapes::Backslash("nrtbfu\"\\/")),
    ],
    name: None,
    begins: |character| character.is_alphabetic() || "_$@".contains(character),
    goes_on: |character| character.is_alphanumeric() || "_$@./-".contains(character),
    number: |character| character.is_ascii_alphanumeric() || ".:+-".contains(character),
    symbols: &["(", ")", "[", "]", ",", ":", "=", "-", ";", "*", "/"],
};

/// How a function compares its arguments.
const FUNCTIONS: &[(&str, How)] = &[
    ("contains", How::CONTAINS),
    ("endswith", How::CONTAINS),
    ("substringof", How::CONTAINS),
    ("matchespattern", How::CONTAINS),
    ("startswith", How::PREFIX),
];

/// How a function of Dataverse compares the property that it is given the name of.
const DATAVERSE: &[(&str, How)] = &[
    ("in", How::ONE_OF),
    ("notin", How::NOT_ONE_OF),
    ("containvalues", How::CONTAINS),
    ("doesnotcontainvalues", How::CONTAINS),
];

impl Dialect for Odata {
    const LEXICON: &'static Lexicon = &LEXICON;
    const TEXT: Spelling = Spelling::quoted("'", Special::Doubled('\''));
    const OR: Joined = Joined::new("(", " or ", ")");
    const AND: Joined = Joined::new("(", " and ", ")");

    fn is_join(tokens: &Tokens<'_>) -> bool {
        tokens.is_one_of(&["add", "sub", "mul", "div", "divby", "mod"])
    }

    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error> {
        let how = match tokens.next_text().to_ascii_lowercase().as_str() {
            "eq" => How::EQUAL,
            "ne" => How::NOT_EQUAL,
            "gt" | "ge" | "lt" | "le" => How::ORDER,
            "in" => How::ONE_OF,
            "has" => How::CONTAINS,
            _ => return Ok(None),
        };
        tokens.take()?;
        Ok(Some(how))
    }

    fn operand(parser: &mut Parser<'_, Self>, right: bool) -> Result<Operand, Error> {
        let token = parser.tokens.peek();
        match token.kind {
            Kind::Text(..) | Kind::Number => parser.literal(),
            Kind::Word => parser.named(),
            Kind::Symbol if parser.tokens.symbol("(")? => {
                let mut inside = parser.list(")", right)?;
                match inside.len() {
                    1 => Ok(inside.remove(0)),
                    _ => Ok(Operand::List(inside)),
                }
            }
            Kind::Symbol if parser.tokens.symbol("[")? => {
                parser.list("]", right).map(Operand::List)
            }
            Kind::Symbol if parser.tokens.symbol("-")? => parser.signed(token.start, right),
            Kind::Symbol | Kind::Name | Kind::End => {
                Err(parser.tokens.fail("a property or a value"))
            }
        }
    }
}

impl Odata {
    /// The path that a name in the statement stands for.
    fn path(&self, name: &str) -> String {
        let name = name.to_lowercase();
        let (first, rest) = name.split_once('/').unwrap_or((&name, ""));
        let known = self
            .variables
            .iter()
            .rev()
            .find(|(known, _)| known == first);
        let full = match known {
            Some((_, path)) => format!("{path}/{rest}"),
            None => format!("{}/{name}", self.within),
        };
        let is_step = |step: &&str| !step.is_empty() && *step != "$it" && !step.contains('.');
        let steps: Vec<&str> = full.split('/').filter(is_step).collect();
        steps.join("/")
    }

    /// Goes into what is expanded at a path; gives where it was before.
    pub(super) fn enter(&mut self, path: &str) -> String {
        let within = self.path(path);
        std::mem::replace(&mut self.within, within)
    }

    /// Goes back.
    pub(super) fn leave(&mut self, outer: String) {
        self.within = outer;
    }

    fn find(&self, name: &str, fields: &Fields) -> Option<PlaceId> {
        fields.find(&self.path(name))
    }
}

impl Parser<'_, Odata> {
    /// Whether a name is a protected property's.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.dialect.find(name, self.fields).is_some()
    }

    /// What begins with a name: a property, a function, a lambda, a typed literal, `null` and its like.
    fn named(&mut self) -> Result<Operand, Error> {
        if self.tokens.is_one_of(&["true", "false"]) {
            return self.literal();
        }
        let token = self.tokens.take()?;
        let name = self.tokens.text(token);
        let next = self.tokens.peek();
        if matches!(next.kind, Kind::Text('\'', _)) && next.start == token.end {
            return self.typed(token);
        }
        if self.tokens.symbol("(")? {
            let step = name.rsplit('/').next().unwrap_or(name);
            if name.contains('/')
                && ["any", "all"]
                    .iter()
                    .any(|is| step.eq_ignore_ascii_case(is))
            {
                let collection = name.get(..name.len() - step.len() - 1).unwrap_or_default();
                return self.lambda(collection);
            }
            return self.call(token);
        }
        if ["null", "inf", "nan"]
            .iter()
            .any(|is| name.eq_ignore_ascii_case(is))
        {
            return Ok(Operand::NOTHING);
        }
        if name.starts_with('@') {
            return Ok(Operand::OPAQUE);
        }
        if is_guid(name) {
            return Ok(Literal::bare(token.range(), ValueType::String));
        }
        let place = self.dialect.find(name, self.fields);
        Ok(place.map_or(Operand::NOTHING, Operand::Field))
    }

    /// `guid'…'`, `duration'…'`, `Model.Color'Red'`: the text in its quotes.
    fn typed(&mut self, name: Token) -> Result<Operand, Error> {
        let mut literal = self.literal()?;
        if let Operand::Literal(literal) = &mut literal {
            literal.prefix = name.end - name.start;
            literal.whole.start = name.start;
        }
        Ok(literal)
    }

    /// `contacts/any(c:c/name eq 'x')`, behind the parenthesis.
    fn lambda(&mut self, collection: &str) -> Result<Operand, Error> {
        if self.tokens.symbol(")")? {
            return Ok(Operand::NOTHING);
        }
        let variable = self.tokens.need_kind(Kind::Word, "a variable")?;
        let variable = self.tokens.text(variable).to_lowercase();
        self.tokens.need(":")?;
        let path = self.dialect.path(collection);
        self.dialect.variables.push((variable, path));
        self.expression()?;
        self.tokens.need(")")?;
        self.dialect.variables.pop();
        Ok(Operand::Truth)
    }

    /// A function, behind its parenthesis.
    fn call(&mut self, token: Token) -> Result<Operand, Error> {
        let name = self.tokens.text(token).to_lowercase();
        let mut ahead = self.tokens.clone();
        if ahead.take()?.kind == Kind::Word && ahead.is_symbol("=") {
            return self.by_name(&name, token.start);
        }
        let arguments = self.list(")", false)?;
        if let Some((_, how)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
            let operator = token.range();
            let whole = token.start..self.tokens.end;
            let mut arguments = arguments.into_iter();
            return match (arguments.next(), arguments.next(), arguments.next()) {
                (Some(first), Some(second), None) => {
                    self.compare(first, *how, second, whole, operator)?;
                    Ok(Operand::Truth)
                }
                _ => Err(expected("a function of two arguments", token.start)),
            };
        }
        Self::function(&arguments, token.start)
    }

    /// `Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['a','b'])`, behind the parenthesis.
    fn by_name(&mut self, function: &str, at: usize) -> Result<Operand, Error> {
        let mut place = None;
        let mut values: Vec<(Operand, Range<usize>)> = Vec::new();
        loop {
            let argument = self
                .tokens
                .need_kind(Kind::Word, "the name of an argument")?;
            let argument = self.tokens.text(argument);
            self.tokens.need("=")?;
            let start = self.tokens.peek();
            if argument.eq_ignore_ascii_case("PropertyName") {
                let name = self.tokens.take()?;
                let name = self.quoted(name)?.replace('.', "/");
                place = self.dialect.find(&name, self.fields);
            } else {
                let value = Odata::operand(self, true)?;
                values.push((value, start.start..self.tokens.end));
            }
            if !self.tokens.symbol(",")? {
                self.tokens.need(")")?;
                break;
            }
        }
        let function = function.rsplit('.').next().unwrap_or(function);
        let known = DATAVERSE.iter().find(|(known, _)| *known == function);
        let how = known.map_or(How::ORDER, |(_, how)| *how);
        for (value, whole) in values {
            match place {
                Some(place) => {
                    let operator = whole.clone();
                    self.compare(Operand::Field(place), how, value, whole, operator)?;
                }
                None if value.is_protected() => return Err(expected(ALONE, at)),
                None => {}
            }
        }
        Ok(Operand::Truth)
    }
}

/// Whether a word is a GUID that begins with a letter.
fn is_guid(name: &str) -> bool {
    let groups: Vec<&str> = name.split('-').collect();
    let hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(hex)
}
