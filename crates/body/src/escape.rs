//! How a revealed value is written where its token stood, so that it cannot change the page's structure (I8).
//!
//! An [`Escape`] holds all that the writing needs, so that a hole can be filled long after its context has gone
//! by. What stands in one another (JSON in a script string, HTML in JSON) is a list of layers, the innermost
//! first; a charset other than UTF-8 is a last step over the finished text.
//!
//! Every escape is generous: characters are escaped that some readers would take as they are, because the same
//! bytes are often read by a second parser that this module does not see. Values that are not UTF-8 are written
//! with U+FFFD for what is malformed, except as plain text.

mod web;

use std::borrow::Cow;
use std::sync::Arc;

use zeroize::Zeroizing;

pub(crate) use web::is_number;

pub use crate::charset::Charset;
use crate::charset::Reference;
use crate::edit::ValueType;
use crate::language::Spelling;

/// The context of a token, with all that its escape needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Escape {
    /// As it is: plain text.
    Plain,
    /// Inside a JSON string (RFC 8259 §7); `<`, `>`, `&`, U+2028 and U+2029 are escaped too, so that the JSON
    /// stays inert inside a script element.
    Json,
    /// In place of a whole JSON string, quotes included: a number or boolean that is spelled as JSON spells it is
    /// written bare, everything else as a string with its quotes.
    JsonWhole(ValueType),
    /// As [`Escape::JsonWhole`], for a number and a boolean alike: the spelling decides.
    JsonSpelled,
    /// HTML text, RCDATA or a quoted attribute: characters that could end any of them as references.
    Html,
    /// As [`Escape::Html`], directly after a start tag that swallows one line feed (`pre`, `textarea`).
    HtmlFirst,
    /// Directly after a `<` in text that may be HTML, as in `Name <address>`: an address stands as it is, the first
    /// character of anything else is a reference, so that no tag begins.
    HtmlAfterLess,
    /// An unquoted HTML attribute: everything but letters and digits as references.
    HtmlUnquoted,
    /// Inside a script's string or template literal: everything that is not plainly harmless as `\xHH`, `\uHHHH`.
    Script,
    /// XML character data.
    Xml,
    /// An XML attribute: as [`Escape::Xml`], and white space as references, which would be normalised away.
    XmlAttribute,
    /// Inside a CDATA section: `]]>` is split over two sections.
    Cdata,
    /// `application/x-www-form-urlencoded` in the WHATWG serialisation.
    Form,
    /// The address of a `mailto:` or `tel:` URL (RFC 3986 §2.1, RFC 6068).
    Percent,
    /// Between the quotes of a parameter in a part's head (WHATWG HTML §4.10.21.8).
    Parameter,
    /// The text of an extended parameter (RFC 8187 §3.2.1).
    Extended,
    /// A CSV cell (RFC 4180).
    Cell {
        /// The value is the first thing in its cell: what a spreadsheet takes for a formula gets a leading `'`.
        starts: bool,
        /// The cell is quoted: quotes are doubled.
        quoted: bool,
        /// The type the value had: a number is not a formula.
        value_type: ValueType,
    },
    /// In place of a whole CSV cell: in quotes where it was, or where its text needs them.
    CellWhole {
        /// What parts the cells of this body.
        separator: u8,
        /// The cell was quoted.
        quoted: bool,
        /// What a spreadsheet takes for a formula gets a leading `'`.
        inert: bool,
        /// The type the value had: a number is not a formula.
        value_type: ValueType,
    },
    /// Plain text in the `data` lines of an event stream: a line break begins another `data` line.
    EventData,
    /// TEXT in a content line of iCalendar or vCard (RFC 5545 §3.3.11, RFC 6350 §3.4).
    LineText,
    /// Text inside a multipart body whose delimiter must not come to stand in it.
    Part(Arc<[u8]>),
    /// A literal of a query language.
    Literal(Spelling),
    /// One escape after the other, the innermost first.
    Layers(Vec<Escape>),
    /// The escaped text in a charset.
    In(Charset, Box<Escape>),
}

impl Escape {
    /// Appends `value` (UTF-8 as it was sealed) to `out` in this escape, and says how many of its characters the
    /// charset could not hold.
    pub fn write(&self, value: &[u8], out: &mut Vec<u8>) -> usize {
        match self {
            Self::Plain => {
                out.extend_from_slice(value);
                return 0;
            }
            // What stands in a part may be in any charset.
            Self::Part(boundary) => {
                web::part(value, boundary, out);
                return 0;
            }
            _ => {}
        }
        let text = match String::from_utf8_lossy(value) {
            Cow::Borrowed(text) => Text::Same(text),
            Cow::Owned(text) => Text::Mended(Zeroizing::new(text)),
        };
        let text = match &text {
            Text::Same(text) => text,
            Text::Mended(text) => text.as_str(),
        };
        match self {
            Self::Layers(layers) => write_layers(layers, text, out),
            Self::In(charset, escape) => {
                let mut escaped = Zeroizing::new(Vec::with_capacity(text.len() + 16));
                let lossy = escape.write(text.as_bytes(), &mut escaped);
                lossy + charset.write(&escaped, escape.reference(), out)
            }
            _ => {
                self.write_text(text, out);
                0
            }
        }
    }

