//! A border with keys made for the test, and a vault that is a map: what a caller with IO would be.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part"
)]

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use border::{
    Answer, Ask, Asked, Border, Effect, Exchange, Flow, Incoming, Keys, Limits, MemoryName,
    Progress, Reader, Reference, Refusal, Signers, SubjectKey, SubjectKeys,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use keys::{KeyId, KeyringError, SubjectName, SubjectNames};
use policy::{Plan, Source};
use seal::{Chance, FieldKey};

/// The same numbers every time, so that two runs make the same tokens.
pub struct Counter(pub u64);

impl Chance for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 33) as u8;
        }
    }
}

#[derive(Default)]
pub struct Vault {
    pub rows: HashMap<u64, (String, Vec<u8>)>,
    pub memories: HashMap<(String, MemoryName), Vec<u8>>,
    /// What opens the segments of files, by app and fingerprint: each once.
    pub segments: HashMap<(String, [u8; 32]), BTreeSet<Vec<u8>>>,
    /// Who makes keys for subjects.
    pub subjects: Option<Arc<Subjects>>,
    /// Where the chance of the next request begins: alike by default.
    pub seed: u64,
}

impl Vault {
    pub fn answer(&mut self, ask: Ask) -> Answer {
        let id = ask.id;
        match ask.what {
            Asked::Keep {
                field,
                first,
                sealed,
                ..
            } => {
                let row = (field.clone(), sealed.clone());
                let free = |pointer: &u64| self.rows.get(pointer).is_none_or(|other| *other == row);
                let pointer = (first..).find(free).unwrap();
                self.rows.insert(pointer, (field, sealed));
                Answer::Kept { id, pointer }
            }
            Asked::Bring { pointer, .. } => match self.rows.get(&pointer) {
                Some((field, sealed)) => Answer::Row {
                    id,
                    field: field.clone(),
                    sealed: sealed.clone(),
                },
                None => Answer::Gone { id },
            },
            Asked::Recall { app, name } => match self.memories.get(&(app, name)) {
                Some(sealed) => Answer::Recalled {
                    id,
                    sealed: sealed.clone(),
                },
                None => Answer::Gone { id },
            },
            Asked::Subject {
                app,
                field,
                subject,
            } => match &self.subjects {
                Some(subjects) => Answer::Subject {
                    id,
                    key: subjects.made(&app, &field, subject),
                },
                None => Answer::Gone { id },
            },
            Asked::KeepSegments { app, segments } => {
                for segment in segments {
                    let of = (app.clone(), segment.fingerprint);
                    self.segments.entry(of).or_default().insert(segment.sealed);
                }
                Answer::SegmentsKept { id }
            }
            Asked::BringSegments { app, fingerprints } => {
                let kept = |print| self.segments.get(&(app.clone(), print));
                let prints = fingerprints.into_iter();
                let found =
                    prints.map(|print| kept(print).into_iter().flatten().cloned().collect());
                Answer::Segments {
                    id,
                    found: found.collect(),
                }
            }
            other => panic!("nobody answers {other:?}"),
        }
    }

    /// Carries out what an exchange wants remembered.
    pub fn remember(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Remember { app, name, sealed } = effect {
                self.memories.insert((app, name), sealed);
            }
        }
    }

    pub fn settle(&mut self, flow: &mut dyn Flow, mut progress: Progress) -> Result<(), Refusal> {
        while let Progress::Need(asks) = progress {
            let answers = asks.into_iter().map(|ask| self.answer(ask)).collect();
            progress = flow.answer(answers)?;
        }
        Ok(())
    }

    /// Feeds a body in these pieces and returns what left.
    pub fn drive(&mut self, flow: &mut dyn Flow, pieces: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
        let mut out = Vec::new();
        for piece in pieces {
            let progress = flow.push(Bytes::copy_from_slice(piece))?;
            self.settle(flow, progress)?;
            out.extend(std::iter::from_fn(|| flow.take()).flatten());
        }
        let progress = flow.finish()?;
        self.settle(flow, progress)?;
        let length = flow.length().unwrap();
        let rest: Vec<u8> = std::iter::from_fn(|| flow.take()).flatten().collect();
        assert_eq!(length, rest.len() as u64);
        out.extend(rest);
        Ok(out)
    }
}

pub fn border(policies: &[&str]) -> Border {
    border_with(policies, Limits::default())
}

pub fn border_with(policies: &[&str], limits: Limits) -> Border {
    let plan = plan(policies);
    let keyring = keyring(&plan);
    Border::new(
        Arc::new(plan),
        Arc::new(Keys::derive(&keyring).unwrap()),
        limits,
    )
}

/// A border that signs.
pub fn signing(policies: &[&str], signers: Signers) -> Border {
    let plan = plan(policies);
    let keys = Keys::derive(&keyring(&plan)).unwrap();
    Border::signing(Arc::new(plan), Arc::new(keys), Limits::default(), signers)
}

/// A border whose keyring goes on: subjects get keys, and fields new epochs.
pub fn living(policies: &[&str]) -> (Arc<Subjects>, Plan) {
    let plan = plan(policies);
    let keyring = Mutex::new(keyring(&plan));
    (Arc::new(Subjects { keyring }), plan)
}

