//! `card`: payment cards. Network, length and the Luhn digit stay valid; beside them the first six digits may be
//! kept or the last four, never both, since six digits between known ends are soon guessed.

use super::domain::{DIGITS, Domain, Place, Set};
use super::luhn;
use super::symbols::Symbols;
use super::{CardKeeps, FormatError};

/// Digits that name the network and the issuer.
pub(crate) const PREFIX: usize = 6;
/// Digits at the end that cards are told apart by.
const LAST: usize = 4;
/// The shortest and the longest card number (ISO/IEC 7812-1).
const SHORTEST: usize = 12;
const LONGEST: usize = 19;

/// Whose card it is, by its first six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Amex,
    Diners,
    Discover,
    Jcb,
    Mastercard,
    UnionPay,
    Visa,
    /// Any other: a shop's card, a bank's own.
    Other,
}

/// The networks in the order of their first six digits: from where on each range is whose.
const RANGES: [(u64, Network); 23] = [
    (0, Network::Other),
    (222_100, Network::Mastercard),
    (272_100, Network::Other),
    (300_000, Network::Diners),
    (306_000, Network::Other),
    (340_000, Network::Amex),
    (350_000, Network::Other),
    (352_800, Network::Jcb),
    (359_000, Network::Other),
    (360_000, Network::Diners),
    (370_000, Network::Amex),
    (380_000, Network::Diners),
    (400_000, Network::Visa),
    (500_000, Network::Other),
    (510_000, Network::Mastercard),
    (560_000, Network::Other),
    (601_100, Network::Discover),
    (601_200, Network::Other),
    (620_000, Network::UnionPay),
    (630_000, Network::Other),
    (644_000, Network::Discover),
    (660_000, Network::Other),
    (1_000_000, Network::Other),
];

impl Network {
    fn of(prefix: u64) -> Self {
        let range = RANGES.iter().rfind(|(from, _)| *from <= prefix);
        range.map_or(Self::Other, |(_, network)| *network)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Amex => "amex",
            Self::Diners => "diners",
            Self::Discover => "discover",
            Self::Jcb => "jcb",
            Self::Mastercard => "mastercard",
            Self::UnionPay => "unionpay",
            Self::Visa => "visa",
            Self::Other => "other",
        }
    }

    /// Its ranges of six digits: the first, and how many.
    fn ranges(self) -> impl Iterator<Item = (u64, u64)> {
        let ends = RANGES.iter().skip(1);
        RANGES
            .iter()
            .zip(ends)
            .filter(move |((_, network), _)| *network == self)
            .map(|((from, _), (end, _))| (*from, end - from))
    }

    pub(crate) fn size(self) -> u64 {
        self.ranges().map(|(_, count)| count).sum()
    }

    pub(crate) fn rank(self, digits: &[u8]) -> Option<u64> {
        let prefix = number(digits);
        let mut before = 0;
        for (from, count) in self.ranges() {
            if (from..from + count).contains(&prefix) {
                return Some(before + prefix - from);
            }
            before += count;
        }
        None
    }

    pub(crate) fn spell(self, rank: u64, into: &mut [u8]) {
        let mut rest = rank;
        for (from, count) in self.ranges() {
            if rest < count {
                spell_number(from + rest, into);
                return;
            }
            rest -= count;
        }
    }
}

/// The number that digits spell.
pub(crate) fn number(digits: &[u8]) -> u64 {
    let value = |digit: &u8| u64::from(digit.wrapping_sub(b'0'));
    digits.iter().fold(0_u64, |number, digit| {
        number.wrapping_mul(10).wrapping_add(value(digit))
    })
}

/// Writes a number's last digits, as many as there are places.
pub(crate) fn spell_number(number: u64, into: &mut [u8]) {
    let mut rest = number;
    for place in into.iter_mut().rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

pub(crate) fn read(symbols: &Symbols, keeps: CardKeeps) -> Result<Domain, FormatError> {
    let length = symbols.len();
    if !symbols.all(u8::is_ascii_digit) || !(SHORTEST..=LONGEST).contains(&length) {
        return Err(FormatError::Length {
            takes: "12 to 19 digits",
        });
    }
    if !luhn::is_valid(&symbols.upper) {
        return Err(FormatError::Check);
    }
    let (prefix, last) = (&symbols.upper[..PREFIX], &symbols.upper[length - LAST..]);
    let network = Network::of(number(prefix));
    let named = Place {
        at: 0,
        set: Set::Network(network),
    };
    let digits = |at| Place { at, set: DIGITS };
    let name = network.name();
    Ok(match keeps {
        CardKeeps::Network => Domain {
            name: format!("card:{name}:{length}"),
            places: [named]
                .into_iter()
                .chain((PREFIX..length - 1).map(digits))
                .collect(),
            kept: Vec::new(),
        },
        CardKeeps::Bin => Domain {
            name: format!("card:bin:{length}"),
            places: (PREFIX..length - 1).map(digits).collect(),
            kept: prefix.to_vec(),
        },
        CardKeeps::Last4 => Domain {
            name: format!("card:last4:{name}:{length}"),
            places: [named]
                .into_iter()
                .chain((PREFIX..length - LAST - 1).map(digits))
                .collect(),
            kept: last.to_vec(),
        },
    })
}

/// The digit that makes the whole pass Luhn: the last, or the one before those that are kept.
pub(crate) fn check(symbols: &mut Symbols, keeps: CardKeeps) {
    let from_end = match keeps {
        CardKeeps::Network | CardKeeps::Bin => 1,
        CardKeeps::Last4 => LAST + 1,
    };
    let at = symbols.len().saturating_sub(from_end);
    luhn::complete(&mut symbols.upper, at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_six_digits_have_one_network_and_one_rank_in_it() {
        let networks = [
            Network::Amex,
            Network::Diners,
            Network::Discover,
            Network::Jcb,
            Network::Mastercard,
            Network::UnionPay,
            Network::Visa,
            Network::Other,
        ];
        let sizes: u64 = networks.iter().map(|network| network.size()).sum();
        assert_eq!(sizes, 1_000_000);
        for prefix in (0..1_000_000).step_by(7) {
            let mut digits = [0; PREFIX];
            spell_number(prefix, &mut digits);
            let network = Network::of(prefix);
            let rank = network.rank(&digits).unwrap();
            let mut again = [0; PREFIX];
            network.spell(rank, &mut again);
            assert_eq!(again, digits);
        }
    }
}
