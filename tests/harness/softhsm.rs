//! A SoftHSM token of one test, in a folder of its own. Programs find it by a variable of their environment.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const PIN: &str = "482917";
const LABEL: &str = "rempart";

/// A token; it is gone with its value.
pub struct Token {
    folder: TempDir,
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}

impl Token {
    /// A new one, without keys.
    ///
    /// # Panics
    /// Where SoftHSM is not installed.
    #[must_use]
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("rempart-token-").expect("a folder");
        let token = Self { folder };
        fs::create_dir(token.tokens()).expect("a folder");
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            token.tokens().display()
        );
        fs::write(token.configuration(), text).expect("a configuration is written");
        fs::write(token.pin(), format!("{PIN}\n")).expect("a PIN is written");
        fs::set_permissions(token.pin(), fs::Permissions::from_mode(0o600)).expect("a mode is set");
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--so-pin", "998877"])
            .args(["--pin", PIN, "--label", LABEL])
            .env("SOFTHSM2_CONF", token.configuration())
            .output()
            .expect("softhsm2 is installed: `cargo xtask test` does it");
        assert!(made.status.success(), "{made:?}");
        token
    }

    /// What `SOFTHSM2_CONF` must say.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }

    /// What `[keys] root` says to use a key of this token.
    ///
    /// # Panics
    /// Where SoftHSM's library is nowhere that distributions put it.
    #[must_use]
    pub fn root(&self, key: &str) -> String {
        let module = [
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib64/pkcs11/libsofthsm2.so",
            "/usr/lib64/softhsm/libsofthsm2.so",
            "/opt/homebrew/lib/softhsm/libsofthsm2.so",
        ]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists())
        .expect("softhsm2 is installed: `cargo xtask test` does it");
        format!(
            "pkcs11:token={LABEL};object={key}?module-path={}&pin-source=file:{}",
            module.display(),
            self.pin().display()
        )
    }

    /// Pulls the token out.
    ///
    /// # Panics
    /// Where it is out already.
    pub fn unplug(&self) {
        fs::rename(self.tokens(), self.folder.path().join("unplugged")).expect("it is in");
        fs::create_dir(self.tokens()).expect("a folder");
    }

    /// Puts it in again.
    ///
    /// # Panics
    /// Where it is in already.
    pub fn plug_in(&self) {
        fs::remove_dir(self.tokens()).expect("nothing is in");
        fs::rename(self.folder.path().join("unplugged"), self.tokens()).expect("it is out");
    }

    fn tokens(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    fn pin(&self) -> PathBuf {
        self.folder.path().join("pin")
    }
}
