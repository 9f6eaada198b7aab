//! The one form of a path in which routes are looked for (RFC 3986 §6.2.2), and what is too ambiguous to have one.
//!
//! Two spellings that an origin may take for the same path must not find two routes, or a request would reach it
//! past its policy. So the normal form is the canonical spelling of the decoded octets: what may stand bare in a
//! segment (`pchar`, RFC 3986 §3.3) stands bare, everything else is `%XX` in upper case, and one trailing slash is
//! dropped. What servers are known to disagree about is refused: see [`PathFault`]. The form is for looking up
//! only; the bytes that go to the origin are those that came. `docs/adr/0007-path-and-type-rules.md` says why.

use std::borrow::Cow;
use std::ops::Range;

/// A path in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalPath<'a> {
    text: Cow<'a, str>,
    encoded_slash: bool,
}

impl NormalPath<'_> {
    /// The normal form: begins with `/`, ends with none but where it is only that.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a segment holds `%2F`. Only a route that says `encoded-slash = true` takes such a path.
    #[must_use]
    pub fn has_encoded_slash(&self) -> bool {
        self.encoded_slash
    }
}

/// Why a path has no normal form. The request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathFault {
    /// It does not begin with `/`.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// A segment `.` or `..`, spelled in any way.
    #[error("the path has a dot segment")]
    DotSegment,
    /// Two slashes in a row.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// `\`, bare or encoded.
    #[error("the path has a backslash")]
    Backslash,
    /// `;`, which some servers cut off with what follows it.
    #[error("the path has a parameter after a semicolon")]
    Parameter,
    /// A `%25` that stands before two hex digits, however those are spelled.
    #[error("the path is percent-encoded twice")]
    DoubleEncoding,
    /// `%` without two hex digits.
    #[error("the path has a percent sign without two hex digits")]
    Percent,
    /// A control character, bare or encoded.
    #[error("the path has a control character")]
    Control,
    /// An octet outside ASCII that is not encoded, or a space.
    #[error("the path has a character that must be percent-encoded")]
    NotEncoded,
    /// Encoded octets that are not UTF-8, an overlong `/` for one.
    #[error("the path is not UTF-8 when decoded")]
    NotUtf8,
    /// `?` or `#`: not a path alone.
    #[error("the path has a query or fragment")]
    NotOnlyPath,
}

/// Brings the path of a request target, query cut off, into normal form.
///
/// # Errors
/// [`PathFault`] where servers would not agree on what the path is.
pub fn normalise(path: &str) -> Result<NormalPath<'_>, PathFault> {
    let bytes = path.as_bytes();
    if bytes.first() != Some(&b'/') {
        return Err(PathFault::NotAbsolute);
    }
    let mut written = Written {
        source: path,
        changed: None,
        kept: 0,
    };
    let mut encoded_slash = false;
    let mut utf8 = Utf8::default();
    let mut twice = Twice::default();
    let mut segment = Segment::default();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (octet, width) = match byte {
            b'/' => {
                segment.close(at)?;
                if !utf8.is_between() {
                    return Err(PathFault::NotUtf8);
                }
                twice = Twice::default();
                at += 1;
                continue;
            }
            b'%' => (octet(bytes, at)?, 3),
            b'\\' => return Err(PathFault::Backslash),
            b';' => return Err(PathFault::Parameter),
            b'?' | b'#' => return Err(PathFault::NotOnlyPath),
            0..=0x1f | 0x7f => return Err(PathFault::Control),
            b' ' | 0x80.. => return Err(PathFault::NotEncoded),
            _ => (byte, 1),
        };
        match octet {
            0..=0x1f | 0x7f => return Err(PathFault::Control),
            b'\\' => return Err(PathFault::Backslash),
            b'/' => encoded_slash = true,
            _ => {}
        }
        twice.push(octet)?;
        if !utf8.push(octet) {
            return Err(PathFault::NotUtf8);
        }
        segment.push(octet);
        written.octet(at, width, octet);
        at += width;
    }
    // The slash that ends the path closes nothing that follows: `/` alone is the root, `/a/` is `/a`.
    let end = if bytes.len() > 1 && bytes.ends_with(b"/") {
        bytes.len() - 1
    } else {
        bytes.len()
    };
    if bytes.len() == end && bytes.len() > 1 {
        segment.close(end)?;
    }
    if !utf8.is_between() {
        return Err(PathFault::NotUtf8);
    }
    Ok(NormalPath {
        text: written.finish(end),
        encoded_slash,
    })
}

/// The segments of a path as it came, as ranges of it: one for every segment of its normal form, in order.
pub fn segments(path: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    path.split('/').filter_map(move |segment| {
        let range = from..from + segment.len();
        from = range.end + 1;
        (!range.is_empty()).then_some(range)
    })
}

/// What may stand bare in a segment of the normal form. A bare `;` is refused, so an encoded one stays data.
fn is_bare(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b'='
                | b':'
                | b'@'
        )
}

