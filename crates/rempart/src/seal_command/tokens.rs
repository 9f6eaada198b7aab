//! Opens the tokens that stand in text, and brings from the vault what pointers point to.

use std::ops::Range;

use miette::{IntoDiagnostic as _, WrapErr as _};
use policy::{PointerShape, Treatment};
use seal::{Measure, Pointer, PointerKey, Scanner, Token};
use vault::Vault;
use zeroize::Zeroizing;

use super::ring::Ring;
use crate::home::Home;
use crate::settings::Settings;
use crate::{policies, vault_command};

/// The rows that one text points to are fetched together, so many at a time.
const ROWS: usize = 1024;

/// Opens tokens with the keys of a ring.
pub struct Tokens<'a> {
    ring: Ring<'a>,
    scanner: Scanner,
    apps: Vec<App>,
    /// Domains of addresses that are pointers, as the home's policies say.
    domains: Vec<String>,
    home: &'a Home,
    settings: &'a Settings,
    /// Opened when the first pointer is met.
    vault: Option<Vault>,
    runtime: tokio::runtime::Runtime,
    opened: u64,
    left: u64,
}

/// An app whose pointers are known.
struct App {
    id: String,
    key: PointerKey,
    fields: Vec<String>,
}

/// A part of a text.
enum Part {
    /// It stays as it is.
    Text(Range<usize>),
    /// A token's value.
    Value(Zeroizing<Vec<u8>>),
    /// A pointer: what stands there, the app that made it, and the row.
    Row(Range<usize>, usize, u64),
}

impl<'a> Tokens<'a> {
    /// Opens with the keys of `ring`; the vault is the home's.
    ///
    /// # Errors
    /// The system gives no resources.
    pub fn new(ring: Ring<'a>, home: &'a Home, settings: &'a Settings) -> miette::Result<Self> {
        let mut apps: Vec<App> = Vec::new();
        for epoch in ring.keyring().epochs() {
            if !ring.serves(epoch.app) {
                continue;
            }
            let at = apps.iter().position(|app| app.id == epoch.app);
            let app = match at.and_then(|at| apps.get_mut(at)) {
                Some(app) => app,
                None => apps.push_mut(App {
                    id: epoch.app.to_owned(),
                    key: PointerKey::derive(
                        &ring.keyring().app_secret(epoch.app, PointerKey::PURPOSE),
                        epoch.app,
                    ),
                    fields: Vec::new(),
                }),
            };
            if !app.fields.iter().any(|field| field == epoch.field) {
                app.fields.push(epoch.field.to_owned());
            }
        }
        let domains = domains(home);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .into_diagnostic()?;
        Ok(Self {
            ring,
            scanner: Scanner::new(),
            apps,
            domains,
            home,
            settings,
            vault: None,
            runtime,
            opened: 0,
            left: 0,
        })
    }

    /// Opens a whole text; appends it to `out`.
    ///
    /// # Errors
    /// What the vault says.
    pub fn open_whole(&mut self, text: &[u8], out: &mut Vec<u8>) -> miette::Result<()> {
        self.open(text, true, out).map(drop)
    }

