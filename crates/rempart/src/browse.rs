//! `rempart browse`: a throw-away Chromium whose proxy and trust are already set, for trying.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use crate::cli::BrowseArgs;
use crate::home::Home;

/// Where Chromium and its relatives are found, in order.
const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
];

/// Opens the browser and waits until it is closed; its profile is removed then.
///
/// # Errors
/// No gateway runs on the home, or there is no browser.
pub fn run(args: &BrowseArgs) -> miette::Result<()> {
    let home = Home::existing(&args.home)?;
    let running = home.running().ok_or_else(|| {
        miette!(
            help = "start one with `rempart up`",
            "no gateway runs on the home {}",
            home.folder().display()
        )
    })?;
    let browser = found().ok_or_else(|| {
        miette!(
            help = "install one, for instance the package `chromium`",
            "there is no Chromium, Chrome or Edge here"
        )
    })?;
    let profile = tempfile::Builder::new()
        .prefix("rempart-browse-")
        .tempdir()
        .into_diagnostic()?;
    let trusted = pins(&home.authority().join("apps"))?;
    let url = args
        .url
        .clone()
        .unwrap_or_else(|| format!("http://{}/", running.console));
    let mut command = Command::new(&browser);
    command
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--proxy-server=http://{}", running.proxy))
        .arg("--proxy-bypass-list=127.0.0.1:*")
        .arg(format!(
            "--ignore-certificate-errors-spki-list={}",
            trusted.join(",")
        ))
        .args([
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-quic",
            "--disable-background-networking",
        ]);
    if rustix::process::geteuid().is_root() {
        // Chromium refuses to run as root with its sandbox.
        command.arg("--no-sandbox");
    }
    let status = command
        .arg(url)
        .status()
        .into_diagnostic()
        .wrap_err_with(|| format!("{} could not be started", browser.display()))?;
    if status.success() {
        Ok(())
    } else {
        Err(miette!("{} ended with {status}", browser.display()))
    }
}

/// The hashes by which Chromium knows a public key, of every app's intermediate: trust for one profile only, without
/// touching the system's (RFC 7469 §2.4 for the form).
fn pins(apps: &Path) -> miette::Result<Vec<String>> {
    let unreadable = || format!("the authority in {} cannot be read", apps.display());
    let mut pins = Vec::new();
    for entry in std::fs::read_dir(apps)
        .into_diagnostic()
        .wrap_err_with(unreadable)?
    {
        let path = entry.into_diagnostic()?.path();
        if path.extension().is_none_or(|extension| extension != "pem") {
            continue;
        }
        let der = CertificateDer::from_pem_file(&path)
            .into_diagnostic()
            .wrap_err_with(unreadable)?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&der)
            .into_diagnostic()
            .wrap_err_with(unreadable)?;
        pins.push(BASE64.encode(Sha256::digest(certificate.public_key().raw)));
    }
    Ok(pins)
}

fn found() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let here = BROWSERS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let on_a_mac = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ];
    here.chain(on_a_mac.map(PathBuf::from))
        .find(|path| Path::is_file(path))
}
