//! The formats by name: how a policy spells each, which content types say it, and who reads its selectors.

use std::str::FromStr;
use std::sync::Arc;

use crate::charset::Declares;
use crate::coding::Coding;
use crate::content_type::ContentType;
use crate::language::{self, Language};
use crate::plan::{Grammar, Selected};
use crate::selector::SelectorError;
use crate::{
    base64, batch, csv, file, form, graphql, grpc, html, json, multipart, ndjson, packed, protobuf,
    text, xml, zip,
};

/// A body format, as a policy spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `json`: selectors are JSONPath.
    Json,
    /// `form`: selectors are decoded field names.
    Form,
    /// `multipart`: selectors are the parts' names.
    Multipart,
    /// `batch`: requests in `multipart/mixed`, each with the places of its own route; there are no selectors.
    Batch,
    /// `ndjson`: selectors are JSONPath over each line.
    Ndjson,
    /// `csv`: selectors are names of columns, or their numbers.
    Csv,
    /// `text`: the only selector is `*`, the whole body.
    Text,
    /// `base64`: the only selector is `*`, what is encoded.
    Base64,
    /// `base64url`: the only selector is `*`, what is encoded.
    Base64Url,
    /// `gzip`: the only selector is `*`, what is compressed.
    Gzip,
    /// `zstd`: the only selector is `*`, what is compressed.
    Zstd,
    /// `file`: the only selector is `*`, all of it, opaque.
    File,
    /// `html`: selectors are CSS selectors, with `text()` or `@name` behind them.
    Html,
    /// `xml`: selectors are a subset of XPath, with namespaces in braces ([`crate::xml::expand`]).
    Xml,
    /// `graphql`: selectors are JSONPath over the envelope, or arguments of the document: `create(input.name)`.
    Graphql,
    /// `graphql-document`: a document by itself, selectors are its arguments.
    GraphqlDocument,
    /// `zip`: selectors are the names of members, exact or with `*`.
    Zip,
    /// `protobuf`: selectors are paths of field numbers.
    Protobuf,
    /// `grpc`: messages of Protocol Buffers, each behind its length; selectors are paths of field numbers.
    Grpc,
    /// A statement of a query language, by its name: selectors are its fields.
    Query(Language),
}

impl Format {
    /// Every format there is.
    pub const ALL: &[Self] = &[
        Self::Json,
        Self::Form,
        Self::Multipart,
        Self::Batch,
        Self::Ndjson,
        Self::Csv,
        Self::Text,
        Self::Base64,
        Self::Base64Url,
        Self::Gzip,
        Self::Zstd,
        Self::File,
        Self::Html,
        Self::Xml,
        Self::Graphql,
        Self::GraphqlDocument,
        Self::Zip,
        Self::Protobuf,
        Self::Grpc,
        Self::Query(Language::Soql),
        Self::Query(Language::Sosl),
        Self::Query(Language::Quickbooks),
        Self::Query(Language::Jql),
        Self::Query(Language::Cql),
        Self::Query(Language::Odata),
        Self::Query(Language::OdataExpand),
        Self::Query(Language::OdataApply),
        Self::Query(Language::Fetchxml),
        Self::Query(Language::Kql),
        Self::Query(Language::Gviz),
        Self::Query(Language::Sysparm),
        Self::Query(Language::Airtable),
        Self::Query(Language::Drive),
        Self::Query(Language::Gmail),
        Self::Query(Language::Stripe),
        Self::Query(Language::Xero),
        Self::Query(Language::Redcap),
        Self::Query(Language::FhirSearch),
    ];

