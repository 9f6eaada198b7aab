//! Base 32 as tokens use it: lower-case digits and letters without `i`, `l`, `o` and `u`; 5 bytes ↔ 8 characters,
//! most significant bits first; read in either case; the bits that the last character has too many are zero.

/// The characters by value.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Marks a byte that is no character of the alphabet in [`VALUES`].
const NONE: u8 = 0xff;

/// The value of each byte as a character, in either case.
static VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 32 {
        let character = ALPHABET[value];
        values[character as usize] = value as u8;
        values[character.to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    values
}

/// The two characters of each ten bits: half as many lookups as a character at a time.
static PAIRS: [[u8; 2]; 1024] = pairs();

const fn pairs() -> [[u8; 2]; 1024] {
    let mut pairs = [[0; 2]; 1024];
    let mut bits = 0;
    while bits < 1024 {
        pairs[bits] = [ALPHABET[bits >> 5], ALPHABET[bits & 31]];
        bits += 1;
    }
    pairs
}

/// How many characters so many bytes take.
pub(crate) const fn characters(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// How many whole bytes so many characters hold.
pub(crate) const fn bytes(characters: usize) -> usize {
    characters * 5 / 8
}

/// The five bits of a character, or nothing.
pub(crate) fn value(character: u8) -> Option<u8> {
    let value = VALUES[usize::from(character)];
    (value != NONE).then_some(value)
}

/// How many bytes at the beginning of `text` are characters of the alphabet.
pub(crate) fn run(text: &[u8]) -> usize {
    text.iter()
        .position(|&byte| value(byte).is_none())
        .unwrap_or(text.len())
}

/// Encodes in place: the last `bytes` of `text` become characters that fill all of it, so that nothing else has to
/// hold them. `text` is exactly [`characters`]`(bytes)` long.
///
/// A group of 8 characters is written where the 5 bytes that it replaces, or earlier ones, stood: with `n` bytes in
/// all, group `g` ends at `8 g + 8`, and the next unread byte stands at `characters(n) - n + 5 g + 5`, never before.
pub(crate) fn encode_in_place(text: &mut [u8], bytes: usize) {
    debug_assert_eq!(text.len(), characters(bytes));
    let mut read = text.len() - bytes;
    let mut write = 0;
    while read + 5 <= text.len() {
        let mut group = [0; 8];
        group[3..].copy_from_slice(&text[read..read + 5]);
        text[write..write + 8].copy_from_slice(&spell(u64::from_be_bytes(group)));
        read += 5;
        write += 8;
    }
    let left = text.len() - read;
    if left > 0 {
        let mut group = [0; 8];
        group[3..3 + left].copy_from_slice(&text[read..]);
        let spelled = spell(u64::from_be_bytes(group));
        let tail = text.len() - write;
        text[write..].copy_from_slice(&spelled[..tail]);
    }
}

/// The eight characters of forty bits.
pub(crate) fn spell(bits: u64) -> [u8; 8] {
    let pair = |shift: u32| PAIRS[(bits >> shift & 1023) as usize];
    let ([a, b], [c, d], [e, f], [g, h]) = (pair(30), pair(20), pair(10), pair(0));
    [a, b, c, d, e, f, g, h]
}

/// Decodes `text` into `out`, which has room for [`bytes`] of it.
///
/// # Errors
/// The position of the first byte that is no character, or the text's length when the last character has loose
/// bits.
pub(crate) fn decode(text: &[u8], out: &mut [u8]) -> Result<(), usize> {
    debug_assert_eq!(out.len(), bytes(text.len()));
    let (groups, tail) = text.as_chunks::<8>();
    let (places, last) = out.as_chunks_mut::<5>();
    let mut seen = 0;
    for (eight, five) in groups.iter().zip(places) {
        let values = values_of(eight);
        seen |= values;
        let [_, _, _, decoded @ ..] = pack(values).to_be_bytes();
        *five = decoded;
    }
    let mut padded = *b"00000000";
    let (filled, _) = padded.split_at_mut(tail.len());
    filled.copy_from_slice(tail);
    let values = values_of(&padded);
    seen |= values;
    if seen & !FIVE_BITS != 0 {
        return Err(run(text));
    }
    let [_, _, _, decoded @ ..] = pack(values).to_be_bytes();
    let (whole, loose) = decoded.split_at(last.len());
    last.copy_from_slice(whole);
    if loose.iter().any(|&byte| byte != 0) {
        Err(text.len())
    } else {
        Ok(())
    }
}

/// The bits that a value has, in each of eight bytes.
const FIVE_BITS: u64 = 0x1f1f_1f1f_1f1f_1f1f;

/// The value of each character in a byte of its own; [`NONE`], which has more than five bits, where it is none.
fn values_of(characters: &[u8; 8]) -> u64 {
    u64::from_be_bytes(characters.map(|character| VALUES[usize::from(character)]))
}

/// Moves eight values together, by two, four and eight.
fn pack(values: u64) -> u64 {
    let tens = values & 0x001f_001f_001f_001f | (values & 0x1f00_1f00_1f00_1f00) >> 3;
    let twenties = tens & 0x0000_03ff_0000_03ff | (tens & 0x03ff_0000_03ff_0000) >> 6;
    twenties & 0x000f_ffff | (twenties & 0x000f_ffff_0000_0000) >> 12
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(bytes: &[u8]) -> Vec<u8> {
        let mut text = vec![0; characters(bytes.len())];
        let start = text.len() - bytes.len();
        text[start..].copy_from_slice(bytes);
        encode_in_place(&mut text, bytes.len());
        text
    }

    #[test]
    fn known_spellings() {
        assert_eq!(encode(b""), b"");
        assert_eq!(encode(&[0]), b"00");
        assert_eq!(encode(&[0xff]), b"zw");
        assert_eq!(encode(&[0xff; 5]), b"zzzzzzzz");
        assert_eq!(encode(b"hello"), b"d1jprv3f");
    }

    #[test]
    fn loose_bits_and_foreign_characters_are_refused() {
        assert_eq!(decode(b"zx", &mut [0; 1]), Err(2));
        assert_eq!(decode(b"d1jprv3f0u", &mut [0; 6]), Err(9));
        for character in b"iloUu-_ \xc3" {
            assert_eq!(value(*character), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_in_any_case(bytes in proptest::collection::vec(any::<u8>(), 0..200), upper: bool) {
            let mut text = encode(&bytes);
            prop_assert!(text.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
            if upper {
                text.make_ascii_uppercase();
            }
            let mut back = vec![0; super::bytes(text.len())];
            prop_assert_eq!(decode(&text, &mut back), Ok(()));
            prop_assert_eq!(back, bytes);
        }
    }
}
