//! The head of a request: values at places of its path, its query and its headers.

use body::{Editor as _, Found, ValueType};
use http::{HeaderMap, HeaderName, HeaderValue};
use policy::{Content, Route};

use crate::Refusal;
use crate::begin::is_underscored;
use crate::sealer::Sealer;

/// Which characters of a path segment are written `%XX` (RFC 3986 §3.3); tokens have none of them.
const SEGMENT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What was rewritten, as it is sent. What waits behind a hole is left out: a head with asks is refused.
fn whole(mut out: body::Out) -> Vec<u8> {
    std::iter::from_fn(|| out.take()).flatten().collect()
}

/// Protects the values of a request's head.
pub(crate) struct Head<'a> {
    pub sealer: &'a mut Sealer,
}

impl Head<'_> {
    /// Path and query with their places rewritten; `None` where nothing changed.
    pub fn target(
        &mut self,
        route: &Route,
        pattern: usize,
        path: &str,
        query: Option<&str>,
    ) -> Result<Option<String>, Box<Refusal>> {
        let new_path = self.path(route, pattern, path)?;
        let new_query = match (query.filter(|query| !query.is_empty()), &route.query) {
            (Some(query), Some(places)) => self
                .query(query, places)
                .map_err(|error| self.sealer.refusal(&error))?,
            _ => None,
        };
        let new_query = new_query.map(whole);
        let new_query = new_query.map(|query| String::from_utf8_lossy(&query).into_owned());
        if new_path.is_none() && new_query.is_none() {
            return Ok(None);
        }
        let mut target = new_path.unwrap_or_else(|| path.to_owned());
        if let Some(query) = new_query.as_deref().or(query) {
            target.push('?');
            target.push_str(query);
        }
        Ok(Some(target))
    }

    fn query(
        &mut self,
        query: &str,
        places: &body::query::Places,
    ) -> Result<Option<body::Out>, body::Error> {
        let limits = self.sealer.border.limits.body;
        body::query::rewrite(query, places, self.sealer, limits)
    }

    fn path(
        &mut self,
        route: &Route,
        pattern: usize,
        path: &str,
    ) -> Result<Option<String>, Box<Refusal>> {
        let mut new: Option<String> = None;
        let mut done = 0;
        for (content, range) in route.locate(pattern, path) {
            let Some(raw) = path.get(range.clone()) else {
                continue;
            };
            let text: Vec<u8> = percent_encoding::percent_decode_str(raw).collect();
            let Some(replacement) = self.value(content, &text)? else {
                continue;
            };
            let target = new.get_or_insert_default();
            target.push_str(path.get(done..range.start).unwrap_or_default());
            target.extend(percent_encoding::percent_encode(&replacement, SEGMENT));
            done = range.end;
        }
        if let Some(target) = &mut new {
            target.push_str(path.get(done..).unwrap_or_default());
        }
        Ok(new)
    }

    pub fn headers(
        &mut self,
        route: &Route,
        headers: &HeaderMap,
    ) -> Result<Vec<(HeaderName, Vec<HeaderValue>)>, Box<Refusal>> {
        let mut edits = Vec::new();
        for place in &route.headers {
            if !place.name.as_str().contains('_') && is_underscored(headers, place.name.as_str()) {
                return Err(self.sealer.respelled(&place.content));
            }
            let mut values = Vec::new();
            let mut changed = false;
            for value in headers.get_all(&place.name) {
                match self.value(&place.content, value.as_bytes())? {
                    Some(new) => {
                        changed = true;
                        values.extend(HeaderValue::from_bytes(&new).ok());
                    }
                    None => values.push(value.clone()),
                }
            }
            if changed {
                edits.push((place.name.clone(), values));
            }
        }
        Ok(edits)
    }

    /// What a value of the head becomes; `None` where it stays.
    fn value(&mut self, content: &Content, text: &[u8]) -> Result<Option<Vec<u8>>, Box<Refusal>> {
        if text.is_empty() {
            return Ok(None);
        }
        let place = match content {
            Content::Value(place) => *place,
            Content::Body(plan) => {
                let limits = self.sealer.border.limits.body;
                let written = body::nest::rewrite(plan, text, self.sealer, limits)
                    .map_err(|error| self.sealer.refusal(&error))?;
                return Ok(written.map(whole));
            }
        };
        let mut replacement = Vec::new();
        let found = Found {
            place,
            ordinal: 0,
            value_type: ValueType::String,
            text,
            beside: &[],
            comparison: body::Comparison::Stored,
        };
        match self.sealer.value(found, &mut replacement) {
            Ok(body::Edit::Replace | body::Edit::Spelled) => Ok(Some(replacement)),
            // A hole has its ask, and a head with asks is refused.
            Ok(_) => Ok(None),
            Err(error) => Err(self.sealer.refusal(&error)),
        }
    }
}
