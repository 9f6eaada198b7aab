//! A SoftHSM token of one test, in a folder of its own.
//!
//! SoftHSM finds its tokens by a variable of the environment, which a process cannot change for itself soundly. So a
//! test that needs one runs itself again as a child with that variable set, and does its work there.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The PIN of the token.
pub const PIN: &str = "482917";
/// Its label.
pub const LABEL: &str = "Rempart's token";
/// Says to the child that it is one, and where its folder is.
const FOLDER: &str = "REMPART_TEST_TOKEN";

/// A token, seen from the child.
pub struct Token {
    folder: PathBuf,
}

/// Runs `test` in a process that has a token; `name` is the test's own, in full.
pub fn with_token(name: &str, test: impl FnOnce(&Token)) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return test(&Token {
            folder: folder.into(),
        });
    }
    let folder = TempDir::with_prefix("rempart-token-").unwrap();
    let configuration = folder.path().join("softhsm2.conf");
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    std::fs::write(
        &configuration,
        format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        ),
    )
    .unwrap();
    write_pin(&folder.path().join("pin"), PIN);
    let made = Command::new("softhsm2-util")
        .args([
            "--init-token",
            "--free",
            "--so-pin",
            "998877",
            "--pin",
            PIN,
            "--label",
            LABEL,
        ])
        .env("SOFTHSM2_CONF", &configuration)
        .output()
        .expect("softhsm2 is installed: `cargo xtask test` does it");
    assert!(made.status.success(), "{made:?}");
    let child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", &configuration)
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(
        child.status.success() && String::from_utf8_lossy(&child.stdout).contains("1 passed"),
        "{}\n{}",
        String::from_utf8_lossy(&child.stdout),
        String::from_utf8_lossy(&child.stderr)
    );
}

impl Token {
    /// A URI of a key in this token.
    pub fn uri(&self, object: &str) -> String {
        format!(
            "pkcs11:token=Rempart%27s%20token;object={object}?module-path={}&pin-source=file:{}",
            module().display(),
            self.pin_file().display()
        )
    }

    /// Where the PIN stands.
    pub fn pin_file(&self) -> PathBuf {
        self.folder.join("pin")
    }

    /// Where the tokens' files are: moved away, the token is unplugged.
    pub fn tokens(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    /// A folder that goes with the token.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Writes a PIN that not everybody may read.
pub fn write_pin(path: &Path, pin: &str) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    writeln!(file, "{pin}").unwrap();
}

/// SoftHSM's library, where distributions put it.
pub fn module() -> PathBuf {
    [
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
    .expect("softhsm2 is installed: `cargo xtask test` does it")
}
