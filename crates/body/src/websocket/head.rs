//! The head of a frame, and its mask (RFC 6455 §5.2, §5.3).

use bytes::{BufMut, BytesMut};

use super::{Fault, Sender};

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
/// The longest payload whose length stands in the second byte; and of a control frame.
const SHORT: u64 = 125;
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// The next part of a message.
    Continuation,
    /// A text message, or the first part of one.
    Text,
    /// A binary message, or the first part of one.
    Binary,
    /// The end of the connection.
    Close,
    /// A question whether the other side is there.
    Ping,
    /// Its answer.
    Pong,
}

impl Opcode {
    fn of(code: u8) -> Result<Self, Fault> {
        Ok(match code {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return Err(Fault::Opcode),
        })
    }

    fn code(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// Whether such a frame may stand between the parts of a message, and never comes in parts itself.
    #[must_use]
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whether it is the last of its message.
    pub last: bool,
    /// What it is.
    pub opcode: Opcode,
    /// Bytes of payload.
    pub length: u64,
    /// What the payload is masked with: a client's frame always is.
    pub key: Option<[u8; 4]>,
}

impl Head {
    /// Reads a head and says how many bytes it took; `None` where it goes on.
    ///
    /// # Errors
    /// What the standard does not allow, as soon as it is seen.
    pub(super) fn read(bytes: &[u8], sender: Sender) -> Result<Option<(Self, usize)>, Fault> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(Fault::ReservedBit);
        }
        let opcode = Opcode::of(first & 0x0F)?;
        let last = first & FIN != 0;
        if opcode.is_control() && !last {
            return Err(Fault::FragmentedControl);
        }
        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        if (second & MASKED != 0) != (sender == Sender::Client) {
            return Err(Fault::Masking);
        }
        let short = second & !MASKED;
        if opcode.is_control() && u64::from(short) > SHORT {
            return Err(Fault::LongControl);
        }
        let Some((length, rest)) = length(short, rest)? else {
            return Ok(None);
        };
        let (key, rest) = match sender {
            Sender::Server => (None, rest),
            Sender::Client => match rest.split_first_chunk::<4>() {
                Some((key, rest)) => (Some(*key), rest),
                None => return Ok(None),
            },
        };
        let head = Self {
            last,
            opcode,
            length,
            key,
        };
        Ok(Some((head, bytes.len() - rest.len())))
    }

    /// Appends the head as it is sent; the payload, masked with its key if it has one, is to follow.
    pub fn write(&self, out: &mut BytesMut) {
        out.reserve(14);
        out.put_u8(self.opcode.code() | if self.last { FIN } else { 0 });
        let masked = if self.key.is_some() { MASKED } else { 0 };
        match (u8::try_from(self.length), u16::try_from(self.length)) {
            (Ok(short), _) if self.length <= SHORT => out.put_u8(masked | short),
            (_, Ok(length)) => {
                out.put_u8(masked | TWO_BYTES);
                out.put_u16(length);
            }
            _ => {
                out.put_u8(masked | EIGHT_BYTES);
                out.put_u64(self.length);
            }
        }
        if let Some(key) = self.key {
            out.put_slice(&key);
        }
    }
}

/// The length that `short` begins; each must be spelled as short as it can be.
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Fault> {
    match short {
        TWO_BYTES => {
            let Some((bytes, rest)) = rest.split_first_chunk::<2>() else {
                return Ok(None);
            };
            let length = u64::from(u16::from_be_bytes(*bytes));
            if length <= SHORT {
                return Err(Fault::Length);
            }
            Ok(Some((length, rest)))
        }
        EIGHT_BYTES => {
            let Some((bytes, rest)) = rest.split_first_chunk::<8>() else {
                return Ok(None);
            };
            let length = u64::from_be_bytes(*bytes);
            if length <= u64::from(u16::MAX) || length > i64::MAX.unsigned_abs() {
                return Err(Fault::Length);
            }
            Ok(Some((length, rest)))
        }
        short => Ok(Some((u64::from(short), rest))),
    }
}

/// Masks, or unmasks, a part of a payload that begins `offset` bytes into it.
pub fn mask(bytes: &mut [u8], mut key: [u8; 4], offset: u64) {
    key.rotate_left(usize::try_from(offset % 4).unwrap_or(0));
    let [a, b, c, d] = key;
    let wide = u128::from_ne_bytes([a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d]);
    let mut chunks = bytes.chunks_exact_mut(16);
    for chunk in &mut chunks {
        if let Ok(block) = <&mut [u8; 16]>::try_from(chunk) {
            *block = (u128::from_ne_bytes(*block) ^ wide).to_ne_bytes();
        }
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_may_be_laid_on_in_pieces() {
        let key = [1, 2, 3, 4];
        let plain: Vec<u8> = (0..100).collect();
        let expected: Vec<u8> = plain
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect();
        for at in 0..=plain.len() {
            let mut bytes = plain.clone();
            let (left, right) = bytes.split_at_mut(at);
            mask(left, key, 0);
            mask(right, key, at as u64);
            assert_eq!(bytes, expected, "cut at {at}");
        }
    }

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let keys = [(Sender::Client, Some([9, 8, 7, 6])), (Sender::Server, None)];
        for (sender, key) in keys {
            for length in [0, 1, 125, 126, 65_535, 65_536, i64::MAX.unsigned_abs()] {
                let head = Head {
                    last: true,
                    opcode: Opcode::Binary,
                    length,
                    key,
                };
                let mut bytes = BytesMut::new();
                head.write(&mut bytes);
                for end in 0..bytes.len() {
                    assert_eq!(Head::read(&bytes[..end], sender), Ok(None));
                }
                assert_eq!(Head::read(&bytes, sender), Ok(Some((head, bytes.len()))));
            }
        }
    }
}
