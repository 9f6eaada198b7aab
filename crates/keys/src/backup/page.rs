//! A page of a backup: what a person prints, keeps in a safe, and types in again on a bad day.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::backup::block::Block;
use crate::backup::share::Share;
use crate::backup::{BackupError, words};

const SHARE_BEGINS: &str = "-----BEGIN REMPART SHARE-----";
const SHARE_ENDS: &str = "-----END REMPART SHARE-----";
const KEYRING_BEGINS: &str = "-----BEGIN REMPART KEYRING-----";
const KEYRING_ENDS: &str = "-----END REMPART KEYRING-----";

/// Words a row.
const ROW: usize = 4;

/// What a page holds besides its share and its keyring's text, at most.
const PROSE: usize = 4096;

/// Writes the page of one share: at most 80 columns, all in ASCII but for the French accents.
pub(crate) fn write(share: &Share, block: &Block, keyring: &str) -> Zeroizing<String> {
    let (threshold, shares) = block.shares();
    let (number, id, made, code) = (share.number(), block.backup(), block.made(), block.code());
    // Room for all of it: a text that grows leaves copies behind.
    let mut page = Zeroizing::new(String::with_capacity(PROSE + keyring.len()));
    // Writing to a `String` cannot fail.
    let _ = write!(
        page,
        "REMPART
COPIE DE SECOURS DES CLÉS, PART {number} DE {shares}
BACKUP OF THE KEYS, SHARE {number} OF {shares}

Sauvegarde / backup                    {id}
Faite le / made on                     {made}
Code de vérification / verification    {code}

Gardez cette page en lieu sûr, loin des autres. {threshold} parts de {shares} ouvrent tout ce
que Rempart a chiffré ; moins n'ouvrent rien. Pour rétablir les clés :
Keep this page in a safe place, away from the others. {threshold} shares of {shares} open all
that Rempart has sealed; fewer open nothing. To restore the keys:

    rempart keys restore --home DIR PAGE PAGE ...
    rempart keys restore --home DIR --words PAGE

La part, en 32 mots : les quatre premières lettres suffisent.
The share, in 32 words: their first four letters are enough.

{SHARE_BEGINS}
"
    );
    let numbers = share.words();
    for (row, words) in numbers.chunks(ROW).enumerate() {
        for (place, number) in words.iter().enumerate() {
            let before = if place == 0 { "" } else { "  " };
            let word = words::word(*number);
            let _ = write!(page, "{before}{:>2}. {word:<9}", row * ROW + place + 1);
        }
        let end = page.trim_end_matches(' ').len();
        page.truncate(end);
        page.push('\n');
    }
    let _ = write!(
        page,
        "{SHARE_ENDS}

Le trousseau, chiffré ; le même sur toutes les pages de cette sauvegarde.
The keyring, wrapped; the same on all pages of this backup.

{KEYRING_BEGINS}
{keyring}{KEYRING_ENDS}
"
    );
    page
}

/// Reads the share of a page.
///
/// # Errors
/// [`BackupError::NoShare`], or as [`Share::from_words`].
pub fn read_share(page: &str) -> Result<Share, BackupError> {
    let words = between(page, SHARE_BEGINS, SHARE_ENDS).ok_or(BackupError::NoShare)?;
    Share::from_words(words)
}

/// Reads the keyring of a page.
///
/// # Errors
/// [`BackupError::NoKeyring`], or what is wrong with its text.
pub fn read_keyring(page: &str) -> Result<Block, BackupError> {
    let text = between(page, KEYRING_BEGINS, KEYRING_ENDS).ok_or(BackupError::NoKeyring)?;
    Block::from_lines(text.lines())
}

/// The text between two lines.
fn between<'a>(page: &'a str, begins: &str, ends: &str) -> Option<&'a str> {
    let (_, after) = page.split_once(begins)?;
    after.split_once(ends).map(|(text, _)| text)
}
