//! The pages of a backup as files: written where nobody else reads them, checked, and read to bring a keyring back.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead as _, IsTerminal as _, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use journal::{Journal, KeyChange};
use keys::backup::{Backup, BackupError, Block, Plan, Share, read_keyring, read_share};
use keys::file::{BackupRecord, BackupRecords, SystemChance};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use zeroize::Zeroizing;

use super::work;
use crate::cli::{KeysRestoreArgs, KeysVerifyPagesArgs};
use crate::home::Home;
use crate::root::Handed;
use crate::settings::{self, Root};
use crate::{keyring, up};

/// No page comes near this: a million subjects take half of it.
const LONGEST: u64 = 1 << 30;

/// Writes each page into a file of its own in `folder`, which is made when there is none. On the disk when this
/// returns; where one cannot be written, none is left.
///
/// # Errors
/// What the system says, or that a file is there.
pub fn write(folder: &Path, backup: &Backup) -> miette::Result<Vec<PathBuf>> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot make {}", folder.display()))?;
    let mut written = Vec::new();
    for (name, page) in backup.files() {
        let path = folder.join(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let result = file.and_then(|mut file| {
            written.push(path.clone());
            file.write_all(page.as_bytes())?;
            file.sync_all()
        });
        if let Err(error) = result {
            for path in written {
                // What cannot be written may be impossible to remove, too; the error below names the folder's trouble.
                let _ = std::fs::remove_file(path);
            }
            return Err(error)
                .into_diagnostic()
                .wrap_err_with(|| format!("cannot write {}", path.display()));
        }
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .into_diagnostic()?;
    Ok(written)
}

/// Checks pages: each by itself, and together where there are enough of them.
///
/// # Errors
/// Something is wrong with a page, or they do not go together.
pub fn verify(args: &KeysVerifyPagesArgs, out: &mut impl Write) -> miette::Result<()> {
    let mut shares: Vec<Share> = Vec::new();
    let mut block: Option<Block> = None;
    for path in &args.pages {
        let page = read(path)?;
        let share = read_share(&page).map_err(|error| wrong(path, &error))?;
        let keyring = read_keyring(&page).map_err(|error| wrong(path, &error))?;
        if keyring.backup() != share.backup()
            || block.as_ref().is_some_and(|block| *block != keyring)
        {
            return Err(miette!(
                help = "take pages that show the same backup and the same verification code",
                "{}: its keyring is not that of the other pages",
                path.display()
            ));
        }
        let (_, of) = keyring.shares();
        writeln!(
            out,
            "ok  {}: share {} of {of}, backup {}, verification {}",
            path.display(),
            share.number(),
            share.backup(),
            keyring.code()
        )
        .into_diagnostic()?;
        block = Some(keyring);
        if shares.iter().all(|other| other.number() != share.number()) {
            shares.push(share);
        }
    }
    let Some(block) = block else {
        return Ok(());
    };
    let threshold = usize::from(block.shares().0);
    if shares.len() < threshold {
        return writeln!(
            out,
            "{} of the {threshold} shares that open it: the secret was not put together",
            shares.len()
        )
        .into_diagnostic();
    }
    let keyring = block.open(&shares).map_err(|error| said(&error))?;
    writeln!(
        out,
        "these pages give the secret of this keyring; every wrap opens: {} epochs, {} subjects",
        keyring.epochs().filter(|epoch| epoch.live).count(),
        keyring.subject_count().subjects
    )
    .into_diagnostic()
}

/// Makes a home of a backup.
///
/// # Errors
/// There is a home already, or what is wrong with the pages.
pub fn restore(args: &KeysRestoreArgs, out: &mut impl Write) -> miette::Result<()> {
    let home = Home::named(&args.home)?;
    if Home::existing(&args.home).is_ok() {
        return Err(miette!(
            help = "name a new folder with --home, or move the home that is there away",
            "there is a home at {}",
            home.folder().display()
        ));
    }
    let (block, shares) = if args.words {
        let block = args
            .pages
            .iter()
            .map(|path| read_keyring(&read(path)?).map_err(|error| wrong(path, &error)))
            .next()
            .ok_or_else(|| miette!("name a page: the keyring's text is read from it"))??;
        let shares = typed(&block)?;
        (block, shares)
    } else {
        from_files(&args.pages)?
    };
    let (id, made) = (block.backup(), block.made().to_owned());
    let (threshold, of) = block.shares();
    let mut keyring = block.open(&shares).map_err(|error| said(&error))?;
    let mut keys = settings::read(home.settings())?.keys;
    if args.passphrase {
        keys.root = Root::Passphrase;
    }
    let handed = Handed::take(&keys)?;
    let plan = Plan {
        threshold,
        shares: of,
        made,
    };
    let record = BackupRecord::new(id, &plan, &keyring);
    up::make(&home, |home| {
        keyring::adopt(home, &keys, &handed, &mut keyring)?;
        let mut chance = SystemChance::new().into_diagnostic()?;
        let mut records = BackupRecords::read(&home.keys()).into_diagnostic()?;
        records
            .add(&home.keys(), record, &mut chance)
            .into_diagnostic()?;
        let journal = Journal::open(&home.journal()).into_diagnostic()?;
        let backup = id.to_string();
        work::record(&journal, KeyChange::Restored { backup })
    })?;
    writeln!(
        out,
        "restored {} epochs and {} subjects of backup {id} into {}",
        keyring.epochs().filter(|epoch| epoch.live).count(),
        keyring.subject_count().subjects,
        home.folder().display()
    )
    .into_diagnostic()?;
    writeln!(
        out,
        "Not in a backup of the keys: the vault, policies, settings and the certificate authority (this home has a new one)."
    )
    .into_diagnostic()
}

/// The shares of page files, and the keyring of the first whose text is whole.
fn from_files(paths: &[PathBuf]) -> miette::Result<(Block, Vec<Share>)> {
    let mut shares = Vec::new();
    let mut block = Err(BackupError::NoKeyring);
    for path in paths {
        let page = read(path)?;
        shares.push(read_share(&page).map_err(|error| wrong(path, &error))?);
        if block.is_err() {
            block = read_keyring(&page);
        }
    }
    Ok((block.map_err(|error| said(&error))?, shares))
}

/// Shares as a person types them: 32 words each, until there are enough.
fn typed(block: &Block) -> miette::Result<Vec<Share>> {
    let stdin = std::io::stdin();
    let asks = stdin.is_terminal();
    let (threshold, _) = block.shares();
    let mut shares: Vec<Share> = Vec::new();
    while shares.len() < usize::from(threshold) {
        let number = shares.len() + 1;
        if asks {
            eprompt(&format!(
                "The 32 words of share {number} of {threshold} of backup {} (an empty line ends them):",
                block.backup()
            ))?;
        }
        let words = words(&stdin)?;
        let error = match Share::from_words(&words) {
            Ok(share) if share.backup() != block.backup() => BackupError::OtherBackup {
                expected: block.backup(),
                found: share.backup(),
            },
            Ok(share) if shares.iter().any(|other| other.number() == share.number()) => {
                BackupError::SameShare(share.number())
            }
            Ok(share) => {
                shares.push(share);
                continue;
            }
            Err(error) => error,
        };
        // A person tries again; a program that feeds words does not.
        if !asks {
            return Err(said(&error));
        }
        eprompt(&format!("{error}: {}. Once more:", error.hint()))?;
    }
    Ok(shares)
}

/// Lines up to an empty one or to 32 words.
fn words(stdin: &std::io::Stdin) -> miette::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let mut line = Zeroizing::new(String::with_capacity(1024));
    loop {
        line.clear();
        let read = stdin.lock().read_line(&mut line).into_diagnostic()?;
        if read == 0 && text.is_empty() {
            return Err(miette!("the words ended before there were enough shares"));
        }
        let blank = line.trim().is_empty();
        if read == 0 || (blank && !text.is_empty()) {
            return Ok(text);
        }
        text.push_str(&line);
        let numbered = |word: &&str| {
            !word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        };
        if text.split_whitespace().filter(numbered).count() >= 32 {
            return Ok(text);
        }
    }
}

fn eprompt(text: &str) -> miette::Result<()> {
    writeln!(std::io::stderr(), "{text}").into_diagnostic()
}

/// A page, in memory that is wiped.
fn read(path: &Path) -> miette::Result<Zeroizing<String>> {
    let failed = || format!("{} cannot be read", path.display());
    let file = File::open(path).into_diagnostic().wrap_err_with(failed)?;
    let length = file
        .metadata()
        .into_diagnostic()
        .wrap_err_with(failed)?
        .len();
    if length > LONGEST {
        return Err(miette!("{} is too long for a page", path.display()));
    }
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(length).unwrap_or_default() + 1,
    ));
    std::io::Read::read_to_string(&mut std::io::Read::take(file, LONGEST), &mut text)
        .into_diagnostic()
        .wrap_err_with(failed)?;
    Ok(text)
}

fn wrong(path: &Path, error: &BackupError) -> miette::Report {
    miette!(help = error.hint(), "{}: {error}", path.display())
}

fn said(error: &BackupError) -> miette::Report {
    miette!(help = error.hint(), "{error}")
}
