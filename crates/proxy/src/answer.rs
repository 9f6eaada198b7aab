//! What the gateway itself answers: RFC 9457 problem details for programs, a page for people.
//!
//! Each says what happened, why, and whom to ask; on an app's host each carries the receipt and a reference that
//! stands in the log and the journal too. No value is ever repeated.

mod title;

use std::fmt::Write as _;

use border::{Reference, Refusal};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use self::title::title;
use crate::authority::AuthorityError;
use crate::message::Returning;
use crate::upstream::UpstreamError;

/// The receipt's name (design §8).
pub const RECEIPT: HeaderName = HeaderName::from_static("rempart");
/// RFC 9209.
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");
/// Fetch metadata: what the browser will do with the answer.
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// One answer of the gateway itself.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    /// The stable code; names the type.
    code: &'static str,
    /// The error's name in `Proxy-Status`.
    proxy_error: &'static str,
    detail: String,
    hint: String,
    reference: Option<Reference>,
    app: Option<String>,
    route: Option<String>,
    place: Option<String>,
    field: Option<String>,
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem with nothing named.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            proxy_error: "http_request_denied",
            detail: detail.into(),
            hint: hint.into(),
            reference: None,
            app: None,
            route: None,
            place: None,
            field: None,
            retry_after: None,
        }
    }

    /// A refusal of the border, or of the wire in its words.
    pub fn of_refusal(refusal: &Refusal, reference: Reference) -> Self {
        Self {
            app: refusal.app.clone(),
            route: refusal.route.clone(),
            place: refusal.place.clone(),
            field: refusal.field.clone(),
            retry_after: refusal.code.may_retry().then_some(2),
            ..Self::new(
                refusal.code.status(),
                refusal.code.as_str(),
                &*refusal.detail,
                &*refusal.hint,
            )
            .with_reference(reference)
        }
    }

    /// An origin that was not reached or not believed.
    pub fn of_upstream(error: &UpstreamError) -> Self {
        Self {
            proxy_error: error.token(),
            ..Self::new(
                error.status(),
                error.token(),
                error.to_string(),
                error.hint(),
            )
        }
    }

    /// An origin that was reached and did not answer; `token` is the error's name in RFC 9209 §2.3.
    pub fn of_answer(
        status: StatusCode,
        token: &'static str,
        detail: &'static str,
        hint: &'static str,
    ) -> Self {
        Self {
            proxy_error: token,
            ..Self::new(status, token, detail, hint)
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// A host for which no leaf can be minted.
    pub fn of_authority(error: &AuthorityError) -> Self {
        let proxy_error = "proxy_configuration_error";
        let hint = "Ask the operator of this gateway.";
        Self {
            proxy_error,
            ..Self::new(StatusCode::BAD_GATEWAY, "unsigned", error.to_string(), hint)
        }
    }

    /// A host of no app, where those are blocked.
    pub fn outside() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "outside",
            "this gateway lets only the apps of its policies through",
            "Ask the operator of this gateway (outside = \"block\").",
        )
    }

    /// Names the exchange.
    pub fn with_reference(mut self, reference: Reference) -> Self {
        self.reference = Some(reference);
        self
    }

    /// The answer, as a page where a browser navigates.
    pub fn answer(&self, browser: bool) -> Response<Returning> {
        let (body, kind) = if browser {
            (self.page(), "text/html; charset=utf-8")
        } else {
            (self.json(), "application/problem+json")
        };
        let mut response = Response::new(Returning::of(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if browser {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(policy),
            );
        }
        if let Ok(status) = HeaderValue::try_from(self.proxy_status()) {
            headers.insert(PROXY_STATUS, status);
        }
        if let Some(reference) = self.reference
            && let Ok(receipt) = HeaderValue::try_from(format!(
                "protected=0, refused={}, ref={reference}",
                self.code
            ))
        {
            headers.insert(RECEIPT, receipt);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// RFC 9209 §2: an item with parameters; the details as a string of RFC 9651 §3.3.3.
    fn proxy_status(&self) -> String {
        let mut status = format!("rempart; error={}; details=\"", self.proxy_error);
        for character in self.detail.chars() {
            match character {
                '"' | '\\' => status.extend(['\\', character]),
                ' '..='~' => status.push(character),
                _ => status.push('?'),
            }
        }
        status.push('"');
        status
    }

    fn json(&self) -> String {
        let mut object = serde_json::Map::new();
        let mut put = |name: &str, value: &str| object.insert(name.to_owned(), value.into());
        put("type", &format!("urn:rempart:problem:{}", self.code));
        put("title", title(self.code).english);
        put("detail", &self.detail);
        put("code", self.code);
        if !self.hint.is_empty() {
            put("hint", &self.hint);
        }
        if let Some(reference) = self.reference {
            put("instance", &format!("urn:rempart:exchange:{reference}"));
            put("reference", &reference.to_string());
        }
        for (name, value) in [
            ("app", &self.app),
            ("route", &self.route),
            ("place", &self.place),
            ("field", &self.field),
        ] {
            if let Some(value) = value {
                put(name, value);
            }
        }
        object.insert("status".to_owned(), self.status.as_u16().into());
        serde_json::Value::Object(object).to_string()
    }

    fn page(&self) -> String {
        let title = title(self.code);
        let mut rows = String::new();
        for (name, value) in [
            ("Application · App", self.app.as_deref()),
            ("Route", self.route.as_deref()),
            ("Endroit · Place", self.place.as_deref()),
            ("Champ · Field", self.field.as_deref()),
            ("Code", Some(self.code)),
            (
                "Référence · Reference",
                self.reference
                    .map(|reference| reference.to_string())
                    .as_deref(),
            ),
        ] {
            if let Some(value) = value {
                // Writing to a string cannot fail.
                let _ = write!(
                    rows,
                    "<dt>{name}</dt><dd><code>{}</code></dd>",
                    Escaped(value)
                );
            }
        }
        format!(
            "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{fr} · {en}</title><style>{STYLE}</style>\
             </head><body><main><h1>{fr}</h1>\
             <p>Rempart a arrêté cette demande. Rien de protégé n’est parti. Si vous ne comprenez pas pourquoi, \
             donnez la référence ci-dessous aux responsables de la passerelle de votre organisation.</p>\
             <h2 lang=\"en\">{en}</h2><p lang=\"en\">{detail}.</p><p lang=\"en\">{hint}</p>\
             <p lang=\"en\">Rempart stopped this request. If you do not see why, give the reference below to the people \
             who run your organisation’s gateway.</p><dl>{rows}</dl></main></body></html>",
            fr = title.french,
            en = title.english,
            detail = Escaped(&self.detail),
            hint = Escaped(&self.hint),
        )
    }
}

/// Whether a browser navigates: its person sees the answer, no program does.
pub fn navigates(headers: &HeaderMap) -> bool {
    if let Some(mode) = headers.get(FETCH_MODE) {
        return mode == "navigate";
    }
    headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"))
}

/// Text as HTML shows it.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '&' => f.write_str("&amp;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f6f6f4;color:#1b1b1a}\
main{max-width:40rem;margin:10vh auto;padding:0 1.5rem}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;border-top:1px solid #ccc;padding-top:1rem}\
dd{margin:0;overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{background:#1b1b1a;color:#eee}}";

#[cfg(test)]
mod tests {
    use border::RefusalCode;

    use super::*;

    fn problem() -> Problem {
        let mut refusal = Refusal::new(RefusalCode::UnreadableBody, "a \"quote\" & <tag> é", "ask");
        refusal.place = Some("$.name".into());
        Problem::of_refusal(&refusal, Reference(*b"0123456789ab"))
    }

    #[test]
    fn a_program_reads_problem_details() {
        let response = problem().answer(false);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(
            response.headers()[RECEIPT],
            "protected=0, refused=unreadable-body, ref=0123456789ab"
        );
        assert_eq!(
            response.headers()[PROXY_STATUS],
            "rempart; error=http_request_denied; details=\"a \\\"quote\\\" & <tag> ?\""
        );
        let json: serde_json::Value = serde_json::from_str(&problem().json()).unwrap();
        assert_eq!(json["status"], 400);
        assert_eq!(json["code"], "unreadable-body");
        assert_eq!(json["reference"], "0123456789ab");
        assert_eq!(json["place"], "$.name");
        assert_eq!(json["detail"], "a \"quote\" & <tag> é");
    }

    #[test]
    fn a_page_is_inert() {
        let page = problem().page();
        assert!(
            page.contains("a &quot;quote&quot; &amp; &lt;tag&gt; é")
                && page.contains("0123456789ab")
        );
        assert!(!page.contains("<tag>"));
    }

    #[test]
    fn a_browser_is_known_by_what_it_will_do() {
        let headers = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )])
        };
        assert!(navigates(&headers("sec-fetch-mode", "navigate")));
        assert!(navigates(&headers(
            "accept",
            "text/html,application/xhtml+xml"
        )));
        assert!(!navigates(&headers("accept", "*/*")));
        let mut fetched = headers("accept", "text/html");
        fetched.insert(FETCH_MODE, HeaderValue::from_static("cors"));
        assert!(!navigates(&fetched));
    }
}