/// A keyring as a caller with a disk would share it.
pub struct Subjects {
    pub keyring: Mutex<keys::Keyring>,
}

impl Subjects {
    /// The border of this keyring as it is now.
    pub fn border(self: &Arc<Self>, plan: &Plan) -> Border {
        let keys = Keys::derive(&self.keyring.lock().unwrap()).unwrap();
        let keys = keys.with_subjects(Arc::clone(self) as Arc<dyn SubjectKeys>);
        Border::new(Arc::new(plan.clone()), Arc::new(keys), Limits::default())
    }

    /// Starts a new epoch of a field.
    pub fn rotate(&self, app: &str, field: &str) {
        let mut keyring = self.keyring.lock().unwrap();
        keyring.start_epoch(app, field, &mut Counter(99)).unwrap();
    }

    /// Destroys what a subject of an app has.
    pub fn shred(&self, app: &str, identity: &[u8]) {
        let mut keyring = self.keyring.lock().unwrap();
        let secret = keyring.app_secret(app, SubjectNames::PURPOSE);
        let name = SubjectNames::derive(&secret, app).name(identity);
        assert!(keyring.shred_subject(app, name));
    }

    fn made(&self, app: &str, field: &str, subject: SubjectName) -> Arc<SubjectKey> {
        let mut keyring = self.keyring.lock().unwrap();
        let (id, _) = keyring
            .ensure_subject(app, field, subject, &mut Counter(u64::from(subject.0[0])))
            .unwrap();
        let secret = keyring.field_secret(id).unwrap();
        Arc::new(SubjectKey::derive(&secret).unwrap())
    }
}

impl SubjectKeys for Subjects {
    fn by_id(&self, id: KeyId) -> Option<Arc<FieldKey>> {
        let keyring = self.keyring.lock().unwrap();
        let secret = keyring.field_secret(id).ok()?;
        Some(SubjectKey::derive(&secret)?.field)
    }

    fn current(&self, app: &str, field: &str, subject: SubjectName) -> Option<Arc<SubjectKey>> {
        let keyring = self.keyring.lock().unwrap();
        let mut keys = keyring.keys_of_subject(app, subject);
        let (id, ..) = keys.find(|(_, view, live)| *live && view.field == field && view.current)?;
        SubjectKey::derive(&keyring.field_secret(id).ok()?).map(Arc::new)
    }

    fn was_destroyed(&self, id: KeyId, _app: &str, _field: &str) -> bool {
        let keyring = self.keyring.lock().unwrap();
        matches!(keyring.field_secret(id), Err(KeyringError::Destroyed(_)))
    }
}

fn plan(policies: &[&str]) -> Plan {
    let sources: Vec<Source> = policies
        .iter()
        .enumerate()
        .map(|(n, text)| Source::new(format!("{n}.toml"), *text))
        .collect();
    match policy::compile(&sources) {
        Ok(compiled) => compiled.plan,
        Err(faults) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("{}", faults.join("\n"))
        }
    }
}

fn keyring(plan: &Plan) -> keys::Keyring {
    let mut chance = Counter(7);
    let mut keyring = keys::Keyring::create(&mut chance);
    for app in &plan.apps {
        for field in &app.fields {
            keyring
                .ensure_field(&app.id, &field.name, &mut chance)
                .unwrap();
        }
    }
    keyring
}

pub fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

pub fn begin(
    border: &Border,
    host: &str,
    line: &str,
    head: &HeaderMap,
) -> Result<Exchange, Box<Refusal>> {
    begin_with(border, (host, line), head, 0)
}

fn begin_with(
    border: &Border,
    (host, line): (&str, &str),
    head: &HeaderMap,
    seed: u64,
) -> Result<Exchange, Box<Refusal>> {
    let (method, target) = line.split_once(' ').unwrap();
    border.begin(
        &Incoming {
            host,
            method: &method.parse::<Method>().unwrap(),
            target,
            headers: head,
            has_body: method != "GET",
            reader: Reader::Anyone,
            reference: Reference(*b"test00000000"),
        },
        Box::new(Counter(11 + seed)),
    )
}

/// Sends a body and returns what the SaaS gets.
pub fn send(
    border: &Border,
    vault: &mut Vault,
    (host, line): (&str, &str),
    head: &[(&'static str, &str)],
    pieces: &[&[u8]],
) -> Result<Vec<u8>, Refusal> {
    let head = headers(head);
    let begun = begin_with(border, (host, line), &head, vault.seed);
    let mut exchange = begun.map_err(|refusal| *refusal)?;
    match exchange.protect() {
        Some(mut flow) => vault.drive(&mut *flow, pieces),
        None => Ok(pieces.concat()),
    }
}

/// Brings an answer back and returns what the client gets.
pub fn bring(
    border: &Border,
    vault: &mut Vault,
    host: &str,
    head: &mut HeaderMap,
    pieces: &[&[u8]],
) -> Vec<u8> {
    let mut exchange = begin(border, host, "GET /things/1", &HeaderMap::new()).unwrap();
    match exchange.reveal(&Method::GET, StatusCode::OK, head) {
        Some(mut flow) => vault.drive(&mut *flow, pieces).unwrap(),
        None => pieces.concat(),
    }
}
