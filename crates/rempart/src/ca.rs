//! `rempart ca show`: the certificate that browsers and programs must trust.

use std::io::Write as _;

use miette::{IntoDiagnostic as _, WrapErr as _};

use crate::cli::HomeArgs;
use crate::home::Home;

/// Prints the root certificate as PEM on stdout. It only reads a file, so it works beside a running gateway.
///
/// # Errors
/// There is no home, or its root cannot be read.
pub fn show(args: &HomeArgs) -> miette::Result<()> {
    let path = Home::existing(args)?.root_certificate();
    let pem = std::fs::read(&path)
        .into_diagnostic()
        .wrap_err_with(|| format!("the root certificate {} cannot be read", path.display()))?;
    std::io::stdout().write_all(&pem).into_diagnostic()
}