    /// The policy's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Batch => "batch",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Text => "text",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::File => "file",
            Self::Html => "html",
            Self::Xml => "xml",
            Self::Graphql => "graphql",
            Self::GraphqlDocument => "graphql-document",
            Self::Zip => "zip",
            Self::Protobuf => "protobuf",
            Self::Grpc => "grpc",
            Self::Query(language) => language.as_str(),
        }
    }

    /// What a selector of this format is, said to whom writes one.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Json => {
                "a place of a `json` body is JSONPath (RFC 9535), as far as one forward pass can match it: `$.name[*].family`"
            }
            Self::Form => {
                "a place of a `form` body is the field's decoded name: `person[name]`, `items[*][name]`"
            }
            Self::Ndjson => {
                "a place of an `ndjson` body is JSONPath (RFC 9535) over one line: `$.messages[*].content`"
            }
            Self::Csv => {
                "a place of a `csv` body is a column's name as the header spells it, or its number: `#3`; `value[?field == 'name']` is a value that its sibling chooses"
            }
            Self::Multipart => {
                "a place of a `multipart` body is the part's name, `#2`, its number, or `*`, every part; ` @filename` behind it is the name of the part's file"
            }
            Self::Batch => {
                "a `batch` body has no places of its own: the requests in it have those of their routes"
            }
            Self::Text => "the only place of a `text` body is `*`",
            Self::Base64 | Self::Base64Url => {
                "the only place of a base64 body is `*`, what is encoded"
            }
            Self::Gzip | Self::Zstd => {
                "the only place of a compressed body is `*`, what is compressed"
            }
            Self::File => "the only place of a file is `*`, all of it",
            Self::Html => {
                "a place of an `html` body is a CSS selector: `p.note`, `#name text()`, `input[name=dob] @value`"
            }
            Self::Xml => {
                "a place of an `xml` body is a path: `/l:record/l:name`, `//l:name`, `/record/@id`, with the prefixes of `namespaces`"
            }
            Self::Graphql => {
                "a place of a `graphql` body is JSONPath over its envelope, `$.variables.input.name`, or an argument in the document, `createContact(input.name)`"
            }
            Self::GraphqlDocument => {
                "a place of a `graphql-document` is an argument, `createContact(input.name)`; `*` is any name, `**` at the end all that follows"
            }
            Self::Zip => {
                "a place of a `zip` body is a member's name, exact or with `*`: `word/document.xml`, `xl/worksheets/*.xml`"
            }
            Self::Protobuf | Self::Grpc => {
                "a place of a message is a path of field numbers: `1.3.2` is field 2 of field 3 of field 1"
            }
            Self::Query(language) => language.help(),
        }
    }

    /// Whether a body of this content type is of this format.
    #[must_use]
    pub fn is_named_by(self, content_type: &ContentType) -> bool {
        let essence = content_type.essence();
        match self {
            Self::Json => {
                matches!(essence, "application/json" | "text/json")
                    || content_type.has_suffix("json")
            }
            Self::Form => essence == "application/x-www-form-urlencoded",
            Self::Ndjson => ndjson::is_named_by(content_type),
            Self::Csv => csv::is_named_by(content_type),
            Self::Multipart => matches!(
                essence,
                "multipart/form-data"
                    | "multipart/related"
                    | "multipart/mixed"
                    | "multipart/alternative"
            ),
            Self::Batch => essence == "multipart/mixed",
            Self::Text => essence.starts_with("text/"),
            Self::Html => matches!(essence, "text/html" | "application/xhtml+xml"),
            Self::Base64 | Self::Base64Url | Self::Gzip | Self::Zstd | Self::File => true,
            Self::Xml => {
                matches!(essence, "application/xml" | "text/xml") || content_type.has_suffix("xml")
            }
            Self::Graphql => Self::Json.is_named_by(content_type) || essence == graphql::DOCUMENT,
            Self::GraphqlDocument => essence == graphql::DOCUMENT,
            Self::Zip => zip::is_named_by(essence),
            Self::Protobuf => protobuf::is_named_by(content_type),
            Self::Grpc => grpc::is_named_by(content_type),
            Self::Query(_) => essence.starts_with("text/") || essence == "application/text",
        }
    }

    /// Whether the only selector is `*`: what stands inside is one value, or one body.
    #[must_use]
    pub fn is_whole(self) -> bool {
        matches!(
            self,
            Self::Text | Self::Base64 | Self::Base64Url | Self::Gzip | Self::Zstd | Self::File
        )
    }

    /// Whether each message of a body is whole by itself and may be answered before the next one comes, as in calls of
    /// gRPC that stream: its sender may wait for that.
    #[must_use]
    pub fn is_conversation(self) -> bool {
        self == Self::Grpc
    }

    /// Whether it is a query language: its values are compared with what is stored.
    #[must_use]
    pub fn is_query(self) -> bool {
        matches!(self, Self::Query(_))
    }

    /// Whether what asks for a value can ask for several at once; where it cannot, a field keeps one token.
    #[must_use]
    pub fn says_or(self) -> bool {
        match self {
            Self::Query(language) => language.says_or(),
            _ => false,
        }
    }

    /// Whether a message must say by its content type that it is of this format.
    pub(crate) fn is_described(self) -> bool {
        !matches!(
            self,
            Self::Base64 | Self::Base64Url | Self::Gzip | Self::Zstd | Self::File
        )
    }

    /// Where a body says in which charset it is; nothing where it is bytes, or always UTF-8 (a form names its charset
    /// in a field, if at all).
    pub(crate) fn declares(self) -> Option<Declares> {
        match self {
            Self::Json
            | Self::Ndjson
            | Self::Base64
            | Self::Base64Url
            | Self::Graphql
            | Self::GraphqlDocument
            | Self::Query(_) => Some(Declares::Nowhere),
            Self::Xml => Some(Declares::Xml),
            Self::Text | Self::Csv => Some(Declares::Mark),
            Self::Html => Some(Declares::Html),
            _ => None,
        }
    }

    /// Reads the selectors of one body.
    pub(crate) fn compile(
        self,
        selected: &[Selected<'_>],
    ) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
        match self {
            Self::Json => json::compile(selected),
            Self::Form => form::compile(selected),
            Self::Multipart => multipart::compile(selected),
            Self::Batch => batch::compile(selected),
            Self::Ndjson => ndjson::compile(selected),
            Self::Csv => csv::compile(selected),
            Self::Text => text::compile(selected),
            Self::Base64 => base64::compile(selected, base64::Alphabet::Standard),
            Self::Base64Url => base64::compile(selected, base64::Alphabet::Url),
            Self::Gzip => packed::compile(selected, Coding::Gzip),
            Self::Zstd => packed::compile(selected, Coding::Zstd),
            Self::File => file::compile(selected),
            Self::Html => html::compile(selected),
            Self::Xml => xml::compile(selected),
            // The envelope; the plan puts a document inside.
            Self::Graphql => json::compile(selected),
            Self::GraphqlDocument => graphql::arguments::compile(selected),
            Self::Zip => zip::compile(selected),
            Self::Protobuf => protobuf::compile(selected),
            Self::Grpc => grpc::compile(selected),
            Self::Query(language) => language::compile(language, selected),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A format that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown body format; {} are known", known())]
pub struct UnknownFormat;

/// The names of all formats, in a sentence.
fn known() -> String {
    let names: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
    match names.split_last() {
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.iter().copied();
        all.find(|format| format.as_str() == text)
            .ok_or(UnknownFormat)
    }
}
