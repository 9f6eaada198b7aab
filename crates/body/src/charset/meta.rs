//! The encoding that a `meta` element near the beginning of an HTML document names: the prescan of WHATWG HTML
//! §13.2.3.2.

/// How many bytes are looked at.
pub(super) const REACH: usize = 1024;

/// The label that the first [`REACH`] bytes of a document name, if any.
pub(super) fn label(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut scan = Scan {
        rest: bytes.get(..REACH).unwrap_or(bytes),
    };
    while !scan.rest.is_empty() {
        if let Some(rest) = scan.rest.strip_prefix(b"<!--") {
            // `<!-->` is a whole comment.
            let from = scan.rest.get(2..).unwrap_or_default();
            let end = memchr::memmem::find(from, b"-->")?;
            debug_assert!(rest.len() < from.len());
            scan.rest = from.get(end + 3..).unwrap_or_default();
        } else if scan.begins_meta() {
            scan.skip(b"<meta".len());
            if let Some(label) = scan.meta() {
                return Some(label);
            }
        } else if scan.begins_tag() {
            let end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
            let name = scan.rest.iter().position(end)?;
            scan.skip(name);
            while scan.attribute().is_some() {}
            scan.skip(1);
        } else if matches!(scan.rest, [b'<', b'!' | b'/' | b'?', ..]) {
            let end = memchr::memchr(b'>', scan.rest)?;
            scan.skip(end + 1);
        } else {
            let next = memchr::memchr(b'<', scan.rest.get(1..).unwrap_or_default())?;
            scan.skip(next + 1);
        }
    }
    None
}

struct Scan<'a> {
    rest: &'a [u8],
}

impl Scan<'_> {
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn begins_meta(&self) -> bool {
        let name = self.rest.get(..5).unwrap_or_default();
        let after = self.rest.get(5);
        name.eq_ignore_ascii_case(b"<meta")
            && after.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'/')
    }

    fn begins_tag(&self) -> bool {
        match self.rest {
            [b'<', b'/', first, ..] | [b'<', first, ..] => first.is_ascii_alphabetic(),
            _ => false,
        }
    }

    /// Reads the attributes of a `meta` element: what they say of the encoding.
    fn meta(&mut self) -> Option<Vec<u8>> {
        let mut seen: Vec<Vec<u8>> = Vec::new();
        let mut pragma = false;
        let mut needs_pragma = None;
        let mut label = None;
        while let Some((name, value)) = self.attribute() {
            if seen.contains(&name) {
                continue;
            }
            match name.as_slice() {
                b"http-equiv" => pragma |= value == b"content-type",
                b"content" if label.is_none() => {
                    label = from_content(&value);
                    needs_pragma = label.as_ref().map(|_| true);
                }
                b"charset" => {
                    label = Some(value);
                    needs_pragma = Some(false);
                }
                _ => {}
            }
            seen.push(name);
        }
        self.skip(1);
        match needs_pragma? {
            true if !pragma => None,
            _ => label,
        }
    }

    /// The next attribute of a tag, in lower case; nothing at the tag's end.
    fn attribute(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
        let start = self.rest.iter().position(|byte| !blank(byte));
        self.skip(start.unwrap_or(self.rest.len()));
        if matches!(self.rest.first(), None | Some(b'>')) {
            return None;
        }
        let ends_name = |(at, byte): (usize, &u8)| {
            byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>') || (*byte == b'=' && at > 0)
        };
        let length = self.rest.iter().enumerate().position(ends_name);
        let length = length.unwrap_or(self.rest.len());
        let name = self.take(length);
        self.rest = self.rest.trim_ascii_start();
        let Some(rest) = self.rest.strip_prefix(b"=") else {
            return Some((name, Vec::new()));
        };
        self.rest = rest.trim_ascii_start();
        match self.rest.first() {
            Some(quote @ (b'"' | b'\'')) => {
                let quote = *quote;
                self.skip(1);
                let Some(end) = memchr::memchr(quote, self.rest) else {
                    self.rest = &[];
                    return None;
                };
                let value = self.take(end);
                self.skip(1);
                Some((name, value))
            }
            Some(_) => {
                let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
                let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
                Some((name, self.take(end)))
            }
            None => None,
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken.to_ascii_lowercase()
    }
}

/// What the `content` of a `meta` element names: WHATWG HTML §2.4.3.
fn from_content(content: &[u8]) -> Option<Vec<u8>> {
    let mut rest = content;
    loop {
        let at = memchr::memmem::find(rest, b"charset")?;
        rest = rest.get(at + b"charset".len()..)?.trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            rest = value.trim_ascii_start();
            break;
        }
    }
    let (end, from): (usize, usize) = match rest.first()? {
        quote @ (b'"' | b'\'') => (memchr::memchr(*quote, rest.get(1..)?)? + 1, 1),
        _ => {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b';';
            (rest.iter().position(ends).unwrap_or(rest.len()), 0)
        }
    };
    rest.get(from..end).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(html: &str) -> Option<String> {
        label(html.as_bytes()).map(|label| String::from_utf8(label).unwrap())
    }

    #[test]
    fn a_meta_element_names_the_encoding() {
        for html in [
            "<meta charset=latin1>",
            "<!doctype html><html lang=fr><head><META CharSet='LATIN1'/>",
            "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=latin1\">",
            "<meta content='text/html;charset=\"latin1\"' http-equiv=content-type>",
            "<!-- <meta charset=utf-8> --><meta charset=latin1>",
            "<!--><meta charset=latin1>",
            "<title>x</title><meta name=a content='charset=utf-8'><meta charset=latin1>",
            "<p title=\"<meta charset=utf-8>\"><meta\n charset=latin1>",
            "a < b <meta charset=\"latin1\"",
        ] {
            assert_eq!(named(html).as_deref(), Some("latin1"), "{html}");
        }
        for html in [
            "",
            "<meta>",
            "<meta charset",
            "<metacharset=latin1>",
            "<meta content='text/html; charset=latin1'>",
            "<!-- <meta charset=latin1>",
            "<meta charset=\"latin1",
        ] {
            assert!(named(html).is_none_or(|label| label.is_empty()), "{html}");
        }
        let far = format!("{}<meta charset=latin1>", " ".repeat(REACH));
        assert_eq!(named(&far), None);
    }
}
