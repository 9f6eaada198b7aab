//! From the settings to a root in hand: a passphrase is read or asked for, a token or a service is made ready to ask.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use keys::file::{Custodian, Passphrase, Root, RootKind, StoreError};
use keys::root::pkcs11::Pkcs11;
use keys::root::transit::{Access, AccessToken, Transit};
use keys::root::{HandedError, RootError};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};

use crate::keyring::Closed;
use crate::settings;

/// The variable that names a file with the passphrase, for machines that start by themselves.
const PASSPHRASE_FILE: &str = "REMPART_PASSPHRASE_FILE";
/// The variable that holds the token of access to a key service, where no file does.
const TRANSIT_TOKEN: &str = "REMPART_TRANSIT_TOKEN";
/// Where the service manager puts credentials (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A root, ready to wrap or unwrap.
pub enum InHand {
    /// The key in `root.key`.
    KeyFile,
    /// A passphrase.
    Passphrase(Arc<Passphrase>),
    /// A token or a service.
    Custodian(Box<dyn Custodian>),
}

impl InHand {
    /// As the keyring takes it.
    pub fn root(&self) -> Root<'_> {
        match self {
            Self::KeyFile => Root::KeyFile,
            Self::Passphrase(passphrase) => Root::Passphrase(passphrase),
            Self::Custodian(custodian) => Root::Custodian(&**custodian),
        }
    }
}

/// What was handed to this process and can be taken only once.
#[derive(Debug, Default)]
pub struct Handed(Option<Arc<Passphrase>>);

impl Handed {
    /// Takes it. To be called before anything opens descriptors, since an inherited one is closed after reading.
    ///
    /// # Errors
    /// The variable names no descriptor, or it gives no passphrase.
    pub fn take(keys: &settings::Keys) -> miette::Result<Self> {
        let settings::Root::Descriptor(variable) = &keys.root else {
            return Ok(Self::default());
        };
        let number = std::env::var(variable)
            .ok()
            .and_then(|text| text.parse::<u16>().ok())
            .filter(|number| *number > 2)
            .ok_or_else(|| {
                miette!(
                    help = "whatever starts Rempart opens a pipe with the passphrase and puts its number there",
                    "{variable} holds no number of an inherited descriptor"
                )
            })?;
        let passphrase = Passphrase::from_descriptor(number).map_err(not_handed)?;
        Ok(Self(Some(Arc::new(passphrase))))
    }
}

/// The root for a new keyring.
///
/// # Errors
/// It is not at hand.
pub fn for_new(keys: &settings::Keys, handed: &Handed) -> Result<InHand, Closed> {
    match &keys.root {
        settings::Root::Passphrase => Ok(InHand::Passphrase(Arc::new(new_passphrase()?))),
        other => in_hand(other, keys, handed),
    }
}

/// The root that a keyring asks for.
///
/// # Errors
/// It is not at hand, or the settings name one of another kind.
pub fn for_kind(kind: RootKind, keys: &settings::Keys, handed: &Handed) -> Result<InHand, Closed> {
    use settings::Root as Named;
    let root = match (kind, &keys.root) {
        // Between these two the keyring decides: it may have been made by `init` with a flag.
        (RootKind::KeyFile, Named::File | Named::Passphrase) => &Named::File,
        (RootKind::Passphrase, Named::File | Named::Passphrase) => &Named::Passphrase,
        (RootKind::Passphrase, named @ (Named::Credential(_) | Named::Descriptor(_)))
        | (RootKind::Pkcs11, named @ Named::Pkcs11(_))
        | (RootKind::Transit, named @ Named::Transit(_)) => named,
        (expected, _) => return Err(StoreError::OtherRoot { expected }.into()),
    };
    in_hand(root, keys, handed)
}

/// Whether the root can be had without asking a person, and from this very process.
pub fn is_at_hand(kind: RootKind, keys: &settings::Keys) -> bool {
    match (kind, &keys.root) {
        (RootKind::Passphrase, settings::Root::Credential(_)) => {
            std::env::var_os(CREDENTIALS).is_some()
        }
        (RootKind::Passphrase, settings::Root::Descriptor(_)) => false,
        (RootKind::Passphrase, _) => passphrase_is_at_hand(),
        (RootKind::KeyFile | RootKind::Pkcs11 | RootKind::Transit, _) => true,
    }
}

