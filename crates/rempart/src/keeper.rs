//! Carries out what the border asks for: vault rows and journal entries.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use body::AskId;
use border::{Answer, Ask, Asked, Effect, SubjectKey, Summary};
use journal::{Count, Entry, Journal, Outcome};
use keys::file::SystemChance;
use policy::leakage::Live;
use proxy::{Away, Home, HomeFuture};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vault::{Keep, Segment, Stable, Vault};

use crate::recent::Recent;
use crate::subjects::{Of, Subjects};

/// How many of the latest exchanges the console shows.
const LATEST: usize = 20;

/// The vault and the journal, as the wire calls them.
#[derive(Debug, Clone)]
pub struct Keeper {
    vault: Arc<Vault>,
    journal: Arc<Journal>,
    seen: Arc<Mutex<Seen>>,
    recent: Recent,
    subjects: Subjects,
    meters: Arc<Mutex<HashMap<(String, String), Live>>>,
    chance: SystemChance,
}

/// What crossed since the start.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Values protected.
    pub protected: u64,
    /// Tokens revealed.
    pub revealed: u64,
    /// The latest entries, newest first.
    pub latest: VecDeque<Entry>,
}

impl Keeper {
    /// A keeper of this vault and this journal. Starts a task, so a runtime must be there.
    pub fn new(
        vault: Arc<Vault>,
        journal: Arc<Journal>,
        subjects: Subjects,
        chance: SystemChance,
    ) -> Self {
        Self {
            subjects,
            recent: Recent::new(Arc::clone(&vault)),
            vault,
            journal,
            seen: Arc::default(),
            meters: Arc::default(),
            chance,
        }
    }

    /// What crossed since the start.
    pub fn seen(&self) -> Seen {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Measures how often looked-up values repeat, and warns once where a stranger could name them by that.
    fn measure(&self, summary: &Summary) {
        if summary.matched.is_empty() {
            return;
        }
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        for (field, fingerprint) in &summary.matched {
            let of = (summary.app.clone(), field.clone());
            if let Some(low) = meters.entry(of).or_default().meet(*fingerprint) {
                let (app, help) = (summary.app.as_str(), low.hint());
                tracing::warn!(
                    app,
                    field = field.as_str(),
                    help,
                    "equal tokens tell too much: {low}"
                );
            }
        }
    }

    fn remember(&self, entry: Entry) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.protected += entry
            .protected
            .iter()
            .map(|count| u64::from(count.count))
            .sum::<u64>();
        seen.revealed += entry
            .revealed
            .iter()
            .map(|count| u64::from(count.count))
            .sum::<u64>();
        seen.latest.truncate(LATEST - 1);
        seen.latest.push_front(entry);
    }

    /// Answers a batch: what is to be kept in one transaction, what is to be brought and recalled in one read each.
    async fn answers(&self, asks: Vec<Ask>) -> Result<Vec<Answer>, vault::Error> {
        let mut batch = Batch::default();
        let (mut subjects, mut wanted) = (Vec::new(), Vec::new());
        let mut answers = Vec::with_capacity(asks.len());
        for Ask { id, what } in asks {
            match what {
                Asked::Keep {
                    app,
                    field,
                    first,
                    space,
                    sealed,
                } => {
                    batch.kept.push(id);
                    batch.keep.push(Keep {
                        app,
                        field,
                        first,
                        space,
                        sealed,
                    });
                }
                Asked::Bring { app, pointer } => {
                    batch.brought.push(id);
                    batch.bring.push((app, pointer));
                }
                Asked::Recall { app, name } => {
                    let name = (app, name);
                    if let Some(sealed) = self.recent.recall(&name) {
                        answers.push(Answer::Recalled { id, sealed });
                    } else {
                        batch.recalled.push(id);
                        batch.recall.push(name);
                    }
                }
                Asked::KeepSegments { app, segments } => {
                    batch.segments_kept.push(id);
                    batch
                        .keep_segments
                        .extend(segments.into_iter().map(|segment| Segment {
                            app: app.clone(),
                            fingerprint: segment.fingerprint,
                            sealed: segment.sealed,
                        }));
                }
                Asked::BringSegments { app, fingerprints } => {
                    batch.segments_brought.push((id, fingerprints.len()));
                    let wanted = fingerprints.into_iter().map(|print| (app.clone(), print));
                    batch.bring_segments.extend(wanted);
                }
                Asked::Subject {
                    app,
                    field,
                    subject,
                } => {
                    subjects.push(id);
                    wanted.push((app, field, subject));
                }
                // What this version of the border cannot ask, nobody can answer.
                _ => answers.push(Answer::Gone { id }),
            }
        }
        if !wanted.is_empty() {
            let keys = self.subjects_keys(wanted).await;
            answers.extend(subjects.into_iter().zip(keys).map(|(id, key)| match key {
                Some(key) => Answer::Subject { id, key },
                None => Answer::Gone { id },
            }));
        }
        batch.answer(&self.vault, answers).await
    }