fn octet(bytes: &[u8], percent: usize) -> Result<u8, PathFault> {
    let digit =
        |at: usize| -> Option<u8> { char::from(*bytes.get(at)?).to_digit(16)?.try_into().ok() };
    match (digit(percent + 1), digit(percent + 2)) {
        (Some(high), Some(low)) => Ok(high << 4 | low),
        _ => Err(PathFault::Percent),
    }
}

/// The output, which is the input for as long as nothing differs.
struct Written<'a> {
    source: &'a str,
    changed: Option<String>,
    /// Input up to here is written, once there is an output of its own.
    kept: usize,
}

impl<'a> Written<'a> {
    fn octet(&mut self, at: usize, width: usize, octet: u8) {
        const HEX: [char; 16] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
        ];
        let pair = [HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]];
        let bare = is_bare(octet);
        let came = self.source.get(at..at + width).unwrap_or_default();
        let same = if bare {
            width == 1
        } else {
            width == 3 && came.chars().skip(1).eq(pair)
        };
        if same {
            return;
        }
        let changed = self
            .changed
            .get_or_insert_with(|| String::with_capacity(self.source.len() + 8));
        changed.push_str(self.source.get(self.kept..at).unwrap_or_default());
        self.kept = at + width;
        if bare {
            changed.push(char::from(octet));
        } else {
            changed.push('%');
            changed.extend(pair);
        }
    }

    fn finish(self, end: usize) -> Cow<'a, str> {
        match self.changed {
            None => Cow::Borrowed(self.source.get(..end).unwrap_or_default()),
            Some(mut changed) => {
                changed.push_str(self.source.get(self.kept..end).unwrap_or_default());
                Cow::Owned(changed)
            }
        }
    }
}

/// The segment that is being read: whether it is empty, and whether it is only dots.
#[derive(Default)]
struct Segment {
    octets: usize,
    dots: usize,
}

impl Segment {
    fn push(&mut self, octet: u8) {
        self.octets += 1;
        self.dots += usize::from(octet == b'.');
    }

    /// A slash at `at`, or the end, closes the segment before it.
    fn close(&mut self, at: usize) -> Result<(), PathFault> {
        let Self { octets, dots } = std::mem::take(self);
        match octets {
            0 if at > 0 => Err(PathFault::EmptySegment),
            1 | 2 if dots == octets => Err(PathFault::DotSegment),
            _ => Ok(()),
        }
    }
}

/// Follows decoded octets and says where a `%` and two hex digits stand, which a second decoding would take.
#[derive(Default)]
struct Twice {
    digits: Option<u8>,
}

impl Twice {
    fn push(&mut self, octet: u8) -> Result<(), PathFault> {
        self.digits = match (octet, self.digits) {
            (b'%', _) => Some(0),
            (_, Some(0)) if octet.is_ascii_hexdigit() => Some(1),
            (_, Some(_)) if octet.is_ascii_hexdigit() => return Err(PathFault::DoubleEncoding),
            _ => None,
        };
        Ok(())
    }
}

/// Follows octets and says where they stop being UTF-8 (RFC 3629 §4).
#[derive(Default)]
struct Utf8 {
    pending: [u8; 4],
    length: usize,
}

impl Utf8 {
    fn push(&mut self, octet: u8) -> bool {
        let Some(slot) = self.pending.get_mut(self.length) else {
            return false;
        };
        *slot = octet;
        self.length += 1;
        match std::str::from_utf8(self.pending.get(..self.length).unwrap_or_default()) {
            Ok(_) => {
                self.length = 0;
                true
            }
            Err(error) => error.error_len().is_none(),
        }
    }

