//! What a vault pointer of each shape looks like: the policy's word for a shape, joined to the seal's functions.

use std::ops::Range;

use policy::{Field, PointerShape, Treatment};
use seal::{Pointer, PointerDigits, PointerId, PointerKey};

/// Characters of a pointer of this shape.
pub(crate) fn length(shape: &PointerShape) -> usize {
    match shape {
        PointerShape::Token => seal::POINTER_LEN,
        PointerShape::Email { domain } => seal::POINTER_LEN + 1 + domain.len(),
        PointerShape::Bare => seal::BARE_LEN,
        PointerShape::Digits(digits) => usize::from(*digits),
    }
}

/// Where the identities of this shape lie.
pub(crate) fn space(shape: &PointerShape) -> Range<u64> {
    match shape {
        PointerShape::Digits(digits) => {
            PointerDigits::new(*digits).map_or(PointerId::SPACE, PointerDigits::space)
        }
        PointerShape::Token | PointerShape::Bare | PointerShape::Email { .. } => PointerId::SPACE,
    }
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
        PointerShape::Bare => key.bare(field, id).to_vec(),
        PointerShape::Email { domain } => key.email(field, id, domain).into_bytes(),
        PointerShape::Digits(digits) => {
            let digits = PointerDigits::new(*digits)?;
            key.digits(field, id, digits)?.into_bytes()
        }
    })
}

/// The identity that a text without prefix stands for, if it is a pointer of this field.
pub(crate) fn read(
    key: &PointerKey,
    field: &str,
    shape: &PointerShape,
    text: &[u8],
) -> Option<u64> {
    match shape {
        PointerShape::Bare => {
            let pointer = Pointer::parse_bare(text)?;
            key.verify(field, &pointer).then(|| pointer.id.get())
        }
        PointerShape::Digits(digits) => {
            let digits = PointerDigits::new(*digits)?;
            key.parse_digits(field, text, digits).map(PointerId::get)
        }
        PointerShape::Token | PointerShape::Email { .. } => None,
    }
}

/// Whether what follows a pointer of this field is nothing, or the domain that it stands at.
pub(crate) fn stands_at(field: &Field, behind: &[u8]) -> bool {
    let at = |domain: &str| match behind {
        [b'@', rest @ ..] => rest.eq_ignore_ascii_case(domain.as_bytes()),
        _ => false,
    };
    behind.is_empty() || domain(field).is_some_and(at)
}

/// The domain at which the pointers of this field stand.
pub(crate) fn domain(field: &Field) -> Option<&str> {
    match &field.treatment {
        Treatment::Vault(pointing) => match &pointing.shape {
            PointerShape::Email { domain } => Some(domain),
            PointerShape::Token | PointerShape::Bare | PointerShape::Digits(_) => None,
        },
        _ => None,
    }
}
