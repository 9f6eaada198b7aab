//! Numbers by RFC 8259 §6, resumable at every byte.

/// How far a number has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Number {
    /// Nothing yet, or the sign that another digit must follow.
    #[default]
    Start,
    Minus,
    /// A leading zero: no digit may follow.
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

impl Number {
    /// Reads on from `at`; gives the offset of the first byte that is not the number's.
    pub(super) fn read(&mut self, bytes: &[u8], mut at: usize) -> usize {
        while let Some(byte) = bytes.get(at) {
            match self.step(*byte) {
                Some(next) => *self = next,
                None => break,
            }
            at += 1;
            if matches!(self, Self::Integer | Self::Fraction) {
                while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                    at += 1;
                }
            }
        }
        at
    }

    /// Whether the number may end here.
    pub(super) fn is_complete(self) -> bool {
        matches!(
            self,
            Self::Zero | Self::Integer | Self::Fraction | Self::ExponentDigits
        )
    }

    /// Whether all of `bytes` is one number.
    pub(super) fn whole(bytes: &[u8]) -> bool {
        let mut number = Self::Start;
        number.read(bytes, 0) == bytes.len() && number.is_complete()
    }

    fn step(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Start, b'-') => Some(Self::Minus),
            (Self::Start | Self::Minus, b'0') => Some(Self::Zero),
            (Self::Start | Self::Minus, b'1'..=b'9') | (Self::Integer, b'0'..=b'9') => {
                Some(Self::Integer)
            }
            (Self::Zero | Self::Integer, b'.') => Some(Self::Point),
            (Self::Point | Self::Fraction, b'0'..=b'9') => Some(Self::Fraction),
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Some(Self::Exponent),
            (Self::Exponent, b'+' | b'-') => Some(Self::ExponentSign),
            (Self::Exponent | Self::ExponentSign | Self::ExponentDigits, b'0'..=b'9') => {
                Some(Self::ExponentDigits)
            }
            _ => None,
        }
    }
}

/// The offset after the number that begins at `at`, where all of it and what ends it stands here, and it is
/// well-formed.
#[inline]
pub(super) fn end(bytes: &[u8], mut at: usize) -> Option<usize> {
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match bytes.get(at)? {
        b'0' => at + 1,
        _ => past_digits(bytes, at)?,
    };
    if bytes.get(at) == Some(&b'.') {
        at = past_digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let signed = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        at = past_digits(bytes, at + 1 + usize::from(signed))?;
    }
    bytes.get(at).map(|_| at)
}

/// The offset after one digit or more.
#[inline]
fn past_digits(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > from).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_readers_agree(text in "[-+0-9.eE]{0,6}") {
            let bytes = format!("{text},");
            let mut number = Number::Start;
            let read = number.read(bytes.as_bytes(), 0);
            let whole = (number.is_complete()).then_some(read);
            prop_assert_eq!(end(bytes.as_bytes(), 0).filter(|_| Number::whole(text.as_bytes())),
                whole.filter(|read| *read == text.len()));
            prop_assert_eq!(end(text.as_bytes(), 0).filter(|at| *at == text.len()), None);
        }
    }
}
