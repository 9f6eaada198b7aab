//! `rempart.toml`: defaults < file < `REMPART__SECTION__KEY` < flags (design §10). Unknown keys are errors.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use serde::Deserialize;

pub use credentials::{Credentials, signers};
pub use root::Root;

mod credentials;
mod root;

/// Everything that can be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What happens to a host of no policy.
    pub outside: Outside,
    pub listen: Listen,
    pub upstream: Upstream,
    pub keys: Keys,
    pub vault: Vault,
    pub territory: Territory,
    pub limits: Limits,
    /// What the apps' requests are signed by.
    pub credentials: Vec<Credentials>,
}

/// What happens to a host of no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outside {
    /// A blind tunnel.
    #[default]
    Allow,
    /// Refused.
    Block,
}

/// Where we listen.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    pub proxy: SocketAddr,
    pub console: SocketAddr,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            proxy: SocketAddr::from(([127, 0, 0, 1], 7480)),
            console: SocketAddr::from(([127, 0, 0, 1], 7481)),
        }
    }
}

/// How origins are reached and verified.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Upstream {
    /// Further roots to trust beside the system's: PEM text, or paths of PEM files (relative to the settings file).
    pub extra_roots: Vec<String>,
    /// Addresses that replace what the system's resolver says: `"host:443" = "127.0.0.1:9443"`.
    pub resolve: BTreeMap<String, String>,
}

/// Where the keyring is and what its root is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The folder of the keyring [default: keys in the home].
    pub store: Option<PathBuf>,
    /// What wraps the keyring's secret.
    pub root: Root,
    /// The file with the token of access to a transit key service (relative to the settings file).
    pub token_file: Option<PathBuf>,
    /// The namespace of the key service's mount.
    pub namespace: Option<String>,
    /// The PEM certificates to believe the key service by, and no others (relative to the settings file).
    pub ca_file: Option<PathBuf>,
}

impl Keys {
    /// What a settings file says of the root, key by key; nothing where it is the default.
    pub fn root_settings(&self) -> Vec<(&'static str, String)> {
        if self.root == Root::File {
            return Vec::new();
        }
        let path = |path: &PathBuf| path.display().to_string();
        let mut said = vec![("root", self.root.to_setting())];
        said.extend(
            self.token_file
                .as_ref()
                .map(|file| ("token_file", path(file))),
        );
        said.extend(self.namespace.clone().map(|name| ("namespace", name)));
        said.extend(self.ca_file.as_ref().map(|file| ("ca_file", path(file))));
        said
    }
}

/// The store of values that stay home.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vault {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: vault.db in the home].
    pub url: Option<String>,
    /// The most tokens of `stable` fields that are remembered.
    pub stable: u64,
}

impl Default for Vault {
    fn default() -> Self {
        Self {
            url: None,
            stable: vault::Options::default().stable,
        }
    }
}

/// A URL may hold a password: it is not told.
impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Vault")
            .field("stable", &self.stable)
            .finish_non_exhaustive()
    }
}

/// The jurisdictions whose law the organisation accepts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Territory {
    pub accept: Vec<String>,
}

impl Default for Territory {
    fn default() -> Self {
        Self {
            accept: vec!["CA-QC".to_owned(), "CA".to_owned()],
        }
    }
}

/// The most that messages may hold: bytes, or text such as "64 KiB".
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A protected body up to this is checked whole before its first byte leaves.
    pub whole: Size,
    /// The longest single value.
    pub value: Size,
    /// The most of an enclosing element that is held.
    pub lookahead: Size,
    /// A coded response is held up to this to find out whether it is clean.
    pub coded: Size,
    /// The largest window of a content coding.
    pub window: Size,
    /// The most that all exchanges hold together.
    pub held: Size,
}

impl Default for Limits {
    fn default() -> Self {
        let border = border::Limits::default();
        Self {
            whole: Size(border.whole),
            value: Size(border.body.value),
            lookahead: Size(border.body.lookahead),
            coded: Size(border.coded),
            window: Size(border.body.window),
            held: Size(256 << 20),
        }
    }
}

