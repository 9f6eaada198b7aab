//! Files that are written whole or not at all, and that only their owner may open.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::chance::Chance;
use crate::file::{StoreError, reading};
use crate::hex;

/// No file of a keyring comes near this: a thousand fields take half a megabyte.
const LONGEST: u64 = 64 << 20;

/// Makes a directory, and those above it, that only its owner may enter; one that is there stays as it is.
pub(crate) fn make_directory(directory: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(directory)
        .map_err(|source| StoreError::Write {
            path: directory.to_owned(),
            source,
        })
}

/// Writes a file that must not be there yet.
pub(crate) fn write_new(
    path: &Path,
    text: &str,
    chance: &mut dyn Chance,
) -> Result<(), StoreError> {
    let beside = Beside::write(path, text, chance)?;
    // A link fails where a rename would replace.
    fs::hard_link(&beside.path, path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Exists {
            path: path.to_owned(),
        },
        _ => StoreError::Write {
            path: path.to_owned(),
            source,
        },
    })?;
    drop(beside);
    sync_directory(path)
}

/// Writes a file in the place of the one that is there.
pub(crate) fn replace(path: &Path, text: &str, chance: &mut dyn Chance) -> Result<(), StoreError> {
    let beside = Beside::write(path, text, chance)?;
    fs::rename(&beside.path, path).map_err(|source| StoreError::Write {
        path: path.to_owned(),
        source,
    })?;
    sync_directory(path)
}

/// Opens a file that only its owner may open, for reading.
pub(crate) fn open(path: &Path) -> Result<File, StoreError> {
    let failed = |source| reading(path, source);
    let file = File::open(path).map_err(failed)?;
    check_mode(path, &file.metadata().map_err(failed)?)?;
    Ok(file)
}

/// Reads a file that only its owner may open.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, StoreError> {
    let failed = |source| reading(path, source);
    let file = open(path)?;
    let metadata = file.metadata().map_err(failed)?;
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let length = usize::try_from(metadata.len().min(LONGEST)).unwrap_or(0);
    let mut text = Zeroizing::new(String::with_capacity(length + 1));
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

/// A file beside the one that is meant, removed again unless it was put in place.
struct Beside {
    path: PathBuf,
}

impl Beside {
    fn write(path: &Path, text: &str, chance: &mut dyn Chance) -> Result<Self, StoreError> {
        let mut suffix = [0; 8];
        chance.fill(&mut suffix);
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(hex::encode(&suffix));
        let failed = |source| StoreError::Write {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&name).map_err(failed)?;
        let beside = Self { path: name.into() };
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        Ok(beside)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes what writes that were cut short left beside a file: it may hold what was destroyed since. Only for
/// whoever holds the directory's lock.
pub(crate) fn remove_leftovers(path: &Path) -> Result<(), StoreError> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let failed = |source| StoreError::Write {
        path: directory.to_owned(),
        source,
    };
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let found = entry.file_name();
        let suffix = found
            .to_str()
            .and_then(|found| found.strip_prefix(name.to_str()?)?.strip_prefix('.'));
        if suffix.is_some_and(|suffix| hex::decode::<8>(suffix).is_some()) {
            fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Makes a new name in a directory durable.
fn sync_directory(path: &Path) -> Result<(), StoreError> {
    sync_directory_of(path).map_err(|source| StoreError::Write {
        path: path.to_owned(),
        source,
    })
}

/// As [`sync_directory`], for whoever has words of its own for what fails.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent().filter(|_| cfg!(unix)) {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(StoreError::Mode {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), StoreError> {
    Ok(())
}