    fn is_between(&self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(path: &str) -> String {
        normalise(path).unwrap().as_str().to_owned()
    }

    /// Decodes once, as an origin does, segment by segment.
    fn decoded(path: &str) -> Vec<Vec<u8>> {
        segments(path)
            .map(|range| {
                let bytes = &path.as_bytes()[range];
                let mut octets = Vec::new();
                let mut at = 0;
                while at < bytes.len() {
                    if bytes[at] == b'%' {
                        octets.push(octet(bytes, at).unwrap());
                        at += 3;
                    } else {
                        octets.push(bytes[at]);
                        at += 1;
                    }
                }
                octets
            })
            .collect()
    }

    #[test]
    fn equal_paths_have_one_spelling() {
        assert_eq!(normal("/"), "/");
        assert_eq!(normal("/a/"), "/a");
        assert_eq!(normal("/%70atient/%7e%2D"), "/patient/~-");
        assert_eq!(
            normal("/%24export/a%3avalidate/x%40y"),
            "/$export/a:validate/x@y"
        );
        assert_eq!(normal("/a|b/%7c"), "/a%7Cb/%7C");
        assert_eq!(normal("/%c3%a9/%3b"), "/%C3%A9/%3B");
        assert_eq!(normal("/100%25/%25%67"), "/100%25/%25g");
        assert_eq!(normal("/..a/.../a.b"), "/..a/.../a.b");
    }

    #[test]
    fn a_path_in_normal_form_is_not_copied() {
        assert!(matches!(
            normalise("/v1/customers/cus_1/").unwrap().text,
            Cow::Borrowed("/v1/customers/cus_1")
        ));
    }

    #[test]
    fn what_servers_disagree_about_is_refused() {
        for (path, fault) in [
            ("", PathFault::NotAbsolute),
            ("*", PathFault::NotAbsolute),
            ("http://a/", PathFault::NotAbsolute),
            ("/a/../b", PathFault::DotSegment),
            ("/a/.", PathFault::DotSegment),
            ("/%2e%2E/b", PathFault::DotSegment),
            ("/.%2e", PathFault::DotSegment),
            ("//a", PathFault::EmptySegment),
            ("//", PathFault::EmptySegment),
            ("/a//", PathFault::EmptySegment),
            ("/a\\b", PathFault::Backslash),
            ("/a%5cb", PathFault::Backslash),
            ("/a;v=1", PathFault::Parameter),
            ("/%252e", PathFault::DoubleEncoding),
            ("/%25%32%46", PathFault::DoubleEncoding),
            ("/%25%252F", PathFault::DoubleEncoding),
            ("/%", PathFault::Percent),
            ("/%4", PathFault::Percent),
            ("/%zz", PathFault::Percent),
            ("/%/a", PathFault::Percent),
            ("/%00", PathFault::Control),
            ("/%0d%0a", PathFault::Control),
            ("/a\tb", PathFault::Control),
            ("/a b", PathFault::NotEncoded),
            ("/é", PathFault::NotEncoded),
            ("/%c0%af", PathFault::NotUtf8),
            ("/%c3/%a9", PathFault::NotUtf8),
            ("/%c3", PathFault::NotUtf8),
            ("/%c3a", PathFault::NotUtf8),
            ("/a?b", PathFault::NotOnlyPath),
            ("/a#b", PathFault::NotOnlyPath),
        ] {
            assert_eq!(normalise(path), Err(fault), "{path}");
        }
    }

    #[test]
    fn an_encoded_slash_stays_in_its_segment_and_is_reported() {
        let path = normalise("/repos/a%2fb/").unwrap();
        assert_eq!(path.as_str(), "/repos/a%2Fb");
        assert!(path.has_encoded_slash());
        assert!(!normalise("/repos/a").unwrap().has_encoded_slash());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn normalising_twice_is_normalising_once(path in "/([a-c/.:;$|~]|%[0-9a-fA-F]{2}|%25){0,12}") {
            if let Ok(once) = normalise(&path) {
                let twice = normalise(once.as_str());
                prop_assert_eq!(twice.as_ref().map(NormalPath::as_str), Ok(once.as_str()));
                prop_assert_eq!(once.has_encoded_slash(), twice.unwrap().has_encoded_slash());
            }
        }

        #[test]
        fn the_normal_form_decodes_to_what_came(path in "/([a-c/.:$|~]|%[2-7][0-9a-fA-F]|%c3%[89ab][0-9a-f]){0,12}") {
            if let Ok(normal) = normalise(&path) {
                prop_assert_eq!(decoded(normal.as_str()), decoded(&path));
            }
        }

        #[test]
        fn what_decodes_to_the_same_segments_has_the_same_normal_form(
            segments in proptest::collection::vec("[a-c.:$|@é~ %]{1,4}", 1..4),
            spell in proptest::collection::vec(any::<(bool, bool)>(), 64),
        ) {
            let mut spell = spell.iter().cycle();
            let mut spelled = || {
                let mut path = String::new();
                for segment in &segments {
                    path.push('/');
                    for byte in segment.bytes() {
                        let &(bare, upper) = spell.next().unwrap();
                        if (bare && byte.is_ascii_graphic() && byte != b'%') || byte.is_ascii_alphanumeric() && bare {
                            path.push(char::from(byte));
                        } else if upper {
                            path.push_str(&format!("%{byte:02X}"));
                        } else {
                            path.push_str(&format!("%{byte:02x}"));
                        }
                    }
                }
                path
            };
            let (left, right) = (spelled(), spelled());
            prop_assert_eq!(normalise(&left), normalise(&right));
        }

        #[test]
        fn normalising_never_panics(path in "\\PC{0,60}") {
            let _ = normalise(&path);
        }

        #[test]
        fn there_are_as_many_segments_before_as_after(path in "/([ab%2Ff]{1,3}/?){0,5}") {
            if let Ok(normal) = normalise(&path) {
                prop_assert_eq!(segments(&path).count(), segments(normal.as_str()).count());
            }
        }
    }
}
