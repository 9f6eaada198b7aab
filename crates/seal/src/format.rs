//! `format`: a value becomes another of the same shape, for columns that are validated or masked.
//!
//! FF1 (NIST SP 800-38G) permutes the values that look alike: digits stay digits, what stands between them stays,
//! check digits stay right. Such a stand-in says neither what it is nor which key made it: it is opened only where a
//! policy declares it, under the one epoch that its field has for ever, and a forged one opens to something.
//! Equal values make equal stand-ins, and everything that the shape keeps is seen.
//!
//! Values of which fewer than a million look alike are refused: they could be told by trying.

mod card;
mod decimal;
mod domain;
mod ff1;
mod luhn;
mod phone;
mod plate;
mod ramq;
mod rank;
mod shape;
mod symbols;
mod vin;

use std::fmt;

use aes::Aes256Enc;
use aes::cipher::KeyInit;
use hmac::{Hmac, Mac};
use keys::{EpochSecret, derive, encode};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use domain::{DIGITS, Domain, LETTERS, Set};
use ff1::{Ff1, Halves, Strings};
use rank::Rank;
use symbols::Symbols;

pub use shape::{CardKeeps, Shape, ShapeError};

/// The longest tweak, in bytes.
pub const TWEAK_LIMIT: usize = 65_535;
/// Characters that a value has at most, separators and all.
const LONGEST: usize = 256;

/// Why a value was not exchanged. It names what is wrong, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A letter or digit beyond ASCII, or a control character.
    #[error("character {at}, counted from 0, stands in no value of this format")]
    Symbol {
        /// Where it stands.
        at: usize,
    },
    /// A letter or digit that the format does not have at this place.
    #[error("letter or digit {at} is none that this format has there")]
    Place {
        /// Which letter or digit, counted from 1.
        at: usize,
    },
    /// Too few or too many letters and digits.
    #[error("the value does not have the length of this format: it takes {takes}")]
    Length {
        /// What it takes.
        takes: &'static str,
    },
    /// Its parts are not what they should be.
    #[error("the value is not built like this format: it wants {wants}")]
    Structure {
        /// What it wants.
        wants: &'static str,
    },
    /// The check digit does not go with the rest.
    #[error("the check digit does not go with the rest of the value")]
    Check,
    /// Fewer than a million values look like this one.
    #[error(
        "fewer than a million values look like this one, so that a stand-in could be told by trying; `vault` takes it"
    )]
    SmallDomain,
    /// More values look like this one than FF1 is used for here.
    #[error("the value is too long for this format; `sealed` or `vault` takes it")]
    TooLong,
    /// The text that ties the stand-in to its neighbour is too long.
    #[error("the tweak has {found} bytes, {TWEAK_LIMIT} are taken")]
    Tweak {
        /// Its bytes.
        found: usize,
    },
}

/// What exchanges the values of one field: each domain has a key of its own under it.
pub struct FormatKey {
    shape: Shape,
    domains: Hmac<Sha256>,
}

impl FormatKey {
    /// Derives it from the secret of the field's only epoch.
    pub fn derive(secret: &EpochSecret, app: &str, field: &str, shape: Shape) -> Self {
        let parts = [app.as_bytes(), field.as_bytes(), shape.as_str().as_bytes()];
        let key = derive::<64>(secret.expose(), "field-format", &parts);
        Self {
            shape,
            domains: Hmac::new((&*key).into()),
        }
    }

    /// The shape of its values.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// FF1 under the key of a domain's name, radix and length.
    fn ff1(&self, name: &str, strings: Strings) -> Ff1<Aes256Enc> {
        let (radix, length) = (strings.radix.to_be_bytes(), strings.length.to_be_bytes());
        let mut code = self.domains.clone();
        code.update(&encode(&[name.as_bytes(), &radix, &length]));
        let mut key = code.finalize().into_bytes();
        let ff1 = Ff1::new(Aes256Enc::new(&key));
        key.zeroize();
        ff1
    }
}

impl fmt::Debug for FormatKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FormatKey({}, ‹64 bytes›)", self.shape)
    }
}

/// Exchanges a value for its stand-in: of the same shape, with the same characters between, in the same case. `tweak`
/// is the value of the field's sibling, or empty: the same value beside another one gets another stand-in.
///
/// # Errors
/// [`FormatError`] when the value is none of the shape.
pub fn seal(key: &FormatKey, value: &str, tweak: &[u8]) -> Result<String, FormatError> {
    exchange(key, value, tweak, Ff1::encrypt)
}

/// Exchanges a stand-in for its value. Any text of the shape opens to something: nothing tells a forged one.
///
/// # Errors
/// [`FormatError`] when the stand-in is none of the shape.
pub fn open(
    key: &FormatKey,
    stand_in: &str,
    tweak: &[u8],
) -> Result<Zeroizing<String>, FormatError> {
    exchange(key, stand_in, tweak, Ff1::decrypt).map(Zeroizing::new)
}

/// A direction of FF1.
type Direction = fn(&Ff1<Aes256Enc>, Strings, &[u8], Halves) -> Halves;

