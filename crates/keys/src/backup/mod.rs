//! Backups: the keyring secret split by Shamir's scheme, one page a share, with the wrapped keyring on each.
//!
//! Any `threshold` pages give the keyring back, on a machine that has nothing else; fewer say nothing about it. A page
//! is text: the share in 32 words that a person can type, then the keyring in lines that each say when they are
//! damaged. The bytes are in `docs/keyring-format.md` §6. Nothing here reads a file, a clock or a source of chance.

mod armour;
mod block;
mod error;
mod page;
mod share;
mod words;

use zeroize::Zeroizing;

pub use block::Block;
pub use error::BackupError;
pub use page::{read_keyring, read_share};
pub use share::{BackupId, Share};

use crate::chance::Chance;
use crate::keyring::Keyring;

/// How a backup is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many shares give the secret: at least two.
    pub threshold: u8,
    /// How many shares there are.
    pub shares: u8,
    /// When it is made, RFC 3339; said by whoever has a clock.
    pub made: String,
}

/// A backup, not yet written anywhere.
pub struct Backup {
    id: BackupId,
    code: String,
    pages: Vec<(u8, Zeroizing<String>)>,
}

impl Backup {
    /// Splits the secret of `keyring` and writes its pages.
    ///
    /// # Errors
    /// [`BackupError::Plan`].
    pub fn new(
        keyring: &Keyring,
        plan: &Plan,
        chance: &mut dyn Chance,
    ) -> Result<Self, BackupError> {
        let mut id = [0; 4];
        chance.fill(&mut id);
        let id = BackupId(id);
        let shares = share::split(keyring.secret(), id, plan.threshold, plan.shares, chance)?;
        let block = Block::new(keyring, id, plan);
        let text = block.to_text();
        let pages = shares
            .iter()
            .map(|share| (share.number(), page::write(share, &block, &text)));
        Ok(Self {
            id,
            code: block.code(),
            pages: pages.collect(),
        })
    }

    /// Its name.
    pub fn id(&self) -> BackupId {
        self.id
    }

    /// The verification code that stands on each of its pages.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What is to be written: the name of each file, and its page.
    pub fn files(&self) -> impl Iterator<Item = (String, &str)> {
        self.pages.iter().map(|(number, page)| {
            let name = format!("rempart-{}-share-{number}.txt", self.id);
            (name, page.as_str())
        })
    }
}

impl std::fmt::Debug for Backup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Backup({}, ‹{} pages›)", self.id, self.pages.len())
    }
}
