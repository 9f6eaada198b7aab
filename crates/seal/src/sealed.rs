//! Sealing values into tokens and opening them.
//!
//! The output is the only buffer: a token is laid out at the end of the place it will take, encrypted there, and
//! spelled from there. Keys are ready in [`FieldKey`]; nothing here derives or allocates for itself.

use subtle::Choice;
use zeroize::Zeroize;

use keys::Chance;

use crate::base32;
use crate::commit::{self, COMMITMENT};
use crate::error::{OpenError, SealError};
use crate::field_key::FieldKey;
use crate::header::{Header, Kind, LENGTH_LIMIT, PREFIX, PREFIX_DIGITS, TOKEN_LETTER, ValueType};
use crate::sealing::Sealing;
use crate::siv;
use crate::token::Token;
use crate::xaes;

/// Begins the padding of a `sealed` plaintext (ISO/IEC 7816-4); zeros follow up to what the pad says.
const PADDING: u8 = 0x80;

/// Associated data up to this length stands on the stack: names of app and field up to 148 bytes together.
const ASSOCIATED: usize = 192;

/// Seals a value so that two tokens of it have nothing in common but the padded length; appends the token to `out`.
///
/// # Errors
/// [`SealError::TooLong`] beyond [`Pad::longest`](crate::Pad::longest); `out` is as it was.
pub fn seal_sealed(
    key: &FieldKey,
    value_type: ValueType,
    plain: &[u8],
    sealing: Sealing,
    chance: &mut dyn Chance,
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let header = Header {
        kind: Kind::of(sealing),
        value_type,
        key_id: key.id(),
        length: 0,
        words: 0,
    };
    seal_padded(key, header, plain, sealing, chance, out)
}

/// Seals a value under a header of one of the randomised kinds, which is given its length.
pub(crate) fn seal_padded(
    key: &FieldKey,
    header: Header,
    plain: &[u8],
    sealing: Sealing,
    chance: &mut dyn Chance,
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let too_long = SealError::TooLong {
        most: sealing.pad.longest(),
        found: plain.len(),
    };
    let padded = sealing.pad.padded(plain.len()).ok_or(too_long)?;
    let kind = header.kind;
    let header = Header {
        length: padded,
        ..header
    };
    write_token(out, header, |head, body| {
        let (front, rest) = body.split_at_mut(kind.before());
        let (text, tag) = rest.split_at_mut(padded);
        let mut nonce = [0; xaes::SALT];
        if sealing.commit {
            let mut salt = [0; commit::SALT];
            chance.fill(&mut salt);
            front[..commit::SALT].copy_from_slice(&salt);
            front[commit::SALT..].copy_from_slice(&key.committer.commitment(head, &salt));
            nonce = commit::nonce(&salt);
        } else {
            chance.fill(&mut nonce);
            front.copy_from_slice(&nonce);
        }
        let (value, padding) = text.split_at_mut(plain.len());
        value.copy_from_slice(plain);
        padding.fill(0);
        padding[0] = PADDING;
        let made = with_associated(head, &key.identity, |associated| {
            key.sealed.seal(&nonce, associated, text)
        });
        tag.copy_from_slice(&made.ok_or(too_long)?);
        Ok(())
    })
}

/// Seals a value so that equal values of the key's field epoch make equal tokens, whatever type they had where they
/// stood; appends the token to `out`.
///
/// # Errors
/// [`SealError::TooLong`] beyond [`length::MATCHED_LIMIT`](crate::length::MATCHED_LIMIT); `out` is as it was.
pub fn seal_match(key: &FieldKey, plain: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
    if plain.len() > LENGTH_LIMIT {
        return Err(SealError::TooLong {
            most: LENGTH_LIMIT,
            found: plain.len(),
        });
    }
    let header = Header {
        kind: Kind::Match,
        value_type: ValueType::String,
        key_id: key.id(),
        length: plain.len(),
        words: 0,
    };
    write_token(out, header, |_, body| {
        let (tag, text) = body.split_at_mut(siv::TAG);
        text.copy_from_slice(plain);
        tag.copy_from_slice(&key.matched.seal(text));
        Ok(())
    })
}

