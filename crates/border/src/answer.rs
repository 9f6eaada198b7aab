//! The way back of an exchange: the answer's head, and the flow of its body.

use std::sync::Arc;

use body::coding::{self, Decoder, Encoder};
use body::content_type::ContentType;
use body::reveal::{At, Medium};
use body::{Format, Plan};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use integrity::Stated;
use seal::file::stream::plain_len;

use crate::Flow;
use crate::exchange::{Exchange, codings, list};
use crate::file::{Expected, Layouts, Opening, content_length, head_of_file};
use crate::opener::Opener;
use crate::reveal::{Coded, Reveal, State, Text};

impl Exchange {
    /// Edits the headers of the response and gives the flow of its body; `None` where it passes untouched.
    ///
    /// A body that may be a sealed file decides itself what the head says of it ([`Flow::is_undecided`]): then call
    /// [`Exchange::tell`].
    pub fn reveal(
        &mut self,
        method: &Method,
        status: StatusCode,
        headers: &mut HeaderMap,
    ) -> Option<Box<dyn Flow>> {
        // Whatever its type: a worker, an image and a page that browsers sniff each have a policy of their own.
        if let Some(policy) = self.border.confine(self.app) {
            headers.append(CONTENT_SECURITY_POLICY, policy.clone());
        }
        self.reveal_headers(headers);
        if self.seals_body {
            // Of what is stored, if they are of anything.
            Stated::remove(headers);
        }
        let Ok(content_type) = content_type(headers) else {
            return None;
        };
        if status == StatusCode::PARTIAL_CONTENT {
            return None;
        }
        let codings = codings(headers)?;
        let medium = content_type.as_ref().and_then(|content_type| {
            let boundary = content_type.boundary();
            Medium::of(content_type.essence(), content_type.charset(), boundary)
        });
        let text = match medium.clone() {
            Some(medium) => Some(self.text(medium, content_type.as_ref())),
            None => self.messages(content_type.as_ref()),
        };
        let is_text = text.is_some();
        let expected = self.expected(method, status, headers, is_text, &codings);
        if *method == Method::HEAD && self.answers_files() && expected.is_some() {
            let app = self.border.app(self.app);
            head_of_file(headers, app.map_or(Layouts::default(), Layouts::of));
        } else if is_text {
            headers.remove(ACCEPT_RANGES);
            headers.remove(CONTENT_LENGTH);
            Stated::remove(headers);
            keep_private(headers);
        }
        let bodiless = status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if bodiless || *method == Method::HEAD || !is_text && expected.is_none() {
            return None;
        }
        let limits = self.border.limits;
        let live = medium.as_ref().is_some_and(Medium::is_live);
        let coded = if codings.is_empty() {
            None
        } else {
            Some(Coded {
                decoder: Decoder::new(&codings, limits.body).ok()?,
                encoder: Encoder::new(&codings, true).ok()?,
                live,
                limit: if live { 0 } else { limits.coded },
                original: Vec::new(),
                state: State::Holding,
            })
        };
        let opening = expected.map(|expected| {
            let (counts, told) = (Arc::clone(&self.counts), Arc::clone(&self.told));
            Opening::new(Arc::clone(&self.border), self.app, counts, expected, told)
        });
        let opener = self.opener();
        let whole = Arc::clone(&self.revealed_whole);
        Some(Box::new(Reveal::new(opener, opening, text, coded, whole)))
    }

    fn opener(&self) -> Opener {
        Opener::new(
            Arc::clone(&self.border),
            (self.app, self.route),
            Arc::clone(&self.counts),
            self.memory.clone(),
            self.parameters.clone(),
        )
    }

    /// Reveals the names and remarks in the headers of an answer.
    fn reveal_headers(&self, headers: &mut HeaderMap) {
        let mut opener = None;
        for (name, value) in headers.iter_mut() {
            if self.border.scanner.find(value.as_bytes(), 0).is_none() {
                continue;
            }
            let opener = opener.get_or_insert_with(|| self.opener());
            let mut tokens = opener.at_once();
            let revealed = body::reveal::header(name.as_str(), value.as_bytes(), &mut tokens);
            if let Some(revealed) = revealed.and_then(|value| HeaderValue::try_from(value).ok()) {
                *value = revealed;
            }
        }
    }

