//! Where in a JSON object a request stands: which members are its method, its URL, its headers and its body, and what
//! its URL is relative to. Each app has names of its own for them; a policy says which.

use std::str::FromStr;

use crate::json::Path;
use crate::selector::{Reason, SelectorError};

/// The members of a JSON object that make a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its method.
    pub method: Way,
    /// Its URL, or the part of it that the app wants there.
    pub url: Way,
    /// Its headers.
    pub headers: Headers,
    /// Its body: any value but a string is the body itself, as JSON.
    pub body: Way,
    /// What a body that is a string holds; nothing where none may be.
    pub encoding: Option<Encoding>,
    /// Where URLs begin that are not whole; nothing where they do as any link on the batch's own page would.
    pub base: Option<Base>,
}

/// Where the headers of a request stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Headers {
    /// It has none.
    None,
    /// In one object, by name, or in one list of `{"name": …, "value": …}`.
    All(Way),
    /// Each in a member of its own.
    Each(Vec<(String, Way)>),
}

/// The names that lead from a request to something of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way(Vec<Box<str>>);

/// How a body is written as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Text,
    /// In base64.
    Base64,
    /// In base64url.
    Base64Url,
}

/// The folder that URLs are relative to, whether or not they begin with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// This one, without a slash at its end.
    Fixed(String),
    /// So many segments above the path of the batch itself; 0 is that path.
    Above(usize),
}

impl Way {
    /// Reads the JSONPath of a member, `$` being the request: `$.request.url`.
    ///
    /// # Errors
    /// Where it is none, or more than names.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let names = Path::parse(text)?.names();
        let names = names.filter(|names| !names.is_empty());
        names.map(Self).ok_or_else(|| {
            let reason = Reason::Unsupported {
                what: "anything but names",
                remedy: "lead to a member of the request: `$.request.url`",
            };
            SelectorError::new(reason, 0..text.len())
        })
    }

    /// The way of one name.
    pub(super) fn of(name: &str) -> Self {
        Self(vec![name.into()])
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Whether one of the two lies in the other, or they are the same.
    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one == other)
    }
}

impl Shape {
    /// Whether no member is meant twice.
    pub(super) fn is_sound(&self) -> bool {
        let mut ways = vec![&self.method, &self.url, &self.body];
        match &self.headers {
            Headers::None => {}
            Headers::All(way) => ways.push(way),
            Headers::Each(each) => ways.extend(each.iter().map(|(_, way)| way)),
        }
        let mut rest = ways.as_slice();
        while let Some((way, others)) = rest.split_first() {
            if others.iter().any(|other| way.meets(other)) {
                return false;
            }
            rest = others;
        }
        true
    }
}

impl Encoding {
    /// The policy's words.
    pub const WORDS: [&str; 3] = ["text", "base64", "base64url"];
}

/// A word or a path that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown")]
pub struct Unknown;

impl FromStr for Encoding {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        match text {
            "text" => Ok(Self::Text),
            "base64" => Ok(Self::Base64),
            "base64url" => Ok(Self::Base64Url),
            _ => Err(Unknown),
        }
    }
}

/// `/v1.0`, or `.`, the batch's own path, `..` and `../..`, those above it.
impl FromStr for Base {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        if text == "." {
            return Ok(Self::Above(0));
        }
        let segments = || text.split('/');
        if segments().all(|segment| segment == "..") {
            return Ok(Self::Above(segments().count()));
        }
        let plain = |segment: &str| {
            let is_dots = matches!(segment, "" | "." | "..");
            !is_dots
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !b"?#%\\;".contains(&byte))
        };
        if text == "/" {
            return Ok(Self::Fixed(String::new()));
        }
        let folder = text.strip_prefix('/').ok_or(Unknown)?;
        let folder = folder.strip_suffix('/').unwrap_or(folder);
        let sound = folder.split('/').all(plain);
        sound
            .then(|| Self::Fixed(format!("/{folder}")))
            .ok_or(Unknown)
    }
}

impl Base {
    /// The folder, without a slash at its end, for a batch at this path; nothing where that is not so deep.
    #[must_use]
    pub fn folder(&self, path: &str) -> Option<String> {
        match self {
            Self::Fixed(folder) => Some(folder.clone()),
            Self::Above(segments) => {
                let mut folder = path.strip_suffix('/').unwrap_or(path);
                for _ in 0..*segments {
                    folder = folder.get(..folder.rfind('/')?)?;
                }
                Some(folder.to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_folder_or_one_above_the_batch() {
        for (text, folder) in [
            ("/v1.0", Some("/v1.0")),
            ("/a/b/", Some("/a/b")),
            ("/", Some("")),
            (".", Some("/v1/fhir")),
            ("..", Some("/v1")),
            ("../..", Some("")),
            ("../../..", None),
        ] {
            let base: Base = text.parse().unwrap();
            for path in ["/v1/fhir", "/v1/fhir/"] {
                assert_eq!(base.folder(path).as_deref(), folder, "{text}");
            }
        }
        for text in [
            "",
            "v1",
            "./..",
            "../a",
            "/a/../b",
            "/a//b",
            "//",
            "/a?b",
            "/%61",
            "https://h/a",
        ] {
            assert_eq!(text.parse::<Base>(), Err(Unknown), "{text}");
        }
    }

    #[test]
    fn a_way_is_names() {
        let way = Way::parse("$.request['url']").unwrap();
        assert!(way.names().eq(["request", "url"]));
        for text in ["$", "$.a[*]", "$..a", "$.a[0]", "$.a[?@.b == 1]", "a"] {
            assert!(Way::parse(text).is_err(), "{text}");
        }
    }
}