    /// The keys of these subjects, made where there are none; nothing where the keyring does not take them.
    async fn subjects_keys(&self, wanted: Vec<Of>) -> Vec<Option<Arc<SubjectKey>>> {
        let (subjects, count) = (self.subjects.clone(), wanted.len());
        let made = tokio::task::spawn_blocking(move || subjects.make(&wanted)).await;
        match made {
            Ok(Ok(keys)) => keys.into_iter().map(Some).collect(),
            Ok(Err(error)) => {
                tracing::error!("the keyring did not take a subject: {error}");
                vec![None; count]
            }
            Err(_) => vec![None; count],
        }
    }
}

/// The questions for the vault, each kind by itself.
#[derive(Default)]
struct Batch {
    keep: Vec<Keep>,
    kept: Vec<AskId>,
    bring: Vec<(String, u64)>,
    brought: Vec<AskId>,
    recall: Vec<(String, [u8; 20])>,
    recalled: Vec<AskId>,
    keep_segments: Vec<Segment>,
    segments_kept: Vec<AskId>,
    bring_segments: Vec<(String, [u8; 32])>,
    /// Each ask, and how many fingerprints it is about.
    segments_brought: Vec<(AskId, usize)>,
}

impl Batch {
    async fn answer(
        self,
        vault: &Vault,
        mut answers: Vec<Answer>,
    ) -> Result<Vec<Answer>, vault::Error> {
        if !self.keep.is_empty() {
            let pointers = vault.keep(self.keep).await?;
            let kept = self.kept.into_iter().zip(pointers);
            answers.extend(kept.map(|(id, pointer)| Answer::Kept { id, pointer }));
        }
        if !self.segments_kept.is_empty() {
            vault.keep_segments(self.keep_segments).await?;
            let kept = self.segments_kept.into_iter();
            answers.extend(kept.map(|id| Answer::SegmentsKept { id }));
        }
        if !self.segments_brought.is_empty() {
            let mut rows = vault.bring_segments(self.bring_segments).await?.into_iter();
            for (id, count) in self.segments_brought {
                let found = rows.by_ref().take(count).collect();
                answers.push(Answer::Segments { id, found });
            }
        }
        if !self.bring.is_empty() {
            let rows = vault.bring(self.bring).await?;
            answers.extend(
                self.brought
                    .into_iter()
                    .zip(rows)
                    .map(|(id, row)| match row {
                        Some(row) => Answer::Row {
                            id,
                            field: row.field,
                            sealed: row.sealed,
                        },
                        None => Answer::Gone { id },
                    }),
            );
        }
        if !self.recall.is_empty() {
            let rows = vault.recall(self.recall).await?;
            answers.extend(
                self.recalled
                    .into_iter()
                    .zip(rows)
                    .map(|(id, row)| match row {
                        Some(sealed) => Answer::Recalled { id, sealed },
                        None => Answer::Gone { id },
                    }),
            );
        }
        Ok(answers)
    }
}

impl Home for Keeper {
    fn answer(&self, asks: Vec<Ask>) -> HomeFuture<Result<Vec<Answer>, Away>> {
        let keeper = self.clone();
        Box::pin(async move {
            keeper.answers(asks).await.map_err(|error| {
                tracing::error!(%error, "the vault did not answer");
                Away
            })
        })
    }

    fn settle(&self, effects: Vec<Effect>) -> HomeFuture<Result<(), Away>> {
        let keeper = self.clone();
        Box::pin(async move {
            for entry in effects.into_iter().filter_map(entry) {
                let recorded = keeper.journal.record(&entry).await;
                keeper.remember(entry);
                recorded.map_err(|error| {
                    tracing::error!(%error, "the journal did not take an entry");
                    Away
                })?;
            }
            Ok(())
        })
    }

    fn note(&self, effect: Effect) {
        if let Effect::Journal { summary, .. } = &effect {
            self.measure(summary);
        }
        if let Effect::Remember { app, name, sealed } = effect {
            self.recent.remember(Stable { app, name, sealed });
        } else if let Some(entry) = entry(effect) {
            if let Err(error) = self.journal.note(&entry) {
                tracing::error!(%error, "the journal did not take an entry");
            }
            self.remember(entry);
        }
    }

    fn chance(&self) -> Box<dyn seal::Chance + Send> {
        Box::new(seal::Ahead::new(self.chance))
    }
}

/// The journal's line of what crossed.
fn entry(effect: Effect) -> Option<Entry> {
    let Effect::Journal { summary, .. } = effect else {
        return None;
    };
    let counts = |counts: Vec<(String, u32)>| {
        counts
            .into_iter()
            .map(|(field, count)| Count { field, count })
            .collect()
    };
    let Summary {
        reference,
        app,
        route,
        protected,
        revealed,
        unopened,
        refused,
        matched: _,
    } = summary;
    Some(Entry {
        // A clock that cannot be written down is told by an empty time; the entry matters more.
        time: OffsetDateTime::now_utc()
            .format(&Rfc3339)
            .unwrap_or_default(),
        reference,
        app,
        route,
        outcome: match refused {
            Some(code) => Outcome::Refused {
                code: code.to_owned(),
            },
            None => Outcome::Crossed,
        },
        protected: counts(protected),
        revealed: counts(revealed),
        unopened,
    })
}
