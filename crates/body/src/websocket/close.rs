//! Close frames: a code and a reason (RFC 6455 §5.5.1, §7.4; the registry of §11.7).

use std::ops::RangeInclusive;

use bytes::{Bytes, BytesMut};

use super::Fault;

/// The most bytes of a reason: a control frame holds 125, and the code takes two.
const LONGEST_REASON: usize = 123;

/// Codes that the registry holds and that may stand in a frame; 1004 to 1006 and 1015 may not.
const REGISTERED: [RangeInclusive<u16>; 2] = [1000..=1003, 1007..=1014];
/// Codes of libraries and of applications (RFC 6455 §7.4.2).
const PRIVATE: RangeInclusive<u16> = 3000..=4999;

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// Whoever closes goes away: a server that stops, a page that is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// What came breaks the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A message is not of the type that it says: text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// A message that a policy forbids.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// A message that is too long.
    pub const TOO_LONG: Self = Self(1009);
    /// Whoever closes has too much to do at the moment.
    pub const TRY_AGAIN: Self = Self(1013);
    /// What the server behind a gateway says cannot be read.
    pub const BAD_GATEWAY: Self = Self(1014);

    fn may_be_sent(self) -> bool {
        PRIVATE.contains(&self.0) || REGISTERED.iter().any(|range| range.contains(&self.0))
    }
}

/// The payload of a close frame; the reason is cut, between characters, where it is too long.
#[must_use]
pub fn close_payload(code: CloseCode, reason: &str) -> Bytes {
    let length = (0..=LONGEST_REASON.min(reason.len()))
        .rev()
        .find(|end| reason.is_char_boundary(*end))
        .unwrap_or(0);
    let mut payload = BytesMut::with_capacity(2 + length);
    payload.extend_from_slice(&code.0.to_be_bytes());
    payload.extend_from_slice(reason.as_bytes().get(..length).unwrap_or_default());
    payload.freeze()
}

/// Checks the payload of a close frame that came.
pub(super) fn check(payload: &[u8]) -> Result<(), Fault> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(())
        } else {
            Err(Fault::CloseCode)
        };
    };
    if !CloseCode(u16::from_be_bytes(*code)).may_be_sent() {
        return Err(Fault::CloseCode);
    }
    std::str::from_utf8(reason)
        .map(drop)
        .map_err(|_| Fault::Charset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_between_characters() {
        let payload = close_payload(CloseCode::POLICY_VIOLATION, &"é".repeat(100));
        assert_eq!(payload.len(), 2 + 122);
        assert_eq!(check(&payload), Ok(()));
        assert_eq!(&close_payload(CloseCode(1000), "")[..], b"\x03\xe8");
    }
}
