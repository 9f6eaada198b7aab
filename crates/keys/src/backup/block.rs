//! The keyring as it stands on every page of a backup: catalogue and log of subjects, all secrets wrapped, and a code
//! that only the keyring secret gives.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::backup::share::{self, BackupId, Share};
use crate::backup::{BackupError, Plan, armour};
use crate::catalogue::Catalogue;
use crate::derive::derive;
use crate::hex;
use crate::keyring::Keyring;
use crate::log::Line;
use crate::secret::KeyringSecret;

/// The version that this program writes.
const VERSION: u32 = 1;

/// The wrapped keyring of one backup. It holds nothing secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    version: u32,
    #[serde(with = "backup_id")]
    backup: BackupId,
    made: String,
    threshold: u8,
    shares: u8,
    #[serde(with = "hex")]
    check: [u8; 16],
    catalogue: Catalogue,
    log: Vec<Line>,
}

/// Only as much as every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Block {
    pub(crate) fn new(keyring: &Keyring, id: BackupId, plan: &Plan) -> Self {
        let (log, catalogue) = keyring.whole();
        Self {
            version: VERSION,
            backup: id,
            made: plan.made.clone(),
            threshold: plan.threshold,
            shares: plan.shares,
            check: check(keyring.secret(), id, plan),
            catalogue,
            log,
        }
    }

    /// Which backup it belongs to.
    pub fn backup(&self) -> BackupId {
        self.backup
    }

    /// When it was made, RFC 3339.
    pub fn made(&self) -> &str {
        &self.made
    }

    /// How many of how many shares open it.
    pub fn shares(&self) -> (u8, u8) {
        (self.threshold, self.shares)
    }

    /// The verification code: the same on all pages of one backup.
    pub fn code(&self) -> String {
        let digits = hex::encode(&self.check[..4]);
        let (one, two) = digits.split_at(4);
        format!("{one}-{two}")
    }

    /// The keyring that these shares open: every wrap that is not destroyed opens, or it is an error.
    ///
    /// # Errors
    /// What is wrong with the shares, or with the keyring.
    pub fn open(self, shares: &[Share]) -> Result<Keyring, BackupError> {
        let secret = self.secret(shares)?;
        let mut keyring = Keyring::from_catalogue(secret, self.catalogue)?;
        let mut replay = keyring.replay();
        for line in self.log {
            replay.parsed(line)?;
        }
        replay.finish()?;
        keyring.check_wraps()?;
        keyring.set_unwritten();
        Ok(keyring)
    }

    /// The keyring secret, if these shares give it.
    fn secret(&self, shares: &[Share]) -> Result<KeyringSecret, BackupError> {
        if let Some(share) = shares.iter().find(|share| share.id != self.backup) {
            return Err(BackupError::OtherBackup {
                expected: self.backup,
                found: share.id,
            });
        }
        let secret = share::combine(shares)?;
        let plan = Plan {
            threshold: self.threshold,
            shares: self.shares,
            made: self.made.clone(),
        };
        if bool::from(check(&secret, self.backup, &plan).ct_eq(&self.check)) {
            Ok(secret)
        } else {
            Err(BackupError::WrongSecret)
        }
    }

    pub(crate) fn to_text(&self) -> String {
        // Strings, numbers and nothing else: there is nothing that JSON cannot say.
        armour::write(&serde_json::to_vec(self).unwrap_or_default())
    }

    pub(crate) fn from_lines<'a>(
        lines: impl Iterator<Item = &'a str>,
    ) -> Result<Self, BackupError> {
        let bytes = armour::read(lines)?;
        let unreadable = |error: serde_json::Error| BackupError::Unreadable {
            line: error.line(),
            column: error.column(),
        };
        let Versioned { version } = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if version != VERSION {
            return Err(BackupError::Version(version));
        }
        serde_json::from_slice(&bytes).map_err(unreadable)
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block(backup {}, {:?})", self.backup, self.catalogue)
    }
}

/// Says that a secret is this keyring's, and that nothing around it was changed.
fn check(secret: &KeyringSecret, id: BackupId, plan: &Plan) -> [u8; 16] {
    let parts: [&[u8]; 4] = [
        &id.0,
        plan.made.as_bytes(),
        &[plan.threshold],
        &[plan.shares],
    ];
    *derive(secret.expose(), "backup-check", &parts)
}

/// The eight hexadecimal digits in which a backup's name is also printed.
mod backup_id {
    use serde::{Deserializer, Serializer};

    use crate::backup::BackupId;
    use crate::hex;

    pub(super) fn serialize<S: Serializer>(
        id: &BackupId,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        hex::serialize(&id.0, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BackupId, D::Error> {
        hex::deserialize(deserializer).map(BackupId)
    }
}
