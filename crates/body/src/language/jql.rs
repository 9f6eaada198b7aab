//! JQL, the query language of Jira, and CQL, that of Confluence: `summary ~ "x" AND cf[10010] = "y" ORDER BY created`.
//!
//! A value may stand without quotes. `~` searches for words, so it is [`Comparison::Contains`]; but it is also the
//! only operator that text fields have, so a policy may say that a field holds nothing beside the value: the selector
//! `cf[10010] ~` makes an equality of `~` there. `customfield_10010` is the same field as `cf[10010]`.
//!
//! Functions pass unless they are compared with a protected field and hold literals; `issueFunction` is refused, since
//! its arguments are queries of their own.

use super::compare::ALONE;
use super::expression::{Dialect, Parser};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Tokens, expected};
use super::literal::{Escapes, Special, Spelling};
use super::operand::{How, Operand};
use super::site::{Joined, Site};
use zeroize::Zeroizing;

use crate::edit::{Comparison, ValueType};
use crate::error::Error;

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Jql::default())?;
    if !parser.tokens.is_word("order") && parser.tokens.peek().kind != Kind::End {
        parser.expression()?;
    }
    if parser.tokens.word("order")? {
        parser.tokens.need_word("by")?;
        loop {
            Jql::operand(&mut parser, false)?;
            if parser.tokens.is_one_of(&["asc", "desc"]) {
                parser.tokens.take()?;
            }
            if !parser.tokens.symbol(",")? {
                break;
            }
        }
    }
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

/// The one form of a field's name, from a selector.
pub(super) fn name(selector: &str) -> Result<String, &'static str> {
    let (field, whole) = match selector.strip_suffix('~') {
        Some(field) => (field.trim_end(), true),
        None => (selector, false),
    };
    let bad = |character: char| "\"'\\~=!<>(),".contains(character) || character.is_control();
    if field.trim() != field || field.is_empty() || field.contains(bad) {
        return Err("a field's name, or `cf[…]`,");
    }
    let field = known(field);
    Ok(match whole {
        true => format!("{field} ~"),
        false => field,
    })
}

/// A field's name in the form that it is compared in.
fn known(field: &str) -> String {
    let field = field.to_lowercase();
    match field.strip_prefix("customfield_") {
        Some(number) => format!("cf[{number}]"),
        None => field,
    }
}

/// The dialect, and what is known of the comparison that is read.
#[derive(Default)]
struct Jql {
    /// Whether `~` is an equality of the field on the left.
    is_whole: bool,
    /// Whether it is compared so.
    searches: bool,
    /// Whether it is compared with what it was, of which more may be said.
    history: bool,
}

const ESCAPES: Escapes = Escapes::Backslash("nrtu'\"\\ ");

static LEXICON: Lexicon = Lexicon {
    quotes: &[('"', ESCAPES), ('\'', ESCAPES)],
    name: None,
    begins: goes_on,
    goes_on,
    number: goes_on,
    symbols: &[
        "!~", "!=", "<=", ">=", "&&", "||", "=", "<", ">", "~", "!", "&", "|", "(", ")", ",", "[",
        "]",
    ],
};

/// What may stand without quotes: all that is not reserved.
fn goes_on(character: char) -> bool {
    !character.is_whitespace()
        && !character.is_control()
        && !"\"'\\(){}[]=!<>~,|&*/%+^$#@?;:`".contains(character)
}

impl Dialect for Jql {
    const LEXICON: &'static Lexicon = &LEXICON;
    const TEXT: Spelling = Spelling::quoted("\"", Special::Json);
    const OR: Joined = Joined::new("(", " OR ", ")");
    const AND: Joined = Joined::new("(", " AND ", ")");

    fn is_logic(tokens: &Tokens<'_>) -> bool {
        tokens.is_one_of(&["and", "or"])
            || ["&", "&&", "|", "||"]
                .iter()
                .any(|symbol| tokens.is_symbol(symbol))
    }

    fn is_not(tokens: &Tokens<'_>) -> bool {
        tokens.is_word("not") || tokens.is_symbol("!")
    }

    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error> {
        self.history = false;
        self.searches = self.is_whole && (tokens.is_symbol("~") || tokens.is_symbol("!~"));
        let how = match tokens.next_text().to_ascii_lowercase().as_str() {
            "=" | "is" => How::EQUAL,
            "!=" => How::NOT_EQUAL,
            "~" if self.is_whole => How::EQUAL,
            "!~" if self.is_whole => How::NOT_EQUAL,
            "~" | "!~" => How::CONTAINS,
            "<" | ">" | "<=" | ">=" => How::ORDER,
            "in" => How::ONE_OF,
            "not" => {
                tokens.take()?;
                tokens.need_word("in")?;
                return Ok(Some(How::NOT_ONE_OF));
            }
            "was" => How::EQUAL,
            _ => return Ok(None),
        };
        let word = tokens.take()?;
        let word = tokens.text(word).to_ascii_lowercase();
        if !matches!(word.as_str(), "is" | "was") {
            return Ok(Some(how));
        }
        self.history = word == "was";
        let not = tokens.word("not")?;
        let one_of = self.history && tokens.word("in")?;
        Ok(Some(match (not, one_of) {
            (false, false) => How::EQUAL,
            (true, false) => How::NOT_EQUAL,
            (false, true) => How::ONE_OF,
            (true, true) => How::NOT_ONE_OF,
        }))
    }

