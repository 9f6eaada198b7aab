//! The URL of a server: libpq's form, with stricter words for TLS. A connection that leaves the machine is encrypted
//! and the server verified by name, unless the URL says `sslmode=disable`; there is no mode that encrypts to nobody
//! in particular.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::Error;

/// How long a connection may take to be made, where the URL does not say.
const CONNECT: Duration = Duration::from_secs(3);

/// How long sent bytes may stay unacknowledged before a connection counts as lost.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// Where a server is, and whom to believe that it is the one.
#[derive(Clone)]
pub struct Address {
    /// What the client is told.
    pub config: Config,
    /// A file of the only roots to trust, in place of the system's.
    pub roots: Option<PathBuf>,
}

/// The URL may hold a password: nothing of it is told.
impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Address").finish_non_exhaustive()
    }
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// What of it is not understood; never its text.
    pub fn read(url: &str) -> Result<Self, Error> {
        let (front, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => {
                    let path = percent_decode_str(value).decode_utf8();
                    let path = path.map_err(|_| Error::Url("sslrootcert is not UTF-8"))?;
                    roots = Some(PathBuf::from(path.into_owned()));
                }
                _ => rest.push(pair),
            }
        }
        let without = format!("{front}?{}", rest.join("&"));
        let mut config: Config = without.parse().map_err(|_| {
            Error::Url("the form is postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE")
        })?;
        if config.get_hosts().is_empty() {
            return Err(Error::Url("it names no host"));
        }
        config.ssl_mode(match mode {
            Some("disable") => SslMode::Disable,
            Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some("allow" | "prefer") => {
                return Err(Error::Url(
                    "sslmode=prefer and sslmode=allow protect against nobody: write verify-full or disable",
                ));
            }
            Some(_) => return Err(Error::Url("sslmode is verify-full or disable")),
            None if config.get_hosts().iter().all(is_here) => SslMode::Disable,
            None => SslMode::Require,
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        if config.get_application_name().is_none() {
            config.application_name("rempart");
        }
        Ok(Self { config, roots })
    }
}

/// Whether what is sent to this host stays on the machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        Address::read(url).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_the_url_says_otherwise() {
        assert_eq!(mode("postgres://u@db.example/v"), SslMode::Require);
        assert_eq!(mode("postgres://u@localhost,db/v"), SslMode::Require);
        assert_eq!(mode("postgres://u@localhost/v"), SslMode::Disable);
        assert_eq!(mode("postgres://u@127.0.0.9:5433/v"), SslMode::Disable);
        assert_eq!(mode("postgres://u@%2Frun%2Fpostgresql/v"), SslMode::Disable);
        assert_eq!(
            mode("postgres://u@10.0.0.1/v?sslmode=disable"),
            SslMode::Disable
        );
        assert_eq!(
            mode("postgres://u@localhost/v?sslmode=verify-full"),
            SslMode::Require
        );
    }

    #[test]
    fn options_of_ours_are_taken_out_and_the_others_reach_the_client() {
        let url = "postgres://u:p@h/v?sslrootcert=%2Fa%20b.pem&application_name=x&sslmode=require";
        let address = Address::read(url).unwrap();
        assert_eq!(address.roots, Some(PathBuf::from("/a b.pem")));
        assert_eq!(address.config.get_application_name(), Some("x"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_url() {
        for (url, why) in [
            (
                "postgres://u:secret@h/v?sslmode=prefer",
                "protect against nobody",
            ),
            (
                "postgres://u:secret@h/v?sslmode=maybe",
                "verify-full or disable",
            ),
            ("postgres://u:secret@h:port/v", "the form is"),
            ("postgres:///v", "no host"),
        ] {
            let error = Address::read(url).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let debug = format!("{:?}", Address::read("postgres://u:secret@h/v"));
        assert!(!debug.contains("secret"), "{debug}");
    }
}
