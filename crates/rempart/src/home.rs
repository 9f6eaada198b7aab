//! The home: the folder of everything that must not be lost. Made whole or not at all, by `up` and `init` only.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use serde::{Deserialize, Serialize};

use crate::cli::HomeArgs;

/// The shipped policies, written beside the home's own so that turning one on is a copy.
const SHIPPED: [(&str, &str); 3] = [
    ("fhir.toml", include_str!("../../../policies/fhir.toml")),
    ("s3.toml", include_str!("../../../policies/s3.toml")),
    ("stripe.toml", include_str!("../../../policies/stripe.toml")),
];

/// What a new `rempart.toml` says: every key, commented out, with its default.
const FIRST_SETTINGS: &str = include_str!("first-settings.toml");

/// A folder that holds one installation.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
    settings: PathBuf,
}

/// Where a running gateway listens, for programs: `run.json` in the home.
#[derive(Debug, Serialize, Deserialize)]
pub struct Running {
    /// Its process id.
    pub pid: u32,
    /// Where the proxy listens.
    pub proxy: std::net::SocketAddr,
    /// Where the console listens.
    pub console: std::net::SocketAddr,
}

impl Home {
    /// The home that the command line names, there or not.
    ///
    /// # Errors
    /// No home was named, and the user has no data folder.
    pub fn named(args: &HomeArgs) -> miette::Result<Self> {
        let folder = args.home.clone().or_else(default_folder).ok_or_else(|| {
            miette!(
                help = "name a folder with --home DIR",
                "there is no user data folder to keep a home in"
            )
        })?;
        let settings = args
            .config
            .clone()
            .unwrap_or_else(|| folder.join("rempart.toml"));
        Ok(Self { folder, settings })
    }

    /// The home that the command line names, which must be there.
    ///
    /// # Errors
    /// There is none.
    pub fn existing(args: &HomeArgs) -> miette::Result<Self> {
        let home = Self::named(args)?;
        if home.is_there() {
            return Ok(home);
        }
        Err(miette!(
            help = "make one with `rempart init --home DIR`, or name the right one with --home",
            "there is no home at {}",
            home.folder.display()
        ))
    }

    /// Makes the home where there is none; `fill` puts in what is more than a folder. It all happens in a folder
    /// beside it that takes its name last, under a lock, so that nobody ever sees half a home.
    ///
    /// # Errors
    /// What the system says, or what `fill` does.
    pub fn make(&self, fill: impl FnOnce(&Self) -> miette::Result<()>) -> miette::Result<bool> {
        if self.is_there() {
            return Ok(false);
        }
        let parent = self
            .folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent)
            .into_diagnostic()
            .wrap_err_with(|| cannot("make", parent))?;
        let name = self
            .folder
            .file_name()
            .ok_or_else(|| miette!("{} is no name of a folder", self.folder.display()))?;
        let beside = |suffix: &str| parent.join(format!(".{}.{suffix}", name.to_string_lossy()));
        let lock_path = beside("lock");
        let lock = File::create(&lock_path)
            .into_diagnostic()
            .wrap_err_with(|| cannot("make", &lock_path))?;
        lock.lock()
            .into_diagnostic()
            .wrap_err_with(|| cannot("lock", &lock_path))?;
        if self.is_there() {
            return Ok(false);
        }
        if self.folder.exists()
            && std::fs::read_dir(&self.folder)
                .into_diagnostic()?
                .next()
                .is_some()
        {
            return Err(miette!(
                help = "name an empty or new folder with --home",
                "{} is not empty and is no home of Rempart",
                self.folder.display()
            ));
        }
        let draft = Self {
            folder: beside("new"),
            settings: beside("new").join("rempart.toml"),
        };
        if draft.folder.exists() {
            std::fs::remove_dir_all(&draft.folder)
                .into_diagnostic()
                .wrap_err_with(|| cannot("clear", &draft.folder))?;
        }
        folder(&draft.folder)?;
        folder(&draft.policies())?;
        folder(&draft.policies().join("available"))?;
        for (name, text) in SHIPPED {
            let path = draft.policies().join("available").join(name);
            std::fs::write(&path, text)
                .into_diagnostic()
                .wrap_err_with(|| cannot("write", &path))?;
        }
        write_private(&draft.settings, FIRST_SETTINGS.as_bytes())?;
        fill(&draft)?;
        // Last, so that its presence says that all the rest is there.
        write_private(&draft.mark(), b"1\n")?;
        if self.folder.exists() {
            std::fs::remove_dir(&self.folder)
                .into_diagnostic()
                .wrap_err_with(|| cannot("replace", &self.folder))?;
        }
        std::fs::rename(&draft.folder, &self.folder)
            .into_diagnostic()
            .wrap_err_with(|| cannot("make", &self.folder))?;
        File::open(parent)
            .and_then(|parent| parent.sync_all())
            .into_diagnostic()?;
        // Whoever waits for the lock holds its file open; the name may go.
        let _ = std::fs::remove_file(&lock_path);
        Ok(true)
    }

    /// Says in the home's own settings which root of trust its keyring was made under, and how it is reached.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note_root(&self, keys: &[(&str, String)]) -> miette::Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let lines: String = keys
            .iter()
            // A string of JSON is one of TOML too.
            .map(|(key, value)| format!("{key} = {}\n", serde_json::Value::from(value.as_str())))
            .collect();
        let text = FIRST_SETTINGS.replace("#= root = \"file\"\n", &lines);
        write_private(&self.own_settings(), text.as_bytes())
    }

    /// Claims the home for a running gateway until the file is dropped.
    ///
    /// # Errors
    /// Another gateway runs on it.
    pub fn claim(&self) -> miette::Result<File> {
        let path = self.folder.join("up.lock");
        let options = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .clone();
        let file = options
            .open(&path)
            .into_diagnostic()
            .wrap_err_with(|| cannot("open", &path))?;
        file.try_lock().map_err(|_| {
            miette!(
                help = "stop it first, or give this one a home of its own with --home",
                "a gateway already runs on the home {}",
                self.folder.display()
            )
        })?;
        Ok(file)
    }

    /// Says in `run.json` where the gateway listens.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn announce(&self, running: &Running) -> miette::Result<()> {
        let text = serde_json::to_vec(running).into_diagnostic()?;
        write_private(&self.run_file(), &text)
    }

    /// Takes the announcement back.
    pub fn retract(&self) {
        // A file that is gone already says the same.
        let _ = std::fs::remove_file(self.run_file());
        let _ = std::fs::remove_file(self.control());
    }

    /// Where the gateway on this home listens, if one announced itself.
    pub fn running(&self) -> Option<Running> {
        serde_json::from_slice(&std::fs::read(self.run_file()).ok()?).ok()
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The settings file.
    pub fn settings(&self) -> &Path {
        &self.settings
    }

    /// The settings file that is part of the home; another may be in force.
    pub fn own_settings(&self) -> PathBuf {
        self.folder.join("rempart.toml")
    }

    /// Its policy files.
    pub fn policies(&self) -> PathBuf {
        self.folder.join("policies")
    }

    /// Its keyring.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// Its certificate authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca")
    }

    /// The certificate that browsers and programs must trust.
    pub fn root_certificate(&self) -> PathBuf {
        self.authority().join("root.pem")
    }

    /// Its vault.
    pub fn vault_url(&self) -> String {
        format!("sqlite:{}", self.folder.join("vault.db").display())
    }

    /// Its journal.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal.jsonl")
    }

    /// The socket over which the gateway on this home is asked about its keys.
    pub fn control(&self) -> PathBuf {
        self.folder.join("control.sock")
    }

    /// What the practice SaaS of `--demo` keeps.
    pub fn practice(&self) -> PathBuf {
        self.folder.join("practice")
    }

    fn run_file(&self) -> PathBuf {
        self.folder.join("run.json")
    }

    fn mark(&self) -> PathBuf {
        self.folder.join("version")
    }

    fn is_there(&self) -> bool {
        self.mark().exists()
    }
}