    /// What finds the tokens in an answer that people read.
    fn text(&self, medium: Medium, content_type: Option<&ContentType>) -> Text {
        let limits = self.border.limits.body;
        let mut reveal = body::reveal::Reveal::new(medium, limits);
        if let Some(companions) = self.border.companions(self.app) {
            reveal = reveal.with_companions(Arc::clone(&companions.shapes));
        }
        let at = self
            .places(content_type)
            .and_then(|plan| At::new(plan, limits));
        Text::new(at, reveal)
    }

    /// What finds the tokens in messages of Protocol Buffers, at the places that the route names.
    fn messages(&self, content_type: Option<&ContentType>) -> Option<Text> {
        let plan = self.places(content_type)?;
        let at = At::new(plan, self.border.limits.body)?;
        matches!(plan.format(), Format::Protobuf | Format::Grpc).then(|| Text::at_places(at))
    }

    /// The places that the route names in an answer of this type.
    fn places(&self, content_type: Option<&ContentType>) -> Option<&Plan> {
        let route = self.route?;
        let plan = &self.border.route(self.app, route)?.reveal.as_ref()?.plan;
        let content_type = content_type?;
        (plan.format().is_named_by(content_type) && content_type.is_utf8()).then_some(plan)
    }

    /// What is to be known of an answer that may be a sealed file; nothing where it cannot be one.
    fn expected(
        &self,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
        is_text: bool,
        codings: &[coding::Coding],
    ) -> Option<Expected> {
        let length = content_length(headers);
        let is_coded = !codings.is_empty();
        let may_be_kept = self.answers_files() && self.border.segment_key(self.app).is_some();
        let fits = may_be_kept || length.is_none_or(|length| is_coded || plain_len(length).is_ok());
        if !status.is_success() || status == StatusCode::NO_CONTENT || !fits {
            return None;
        }
        // The head of a text does not wait where that may take long, as it does for a stream of events.
        let waits = !is_text || length.is_some();
        let ranged = *method == Method::GET && status == StatusCode::OK && waits && !is_coded;
        let range = self
            .range
            .as_ref()
            .filter(|range| ranged && range.fits(headers));
        Some(Expected {
            length,
            is_coded,
            may_be_kept,
            range: range.cloned(),
            waits,
        })
    }

    /// Whether the policy says that the answers of the route are files.
    fn answers_files(&self) -> bool {
        let route = self
            .route
            .and_then(|route| self.border.route(self.app, route));
        route.is_some_and(|route| route.answers_files)
    }

    /// Edits the head of the response to the end, once the flow of its body has decided what it is: the length of a
    /// file that is opened, the range of it that is given, and no digest of what it was.
    pub fn tell(&self, status: &mut StatusCode, headers: &mut HeaderMap) {
        if let Some(told) = self.told.get() {
            told.tell(status, headers);
            keep_private(headers);
        }
    }
}

/// The content type of an answer, if it has one that is read in one way only: of several types a browser takes
/// another than we would, and nothing is written for either.
fn content_type(headers: &HeaderMap) -> Result<Option<ContentType>, Several> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let Some(header) = types.next() else {
        return Ok(None);
    };
    if types.any(|other| other != header) {
        return Err(Several);
    }
    Ok(ContentType::parse_tolerant(header.as_bytes()))
}

/// There are several content types.
struct Several;

/// A revealed answer is for the person who asked: no shared cache may keep it (RFC 9111 §5.2.2.7).
fn keep_private(headers: &mut HeaderMap) {
    let shared = |part: &str| {
        let name = part.split('=').next().unwrap_or_default().trim();
        ["public", "s-maxage"]
            .iter()
            .any(|shared| name.eq_ignore_ascii_case(shared))
    };
    if !list(headers, &CACHE_CONTROL).any(shared) {
        return;
    }
    let mut kept = vec!["private"];
    kept.extend(list(headers, &CACHE_CONTROL).filter(|part| !shared(part)));
    if let Ok(value) = HeaderValue::try_from(kept.join(", ")) {
        headers.insert(CACHE_CONTROL, value);
    }
}
