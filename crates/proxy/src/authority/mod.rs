//! The TLS authority: one root, one name-constrained intermediate an app, one leaf a host (design §9).
//!
//! A gateway needs the intermediates only. Each is constrained to its app's hosts and to no address (RFC 5280
//! §4.2.1.10), so what is stolen from a gateway cannot impersonate a bank. The root's key may be moved away: what is
//! signed keeps working, and an app whose hosts changed since is refused with the command that asks for a signature.
//!
//! Never here: a leaf for a name whose origin was not verified first. That order is `intercept`'s to keep (I7), and
//! [`Authority::minted`] lets a test see it.

mod certificate;
mod files;
mod leaf;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use moka::future::Cache;
use rcgen::{Issuer, KeyPair};
use rustls_pki_types::CertificateDer;
use tokio::sync::Semaphore;

use crate::host::covers;
pub use leaf::{Leaf, Prefer};

/// How many leafs are kept; the least used goes first.
const LEAFS_KEPT: u64 = 4096;
/// How long a leaf is served. Well within [`leaf::VALIDITY`], so that no client meets one about to end.
const LEAF_SERVED: Duration = Duration::from_secs(3 * 24 * 3600);
/// Leafs minted at the same time: signing is work for a processor, and a burst of new hosts must not take them all.
const MINTING: usize = 2;

/// What can go wrong with the authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A file could not be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was attempted.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file holds something else than it should.
    #[error("{} is not a {expected}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// An app's id cannot be the name of a file.
    #[error("the app id {id:?} cannot name a file: use lower-case letters, digits and hyphens")]
    AppId {
        /// The id.
        id: String,
    },
    /// No app has this host.
    #[error("no app has the host {host}")]
    NoApp {
        /// The host.
        host: String,
    },
    /// The app's hosts are not signed for and the root's key is away.
    #[error(
        "the hosts of the app {app} changed while the root key is away: put it back at {} for a moment and start `rempart up` again, or send it SIGHUP",
        key.display()
    )]
    Unsigned {
        /// The app.
        app: String,
        /// Where the key is looked for.
        key: PathBuf,
    },
    /// The leaf's key or chain was not accepted by the TLS library.
    #[error("a minted leaf was not accepted")]
    Leaf(#[source] rustls::Error),
    /// Minting was interrupted.
    #[error("minting was interrupted")]
    Interrupted,
}

/// The root's certificate, each app's intermediate, and the leafs in use.
pub struct Authority {
    directory: PathBuf,
    root_pem: String,
    apps: ArcSwap<HashMap<String, Arc<Intermediate>>>,
    leafs: Cache<String, Arc<Leaf>>,
    minting: Semaphore,
    minted: AtomicU64,
}

/// What stands for one app.
enum Intermediate {
    /// Signed for all its hosts.
    Signed {
        patterns: Vec<String>,
        issuer: Box<Issuer<'static, KeyPair>>,
        certificate: CertificateDer<'static>,
    },
    /// Its hosts are not signed for and the root's key is away.
    Unsigned { patterns: Vec<String> },
}

