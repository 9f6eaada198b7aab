//! Fields that concern one hop only, taken off before a message goes on (RFC 9110 §7.6.1).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// A protocol the client asks to switch to (RFC 9110 §7.8).
#[derive(Debug, PartialEq, Eq)]
pub struct Upgrade(pub HeaderValue);

/// Takes off what concerns this hop; gives the upgrade that was asked for.
///
/// `Trailer` stays, since trailers go on; of `TE` stays `trailers`. An upgrade to `h2c` is as good as none
/// (RFC 9113 §3.1 withdrew it), so it is dropped and the request answered in HTTP/1.1.
pub fn for_the_next_hop(headers: &mut HeaderMap) -> Option<Upgrade> {
    let mut upgrades = false;
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
            .collect();
        for name in named {
            if name == header::UPGRADE {
                upgrades = true;
            } else if !keeps_its_meaning(&name) {
                headers.remove(name);
            }
        }
        headers.remove(header::CONNECTION);
    }
    let upgrade = headers.remove(header::UPGRADE);
    headers.remove(KEEP_ALIVE);
    headers.remove(PROXY_CONNECTION);
    headers.remove(HTTP2_SETTINGS);
    headers.remove(header::PROXY_AUTHENTICATE);
    headers.remove(header::PROXY_AUTHORIZATION);
    headers.remove(header::TRANSFER_ENCODING);
    if let Some(accepts) = headers.remove(header::TE)
        && accepts.to_str().is_ok_and(|te| {
            te.split(',')
                .any(|word| word.trim().eq_ignore_ascii_case("trailers"))
        })
    {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    upgrade
        .filter(|protocol| upgrades && !protocol.as_bytes().eq_ignore_ascii_case(b"h2c"))
        .map(Upgrade)
}

/// Fields that a `Connection` cannot take off: without them the message would mean something else, to the origin
/// or to the border (RFC 9110 §7.6.1 forbids naming them there).
fn keeps_its_meaning(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::HOST
            | header::TE
            | header::TRAILER
            | header::CONTENT_LENGTH
            | header::CONTENT_TYPE
            | header::CONTENT_ENCODING
            | header::CONTENT_RANGE
            | header::CACHE_CONTROL
            | header::AUTHORIZATION
            | header::COOKIE
            | header::SET_COOKIE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn what_concerns_one_hop_stays_there() {
        let mut fields = headers(&[
            ("connection", "keep-alive, X-Hop, host, content-type"),
            ("keep-alive", "timeout=5"),
            ("x-hop", "1"),
            ("proxy-authorization", "Basic eDp5"),
            ("te", "deflate, trailers"),
            ("trailer", "x-sum"),
            ("host", "a.example"),
            ("content-type", "text/plain"),
            ("x-end", "1"),
        ]);
        assert_eq!(for_the_next_hop(&mut fields), None);
        let expected = headers(&[
            ("te", "trailers"),
            ("trailer", "x-sum"),
            ("host", "a.example"),
            ("content-type", "text/plain"),
            ("x-end", "1"),
        ]);
        assert_eq!(fields, expected);
    }

    #[test]
    fn an_upgrade_counts_where_the_connection_names_it() {
        let asked = for_the_next_hop(&mut headers(&[
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
        ]));
        assert_eq!(asked, Some(Upgrade(HeaderValue::from_static("websocket"))));
        assert_eq!(
            for_the_next_hop(&mut headers(&[("upgrade", "websocket")])),
            None
        );
        let h2c = [
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMA"),
        ];
        let mut fields = headers(&h2c);
        assert_eq!(for_the_next_hop(&mut fields), None);
        assert!(fields.is_empty());
    }
}