/// Opens a token and appends its value to `out`; gives the type the value had (`String` for a `match` token, whose
/// field knows better).
///
/// # Errors
/// [`OpenError`] when the token is not authentic under this very key; `out` is as it was.
pub fn open(key: &FieldKey, token: &Token, out: &mut Vec<u8>) -> Result<ValueType, OpenError> {
    let (head, body) = token.split();
    let (front, rest) = body.split_at(token.kind().before());
    let (ciphertext, tag) = rest.split_at(token.ciphertext_length());
    let start = out.len();
    out.extend_from_slice(ciphertext);
    let text = &mut out[start..];
    let authentic = match token.kind() {
        Kind::Sealed | Kind::Words => {
            let mut nonce = [0; xaes::SALT];
            nonce.copy_from_slice(front);
            open_xaes(key, head, &nonce, text, tag)
        }
        Kind::Committed | Kind::CommittedWords => {
            let (mut salt, mut commitment) = ([0; commit::SALT], [0; COMMITMENT]);
            salt.copy_from_slice(&front[..commit::SALT]);
            commitment.copy_from_slice(&front[commit::SALT..]);
            // Compared before anything is decrypted; the tag is looked at either way, so that both failures cost
            // the same.
            let committed = key.committer.check(head, &salt, &commitment);
            committed & open_xaes(key, head, &commit::nonce(&salt), text, tag)
        }
        Kind::Match => {
            let mut synthetic = [0; siv::TAG];
            synthetic.copy_from_slice(front);
            let ours = Choice::from(u8::from(head.starts_with(&key.match_start)));
            ours & key.matched.open(text, &synthetic)
        }
    };
    // The padding of what is not authentic is not looked at: how long that takes would tell of it.
    let plain = match token.kind() {
        _ if !bool::from(authentic) => None,
        Kind::Sealed | Kind::Committed | Kind::Words | Kind::CommittedWords => unpadded(text),
        Kind::Match => Some(text.len()),
    };
    let Some(length) = plain else {
        text.zeroize();
        out.truncate(start);
        return Err(OpenError);
    };
    out.truncate(start + length);
    Ok(token.value_type())
}

fn open_xaes(
    key: &FieldKey,
    head: &[u8],
    nonce: &[u8; xaes::SALT],
    text: &mut [u8],
    tag: &[u8],
) -> Choice {
    let mut fixed = [0; xaes::TAG];
    fixed.copy_from_slice(tag);
    let opened = with_associated(head, &key.identity, |associated| {
        key.sealed.open(nonce, associated, text, &fixed)
    });
    Choice::from(u8::from(opened))
}

/// The length of the value within its padding.
fn unpadded(text: &[u8]) -> Option<usize> {
    let zeros = text.as_rchunks::<32>().1.iter().rev();
    let skipped = 32 * zeros.take_while(|&chunk| *chunk == [0; 32]).count();
    let rest = &text[..text.len() - skipped];
    let last = rest.iter().rposition(|&byte| byte != 0)?;
    (rest[last] == PADDING).then_some(last)
}

/// Appends the token of this header to `out`; `fill` gets the header's bytes and the room behind them.
fn write_token(
    out: &mut Vec<u8>,
    header: Header,
    fill: impl FnOnce(&[u8], &mut [u8]) -> Result<(), SealError>,
) -> Result<(), SealError> {
    let start = out.len();
    let bytes = header.bytes();
    out.resize(start + header.characters(), 0);
    let (prefix, spelling) = out[start..].split_at_mut(PREFIX);
    prefix[0] = TOKEN_LETTER;
    prefix[1..].copy_from_slice(PREFIX_DIGITS);
    let room = spelling.len() - bytes;
    let (written, length) = header.write();
    let (head, body) = spelling[room..].split_at_mut(length);
    head.copy_from_slice(&written[..length]);
    let filled = fill(head, body);
    if filled.is_ok() {
        base32::encode_in_place(spelling, bytes);
    } else {
        spelling.zeroize();
        out.truncate(start);
    }
    filled
}

/// Calls `with` on the header and the identity, one behind the other.
fn with_associated<R>(head: &[u8], identity: &[u8], with: impl FnOnce(&[u8]) -> R) -> R {
    let length = head.len() + identity.len();
    let mut short = [0; ASSOCIATED];
    match short.get_mut(..length) {
        Some(associated) => {
            let (front, back) = associated.split_at_mut(head.len());
            front.copy_from_slice(head);
            back.copy_from_slice(identity);
            with(associated)
        }
        None => with(&[head, identity].concat()),
    }
}