    /// Opens a piece of text, appends it to `out`, and says how much of it is done: a token that its end cuts is
    /// left for the next piece, unless this is the last. What does not open here stays as it is.
    ///
    /// # Errors
    /// What the vault says.
    pub fn open(&mut self, text: &[u8], last: bool, out: &mut Vec<u8>) -> miette::Result<usize> {
        let (parts, done) = self.parts(text, last);
        let wanted: Vec<(String, u64)> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Row(_, app, id) => Some((self.apps.get(*app)?.id.clone(), *id)),
                Part::Text(_) | Part::Value(_) => None,
            })
            .collect();
        let mut rows = self.bring(&wanted)?.into_iter();
        for part in parts {
            match part {
                Part::Text(range) => out.extend_from_slice(text.get(range).unwrap_or_default()),
                Part::Value(value) => {
                    self.opened += 1;
                    out.extend_from_slice(&value);
                }
                Part::Row(range, app, id) => {
                    let pointer = text.get(range).unwrap_or_default();
                    let row = rows.next().flatten();
                    match row.and_then(|row| self.open_row(app, id, pointer, &row)) {
                        Some(value) => {
                            self.opened += 1;
                            out.extend_from_slice(&value);
                        }
                        None => {
                            self.left += 1;
                            out.extend_from_slice(pointer);
                        }
                    }
                }
            }
        }
        Ok(done)
    }

    /// Says on stderr what was opened and what was not.
    ///
    /// # Errors
    /// The system's.
    pub fn report(&self) -> miette::Result<()> {
        tracing::info!(opened = self.opened, "tokens opened");
        if self.left > 0 {
            tracing::warn!(
                left = self.left,
                "what looks like tokens did not open and stands as it was: made elsewhere, damaged, cut short, or its key was destroyed"
            );
        }
        Ok(())
    }

    fn parts(&mut self, text: &[u8], last: bool) -> (Vec<Part>, usize) {
        let mut parts = Vec::new();
        let (mut written, mut from) = (0, 0);
        let mut done = text.len();
        while let Some(start) = self.scanner.find(text, from) {
            let Some(rest) = text.get(start..) else { break };
            let length = match seal::measure_email(rest, &self.domains, last) {
                Measure::Whole(length) => length,
                Measure::More(_) => {
                    done = start;
                    break;
                }
                Measure::Cut(_) => {
                    self.left += 1;
                    from = start + 1;
                    continue;
                }
                Measure::No => {
                    from = start + 1;
                    continue;
                }
            };
            let range = start..start + length;
            let Some(part) = text
                .get(range.clone())
                .and_then(|token| self.part(token, &range))
            else {
                self.left += 1;
                from = start + 1;
                continue;
            };
            parts.push(Part::Text(written..start));
            parts.push(part);
            written = range.end;
            from = range.end;
        }
        parts.push(Part::Text(written..done));
        (parts, done)
    }

    /// What a token or a pointer is to become; `None` where it is not ours.
    fn part(&mut self, token: &[u8], range: &Range<usize>) -> Option<Part> {
        if let Some(pointer) = pointer(token) {
            let app = self.apps.iter().position(|app| {
                let mut fields = app.fields.iter();
                fields.any(|field| app.key.verify(field, &pointer))
            })?;
            return Some(Part::Row(range.clone(), app, pointer.id.get()));
        }
        self.value(token, None).map(Part::Value)
    }

    /// The value of a token, of this app and field where one is named.
    fn value(&mut self, text: &[u8], of: Option<(&str, &str)>) -> Option<Zeroizing<Vec<u8>>> {
        let token = Token::parse(text).ok()?;
        let key = self.ring.key(token.key_id())?;
        if of.is_some_and(|of| of != (key.app(), key.field())) {
            return None;
        }
        let mut value = Zeroizing::new(Vec::with_capacity(text.len()));
        seal::open(&key, &token, &mut value).ok()?;
        Some(value)
    }

    /// The value of a row that a pointer of this app named, if the pointer was made for the row's field.
    fn open_row(
        &mut self,
        app: usize,
        id: u64,
        pointer: &[u8],
        row: &vault::Row,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let of = self.apps.get(app)?;
        let pointer = self::pointer(pointer).filter(|pointer| pointer.id.get() == id)?;
        if !of.key.verify(&row.field, &pointer) {
            return None;
        }
        let app = of.id.clone();
        self.value(&row.sealed, Some((&app, &row.field)))
    }

    fn bring(&mut self, wanted: &[(String, u64)]) -> miette::Result<Vec<Option<vault::Row>>> {
        let mut rows = Vec::with_capacity(wanted.len());
        for some in wanted.chunks(ROWS) {
            let vault = match self.vault.take() {
                Some(vault) => vault,
                None => vault_command::open(self.home, self.settings)?,
            };
            let brought = self.runtime.block_on(vault.bring(some.to_vec()));
            self.vault = Some(vault);
            rows.extend(
                brought
                    .into_diagnostic()
                    .wrap_err("the vault did not answer")?,
            );
        }
        Ok(rows)
    }
}

/// The pointer that text is, with or without the domain of an address behind it.
fn pointer(text: &[u8]) -> Option<Pointer> {
    Pointer::parse(text.split(|byte| *byte == b'@').next()?)
}

/// The domains of pointers in the home's policies. Opening does not depend on them: with policies that do not load,
/// such an address is opened without its domain taken off.
fn domains(home: &Home) -> Vec<String> {
    let plan = policies::read(&[home.policies()])
        .and_then(|sources| policies::compile(&sources))
        .map(|compiled| compiled.plan);
    let Ok(plan) = plan else {
        tracing::warn!("the home's policies do not load: see `rempart policy check`");
        return Vec::new();
    };
    let fields = plan.apps.iter().flat_map(|app| &app.fields);
    fields
        .filter_map(|field| match &field.treatment {
            Treatment::Vault(pointing) => match &pointing.shape {
                PointerShape::Email { domain } => Some(domain.clone()),
                _ => None,
            },
            _ => None,
        })
        .collect()
}
