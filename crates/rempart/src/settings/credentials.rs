//! `[[credentials]]`: what an app knows its requests are signed by, and the stand-in that clients have. Secrets are in
//! files of their own, read anew whenever the settings are.

use std::path::{Path, PathBuf};

use border::{Signer, Signers};
use integrity::sigv4::{Credentials as Pair, SecretKey, SessionToken};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use policy::Plan;
use serde::Deserialize;
use zeroize::Zeroizing;

/// The credentials of one app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The app's id.
    pub app: String,
    /// The access key that the app knows.
    pub access_key: String,
    /// The file with its secret.
    pub secret_file: PathBuf,
    /// The file with what goes with it where it is temporary.
    pub session_token_file: Option<PathBuf>,
    /// What clients sign with [default: the same].
    pub stand_in: Option<StandIn>,
}

/// What clients sign with, worth nothing but behind this gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandIn {
    /// Its access key.
    pub access_key: String,
    /// The file with its secret.
    pub secret_file: PathBuf,
}

impl Credentials {
    /// The files that they name.
    pub fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let stand_in = self.stand_in.as_mut();
        let stand_in = stand_in.map(|stand_in| &mut stand_in.secret_file);
        [&mut self.secret_file]
            .into_iter()
            .chain(self.session_token_file.as_mut())
            .chain(stand_in)
    }

    fn signer(&self) -> miette::Result<Signer> {
        let own = Pair {
            access_key: named(&self.access_key)?,
            secret: secret(&self.secret_file)?,
            session_token: match &self.session_token_file {
                Some(file) => Some(SessionToken::new(line(file)?)),
                None => None,
            },
        };
        let (access_key, file) = match &self.stand_in {
            Some(stand_in) => (&stand_in.access_key, &stand_in.secret_file),
            None => (&self.access_key, &self.secret_file),
        };
        let client = Pair {
            access_key: named(access_key)?,
            secret: secret(file)?,
            session_token: None,
        };
        Ok(Signer { client, own })
    }
}

/// Reads the secrets of all credentials.
///
/// # Errors
/// A file cannot be read, an app is none of the plan's, or two entries give clients the same access key.
pub fn signers(all: &[Credentials], plan: &Plan) -> miette::Result<Signers> {
    let mut signers = Signers::default();
    for credentials in all {
        let app = &credentials.app;
        if !plan.apps.iter().any(|known| known.id == *app) {
            return Err(miette!(
                help = "write the `id` that the app's policy has, or take the entry out",
                "[[credentials]]: no policy has an app `{app}`"
            ));
        }
        let signer = credentials.signer();
        let signer = signer.wrap_err_with(|| format!("[[credentials]] of the app `{app}`"))?;
        if !signers.add(app, signer) {
            return Err(miette!(
                help = "give each entry of an app a stand-in of its own",
                "[[credentials]]: two entries of the app `{app}` are for the same access key"
            ));
        }
    }
    Ok(signers)
}

fn named(access_key: &str) -> miette::Result<String> {
    let bare = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',' | b'=');
    if access_key.is_empty() || !access_key.bytes().all(bare) {
        return Err(miette!(
            help = "copy it as the provider gave it, such as AKIA…",
            "`access_key` is none: it is empty, or has spaces or one of / , ="
        ));
    }
    Ok(access_key.to_owned())
}

fn secret(file: &Path) -> miette::Result<SecretKey> {
    line(file).map(SecretKey::new)
}

/// The one line of a file.
fn line(file: &Path) -> miette::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file)
        .map(Zeroizing::new)
        .into_diagnostic()
        .wrap_err_with(|| format!("{} cannot be read", file.display()))?;
    let line = text.trim();
    if line.is_empty() || line.contains(char::is_whitespace) {
        return Err(miette!(
            help = "write the secret into the file, and nothing else",
            "{} does not hold one line with a secret",
            file.display()
        ));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let text = "[app]\nid = \"s3\"\noperator = { name = \"A\", jurisdiction = \"US\" }\nhosts = [\"s3.example\"]\n";
        let source = policy::Source::new("s3.toml".to_owned(), text.to_owned());
        crate::policies::compile(&[source]).unwrap().plan
    }

    fn read(text: &str, secret: &str) -> miette::Result<Signers> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), secret).unwrap();
        let file = folder.path().join("rempart.toml");
        std::fs::write(&file, text).unwrap();
        signers(&crate::settings::read(&file)?.credentials, &plan())
    }

    const GOOD: &str = "[[credentials]]\napp = \"s3\"\naccess_key = \"AKIA\"\nsecret_file = \"secret\"\n\
        stand_in = { access_key = \"LOCAL\", secret_file = \"secret\" }\n";

    #[test]
    fn secrets_are_read_from_beside_the_settings_and_not_printed() {
        let signers = read(GOOD, "very-secret\n").unwrap();
        let printed = format!("{signers:?}");
        assert!(printed.contains("LOCAL") && !printed.contains("very-secret"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, secret, said) in [
            (
                GOOD.replace("\"s3\"", "\"s4\""),
                "x",
                "no policy has an app `s4`",
            ),
            (
                GOOD.replace("= \"secret\"\n", "= \"gone\"\n"),
                "x",
                "cannot be read",
            ),
            (GOOD.to_owned(), "\n", "one line with a secret"),
            (GOOD.replace("LOCAL", "A/B"), "x", "`access_key` is none"),
            (format!("{GOOD}{GOOD}"), "x", "the same access key"),
            (GOOD.replace("stand_in", "standin"), "x", "standin"),
        ] {
            let error = format!("{:?}", read(&text, secret).unwrap_err());
            let flat = error.replace(['\n', ' ', '│'], "");
            assert!(flat.contains(&said.replace(' ', "")), "{said}: {error}");
        }
    }
}