fn default_folder() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let data = data.or_else(|| {
        let user = std::env::home_dir()?;
        Some(if cfg!(target_os = "macos") {
            user.join("Library/Application Support")
        } else {
            user.join(".local/share")
        })
    });
    Some(data?.join("rempart"))
}

fn folder(path: &Path) -> miette::Result<()> {
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(path)
        .into_diagnostic()
        .wrap_err_with(|| cannot("make", path))
}

fn write_private(path: &Path, bytes: &[u8]) -> miette::Result<()> {
    let options = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .clone();
    let mut file = options
        .open(path)
        .into_diagnostic()
        .wrap_err_with(|| cannot("write", path))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .into_diagnostic()
        .wrap_err_with(|| cannot("write", path))
}

fn cannot(what: &str, path: &Path) -> String {
    format!("cannot {what} {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(folder: &Path) -> Home {
        Home::named(&HomeArgs {
            home: Some(folder.to_owned()),
            config: None,
        })
        .unwrap()
    }

    #[test]
    fn a_home_that_could_not_be_filled_is_not_there_and_can_be_made_later() {
        let parent = tempfile::tempdir().unwrap();
        let home = at(&parent.path().join("home"));
        home.make(|_| Err(miette!("no"))).unwrap_err();
        assert!(!home.folder().exists());
        assert!(home.make(|_| Ok(())).unwrap());
        assert!(!home.make(|_| Ok(())).unwrap(), "it is made once");
        assert!(home.policies().join("available/fhir.toml").exists());
    }

    #[test]
    fn somebody_elses_folder_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        std::fs::write(parent.path().join("letter"), "x").unwrap();
        let error = at(parent.path()).make(|_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("not empty"), "{error}");
    }

    #[test]
    fn only_one_gateway_claims_a_home() {
        let parent = tempfile::tempdir().unwrap();
        let home = at(&parent.path().join("home"));
        home.make(|_| Ok(())).unwrap();
        let claim = home.claim().unwrap();
        home.claim().unwrap_err();
        drop(claim);
        home.claim().unwrap();
    }

    #[test]
    fn the_first_settings_are_the_defaults() {
        let parent = tempfile::tempdir().unwrap();
        let home = at(&parent.path().join("home"));
        home.make(|_| Ok(())).unwrap();
        crate::settings::read(home.settings()).unwrap();
        let uncommented: String = FIRST_SETTINGS
            .lines()
            .map(|line| line.strip_prefix("#= ").unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n");
        std::fs::write(home.settings(), uncommented).unwrap();
        let read = crate::settings::read(home.settings()).unwrap();
        assert_eq!(
            format!("{:?}", read.limits),
            format!("{:?}", crate::settings::Limits::default())
        );
        assert_eq!(
            format!("{:?}", read.listen),
            format!("{:?}", crate::settings::Listen::default())
        );
    }
}
