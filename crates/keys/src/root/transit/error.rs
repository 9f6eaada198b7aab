//! What can go wrong with a key service, and what to do about it.

/// Why a key service did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitError {
    /// The certificates that it is to be believed by are none.
    #[error("the certificates to believe the key service by cannot be read")]
    Certificates,
    /// The namespace or the token of access cannot stand in a header.
    #[error("the token of access or the namespace holds characters that a header does not take")]
    Header,
    /// It was not reached, or the connection broke.
    #[error("{host} cannot be reached")]
    Unreached {
        /// Which service.
        host: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// It is there and does not work at the moment: sealed, standing by, overloaded.
    #[error("{host} does not answer questions at the moment (status {status}): {said}")]
    Unready {
        /// Which service.
        host: String,
        /// The status of its answer.
        status: u16,
        /// Its own words.
        said: String,
    },
    /// It does not let us.
    #[error("{host} does not allow it (status {status}): {said}")]
    Denied {
        /// Which service.
        host: String,
        /// The status of its answer.
        status: u16,
        /// Its own words.
        said: String,
    },
    /// It does not do what was asked, and will not.
    #[error("{host} refuses to {operation} (status {status}): {said}")]
    Refused {
        /// Which service.
        host: String,
        /// What it was asked to do.
        operation: &'static str,
        /// The status of its answer.
        status: u16,
        /// Its own words.
        said: String,
    },
    /// Something answers there that is no such service.
    #[error("{host} does not answer as a transit engine does: {what}")]
    Strange {
        /// Which service.
        host: String,
        /// What is strange.
        what: &'static str,
    },
}

impl TransitError {
    /// Whether it may answer later with nothing changed here. A token of access that was refused counts: whatever
    /// provides it may put a fresh one there.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Unreached { .. } | Self::Unready { .. } | Self::Denied { .. } => true,
            Self::Strange { .. } => true,
            Self::Certificates | Self::Header | Self::Refused { .. } => false,
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Certificates => "put PEM certificates into the file of `[keys] ca_file`",
            Self::Header => "look at the file of `[keys] token_file` and at `[keys] namespace`",
            Self::Unreached { .. } => {
                "see whether the key service runs, whether this machine reaches it, and whether its certificate is of an authority that is trusted (`[keys] ca_file`)"
            }
            Self::Unready { .. } => "unseal the key service, or wait for it",
            Self::Denied { .. } => {
                "see whether the token of access is still good, and whether its policy allows update on encrypt, decrypt and rewrap of this key"
            }
            Self::Refused { .. } => {
                "see whether the key is there, and whether it is the one that this keyring was made under"
            }
            Self::Strange { .. } => "see what listens at the address of `[keys] root`",
        }
        .to_owned()
    }
}