    fn operand(parser: &mut Parser<'_, Self>, right: bool) -> Result<Operand, Error> {
        let token = parser.tokens.peek();
        match token.kind {
            Kind::Symbol if parser.tokens.symbol("(")? => {
                if right {
                    return parser.list(")", true).map(Operand::List);
                }
                let inside = parser.expression()?;
                parser.tokens.need(")")?;
                Ok(inside)
            }
            Kind::Word | Kind::Number | Kind::Text(..) if !right => parser.field(),
            Kind::Word if parser.tokens.is_one_of(&["empty", "null"]) => {
                parser.tokens.take()?;
                Ok(Operand::NOTHING)
            }
            Kind::Word | Kind::Number | Kind::Text(..) => {
                let mut value = parser.literal()?;
                if let Operand::Literal(literal) = &mut value {
                    // Quotes make no difference.
                    literal.value_type = ValueType::String;
                }
                if token.kind != Kind::Word || !parser.tokens.symbol("(")? {
                    return Ok(value);
                }
                let arguments = parser.list(")", true)?;
                Parser::<Self>::function(&arguments, token.start)
            }
            Kind::Symbol | Kind::Name | Kind::End => Err(parser.tokens.fail("a field or a value")),
        }
    }

    fn after(parser: &mut Parser<'_, Self>, protected: bool) -> Result<(), Error> {
        if protected && parser.dialect.searches {
            parser.sites.last_mut().map(of_words);
        }
        while parser.dialect.history && is_predicate(&parser.tokens) {
            let token = parser.tokens.take()?;
            Self::operand(parser, true)?;
            if protected {
                return Err(expected(ALONE, token.start));
            }
        }
        Ok(())
    }
}

/// What is searched for by words is the whole value, unless it is a pattern.
fn of_words(site: &mut Site) {
    let text = site.text.as_slice();
    let phrase = text
        .strip_prefix(b"\"")
        .and_then(|text| text.strip_suffix(b"\""));
    let text = Zeroizing::new(phrase.unwrap_or(text).to_vec());
    if text
        .iter()
        .any(|byte| b"\"\\*?()[]{}^~:!&|+".contains(byte))
    {
        site.comparison = Comparison::Contains;
        site.or = None;
    } else {
        site.text = text;
    }
}

/// Whether what comes next says more of a change: when, by whom, from what, to what.
fn is_predicate(tokens: &Tokens<'_>) -> bool {
    tokens.is_one_of(&["after", "before", "on", "during", "by", "from", "to"])
}

impl Parser<'_, Jql> {
    /// `summary`, `"Health number"`, `cf[10010]`, `issue.property[key].path`
    fn field(&mut self) -> Result<Operand, Error> {
        let token = self.tokens.take()?;
        let mut name = match token.kind {
            Kind::Text(..) => self.quoted(token)?,
            _ => self.tokens.text(token).to_owned(),
        };
        while self.tokens.symbol("[")? {
            let key = self.tokens.take()?;
            let key = match key.kind {
                Kind::Text(..) => self.quoted(key)?,
                Kind::Word | Kind::Number => self.tokens.text(key).to_owned(),
                Kind::Name | Kind::Symbol | Kind::End => {
                    return Err(expected("the key of a field", key.start));
                }
            };
            self.tokens.need("]")?;
            name = format!("{name}[{key}]");
            let path = self.tokens.peek();
            if path.kind == Kind::Word && self.tokens.text(path).starts_with('.') {
                self.tokens.take()?;
                name.push_str(self.tokens.text(path));
            }
        }
        if name.eq_ignore_ascii_case("issuefunction") {
            return Err(expected("a query without queries in it", token.start));
        }
        let name = known(&name);
        let whole = self.fields.find(&format!("{name} ~"));
        self.dialect.is_whole = whole.is_some();
        let place = whole.or_else(|| self.fields.find(&name));
        if self.tokens.word("changed")? {
            self.dialect.history = true;
            Jql::after(self, place.is_some())?;
            return Ok(Operand::Truth);
        }
        Ok(place.map_or(Operand::NOTHING, Operand::Field))
    }
}
