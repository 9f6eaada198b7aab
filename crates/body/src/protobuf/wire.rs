//! The wire format: tags, varints, and what they begin.

/// The most bytes of a varint.
pub(super) const LONGEST_VARINT: usize = 10;

/// How the content of a field is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// Up to the first byte below 128.
    Varint,
    /// So many bytes.
    Fixed(usize),
    /// A varint says how many bytes.
    Bytes,
}

/// The tag of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) number: u32,
    pub(super) wire: Wire,
}

/// What stands wrongly.
pub(super) type Expected = &'static str;

impl Tag {
    /// Takes a tag apart. Groups are none: they are long out of the language, and end where only a schema says.
    pub(super) fn of(varint: u64) -> Result<Self, Expected> {
        let number = u32::try_from(varint >> 3).ok();
        let number = number
            .filter(|number| (1..1 << 29).contains(number))
            .ok_or("a field number")?;
        let wire = match varint & 7 {
            0 => Wire::Varint,
            1 => Wire::Fixed(8),
            2 => Wire::Bytes,
            5 => Wire::Fixed(4),
            _ => return Err("a wire type other than that of a group"),
        };
        Ok(Self { number, wire })
    }
}

/// Reads a varint and says how many bytes it took; `None` where it goes on.
pub(super) fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Expected> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(LONGEST_VARINT).enumerate() {
        let bits = u64::from(byte & 0x7F);
        // The tenth byte has the 64th bit only; decoders drop what is above it, or do not.
        if index == LONGEST_VARINT - 1 && bits > 1 {
            return Err("a varint of 64 bits");
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((value, index + 1)));
        }
    }
    if bytes.len() >= LONGEST_VARINT {
        return Err("a varint of 64 bits");
    }
    Ok(None)
}

/// Appends a varint, as short as it can be.
pub(super) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7F).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_read_as_they_are_written_and_no_longer_than_they_may_be() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            write_varint(value, &mut bytes);
            for end in 0..bytes.len() {
                assert_eq!(varint(&bytes[..end]), Ok(None));
            }
            assert_eq!(varint(&bytes), Ok(Some((value, bytes.len()))));
        }
        assert_eq!(varint(&[0x80, 0x00]), Ok(Some((0, 2))));
        let mut over = [0xFF; 10];
        assert!(varint(&over).is_err());
        over[9] = 0x02;
        assert!(varint(&over).is_err());
    }
}
