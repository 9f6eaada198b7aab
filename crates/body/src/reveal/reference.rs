//! Character references of HTML and XML undone piece by piece, for looking only: the ones that write the
//! characters machines look for, and all numeric ones. The others come through as a question mark.

use super::name::Name;

/// The state between pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct References {
    /// The text since an ampersand.
    open: Option<Name>,
}

impl References {
    /// No reference is open.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_none()
    }

    /// Decodes `source` and passes the text to `sink`.
    pub(super) fn advance(&mut self, source: &[u8], sink: &mut dyn FnMut(&[u8])) {
        let mut rest = source;
        while let Some((first, tail)) = rest.split_first() {
            match &mut self.open {
                None => {
                    let plain = memchr::memchr(b'&', rest).unwrap_or(rest.len());
                    let (text, from) = rest.split_at(plain);
                    if !text.is_empty() {
                        sink(text);
                    }
                    if !from.is_empty() {
                        self.open = Some(Name::default());
                    }
                    rest = from.get(1..).unwrap_or_default();
                }
                Some(name)
                    if first.is_ascii_alphanumeric()
                        || (*first == b'#' && name.start().is_empty()) =>
                {
                    name.push(*first);
                    rest = tail;
                }
                Some(name) => {
                    let closed = *first == b';';
                    write(name, closed, sink);
                    self.open = None;
                    if closed {
                        rest = tail;
                    }
                }
            }
        }
    }
}

fn write(name: &Name, closed: bool, sink: &mut dyn FnMut(&[u8])) {
    let text = name.get();
    let character = match text {
        b"quot" => '"',
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"apos" if closed => '\'',
        b"nbsp" => ' ',
        b"colon" if closed => ':',
        b"sol" if closed => '/',
        b"lbrace" | b"lcub" if closed => '{',
        b"lbrack" | b"lsqb" if closed => '[',
        b"tab" | b"newline" if closed => ' ',
        _ => match text.split_first() {
            Some((b'#', number)) => numbered(number),
            _ if closed => '?',
            _ => {
                sink(b"&");
                return sink(name.start());
            }
        },
    };
    sink(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn numbered(number: &[u8]) -> char {
    let (digits, radix) = match number {
        [b'x', digits @ ..] => (digits, 16),
        _ => (number, 10),
    };
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| u32::from_str_radix(digits, radix).ok())
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_undone_at_every_split() {
        let source = "a&quot;b&#39;c&#x3C;d&amp;lt;e&eacute;f&lt g&T";
        for at in 0..=source.len() {
            let mut references = References::default();
            let mut text = Vec::new();
            for piece in [&source[..at], &source[at..], " "] {
                references.advance(piece.as_bytes(), &mut |decoded| {
                    text.extend_from_slice(decoded)
                });
            }
            assert_eq!(
                String::from_utf8(text).unwrap(),
                "a\"b'c<d&lt;e?f< g&t ",
                "{at}"
            );
        }
    }
}
