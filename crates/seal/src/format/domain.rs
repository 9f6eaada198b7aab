//! What a value may be exchanged for: the places of its symbols that change together, and what each may hold.
//!
//! A value's rank is the number that its places spell in mixed radix, most significant first. FF1 permutes ranks,
//! so what comes out has the same shape, and the check digit is computed anew.

use super::rank::Rank;
use super::symbols::Symbols;
use super::{FormatError, card, phone, ramq};

/// Values of which fewer than this look alike are not exchanged: NIST SP 800-38G revision 1, 2nd draft, §5.
pub(crate) const SMALLEST: u64 = 1_000_000;

/// What one place may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// One symbol of an alphabet, in the order in which it stands there.
    Of(&'static [u8]),
    /// Ten digits of the North American plan.
    NorthAmerican,
    /// The first six digits of a card of one network.
    Network(card::Network),
    /// The twelve symbols of a health insurance number, check digit and all.
    Insured(ramq::Born),
}

pub(crate) const DIGITS: Set = Set::Of(b"0123456789");
/// A first or last digit that is not zero.
pub(crate) const NOT_ZERO: Set = Set::Of(b"123456789");
pub(crate) const LETTERS: Set = Set::Of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ");

impl Set {
    /// Symbols that it takes.
    fn width(self) -> usize {
        match self {
            Self::Of(_) => 1,
            Self::NorthAmerican => phone::WIDTH,
            Self::Network(_) => card::PREFIX,
            Self::Insured(_) => ramq::WIDTH,
        }
    }

    /// How many there are.
    fn size(self) -> u64 {
        match self {
            Self::Of(alphabet) => alphabet.len() as u64,
            Self::NorthAmerican => phone::SIZE,
            Self::Network(network) => network.size(),
            Self::Insured(born) => ramq::size(born),
        }
    }

    fn rank(self, symbols: &[u8]) -> Option<u64> {
        match self {
            Self::Of(alphabet) => {
                let symbol = symbols.first()?;
                alphabet
                    .iter()
                    .zip(0..)
                    .find(|(held, _)| *held == symbol)
                    .map(|(_, rank)| rank)
            }
            Self::NorthAmerican => phone::rank(symbols),
            Self::Network(network) => network.rank(symbols),
            Self::Insured(born) => ramq::rank(born, symbols),
        }
    }

    fn spell(self, rank: u64, into: &mut [u8]) {
        match self {
            Self::Of(alphabet) => {
                let at = usize::try_from(rank).unwrap_or(usize::MAX);
                if let (Some(place), Some(&symbol)) = (into.first_mut(), alphabet.get(at)) {
                    *place = symbol;
                }
            }
            Self::NorthAmerican => phone::spell(rank, into),
            Self::Network(network) => network.spell(rank, into),
            Self::Insured(born) => ramq::spell(born, rank, into),
        }
    }
}

/// A place: where its first symbol stands, and what it may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) at: usize,
    pub(crate) set: Set,
}

/// All values that one value may be exchanged for.
#[derive(Debug)]
pub(crate) struct Domain {
    /// Names it in the derivation of its key, as `docs/token-format.md` spells it.
    pub(crate) name: String,
    pub(crate) places: Vec<Place>,
    /// Symbols that stay as they are and belong to the tweak.
    pub(crate) kept: Vec<u8>,
}

impl Domain {
    /// A domain of single symbols from the first on.
    pub(crate) fn row(name: String, sets: impl IntoIterator<Item = Set>) -> Self {
        let place = |(at, set)| Place { at, set };
        Self {
            name,
            places: sets.into_iter().enumerate().map(place).collect(),
            kept: Vec::new(),
        }
    }

    /// A domain of one place that takes all symbols.
    pub(crate) fn one(name: String, set: Set) -> Self {
        Self::row(name, [set])
    }

    /// How many values it has.
    ///
    /// # Errors
    /// [`FormatError::SmallDomain`] below a million, [`FormatError::TooLong`] from 2^192 on.
    pub(crate) fn size(&self) -> Result<Rank, FormatError> {
        let mut size = Rank::ONE;
        for place in &self.places {
            size.push(place.set.size(), 0).ok_or(FormatError::TooLong)?;
        }
        if size < Rank::from(SMALLEST) {
            return Err(FormatError::SmallDomain);
        }
        Ok(size)
    }

    /// Where a value stands in it.
    pub(crate) fn rank(&self, symbols: &Symbols) -> Result<Rank, FormatError> {
        let mut rank = Rank::ZERO;
        for place in &self.places {
            let held = symbols.upper.get(place.at..place.at + place.set.width());
            let digit = held
                .and_then(|held| place.set.rank(held))
                .ok_or(FormatError::Place { at: place.at + 1 })?;
            rank.push(place.set.size(), digit)
                .ok_or(FormatError::TooLong)?;
        }
        Ok(rank)
    }

    /// Writes the value of this rank into the places.
    pub(crate) fn spell(&self, mut rank: Rank, symbols: &mut Symbols) {
        for place in self.places.iter().rev() {
            let digit = rank.pop(place.set.size());
            let width = place.set.width();
            if let Some(into) = symbols.upper.get_mut(place.at..place.at + width) {
                place.set.spell(digit, into);
            }
        }
    }
}
