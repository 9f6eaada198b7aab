//! A field key: everything that sealing and opening need of one epoch of one field, derived once.

use std::fmt;

use keys::{EpochSecret, KeyId, derive, encode};

use crate::commit::Committer;
use crate::header::{FIXED, Header, Kind, ValueType};
use crate::siv::Siv;
use crate::xaes::Xaes;

/// The keys of one epoch of one field with their schedules, about a kilobyte: derive it once and share it.
///
/// Each use has a key of its own: HKDF-SHA-256 over the epoch's secret, with the purpose (`field-sealed`,
/// `field-commit`, `field-match`), the app, the field and the epoch in `info`. All of it is wiped when dropped.
pub struct FieldKey {
    id: KeyId,
    app: Box<str>,
    field: Box<str>,
    epoch: u32,
    pub(crate) sealed: Xaes,
    pub(crate) committer: Committer,
    pub(crate) matched: Siv,
    /// The encoding of app, field and epoch, which every `sealed` token authenticates behind its header.
    pub(crate) identity: Box<[u8]>,
    /// What a `match` token of this key begins with.
    pub(crate) match_start: [u8; FIXED],
}

impl FieldKey {
    /// Derives the keys of one epoch of one field.
    pub fn derive(secret: &EpochSecret, id: KeyId, app: &str, field: &str, epoch: u32) -> Self {
        let number = epoch.to_be_bytes();
        let parts: [&[u8]; 3] = [app.as_bytes(), field.as_bytes(), &number];
        let header = Header {
            kind: Kind::Match,
            value_type: ValueType::String,
            key_id: id,
            length: 0,
        };
        let [a, b, c, d] = id.to_bytes();
        let match_start = [header.first_byte(), a, b, c, d];
        let match_identity = encode(&[&match_start, parts[0], parts[1], parts[2]]);
        Self {
            id,
            app: app.into(),
            field: field.into(),
            epoch,
            sealed: Xaes::new(&derive(secret.expose(), "field-sealed", &parts)),
            committer: Committer::new(&derive(secret.expose(), "field-commit", &parts)),
            matched: Siv::new(
                &derive(secret.expose(), "field-match", &parts),
                &match_identity,
            ),
            identity: encode(&parts).into(),
            match_start,
        }
    }

    /// The name that tokens carry.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The app it seals for.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The field it seals.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The field's epoch, counted from 1.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldKey")
            .field("id", &self.id)
            .field("app", &self.app)
            .field("field", &self.field)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    /// What a field key is made of wipes itself, as long as these features stay on.
    #[test]
    fn i12_keys_are_wiped_when_they_are_dropped() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<aes::Aes256Enc>();
        // The states that an HMAC keeps.
        wiped::<sha2::block_api::Sha256VarCore>();
        wiped::<aes_gcm::AesGcm<aes::Aes256Enc, aes_gcm::aead::consts::U12>>();
    }
}
