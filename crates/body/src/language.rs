//! Query languages: the literals of a statement that are compared with protected fields.
//!
//! A statement is held whole and read by a parser of its language. Each literal that is compared with a field which a
//! selector names goes to the editor, with how it is compared; the editor replaces it or refuses. Where an equality
//! is known by several tokens the statement asks for all of them. Everything else is kept byte for byte, and what the
//! parser cannot read in one way is refused: a statement that is not understood never passes.
//!
//! Names are compared without regard to case, whatever the language says: to protect too much fails loudly at the
//! app, to protect too little does not.

mod airtable;
mod compare;
mod drive;
mod expression;
mod fetchxml;
mod fhir_search;
mod fields;
mod gmail;
mod gviz;
mod jql;
mod kql;
mod lexer;
mod literal;
mod odata;
mod odata_options;
mod operand;
mod redcap;
mod search;
mod site;
mod soql;
mod soql_query;
mod sosl;
mod stripe;
mod sysparm;
mod write;
mod xero;

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

pub(crate) use lexer::{Token, expected};
pub use literal::Spelling;
pub(crate) use literal::{Escapes, Special, unescape};
pub(crate) use site::{Or, Site};

use crate::edit::Editor;
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::text::is_text;
use crate::{Limits, Rewriter};
use fields::Fields;

/// A query language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// Salesforce Object Query Language.
    Soql,
    /// Salesforce Object Search Language.
    Sosl,
    /// The SQL of QuickBooks Online.
    Quickbooks,
    /// Jira Query Language.
    Jql,
    /// Confluence Query Language.
    Cql,
    /// `$filter` of OData 4.01 (and what older services take).
    Odata,
    /// `$expand` of OData, with the filters in it.
    OdataExpand,
    /// `$apply` of OData, with the filters in it.
    OdataApply,
    /// FetchXML, of Dataverse and Dynamics 365.
    Fetchxml,
    /// Microsoft's Keyword Query Language, and Graph's `$search`.
    Kql,
    /// Google's visualization API.
    Gviz,
    /// ServiceNow's encoded queries.
    Sysparm,
    /// Airtable's formulas.
    Airtable,
    /// Drive's `q`.
    Drive,
    /// Gmail's search.
    Gmail,
    /// Stripe's search.
    Stripe,
    /// Xero's `where`.
    Xero,
    /// REDCap's filter logic.
    Redcap,
    /// A search of FHIR as text.
    FhirSearch,
}

impl Language {
    /// Every language there is.
    pub const ALL: &[Self] = &[
        Self::Soql,
        Self::Sosl,
        Self::Quickbooks,
        Self::Jql,
        Self::Cql,
        Self::Odata,
        Self::OdataExpand,
        Self::OdataApply,
        Self::Fetchxml,
        Self::Kql,
        Self::Gviz,
        Self::Sysparm,
        Self::Airtable,
        Self::Drive,
        Self::Gmail,
        Self::Stripe,
        Self::Xero,
        Self::Redcap,
        Self::FhirSearch,
    ];