impl Limits {
    /// As the border takes them.
    pub fn border(&self) -> border::Limits {
        let body = body::Limits {
            value: self.value.0,
            lookahead: self.lookahead.0,
            window: self.window.0,
            ..body::Limits::default()
        };
        border::Limits {
            whole: self.whole.0,
            coded: self.coded.0,
            body,
        }
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Size(pub usize);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
}

impl TryFrom<Written> for Size {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let text = match written {
            Written::Number(number) => return Self::of(number, 0, &number.to_string()),
            Written::Text(text) => text,
        };
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim() {
            "" | "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => {
                return Err(format!(
                    "`{text}` is no size: write a number of bytes, or one with KiB, MiB or GiB"
                ));
            }
        };
        let number = number
            .parse::<u64>()
            .map_err(|_| format!("`{text}` is no size: it begins with no number"))?;
        Self::of(number, shift, &text)
    }
}

impl Size {
    fn of(number: u64, shift: u32, text: &str) -> Result<Self, String> {
        number
            .checked_mul(1 << shift)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .map(Self)
            .ok_or_else(|| format!("`{text}` is more than this machine can count"))
    }
}

/// Reads the settings: the defaults, `file` if it is there, the environment.
///
/// # Errors
/// What is wrong, with the file and the key.
pub fn read(file: &Path) -> miette::Result<Settings> {
    let environment = config::Environment::with_prefix("REMPART")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("upstream.extra_roots")
        .with_list_parse_key("territory.accept");
    let mut settings: Settings = config::Config::builder()
        .add_source(
            config::File::from(file)
                .format(config::FileFormat::Toml)
                .required(false),
        )
        .add_source(environment)
        .build()
        .and_then(config::Config::try_deserialize)
        .into_diagnostic()
        .wrap_err_with(|| format!("the settings in {} cannot be used", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let keys = &mut settings.keys;
    for path in [&mut keys.token_file, &mut keys.ca_file]
        .into_iter()
        .flatten()
    {
        *path = folder.join(&*path);
    }
    for credentials in &mut settings.credentials {
        credentials
            .files()
            .for_each(|file| *file = folder.join(&*file));
    }
    for root in &mut settings.upstream.extra_roots {
        if !root.contains("-----BEGIN") {
            let path = folder.join(&*root);
            *root = std::fs::read_to_string(&path)
                .into_diagnostic()
                .wrap_err_with(|| {
                    format!(
                        "[upstream] extra_roots in {}: {} cannot be read",
                        file.display(),
                        path.display()
                    )
                })?;
        }
    }
    for (name, address) in &settings.upstream.resolve {
        let numbered = name
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if !numbered || address.parse::<SocketAddr>().is_err() {
            return Err(miette!(
                help = "write it as \"host:443\" = \"127.0.0.1:9443\"",
                "[upstream] resolve in {}: `{name}` = `{address}` is not a host and port with an address and port",
                file.display()
            ));
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> miette::Result<Settings> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rempart.toml");
        std::fs::write(&file, text).unwrap();
        read(&file)
    }

    #[test]
    fn an_absent_file_gives_the_defaults() {
        let settings = read(Path::new("/nonexistent/rempart.toml")).unwrap();
        assert_eq!(settings.listen.proxy.to_string(), "127.0.0.1:7480");
        assert_eq!(settings.limits.whole, Size(1 << 20));
        assert_eq!(settings.territory.accept, ["CA-QC", "CA"]);
    }

    #[test]
    fn hosts_with_dots_and_ports_stay_whole_as_keys() {
        let settings =
            parse("[upstream]\nresolve = { \"Api.Example.com:443\" = \"127.0.0.1:9443\" }")
                .unwrap();
        assert_eq!(
            settings.upstream.resolve["Api.Example.com:443"],
            "127.0.0.1:9443"
        );
    }

    #[test]
    fn sizes_are_numbers_or_text_with_a_unit() {
        let settings = parse("[limits]\nwhole = \"2 MiB\"\nvalue = 4096").unwrap();
        assert_eq!(
            (settings.limits.whole, settings.limits.value),
            (Size(2 << 20), Size(4096))
        );
        let error = format!("{:?}", parse("[limits]\nwhole = \"2 MB\"").unwrap_err());
        assert!(error.contains("KiB, MiB or GiB"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = format!(
            "{:?}",
            parse("[listen]\nproxi = \"127.0.0.1:1\"").unwrap_err()
        );
        assert!(error.contains("proxi"), "{error}");
    }

    #[test]
    fn a_bad_resolve_entry_says_how_to_write_it() {
        let error = format!(
            "{:?}",
            parse("[upstream]\nresolve = { \"host\" = \"127.0.0.1\" }").unwrap_err()
        );
        assert!(error.contains("host and port"), "{error}");
    }
}