/// Takes in hand what the settings name.
fn in_hand(
    root: &settings::Root,
    keys: &settings::Keys,
    handed: &Handed,
) -> Result<InHand, Closed> {
    match root {
        settings::Root::File => Ok(InHand::KeyFile),
        settings::Root::Passphrase => Ok(InHand::Passphrase(Arc::new(known_passphrase()?))),
        settings::Root::Credential(name) => {
            let folder = std::env::var_os(CREDENTIALS).ok_or_else(|| {
                miette!(
                    help = "start Rempart from a unit with LoadCredential= or LoadCredentialEncrypted=",
                    "{CREDENTIALS} is not set: the service manager handed no credentials over"
                )
            })?;
            let passphrase = Passphrase::from_credential(&PathBuf::from(folder).join(name))
                .map_err(not_handed)?;
            Ok(InHand::Passphrase(Arc::new(passphrase)))
        }
        settings::Root::Descriptor(variable) => match &handed.0 {
            Some(passphrase) => Ok(InHand::Passphrase(Arc::clone(passphrase))),
            None => Err(Closed::Wrong(miette!(
                help = "only `rempart up` and `rempart init` take it, and once",
                "the passphrase comes through the descriptor that {variable} names, and was not taken"
            ))),
        },
        settings::Root::Pkcs11(uri) => Ok(InHand::Custodian(Box::new(Pkcs11::new(uri.clone())))),
        settings::Root::Transit(address) => {
            let transit = Transit::new(address.clone(), access(keys)?).map_err(RootError::from)?;
            Ok(InHand::Custodian(Box::new(transit)))
        }
    }
}

fn access(keys: &settings::Keys) -> miette::Result<Access> {
    let token = match &keys.token_file {
        Some(file) => AccessToken::File(file.clone()),
        None => AccessToken::Given(
            std::env::var(TRANSIT_TOKEN)
                .map_err(|_| {
                    miette!(
                        help = "name a file that holds it with `token_file` under [keys], or put it into {TRANSIT_TOKEN}",
                        "the key service asks for a token of access, and there is none"
                    )
                })?
                .into(),
        ),
    };
    let authorities = keys
        .ca_file
        .as_ref()
        .map(|file| {
            std::fs::read_to_string(file)
                .into_diagnostic()
                .wrap_err_with(|| format!("[keys] ca_file: {} cannot be read", file.display()))
        })
        .transpose()?;
    Ok(Access {
        token,
        namespace: keys.namespace.clone(),
        authorities,
    })
}

fn not_handed(error: HandedError) -> Closed {
    StoreError::from(RootError::from(error)).into()
}

fn passphrase_is_at_hand() -> bool {
    std::env::var_os(PASSPHRASE_FILE).is_some()
}

fn new_passphrase() -> miette::Result<Passphrase> {
    if passphrase_is_at_hand() {
        return from_file();
    }
    let first = ask("New passphrase for the root key: ")?;
    if first != ask("Once more: ")? {
        return Err(miette!(
            help = "run the command again",
            "the two passphrases differ"
        ));
    }
    if first.is_empty() {
        return Err(miette!(
            help = "choose several words",
            "an empty passphrase protects nothing"
        ));
    }
    Ok(Passphrase::new(first))
}

fn known_passphrase() -> miette::Result<Passphrase> {
    if passphrase_is_at_hand() {
        from_file()
    } else {
        ask("Passphrase of the root key: ").map(Passphrase::new)
    }
}

fn from_file() -> miette::Result<Passphrase> {
    let path = std::env::var_os(PASSPHRASE_FILE).unwrap_or_default();
    let mut text = std::fs::read_to_string(&path)
        .into_diagnostic()
        .wrap_err_with(|| {
            format!(
                "{PASSPHRASE_FILE} names {}, which cannot be read",
                path.display()
            )
        })?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    if text.is_empty() {
        return Err(miette!(
            "{PASSPHRASE_FILE} names {}, which is empty",
            path.display()
        ));
    }
    Ok(Passphrase::new(text))
}

fn ask(prompt: &str) -> miette::Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(miette!(
            help = "name a file that holds it in {PASSPHRASE_FILE}",
            "the keyring asks for a passphrase, and there is no terminal to type it on"
        ));
    }
    rpassword::prompt_password(prompt).into_diagnostic()
}