    /// The policy's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soql => "soql",
            Self::Sosl => "sosl",
            Self::Quickbooks => "quickbooks",
            Self::Jql => "jql",
            Self::Cql => "cql",
            Self::Odata => "odata",
            Self::OdataExpand => "odata-expand",
            Self::OdataApply => "odata-apply",
            Self::Fetchxml => "fetchxml",
            Self::Kql => "kql",
            Self::Gviz => "gviz",
            Self::Sysparm => "sysparm",
            Self::Airtable => "airtable",
            Self::Drive => "drive",
            Self::Gmail => "gmail",
            Self::Stripe => "stripe",
            Self::Xero => "xero",
            Self::Redcap => "redcap",
            Self::FhirSearch => "fhir-search",
        }
    }

    /// What a selector of this language is, said to whom writes one.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Soql => {
                "a place of a `soql` statement is a field of what is asked from, or a path to it: `LastName`, `Contact.LastName`; `*.LastName` is that field at the end of any path"
            }
            Self::Sosl => {
                "a place of a `sosl` search is `FIND`, the words that are searched for, or a field as in `soql`"
            }
            Self::Quickbooks => {
                "a place of a `quickbooks` query is a field, `DisplayName`, or a path, `Customer.DisplayName`"
            }
            Self::Jql | Self::Cql => {
                "a place of a `jql` or `cql` query is a field: `summary`, `cf[10010]`, `Health number`; `cf[10010] ~` says that `~` finds the whole value there"
            }
            Self::Odata => {
                "a place of an `odata` filter is a property, or a path to it: `lastname`, `owner/lastname`; `*/lastname` is that property at the end of any path"
            }
            Self::OdataExpand => {
                "a place of an `odata-expand` is the path of a property from what is asked: `contacts/lastname`, `*/lastname`"
            }
            Self::OdataApply => {
                "a place of an `odata-apply` is a property, or a path to it: `lastname`, `*/lastname`"
            }
            Self::Fetchxml => {
                "a place of a `fetchxml` is an attribute of the entity that is asked, or of any by its name: `lastname`, `account.name`; `*.name` is that attribute of every entity"
            }
            Self::Kql => {
                "a place of a `kql` search is a property, `subject`, or `*`, the words that stand by themselves"
            }
            Self::Gviz => "a place of a `gviz` query is a column: `B`, `Full name`",
            Self::Sysparm => {
                "a place of a `sysparm` query is a field, or a path to it: `last_name`, `caller_id.email`; `123TEXTQUERY321` is the words that are searched for"
            }
            Self::Airtable => {
                "a place of an `airtable` formula is a field's name or id: `Full name`"
            }
            Self::Drive => {
                "a place of a `drive` search is a field, `name`, or a property, `properties.patient`"
            }
            Self::Gmail => {
                "a place of a `gmail` search is an operator, `from`, or `*`, the words that stand by themselves"
            }
            Self::Stripe => "a place of a `stripe` search is a field, `email`, or `metadata[key]`",
            Self::Xero => "a place of a `xero` filter is a field or a path: `Name`, `Contact.Name`",
            Self::Redcap => "a place of a `redcap` filter is a field's name, without its event",
            Self::FhirSearch => {
                "a place of a `fhir-search` is a parameter, `family`, or a chain, `patient.family`; `identifier|` is one whose values may stand behind a system"
            }
        }
    }

    /// Whether its statements can ask for several values of a field at once. A field of which only one token can be
    /// asked for must keep one.
    #[must_use]
    pub fn says_or(self) -> bool {
        !matches!(self, Self::Stripe | Self::Kql)
    }

    /// The one form in which a field's name is compared, from a selector.
    fn name(self, selector: &str) -> Result<String, &'static str> {
        match self {
            Self::Soql | Self::Sosl | Self::Quickbooks | Self::Fetchxml | Self::Xero => {
                fields::path(selector, '.')
            }
            Self::Jql | Self::Cql => jql::name(selector),
            Self::Odata | Self::OdataExpand | Self::OdataApply => fields::path(selector, '/'),
            Self::Kql if selector == "*" => Ok(selector.to_owned()),
            Self::Kql => fields::path(selector, '.'),
            Self::Gviz => gviz::name(selector),
            Self::Sysparm => sysparm::name(selector),
            Self::Airtable => airtable::name(selector),
            Self::Drive => fields::path(selector, '.'),
            Self::Gmail => gmail::name(selector),
            Self::Stripe => stripe::name(selector),
            Self::Redcap => redcap::name(selector),
            Self::FhirSearch => fhir_search::name(selector),
        }
    }

    /// Finds what is compared with the fields, in a statement.
    fn read(self, statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
        match self {
            Self::Soql => soql::read(statement, fields, depth, soql::Flavour::Salesforce),
            Self::Quickbooks => soql::read(statement, fields, depth, soql::Flavour::Quickbooks),
            Self::Sosl => sosl::read(statement, fields, depth),
            Self::Jql | Self::Cql => jql::read(statement, fields, depth),
            Self::Odata => odata::read(statement, fields, depth),
            Self::OdataExpand => odata_options::expand(statement, fields, depth),
            Self::OdataApply => odata_options::apply(statement, fields, depth),
            Self::Fetchxml => fetchxml::read(statement, fields, depth),
            Self::Kql => kql::read(statement, fields, depth),
            Self::Gviz => gviz::read(statement, fields, depth),
            Self::Sysparm => sysparm::read(statement, fields),
            Self::Airtable => airtable::read(statement, fields, depth),
            Self::Drive => drive::read(statement, fields, depth),
            Self::Gmail => gmail::read(statement, fields, depth),
            Self::Stripe => stripe::read(statement, fields),
            Self::Xero => xero::read(statement, fields, depth),
            Self::Redcap => redcap::read(statement, fields, depth),
            Self::FhirSearch => fhir_search::read(statement, fields),
        }
    }
}

/// What finds the literals of a statement.
pub(crate) trait Read: std::fmt::Debug + Send + Sync {
    /// Finds what is compared with protected fields, no deeper than so many levels.
    ///
    /// # Errors
    /// Where the statement cannot be read in one way.
    fn read(&self, statement: &str, depth: usize) -> Result<Vec<Site>, Error>;
}

/// The fields of one language that a policy names.
#[derive(Debug)]
struct Named {
    language: Language,
    fields: Fields,
}

impl Read for Named {
    fn read(&self, statement: &str, depth: usize) -> Result<Vec<Site>, Error> {
        self.language.read(statement, &self.fields, depth)
    }
}

/// Reads the selectors of one language.
pub(crate) fn compile(
    language: Language,
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let fields = Fields::compile(selected, |selector| language.name(selector))?;
    Ok(Arc::new(Statements(Arc::new(Named { language, fields }))))
}

/// Statements of which one thing finds the literals.
#[derive(Debug)]
pub(crate) struct Statements(pub(crate) Arc<dyn Read>);

impl Grammar for Statements {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Stream {
            reader: Arc::clone(&self.0),
            limits,
            statement: Zeroizing::default(),
        }))
    }
}

/// One statement on its way out.
struct Stream {
    reader: Arc<dyn Read>,
    limits: Limits,
    statement: Zeroizing<Vec<u8>>,
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let limit = self.limits.value;
        if self.statement.len() + chunk.len() > limit {
            return Err(Error::new(ErrorKind::ValueTooLong { limit }, limit as u64));
        }
        self.statement.extend_from_slice(chunk);
        Ok(())
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        let statement = match std::str::from_utf8(&self.statement) {
            Ok(statement) if is_text(&self.statement) => statement,
            _ => return Err(Error::new(ErrorKind::Charset, 0)),
        };
        if statement.is_empty() {
            return Ok(());
        }
        let sites = self.reader.read(statement, self.limits.depth)?;
        write::rewrite(statement, sites, editor, out)
    }

    fn held(&self) -> usize {
        self.statement.capacity()
    }
}
