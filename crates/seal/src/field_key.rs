//! A field key: everything that sealing and opening need of one epoch of one field, derived once.

use std::fmt;

use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::Zeroizing;

use keys::{EpochSecret, KeyId, SubjectName, SubjectSecret, derive, encode};

use crate::commit::Committer;
use crate::header::{FIXED, Header, Kind, ValueType};
use crate::siv::Siv;
use crate::xaes::Xaes;

/// The keys of one epoch of one field, or of one subject in it, with their schedules, some two kilobytes: derive
/// it once and share it.
///
/// Each use has a key of its own: HKDF-SHA-256 over the epoch's secret, and the subject's where there is one, with
/// the purpose (`field-sealed`, `field-commit`, `field-match`, `field-repeat`, `field-file`), the app, the field, the
/// epoch and the subject's name in `info`. All of it is wiped when dropped.
pub struct FieldKey {
    id: KeyId,
    app: Box<str>,
    field: Box<str>,
    epoch: u32,
    subject: Option<SubjectName>,
    pub(crate) sealed: Xaes,
    pub(crate) committer: Committer,
    pub(crate) matched: Siv,
    /// What word tokens are cut from.
    pub(crate) words: Hmac<Sha256>,
    /// What a request that is sent again draws its salts from.
    pub(crate) repeat: Hmac<Sha256>,
    /// What every file's own key is derived from.
    pub(crate) file: Zeroizing<[u8; 32]>,
    /// The encoding of app, field, epoch and subject, which every `sealed` token authenticates behind its header.
    pub(crate) identity: Box<[u8]>,
    /// What a `match` token of this key begins with.
    pub(crate) match_start: [u8; FIXED],
}

impl FieldKey {
    /// Derives the keys of one epoch of one field.
    pub fn derive(secret: &EpochSecret, id: KeyId, app: &str, field: &str, epoch: u32) -> Self {
        Self::from_input(secret.expose(), None, id, app, field, epoch)
    }

    /// Derives the keys of one subject in one epoch of one field: without the subject's secret, nothing that was
    /// sealed under them opens, and no token of another subject opens under them.
    pub fn derive_for_subject(
        epoch_secret: &EpochSecret,
        subject_secret: &SubjectSecret,
        subject: SubjectName,
        id: KeyId,
        app: &str,
        field: &str,
        epoch: u32,
    ) -> Self {
        let mut input = Zeroizing::new([0; 64]);
        let (front, back) = input.split_at_mut(32);
        front.copy_from_slice(epoch_secret.expose());
        back.copy_from_slice(subject_secret.expose());
        Self::from_input(input.as_slice(), Some(subject), id, app, field, epoch)
    }

    fn from_input(
        input: &[u8],
        subject: Option<SubjectName>,
        id: KeyId,
        app: &str,
        field: &str,
        epoch: u32,
    ) -> Self {
        let number = epoch.to_be_bytes();
        let header = Header {
            kind: Kind::Match,
            value_type: ValueType::String,
            key_id: id,
            length: 0,
            words: 0,
        };
        let [a, b, c, d] = id.to_bytes();
        let match_start = [header.first_byte(), a, b, c, d];
        let mut parts: Vec<&[u8]> = vec![&match_start, app.as_bytes(), field.as_bytes(), &number];
        if let Some(SubjectName(name)) = &subject {
            parts.push(name);
        }
        let (match_identity, identity) = (parts.as_slice(), &parts[1..]);
        Self {
            id,
            app: app.into(),
            field: field.into(),
            epoch,
            subject,
            sealed: Xaes::new(&derive(input, "field-sealed", identity)),
            committer: Committer::new(&derive(input, "field-commit", identity)),
            matched: Siv::new(
                &derive(input, "field-match", identity),
                &[&encode(match_identity)],
            ),
            words: Hmac::new((&*derive::<64>(input, "field-words", identity)).into()),
            repeat: Hmac::new((&*derive::<64>(input, "field-repeat", identity)).into()),
            file: derive(input, "field-file", identity),
            identity: encode(identity).into(),
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

    /// Whose values it seals, where its field has a key for each subject.
    pub fn subject(&self) -> Option<SubjectName> {
        self.subject
    }
}

impl fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldKey")
            .field("id", &self.id)
            .field("app", &self.app)
            .field("field", &self.field)
            .field("epoch", &self.epoch)
            .field("subject", &self.subject)
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
