//! The embedded engine.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vault::{Error, Keep, Options, Vault};

use crate::contract::{Place, keep, on};

/// A folder with one file.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("vault.db")
    }

    /// Every byte of the database and its log.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        let read = |file: std::io::Result<std::fs::DirEntry>| std::fs::read(file.unwrap().path());
        files.flat_map(|file| read(file).unwrap()).collect()
    }
}

impl Place for Folder {
    fn url(&self) -> String {
        format!("sqlite:{}", self.file().display())
    }
}

on!(Folder::new());

#[tokio::test]
async fn a_vault_of_version_1_opens_with_all_it_held_and_takes_what_is_new() {
    let folder = Folder::new();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-1.db");
    std::fs::copy(old, folder.file()).unwrap();
    let vault = folder.open();
    let rows = [
        keep("app", 7, b"sealed one"),
        keep("app", 7, b"sealed two"),
        keep("app", 9, b"sealed three"),
    ];
    let pointers = [7, 679_535_556_998, 9].map(|at| ("app".to_owned(), at));
    let found = vault.bring(pointers.to_vec()).await.unwrap();
    for (row, found) in rows.iter().zip(found) {
        let found = found.unwrap();
        assert_eq!(
            (found.field, found.sealed),
            (row.field.clone(), row.sealed.clone())
        );
    }
    let kept = vault.keep(rows.to_vec()).await.unwrap();
    assert_eq!(kept, pointers.clone().map(|(_, at)| at));
    vault.remember(Vec::new()).await.unwrap();
    vault.keep_segments(Vec::new()).await.unwrap();
    assert_eq!(vault.erase(pointers[..1].to_vec()).await.unwrap(), [true]);
}

#[test]
fn a_vault_of_a_later_version_is_left_alone() {
    let folder = Folder::new();
    drop(folder.open());
    let connection = rusqlite::Connection::open(folder.file()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = std::fs::read(folder.file()).unwrap();
    let error = Vault::open(&folder.url(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Version { found: 99, .. }), "{error}");
    assert_eq!(std::fs::read(folder.file()).unwrap(), before);
}

#[tokio::test]
async fn a_request_that_finds_no_place_keeps_nothing() {
    let folder = Folder::new();
    let vault = folder.open();
    let full = Keep {
        space: 10..10,
        ..keep("a", 10, b"x")
    };
    let rows = vec![keep("a", 900, b"y"), full];
    assert!(matches!(vault.keep(rows).await, Err(Error::Full { .. })));
    let found = folder.open().bring(vec![("a".into(), 900)]).await;
    assert_eq!(found.unwrap(), [None]);
}

#[tokio::test]
async fn an_erased_value_is_in_neither_the_file_nor_its_log() {
    let folder = Folder::new();
    let vault = folder.open();
    let secret = b"sealed bytes that are to be found nowhere";
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|at| at == secret);
    vault.keep(vec![keep("a", 7, secret)]).await.unwrap();
    assert!(holds(&folder.bytes()));
    assert_eq!(vault.erase(vec![("a".into(), 7)]).await.unwrap(), [true]);
    assert!(!holds(&folder.bytes()));
}

#[test]
fn the_file_and_its_log_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let _vault = folder.open();
    let mut files = 0;
    for file in std::fs::read_dir(folder.0.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert!(files >= 2);
}

#[test]
fn an_unknown_engine_is_refused_with_the_forms_and_without_the_password() {
    let error = Vault::open("redis://user:secret@host", &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`redis:…` names no vault: the forms are sqlite:PATH and postgres://USER@HOST/DATABASE"
    );
}

#[test]
fn a_file_that_cannot_be_made_says_so_and_what_to_do() {
    let folder = Folder::new();
    let url = format!("sqlite:{}/none/vault.db", folder.0.path().display());
    let error = Vault::open(&url, &Options::default()).unwrap_err();
    assert!(matches!(error, Error::File { .. }));
    assert!(!error.hint().is_empty());
}
