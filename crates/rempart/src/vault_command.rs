//! The vault of a home: where it is, and what is wrong with it when it does not open.

use miette::{MietteDiagnostic, Report};
use vault::{Error, Options, Vault};

use crate::home::Home;
use crate::settings::Settings;

/// Makes the vault of a new home. A vault elsewhere is made when it is first opened.
///
/// # Errors
/// What the system says.
pub fn make(home: &Home) -> miette::Result<()> {
    Vault::open(&home.vault_url(), &Options::default())
        .map(drop)
        .map_err(explained)
}

/// Opens the vault that the settings name, or the home's own.
///
/// # Errors
/// It does not open; the report says what to do.
pub fn open(home: &Home, settings: &Settings) -> miette::Result<Vault> {
    let own = home.vault_url();
    let url = settings.vault.url.as_deref().unwrap_or(&own);
    let options = Options {
        stable: settings.vault.stable,
    };
    Vault::open(url, &options).map_err(explained)
}

/// A vault's error with its own hint.
fn explained(error: Error) -> Report {
    let help = error.hint();
    Report::new(MietteDiagnostic::new(error.to_string()).with_help(help))
}
