//! Carries out what is asked of a keyring: the same work beside a running gateway and alone.
//!
//! A destruction is in the journal, durably, before it is done: an entry of something that then failed can be explained,
//! a key that went without an entry cannot. All else is in it before it is answered.

use journal::{Journal, KeyChange, KeyEvent};
use keys::backup::{Backup, Plan};
use keys::file::{BackupRecord, BackupRecords};
use keys::{EpochView, KeyId, SubjectNames};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use policy::Treatment;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::pages;
use super::request::{
    Answer, BackedUp, Epoch, KnownBackup, Listed, Request, Rotated, Shredded, ShreddedKey, Skipped,
    State, Verified,
};
use crate::keyring::Opened;

/// What the work is done with.
pub struct Work<'a> {
    /// The keyring, open; nobody else changes it meanwhile.
    pub opened: &'a mut Opened,
    /// The policies: which fields can be rotated.
    pub plan: &'a policy::Plan,
    /// Where it is recorded.
    pub journal: &'a Journal,
}

impl Work<'_> {
    /// Does what is asked. Whoever holds keys that were derived before derives them anew when it may have changed any
    /// ([`Request::changes_keys`]).
    ///
    /// # Errors
    /// Why it was not done.
    pub fn carry_out(&mut self, request: &Request) -> miette::Result<Answer> {
        match request {
            Request::List => self.list().map(Answer::Listed),
            Request::Rotate { app, field } => self
                .rotate(app.as_deref(), field.as_deref())
                .map(Answer::Rotated),
            Request::Backup {
                threshold,
                shares,
                out,
            } => {
                let plan = Plan {
                    threshold: *threshold,
                    shares: *shares,
                    made: now(),
                };
                self.back_up(&plan, out).map(Answer::BackedUp)
            }
            Request::ShredSubject {
                subject,
                app,
                dry_run,
            } => self
                .shred_subject(subject, app.as_deref(), *dry_run)
                .map(Answer::Shredded),
            Request::ShredEpoch {
                app,
                field,
                epoch,
                dry_run,
            } => self
                .shred_epoch(app, field, *epoch, *dry_run)
                .map(Answer::Shredded),
            Request::Verify => {
                // The root is asked, too, and wraps anew where its key has a newer version.
                self.opened.renew_root()?;
                self.verify().map(Answer::Verified)
            }
        }
    }

    fn list(&self) -> miette::Result<Listed> {
        let records = self.backups()?;
        let keyring = self.opened.keyring();
        let count = keyring.subject_count();
        Ok(Listed {
            epochs: keyring
                .epochs()
                .map(|view| epoch(&view, &records))
                .collect(),
            subjects: count.subjects,
            subject_keys: count.keys,
            backups: records.backups.iter().map(known).collect(),
        })
    }

    fn rotate(&mut self, app: Option<&str>, field: Option<&str>) -> miette::Result<Rotated> {
        let mut rotated = Rotated {
            started: Vec::new(),
            skipped: Vec::new(),
        };
        let mut fields = Vec::new();
        for of in &self.plan.apps {
            for one in &of.fields {
                if app.is_some_and(|app| app != of.id)
                    || field.is_some_and(|field| field != one.name)
                {
                    continue;
                }
                match keeps_its_epoch(one) {
                    Some(why) => rotated.skipped.push(Skipped {
                        app: of.id.clone(),
                        field: one.name.clone(),
                        why: why.to_owned(),
                    }),
                    None => fields.push((of.id.as_str(), one.name.as_str())),
                }
            }
        }
        if fields.is_empty() && rotated.skipped.is_empty() {
            return Err(miette!(
                help = "`rempart keys list` shows apps and fields; name the folder of their policies with --policies",
                "no policy has such a field"
            ));
        }
        let started = self.opened.change(|keyring, chance| {
            fields
                .into_iter()
                .map(|(app, field)| keyring.start_epoch(app, field, chance))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let records = self.backups()?;
        for view in self.opened.keyring().epochs() {
            if !started.contains(&view.key_id) {
                continue;
            }
            self.record(KeyChange::Rotated {
                app: view.app.to_owned(),
                field: view.field.to_owned(),
                epoch: view.epoch,
                key_id: view.key_id.to_string(),
            })?;
            rotated.started.push(epoch(&view, &records));
        }
        Ok(rotated)
    }

    fn back_up(&mut self, plan: &Plan, out: &std::path::Path) -> miette::Result<BackedUp> {
        let mut records = self.backups()?;
        let mut chance = self.opened.chance();
        let keyring = self.opened.keyring();
        let backup = Backup::new(keyring, plan, &mut chance)
            .map_err(|error| miette!(help = error.hint(), "{error}"))?;
        let record = BackupRecord::new(backup.id(), plan, keyring);
        self.record(KeyChange::BackedUp {
            backup: backup.id().to_string(),
            threshold: plan.threshold,
            shares: plan.shares,
        })?;
        let files = pages::write(out, &backup)?;
        let known = known(&record);
        records
            .add(self.opened.folder(), record, &mut chance)
            .into_diagnostic()
            .wrap_err("the backup was made, and its home cannot note that it was")?;
        Ok(BackedUp {
            backup: known,
            code: backup.code().to_owned(),
            files,
        })
    }

    fn shred_subject(
        &mut self,
        identity: &str,
        app: Option<&str>,
        dry_run: bool,
    ) -> miette::Result<Shredded> {
        let records = self.backups()?;
        let keyring = self.opened.keyring();
        let mut apps: Vec<String> = keyring.epochs().map(|epoch| epoch.app.to_owned()).collect();
        apps.sort();
        apps.dedup();
        apps.retain(|one| app.is_none_or(|app| app == one));
        let (mut keys, mut backups, mut subjects) = (Vec::new(), Vec::new(), Vec::new());
        for app in apps {
            let secret = keyring.app_secret(&app, SubjectNames::PURPOSE);
            let name = SubjectNames::derive(&secret, &app).name(identity.as_bytes());
            let Some(place) = keyring.subject_place(&app, name) else {
                continue;
            };
            let live = keyring.keys_of_subject(&app, name).filter(|key| key.2);
            let of_app: Vec<_> = live.map(|(id, view, _)| shredded_key(id, &view)).collect();
            let key_ids = of_app.iter().map(|key| key.key_id.clone()).collect();
            keys.extend(of_app);
            for record in &records.backups {
                if record.holds_subject(place) && !backups.contains(&known(record)) {
                    backups.push(known(record));
                }
            }
            subjects.push((app, name, key_ids));
        }
        if subjects.is_empty() {
            return Err(miette!(
                help = "write the identity exactly as the app's messages spell it; `--app` looks in one app only",
                "no app has keys for this subject"
            ));
        }
        if !dry_run {
            for (app, name, key_ids) in &subjects {
                self.record(KeyChange::ShreddedSubject {
                    app: app.clone(),
                    subject: name.to_string(),
                    key_ids: Vec::clone(key_ids),
                })?;
            }
            self.opened.change(|keyring, _| {
                for (app, name, _) in &subjects {
                    keyring.shred_subject(app, *name);
                }
                Ok(())
            })?;
        }
        Ok(Shredded {
            done: !dry_run,
            keys,
            subject_keys: 0,
            backups,
        })
    }

    fn shred_epoch(
        &mut self,
        app: &str,
        field: &str,
        number: u32,
        dry_run: bool,
    ) -> miette::Result<Shredded> {
        let records = self.backups()?;
        let keyring = self.opened.keyring();
        let view = keyring
            .epochs()
            .find(|view| (view.app, view.field, view.epoch) == (app, field, number))
            .ok_or_else(|| {
                miette!(
                    help = "`rempart keys list` shows them all",
                    "there is no epoch {number} of {app}/{field}"
                )
            })?;
        if !view.live {
            return Err(miette!(
                "epoch {number} of {app}/{field} was destroyed before"
            ));
        }
        let key_id = view.key_id;
        let shredded = Shredded {
            done: !dry_run,
            keys: vec![shredded_key(key_id, &view)],
            subject_keys: keyring.subject_keys_of_epoch(key_id),
            backups: holding(&records, key_id),
        };
        if !dry_run {
            self.record(KeyChange::ShreddedEpoch {
                app: app.to_owned(),
                field: field.to_owned(),
                epoch: number,
                key_id: key_id.to_string(),
            })?;
            self.opened
                .change(|keyring, _| keyring.destroy_epoch(key_id))?;
        }
        Ok(shredded)
    }

    fn verify(&self) -> miette::Result<Verified> {
        let keyring = self.opened.keyring();
        keyring
            .check_wraps()
            .map_err(|error| miette!(help = error.hint(), "{error}"))?;
        Ok(Verified {
            epochs: keyring.epochs().filter(|epoch| epoch.live).count(),
            subjects: keyring.subject_count().subjects,
        })
    }

    fn backups(&self) -> miette::Result<BackupRecords> {
        BackupRecords::read(self.opened.folder())
            .into_diagnostic()
            .wrap_err("what the home knows of its backups cannot be read")
    }

    fn record(&self, keys: KeyChange) -> miette::Result<()> {
        record(self.journal, keys)
    }
}

impl Request {
    /// Whether keys that were derived before it may be stale after it.
    pub fn changes_keys(&self) -> bool {
        match self {
            Self::Rotate { .. } => true,
            Self::ShredSubject { dry_run, .. } | Self::ShredEpoch { dry_run, .. } => !dry_run,
            Self::List | Self::Backup { .. } | Self::Verify => false,
        }
    }
}

/// Writes down what happens to keys; it is on the disk when this returns.
///
/// # Errors
/// The journal does not take it.
pub fn record(journal: &Journal, keys: KeyChange) -> miette::Result<()> {
    let event = KeyEvent { time: now(), keys };
    journal
        .record_keys(&event)
        .into_diagnostic()
        .wrap_err("the journal does not take the entry")
}

/// Why a field has no epochs to go on to, if it has none.
fn keeps_its_epoch(field: &policy::Field) -> Option<&'static str> {
    match &field.treatment {
        Treatment::Mask | Treatment::Block | Treatment::Pass => {
            Some("nothing is sealed under its key")
        }
        _ if field.pinned => Some(
            "its policy says `epoch = \"pinned\"`: the app cannot be asked for the tokens of two epochs",
        ),
        Treatment::Vault(_) => None,
        other if !other.has_prefix() => Some(
            "a value that looks like any other does not name its key: one epoch for ever; an export and an import \
             move it",
        ),
        _ => None,
    }
}

