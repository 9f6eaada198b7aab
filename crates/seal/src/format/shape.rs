//! The shapes that values and their stand-ins have, by the names that policies give them.

use std::fmt;

/// What a value looks like, and its stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `digits`: 6 to 56 of them.
    Digits,
    /// `alnum`: each digit stays a digit and each letter a letter, in its case.
    Alnum,
    /// `number`: a JSON number of 7 to 15 significant digits.
    Number,
    /// `phone`: E.164 or North American; country and extension are kept.
    Phone,
    /// `postal`: a Canadian postal code.
    Postal,
    /// `sin`: a Canadian social insurance number, Luhn digit right.
    Sin,
    /// `ramq`: a Quebec health insurance number, date and check digit right.
    Ramq,
    /// `card`, `card:bin`, `card:last4`: a payment card, Luhn digit right.
    Card(CardKeeps),
    /// `plate`: a Quebec licence plate.
    Plate,
    /// `vin`: a vehicle identification number, check digit right.
    Vin,
}

/// What of a card's number stays, beside its network and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardKeeps {
    /// Nothing.
    Network,
    /// The first six digits, which name the issuer.
    Bin,
    /// The last four.
    Last4,
}

/// Why a shape cannot be what a policy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// No shape is called so.
    #[error("no format is called so; there are {}", Shape::NAMES.join(", "))]
    Unknown,
    /// A card with both ends known.
    #[error(
        "a card that keeps its first six digits and its last four leaves so few in between that each can be tried: \
         keep one of them, `card:bin` or `card:last4`"
    )]
    BothEnds,
    /// Every value that fits a column is one of fewer than a million.
    #[error(
        "of the values of this format with at most {max} characters, fewer than a million look alike, so that a \
         stand-in could be told by trying; it takes {shortest} characters, or `vault` in their place"
    )]
    SmallDomain {
        /// Characters that the column takes.
        max: usize,
        /// Characters of the shortest value that is exchanged.
        shortest: usize,
    },
}

impl Shape {
    /// What policies write behind `format:`.
    pub const NAMES: [&str; 12] = [
        "digits",
        "alnum",
        "number",
        "phone",
        "postal",
        "sin",
        "ramq",
        "card",
        "card:bin",
        "card:last4",
        "plate",
        "vin",
    ];

    /// Reads a shape from what a policy writes behind `format:`.
    ///
    /// # Errors
    /// [`ShapeError::Unknown`], and [`ShapeError::BothEnds`] for a card that is to keep both.
    pub fn parse(name: &str) -> Result<Self, ShapeError> {
        Ok(match name {
            "digits" => Self::Digits,
            "alnum" => Self::Alnum,
            "number" => Self::Number,
            "phone" => Self::Phone,
            "postal" => Self::Postal,
            "sin" => Self::Sin,
            "ramq" => Self::Ramq,
            "card" => Self::Card(CardKeeps::Network),
            "card:bin" => Self::Card(CardKeeps::Bin),
            "card:last4" => Self::Card(CardKeeps::Last4),
            "plate" => Self::Plate,
            "vin" => Self::Vin,
            _ if name.starts_with("card:") && name.contains("bin") && name.contains("last4") => {
                return Err(ShapeError::BothEnds);
            }
            _ => return Err(ShapeError::Unknown),
        })
    }

    /// What a policy writes behind `format:`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Alnum => "alnum",
            Self::Number => "number",
            Self::Phone => "phone",
            Self::Postal => "postal",
            Self::Sin => "sin",
            Self::Ramq => "ramq",
            Self::Card(CardKeeps::Network) => "card",
            Self::Card(CardKeeps::Bin) => "card:bin",
            Self::Card(CardKeeps::Last4) => "card:last4",
            Self::Plate => "plate",
            Self::Vin => "vin",
        }
    }

    /// Characters of the shortest value that is exchanged: shorter ones are of a domain below a million, or of
    /// none. A stand-in has as many characters as its value.
    #[must_use]
    pub fn shortest(self) -> usize {
        match self {
            // Five letters are 11,881,376.
            Self::Alnum | Self::Plate => 5,
            Self::Digits | Self::Postal => 6,
            Self::Number => 7,
            Self::Sin | Self::Phone => 9,
            Self::Ramq | Self::Card(CardKeeps::Network | CardKeeps::Last4) => 12,
            Self::Card(CardKeeps::Bin) => 13,
            Self::Vin => 17,
        }
    }

    /// Whether a column of `max` characters takes any value of this shape whose domain is large enough.
    ///
    /// # Errors
    /// [`ShapeError::SmallDomain`] when it takes none.
    pub fn fits(self, max: usize) -> Result<(), ShapeError> {
        let shortest = self.shortest();
        if max < shortest {
            return Err(ShapeError::SmallDomain { max, shortest });
        }
        Ok(())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
