//! A field as its policy describes it, and what that makes of a value.

use std::sync::Arc;

use keys::KeyId;
use keys::file::SystemChance;
use miette::miette;
use policy::{Field, Treatment, normalise};
use seal::{Ahead, FieldKey, Token, ValueType};
use zeroize::Zeroizing;

use super::ring::Ring;
use crate::cli::SealArgs;
use crate::home::Home;
use crate::keyring::Opened;
use crate::policies;

/// What a masked value is replaced by, as at the border.
const MASK: &[u8] = b"***";

/// The field that a command line names.
pub struct Named {
    /// Its app.
    pub app: String,
    /// The field.
    pub field: Field,
}

impl Named {
    /// Finds the field in the home's policies.
    ///
    /// # Errors
    /// There is none of that name, or its values cannot be sealed without a request around them.
    pub fn find(home: &Home, args: &SealArgs) -> miette::Result<Self> {
        let folder = args.policies.clone().unwrap_or_else(|| home.policies());
        let plan = policies::compile(&policies::read(&[folder])?)?.plan;
        let names = |names: Vec<&str>| match names.as_slice() {
            [] => "there is none".to_owned(),
            names => format!("there are: {}", names.join(", ")),
        };
        let apps = plan.apps.iter().map(|app| app.id.as_str()).collect();
        let app = plan
            .apps
            .iter()
            .find(|app| app.id == args.app)
            .ok_or_else(|| {
                miette!(
                    help = names(apps),
                    "no policy describes an app `{}`",
                    args.app
                )
            })?;
        let fields = app.fields.iter().map(|field| field.name.as_str()).collect();
        let field = app
            .fields
            .iter()
            .find(|field| field.name == args.field)
            .ok_or_else(|| {
                miette!(
                    help = names(fields),
                    "the app `{}` has no field `{}`",
                    args.app,
                    args.field
                )
            })?;
        check(field, args.file)?;
        Ok(Self {
            app: app.id.clone(),
            field: field.clone(),
        })
    }

    /// The key that seals for it; made where there is none yet and no gateway runs.
    ///
    /// # Errors
    /// The keyring could not be written, or is a running gateway's.
    pub fn key(&self, home: &Home, keyring: &mut Opened) -> miette::Result<KeyId> {
        if let Some(id) = self.current(keyring) {
            return Ok(id);
        }
        // A running gateway holds the keyring and would write its own over what is added beside it.
        let claim = home.claim().map_err(|_| {
            miette!(
                help = "the running gateway makes it when it reads the policies: put the policy into its folder first",
                "the field `{}` has no key yet",
                self.field.name
            )
        })?;
        keyring.ensure(std::iter::once((
            self.app.as_str(),
            self.field.name.as_str(),
        )))?;
        drop(claim);
        self.current(keyring)
            .ok_or_else(|| miette!("the field `{}` has no key", self.field.name))
    }

    fn current(&self, keyring: &Opened) -> Option<KeyId> {
        let mut epochs = keyring.keyring().epochs();
        epochs
            .find(|epoch| epoch.current && epoch.app == self.app && epoch.field == self.field.name)
            .map(|epoch| epoch.key_id)
    }
}

/// Whether values of this field can be sealed here, one by one.
fn check(field: &Field, file: bool) -> miette::Result<()> {
    let name = &field.name;
    if field.subject.is_some() {
        return Err(miette!(
            help = "send the values through the gateway: a request says whose each of them is",
            "the values of `{name}` belong to a subject each, and nothing here says whose"
        ));
    }
    match &field.treatment {
        Treatment::Sealed { .. } => Ok(()),
        other if file => Err(miette!(
            help = "name a field with the treatment `sealed`",
            "a whole file is sealed; `{name}` is treated as `{}`",
            other.as_str()
        )),
        Treatment::Match | Treatment::Words { .. } | Treatment::Mask | Treatment::Pass => Ok(()),
        Treatment::Block => Err(miette!(
            help = "leave the values out, or give the field another treatment in the policy",
            "values of `{name}` go nowhere: the policy blocks them"
        )),
        Treatment::Vault(_) => Err(miette!(
            help = "send the values through the gateway, which keeps them in the vault and gives pointers",
            "values of `{name}` stay home, in the vault; only pointers to them leave"
        )),
        other => Err(miette!(
            help = "send the values through the gateway",
            "what a `{}` value becomes hangs on the request around it",
            other.as_str()
        )),
    }
}

/// Seals values of one field.
pub struct FieldSealer<'a> {
    field: &'a Field,
    key: Arc<FieldKey>,
    ring: Ring<'a>,
    chance: Ahead<SystemChance>,
}

impl<'a> FieldSealer<'a> {
    /// Seals under `key`; what is a token of `ring` already is not sealed again.
    pub fn new(field: &'a Field, key: Arc<FieldKey>, ring: Ring<'a>, chance: SystemChance) -> Self {
        Self {
            field,
            key,
            ring,
            chance: Ahead::new(chance),
        }
    }

    /// Appends to `out` what the field's treatment makes of a value. The empty value stays, and so does a value
    /// that is a token of this field already.
    ///
    /// # Errors
    /// The value is one that the field does not take.
    pub fn seal(&mut self, value: &[u8], out: &mut Vec<u8>) -> miette::Result<()> {
        if value.is_empty() || self.is_ours(value) {
            out.extend_from_slice(value);
            return Ok(());
        }
        let start = out.len();
        match &self.field.treatment {
            Treatment::Sealed { .. } => seal::seal_sealed(
                &self.key,
                ValueType::String,
                value,
                self.field.sealing(),
                &mut self.chance,
                out,
            )
            .map_err(|error| miette!("{error}"))?,
            Treatment::Words { .. } => seal::words::seal_words(
                &self.key,
                ValueType::String,
                text(value)?,
                self.field.sealing(),
                &mut self.chance,
                out,
            )
            .map_err(|error| miette!("{error}"))?,
            Treatment::Match => {
                let text = text(value)?;
                let normal = normalise(text, &self.field.normalise);
                let normal = normal.as_ref().map_or(text, |normal| normal.as_str());
                seal::seal_match(&self.key, normal.as_bytes(), out)
                    .map_err(|error| miette!("{error}"))?;
            }
            Treatment::Mask => out.extend_from_slice(MASK),
            _ => out.extend_from_slice(value),
        }
        let length = out.len() - start;
        match self.field.max {
            Some(max) if length > max as usize => {
                out.truncate(start);
                Err(self.too_long(max, length))
            }
            _ => Ok(()),
        }
    }

    fn too_long(&self, max: u32, length: usize) -> miette::Report {
        let name = &self.field.name;
        let help = if self.field.treatment == Treatment::Match {
            "send it through the gateway, which keeps such values in the vault and gives a pointer"
        } else {
            "shorten the value, or raise the field's `max` if the app takes more"
        };
        miette!(
            help = help,
            "the value would take {length} characters, and `{name}` takes {max}"
        )
    }

    fn is_ours(&mut self, value: &[u8]) -> bool {
        let Ok(token) = Token::parse(value) else {
            return false;
        };
        let key = self.ring.key(token.key_id());
        key.is_some_and(|key| {
            key.field() == self.field.name
                && seal::open(&key, &token, &mut Zeroizing::new(Vec::new())).is_ok()
        })
    }
}

fn text(value: &[u8]) -> miette::Result<&str> {
    std::str::from_utf8(value).map_err(|_| {
        miette!(
            help = "bring the input to UTF-8 first, for instance with iconv",
            "the value is not UTF-8 text"
        )
    })
}