    /// This escape with `outer` around it.
    #[must_use]
    pub fn within(self, outer: Self) -> Self {
        match (self, outer) {
            (Self::Plain, outer) => outer,
            (inner, Self::Plain) => inner,
            (Self::Layers(mut layers), outer) => {
                layers.push(outer);
                Self::Layers(layers)
            }
            (inner, outer) => Self::Layers(vec![inner, outer]),
        }
    }

    /// This escape for an answer in `charset`.
    #[must_use]
    pub fn in_charset(self, charset: Charset) -> Self {
        match charset {
            Charset::Utf8 => self,
            Charset::Undeclared | Charset::Of(_) | Charset::Within(_) => {
                Self::In(charset, Box::new(self))
            }
        }
    }

    fn write_text(&self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Plain | Self::Part(_) | Self::Layers(_) | Self::In(..) => {
                out.extend_from_slice(text.as_bytes())
            }
            Self::Json => web::json(text, out),
            Self::JsonWhole(value_type) => web::json_whole(text, *value_type, out),
            Self::JsonSpelled if matches!(text, "true" | "false") => {
                web::json_whole(text, ValueType::Boolean, out)
            }
            Self::JsonSpelled => web::json_whole(text, ValueType::Number, out),
            Self::Html => web::html(text, out),
            Self::HtmlFirst => {
                if text.starts_with('\n') {
                    out.push(b'\n');
                }
                web::html(text, out);
            }
            Self::HtmlAfterLess => web::html_after_less(text, out),
            Self::HtmlUnquoted => web::html_unquoted(text, out),
            Self::Script => web::script(text, out),
            Self::Xml => web::xml(text, false, out),
            Self::XmlAttribute => web::xml(text, true, out),
            Self::Cdata => web::cdata(text, out),
            Self::Form => web::form(text, out),
            Self::Percent => web::percent(text, out),
            Self::Parameter => web::parameter(text, out),
            Self::Extended => web::extended(text, out),
            Self::Cell {
                starts,
                quoted,
                value_type,
            } => web::cell(text, *starts, *quoted, *value_type, out),
            Self::CellWhole {
                separator,
                quoted,
                inert,
                value_type,
            } => web::cell_whole(text, *separator, *quoted, *inert, *value_type, out),
            Self::EventData => web::event_data(text, out),
            Self::LineText => web::line_text(text, out),
            Self::Literal(spelling) => spelling.write(text, out),
        }
    }

    /// How the outermost layer can name a character that the charset does not hold.
    fn reference(&self) -> Reference {
        match self {
            Self::Json | Self::JsonWhole(_) | Self::JsonSpelled | Self::Script => {
                Reference::Backslash
            }
            Self::Html | Self::HtmlFirst | Self::HtmlAfterLess | Self::HtmlUnquoted => {
                Reference::Html
            }
            Self::Xml | Self::XmlAttribute => Reference::Xml,
            Self::Cdata => Reference::Cdata,
            Self::Plain
            | Self::Form
            | Self::Percent
            | Self::Parameter
            | Self::Extended
            | Self::Cell { .. }
            | Self::CellWhole { .. }
            | Self::EventData
            | Self::LineText
            | Self::Literal(_)
            | Self::Part(_) => Reference::None,
            Self::Layers(layers) => {
                let outermost = layers
                    .iter()
                    .rev()
                    .find(|layer| !matches!(layer, Self::Part(_)));
                outermost.map_or(Reference::None, Self::reference)
            }
            Self::In(_, escape) => escape.reference(),
        }
    }
}

enum Text<'a> {
    Same(&'a str),
    Mended(Zeroizing<String>),
}

fn write_layers(layers: &[Escape], text: &str, out: &mut Vec<u8>) -> usize {
    let Some((outermost, inner)) = layers.split_last() else {
        out.extend_from_slice(text.as_bytes());
        return 0;
    };
    let mut lossy = 0;
    let mut written = Zeroizing::new(text.as_bytes().to_vec());
    for layer in inner {
        let mut next = Zeroizing::new(Vec::with_capacity(written.len() + 16));
        lossy += layer.write(&written, &mut next);
        written = next;
    }
    lossy + outermost.write(&written, out)
}

#[cfg(test)]
mod tests;