impl Intermediate {
    fn patterns(&self) -> &[String] {
        match self {
            Self::Signed { patterns, .. } | Self::Unsigned { patterns } => patterns,
        }
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Opens the authority kept in `directory`, or makes it there: `root.pem`, `root.key` (mode 0600) and
    /// `apps/<id>.pem` with its key. An app whose hosts changed, or whose intermediate ends soon, gets a new one
    /// where the root's key is there.
    ///
    /// # Errors
    /// Where a file cannot be read, written or understood, or an app's id cannot name a file. An app that would
    /// need a signature of an absent key is no error here: its hosts are refused by [`Authority::leaf`].
    pub fn open_or_create<Id, Host>(
        directory: &Path,
        apps: &[(Id, Vec<Host>)],
    ) -> Result<Self, AuthorityError>
    where
        Id: AsRef<str>,
        Host: AsRef<str>,
    {
        let root_pem = files::root(directory)?;
        let authority = Self {
            directory: directory.to_owned(),
            root_pem,
            apps: ArcSwap::default(),
            leafs: Cache::builder()
                .max_capacity(LEAFS_KEPT)
                .time_to_live(LEAF_SERVED)
                .build(),
            minting: Semaphore::new(MINTING),
            minted: AtomicU64::new(0),
        };
        authority.renew(apps)?;
        Ok(authority)
    }

    /// Puts the apps' hosts in force after a reload, reissuing what changed.
    ///
    /// # Errors
    /// As [`Authority::open_or_create`]; then the former apps stay in force.
    pub fn renew<Id, Host>(&self, apps: &[(Id, Vec<Host>)]) -> Result<(), AuthorityError>
    where
        Id: AsRef<str>,
        Host: AsRef<str>,
    {
        let mut intermediates = HashMap::with_capacity(apps.len());
        for (id, hosts) in apps {
            let id = id.as_ref();
            let patterns: Vec<String> = hosts.iter().map(|host| host.as_ref().to_owned()).collect();
            let intermediate =
                match files::intermediate(&self.directory, &self.root_pem, id, &patterns)? {
                    Some((issuer, certificate)) => Intermediate::Signed {
                        patterns,
                        issuer: Box::new(issuer),
                        certificate,
                    },
                    None => {
                        tracing::warn!(
                            app = id,
                            "hosts of this app are not signed for and the root key is away"
                        );
                        Intermediate::Unsigned { patterns }
                    }
                };
            intermediates.insert(id.to_owned(), Arc::new(intermediate));
        }
        self.apps.store(Arc::new(intermediates));
        self.leafs.invalidate_all();
        Ok(())
    }

    /// The root's certificate, which clients are to trust.
    #[must_use]
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Whether the root's key lies in the directory.
    #[must_use]
    pub fn holds_root_key(&self) -> bool {
        files::root_key_path(&self.directory).exists()
    }

    /// How many leafs were minted since the start.
    #[must_use]
    pub fn minted(&self) -> u64 {
        self.minted.load(Ordering::Relaxed)
    }

    /// Whether a leaf could be minted for the host.
    ///
    /// # Errors
    /// [`AuthorityError::NoApp`] or [`AuthorityError::Unsigned`].
    pub fn check(&self, host: &str) -> Result<(), AuthorityError> {
        self.signed(host).map(|_| ())
    }

    /// The leaf for exactly this host, from the cache or newly minted on a thread for such work.
    ///
    /// # Cancel safety
    /// Cancel safe: a minting that is no longer waited for is dropped or finished for the next.
    ///
    /// # Errors
    /// Where the host is no app's, its app has no signature, or minting failed.
    pub async fn leaf(&self, host: &str) -> Result<Arc<Leaf>, Arc<AuthorityError>> {
        if let Some(leaf) = self.leafs.get(host).await {
            return Ok(leaf);
        }
        self.leafs.try_get_with_by_ref(host, self.mint(host)).await
    }

    async fn mint(&self, host: &str) -> Result<Arc<Leaf>, AuthorityError> {
        let intermediate = self.signed(host)?;
        let _permit = self
            .minting
            .acquire()
            .await
            .map_err(|_| AuthorityError::Interrupted)?;
        let name = host.to_owned();
        let leaf = tokio::task::spawn_blocking(move || match &*intermediate {
            Intermediate::Signed {
                issuer,
                certificate,
                ..
            } => Leaf::mint(&name, issuer, certificate.clone()),
            Intermediate::Unsigned { .. } => Err(AuthorityError::Interrupted),
        })
        .await
        .map_err(|_| AuthorityError::Interrupted)??;
        self.minted.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(leaf))
    }

    fn signed(&self, host: &str) -> Result<Arc<Intermediate>, AuthorityError> {
        let apps = self.apps.load();
        let (id, intermediate) = apps
            .iter()
            .find(|(_, intermediate)| {
                intermediate
                    .patterns()
                    .iter()
                    .any(|pattern| covers(pattern, host))
            })
            .ok_or_else(|| AuthorityError::NoApp {
                host: host.to_owned(),
            })?;
        match &**intermediate {
            Intermediate::Signed { .. } => Ok(Arc::clone(intermediate)),
            Intermediate::Unsigned { .. } => Err(AuthorityError::Unsigned {
                app: id.clone(),
                key: files::root_key_path(&self.directory),
            }),
        }
    }
}
