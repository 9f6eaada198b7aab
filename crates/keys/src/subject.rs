//! How a subject (the person, or whatever else may have to be forgotten) gets its pseudonym.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::derive::derive;
use crate::id::SubjectName;

/// Names the subjects of one app.
pub struct SubjectNames(Box<Zeroizing<[u8; 64]>>);

impl SubjectNames {
    /// The purpose of the app secret ([`Keyring::app_secret`](crate::Keyring::app_secret)) that it is derived from.
    pub const PURPOSE: &'static str = "subject-name";

    /// Derives the key from the app's secret for [`Self::PURPOSE`].
    pub fn derive(app_secret: &[u8; 32], app: &str) -> Self {
        Self(Box::new(derive(
            app_secret,
            "subject-name",
            &[app.as_bytes()],
        )))
    }

    /// The name of the subject whose identity in the app is `identity`, byte for byte: whoever accepts several
    /// spellings of one identity brings them to one first.
    pub fn name(&self, identity: &[u8]) -> SubjectName {
        let mut code = <Hmac<Sha256>>::new((&**self.0).into());
        code.update(identity);
        let code: [u8; 32] = code.finalize().into_bytes().into();
        let mut name = [0; 16];
        name.copy_from_slice(&code[..16]);
        SubjectName(name)
    }
}

impl fmt::Debug for SubjectNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectNames(‹64 bytes›)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_named_alike_within_an_app_and_otherwise_elsewhere() {
        let crm = SubjectNames::derive(&[1; 32], "crm");
        assert_eq!(crm.name(b"41"), crm.name(b"41"));
        assert_ne!(crm.name(b"41"), crm.name(b"42"));
        let fhir = SubjectNames::derive(&[2; 32], "fhir");
        assert_ne!(crm.name(b"41"), fhir.name(b"41"));
    }
}
