//! What a vault pointer of each shape looks like: the policy's word for a shape, joined to the seal's functions.

use std::ops::Range;

use policy::{Field, PointerShape, Treatment};
use seal::{PointerId, PointerKey};

/// Characters of a pointer of this shape.
pub(crate) fn length(shape: &PointerShape) -> usize {
    match shape {
        PointerShape::Token => seal::POINTER_LEN,
        PointerShape::Email { domain } => seal::POINTER_LEN + 1 + domain.len(),
        PointerShape::Bare => 12,
        PointerShape::Digits(digits) => usize::from(*digits),
    }
}

/// Where the identities of this shape lie.
pub(crate) fn space(_shape: &PointerShape) -> Range<u64> {
    0..1 << 40
}

/// An identity of this space, from any number.
pub(crate) fn within(number: u64, space: &Range<u64>) -> u64 {
    let width = space.end.saturating_sub(space.start).max(1);
    space.start + number % width
}

/// A pointer's text; nothing where the identity is none of this shape.
pub(crate) fn text(
    key: &PointerKey,
    field: &str,
    shape: &PointerShape,
    id: u64,
) -> Option<Vec<u8>> {
    let id = PointerId::new(id)?;
    Some(match shape {
        PointerShape::Token => key.text(field, id).to_vec(),
        PointerShape::Email { domain } => {
            let mut text = key.text(field, id).to_vec();
            text.push(b'@');
            text.extend_from_slice(domain.as_bytes());
            text
        }
        PointerShape::Bare | PointerShape::Digits(_) => return None,
    })
}

/// The identity that a text without prefix stands for, if it is a pointer of this field.
pub(crate) fn read(
    _key: &PointerKey,
    _field: &str,
    _shape: &PointerShape,
    _text: &[u8],
) -> Option<u64> {
    None
}

/// How the domain of an address stands behind its pointer.
pub(crate) enum Domain {
    /// It does not, or the field has none.
    None,
    /// In so many bytes, with the `@`.
    Whole(usize),
    /// As far as the bytes go; so many would be it.
    Cut(usize),
}

/// Looks for the field's domain at the start of what stands behind a pointer of it.
pub(crate) fn domain(field: &Field, behind: &[u8]) -> Domain {
    let Some(domain) = domain_of(field) else {
        return Domain::None;
    };
    let whole = 1 + domain.len();
    let wanted = std::iter::once(b'@').chain(domain.bytes());
    if !behind
        .iter()
        .zip(wanted)
        .all(|(found, wanted)| found.eq_ignore_ascii_case(&wanted))
    {
        return Domain::None;
    }
    if behind.len() < whole {
        Domain::Cut(whole)
    } else {
        Domain::Whole(whole)
    }
}

/// Whether what follows a pointer of this field is nothing, or the domain that it stands at.
pub(crate) fn stands_at(field: &Field, behind: &[u8]) -> bool {
    behind.is_empty()
        || matches!(domain(field, behind), Domain::Whole(length) if length == behind.len())
}

fn domain_of(field: &Field) -> Option<&str> {
    match &field.treatment {
        Treatment::Vault(pointing) => match &pointing.shape {
            PointerShape::Email { domain } => Some(domain),
            _ => None,
        },
        _ => None,
    }
}
