//! Names that some servers take for the name of a protected field, and others do not.
//!
//! ASP.NET makes no difference between upper and lower case, PHP cuts leading blanks off and reads `.` and blanks as
//! `_`, and PHP, Rails and `qs` read `note[]` and `note[0]` as `note` with a list in it. A field so called is neither
//! plainly protected nor plainly another one.
//!
//! Every name of a body is asked for, so that the answer "nothing like it" costs one pass over the name.

use super::name::Name;

/// The names that stand for fields, in the form in which names that are alike are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Alike {
    exact: Vec<Vec<u8>>,
    families: Vec<Name>,
    /// Sums of the exact names, each at the slot it points at or behind it; 0 where none is. Its length is a power of two.
    sums: Vec<u64>,
}

impl Alike {
    /// Adds an exact name.
    pub(super) fn add(&mut self, name: &[u8]) {
        self.exact.push(fold(bare(name)));
    }

    /// Adds a family of names.
    pub(super) fn add_family(&mut self, family: &Name) {
        if let Some(list) = family.list() {
            self.add(list);
        }
        self.families.push(family.map(fold));
    }

    /// Makes it ready to be asked.
    pub(super) fn prepare(&mut self) {
        let length = (self.exact.len() * 4).next_power_of_two();
        self.sums = vec![0; length];
        // A name without a sum is only met in a spelling that has none either.
        for sum in self.exact.iter().filter_map(|name| sum(name)) {
            let free = |slot: &usize| self.sums.get(*slot).is_some_and(|known| *known == 0);
            if let Some(slot) = probe(sum, length).find(free)
                && let Some(known) = self.sums.get_mut(slot)
            {
                *known = sum;
            }
        }
    }

    /// Whether no name is this decoded name or like it: quick, and never wrong where it says so.
    pub(super) fn surely_lacks(&self, name: &[u8]) -> bool {
        let Some(wanted) = sum(bare(name)) else {
            return false;
        };
        let mut sums = probe(wanted, self.sums.len()).map_while(|slot| self.sums.get(slot));
        let found = sums.find(|known| **known == wanted || **known == 0);
        self.families.is_empty() && found.is_none_or(|known| *known == 0)
    }

    /// Whether a name is like one of these.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let folded = fold(bare(name));
        if self.exact.contains(&folded) {
            return true;
        }
        let folded = fold(name);
        self.families.iter().any(|family| family.matches(&folded))
    }
}

/// A name without the blanks before it and without the brackets of a list behind it.
fn bare(name: &[u8]) -> &[u8] {
    let mut bare = match name.first() {
        Some(b' ') => name.trim_ascii_start(),
        _ => name,
    };
    while let Some(inside) = bare.strip_suffix(b"]") {
        let digits = inside.iter().rev().take_while(|byte| byte.is_ascii_digit());
        let open = inside.len() - digits.count();
        match inside
            .get(..open)
            .and_then(|before| before.strip_suffix(b"["))
        {
            Some(before) => bare = before,
            None => break,
        }
    }
    bare
}

/// A name in the form in which names that are alike are the same.
fn fold(name: &[u8]) -> Vec<u8> {
    let name = String::from_utf8_lossy(name).to_lowercase();
    name.bytes().map(fold_byte).collect()
}

fn fold_byte(byte: u8) -> u8 {
    match byte {
        b'.' | b' ' => b'_',
        _ => byte.to_ascii_lowercase(),
    }
}

/// Marks bytes that do not stand for themselves in a form, or not for one character.
const ODD: u64 = 1 << 63;

/// What each byte adds to a sum.
const ADDED: [u64; 256] = {
    let mut added = [0; 256];
    let mut byte = 0_u8;
    loop {
        #[expect(clippy::indexing_slicing, reason = "a byte is less than 256")]
        let slot = &mut added[byte as usize];
        *slot = match byte {
            b'.' | b' ' => b'_' as u64,
            b'%' | b'+' | 0x80.. => ODD,
            _ => byte.to_ascii_lowercase() as u64,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    added
};

/// A sum that is the same for names that are alike, and never 0; nothing where the name holds odd bytes.
fn sum(name: &[u8]) -> Option<u64> {
    let (mut sum, mut odd) = (0x9e37_79b9, 0);
    for byte in name {
        let added = ADDED.get(usize::from(*byte)).copied().unwrap_or(ODD);
        odd |= added;
        sum = u64::rotate_left(sum, 7) ^ added;
    }
    (odd & ODD == 0).then_some(sum.max(1))
}

/// The slots at which a sum may stand in a table of this length, a power of two.
fn probe(sum: u64, length: usize) -> impl Iterator<Item = usize> {
    let mixed = sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let first = usize::try_from(mixed).unwrap_or_default();
    (0..length).map(move |step| (first + step) & (length - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(names: &[&str]) -> Alike {
        let mut alike = Alike::default();
        for name in names {
            let parsed = Name::parse(name).unwrap();
            if parsed.is_family() {
                alike.add_family(&parsed);
            } else {
                alike.add(name.as_bytes());
            }
        }
        alike.prepare();
        alike
    }

    #[test]
    fn what_servers_take_for_one_another_is_alike() {
        let names = alike(&[
            "note",
            "first_name",
            "items[*][name]",
            "tags[*]",
            "École",
            "l[]",
        ]);
        for name in [
            "Note",
            "note[]",
            "NOTE[0]",
            " note",
            "note[][1]",
            "first.name",
            "First Name",
            "Items[0][NAME]",
            "tags",
            "TAGS[]",
            "école",
            "l",
        ] {
            assert!(names.has(name.as_bytes()), "{name}");
            let quick = Name::parse(name).is_ok() && names.surely_lacks(name.as_bytes());
            assert!(
                !quick || name.contains("tems") || name.contains("TAGS"),
                "{name}"
            );
        }
        for name in ["notes", "note[x]", "not", "items[0][id]", "", "tag", "[]"] {
            assert!(!names.has(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn many_names_are_all_found_quickly() {
        let all: Vec<String> = (0..300).map(|number| format!("field{number}")).collect();
        let names = alike(&all.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(all.iter().all(|name| !names.surely_lacks(name.as_bytes())));
        let others = (300..1300).map(|number| format!("field{number}"));
        let lacking = others.filter(|name| names.surely_lacks(name.as_bytes()));
        assert_eq!(lacking.count(), 1000);
    }
}
