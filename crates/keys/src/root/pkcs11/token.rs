//! One visit to a token: load its library, find it, log in, do what is to be done, and leave.
//!
//! A visit is made at the start of a gateway and hardly ever again, so nothing is kept open between two: a session
//! that died of an unplugged device, a failover or a changed PIN is not something to recover from.

use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Module};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::{TokenError, Uri};
use crate::root::{RootError, handed};

/// A library is initialised once for the whole process (PKCS#11 §5.4), so visits come one after another.
static ALONE: Mutex<()> = Mutex::new(());

/// Visits the token that `uri` names.
pub(super) fn visit<T>(
    uri: &Uri,
    work: impl FnOnce(&Visit<'_>) -> Result<T, RootError>,
) -> Result<T, RootError> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let unusable = |source| TokenError::Module {
        path: uri.module.clone(),
        source,
    };
    let module = Module::new(&uri.module).map_err(unusable)?;
    module
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .map_err(unusable)?;
    let done = inside(uri, &module, work);
    // What was done is done: a library that does not want to be left changes nothing about it.
    let _ = module.finalize();
    done
}

/// Logged in, with the session to work in.
pub(super) struct Visit<'a> {
    pub(super) module: &'a Module,
    pub(super) slot: Slot,
    pub(super) session: Session,
}

fn inside<T>(
    uri: &Uri,
    module: &Module,
    work: impl FnOnce(&Visit<'_>) -> Result<T, RootError>,
) -> Result<T, RootError> {
    let slot = find(uri, module)?;
    let info = module
        .get_token_info(slot)
        .map_err(TokenError::at("say what it is"))?;
    let session = module
        .open_rw_session(slot)
        .map_err(TokenError::at("open a session"))?;
    let pin = match &uri.pin {
        Some(path) => Some(AuthPin::from(handed::private_file(path)?.as_str())),
        None if info.protected_authentication_path() || !info.login_required() => None,
        None => return Err(TokenError::PinNeeded.into()),
    };
    if info.login_required() {
        session
            .login(UserType::User, pin.as_ref())
            .map_err(TokenError::at("let us log in"))?;
    }
    work(&Visit {
        module,
        slot,
        session,
    })
}

/// The one slot with this token.
fn find(uri: &Uri, module: &Module) -> Result<Slot, TokenError> {
    let slots = module
        .get_slots_with_token()
        .map_err(TokenError::at("list its slots"))?;
    let mut found = slots.into_iter().filter(|slot| {
        // A slot that cannot say what it holds does not hold what is looked for.
        module.get_token_info(*slot).is_ok_and(|info| {
            info.token_initialized()
                && uri
                    .token
                    .as_deref()
                    .is_none_or(|label| label == info.label())
                && uri
                    .serial
                    .as_deref()
                    .is_none_or(|serial| serial == info.serial_number())
        })
    });
    let key = || uri.to_string();
    let slot = found
        .next()
        .ok_or_else(|| TokenError::NoToken { key: key() })?;
    match found.next() {
        Some(_) => Err(TokenError::ManyTokens { key: key() }),
        None => Ok(slot),
    }
}