fn exchange(
    key: &FormatKey,
    value: &str,
    tweak: &[u8],
    direction: Direction,
) -> Result<String, FormatError> {
    if tweak.len() > TWEAK_LIMIT {
        return Err(FormatError::Tweak { found: tweak.len() });
    }
    if value.len() > LONGEST {
        return Err(FormatError::TooLong);
    }
    let (head, extension) = match key.shape {
        Shape::Phone => phone::without_extension(value)?,
        _ => (value, ""),
    };
    let mut symbols = Symbols::read(head)?;
    if key.shape == Shape::Digits {
        exchange_digits(key, &mut symbols, tweak, direction)?;
    } else {
        let domain = read(key.shape, head, &symbols)?;
        exchange_rank(key, &domain, &mut symbols, tweak, direction)?;
        complete(key.shape, &mut symbols);
    }
    Ok(symbols.write(head, extension))
}

/// Digits are a numeral string of radix ten as they stand.
fn exchange_digits(
    key: &FormatKey,
    symbols: &mut Symbols,
    tweak: &[u8],
    direction: Direction,
) -> Result<(), FormatError> {
    let wrong = FormatError::Length {
        takes: "6 to 56 digits",
    };
    let length = u32::try_from(symbols.len()).map_err(|_| wrong)?;
    if !symbols.all(u8::is_ascii_digit) {
        return Err(FormatError::Structure {
            wants: "digits only",
        });
    }
    if length < 6 {
        return Err(FormatError::SmallDomain);
    }
    let strings = Strings::new(10, length).ok_or(wrong)?;
    let middle = symbols.len() / 2;
    let (first, second) = symbols.upper.split_at_mut(middle);
    let number = |digits: &[u8]| {
        let value = |digit: &u8| u128::from(digit.wrapping_sub(b'0'));
        digits.iter().fold(0, |n, digit| n * 10 + value(digit))
    };
    let halves = (number(first), number(second));
    let (a, b) = direction(&key.ff1("digits", strings), strings, tweak, halves);
    for (half, digits) in [(a, first), (b, second)] {
        let mut rest = half;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
    }
    Ok(())
}

/// Everything else is ranked, and the rank is a numeral string of radix two: as long as what comes out is beyond the
/// domain it is permuted again, which makes a permutation of the domain (cycle walking).
fn exchange_rank(
    key: &FormatKey,
    domain: &Domain,
    symbols: &mut Symbols,
    tweak: &[u8],
    direction: Direction,
) -> Result<(), FormatError> {
    let size = domain.size()?;
    let bits = size.bits_below();
    let strings = Strings::new(2, bits).ok_or(FormatError::TooLong)?;
    let second = bits.div_ceil(2);
    let ff1 = key.ff1(&domain.name, strings);
    let tweak = Zeroizing::new([&domain.kept[..], tweak].concat());
    let mut rank = domain.rank(symbols)?;
    loop {
        rank = Rank::join(direction(&ff1, strings, &tweak, rank.split(second)), second);
        if rank < size {
            break;
        }
    }
    domain.spell(rank, symbols);
    Ok(())
}

/// What a value may be exchanged for.
fn read(shape: Shape, head: &str, symbols: &Symbols) -> Result<Domain, FormatError> {
    match shape {
        Shape::Digits | Shape::Alnum => Ok(alnum(symbols)),
        Shape::Number => decimal::read(head, symbols),
        Shape::Phone => phone::read(head, symbols),
        Shape::Postal => postal(symbols),
        Shape::Sin => sin(symbols),
        Shape::Ramq => ramq::read(symbols),
        Shape::Card(keeps) => card::read(symbols, keeps),
        Shape::Plate => plate::read(symbols),
        Shape::Vin => vin::read(symbols),
    }
}

/// Sets the check digits that are computed from the whole.
fn complete(shape: Shape, symbols: &mut Symbols) {
    match shape {
        Shape::Sin => luhn::complete(&mut symbols.upper, SIN - 1),
        Shape::Card(keeps) => card::check(symbols, keeps),
        Shape::Vin => vin::check(symbols),
        Shape::Digits
        | Shape::Alnum
        | Shape::Number
        | Shape::Phone
        | Shape::Postal
        | Shape::Ramq
        | Shape::Plate => {}
    }
}

fn alnum(symbols: &Symbols) -> Domain {
    let class = |symbol: &u8| {
        if symbol.is_ascii_digit() {
            DIGITS
        } else {
            LETTERS
        }
    };
    let name = format!("alnum:{}", symbols.pattern());
    Domain::row(name, symbols.upper.iter().map(class))
}

/// Canada Post's: no D, F, I, O, Q, U anywhere, no W or Z in front.
fn postal(symbols: &Symbols) -> Result<Domain, FormatError> {
    const FIRST: Set = Set::Of(b"ABCEGHJKLMNPRSTVXY");
    const OTHER: Set = Set::Of(b"ABCEGHJKLMNPRSTVWXYZ");
    let domain = Domain::row(
        "postal".to_owned(),
        [FIRST, DIGITS, OTHER, DIGITS, OTHER, DIGITS],
    );
    if symbols.len() != domain.places.len() {
        return Err(FormatError::Length {
            takes: "three letters and three digits, by turns",
        });
    }
    Ok(domain)
}

/// Digits of a social insurance number.
const SIN: usize = 9;

/// Nine digits; numbers of persons begin with 1 to 7 or 9.
fn sin(symbols: &Symbols) -> Result<Domain, FormatError> {
    const FIRST: Set = Set::Of(b"12345679");
    if symbols.len() != SIN || !symbols.all(u8::is_ascii_digit) {
        return Err(FormatError::Length {
            takes: "nine digits",
        });
    }
    if !luhn::is_valid(&symbols.upper) {
        return Err(FormatError::Check);
    }
    let sets = [FIRST].into_iter().chain([DIGITS; SIN - 2]);
    Ok(Domain::row("sin".to_owned(), sets))
}