fn epoch(view: &EpochView<'_>, records: &BackupRecords) -> Epoch {
    Epoch {
        app: view.app.to_owned(),
        field: view.field.to_owned(),
        epoch: view.epoch,
        key_id: view.key_id.to_string(),
        state: match (view.live, view.current) {
            (false, _) => State::Destroyed,
            (true, true) => State::Current,
            (true, false) => State::Live,
        },
        backup: holding(records, view.key_id).pop().map(|backup| backup.id),
    }
}

fn holding(records: &BackupRecords, key_id: KeyId) -> Vec<KnownBackup> {
    let holding = records.backups.iter();
    holding
        .filter(|record| record.holds_epoch(key_id))
        .map(known)
        .collect()
}

fn known(record: &BackupRecord) -> KnownBackup {
    KnownBackup {
        id: record.id.clone(),
        made: record.made.clone(),
        threshold: record.threshold,
        shares: record.shares,
    }
}

fn shredded_key(key_id: KeyId, view: &EpochView<'_>) -> ShreddedKey {
    ShreddedKey {
        key_id: key_id.to_string(),
        app: view.app.to_owned(),
        field: view.field.to_owned(),
        epoch: view.epoch,
    }
}

fn now() -> String {
    // A clock that cannot be written down is told by an empty time; the entry matters more.
    OffsetDateTime::now_utc()
        .format(&Rfc3339)
        .unwrap_or_default()
}
