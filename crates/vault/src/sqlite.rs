//! The embedded engine: one SQLite file in WAL mode. A group is one transaction, flushed before anybody is told
//! (`synchronous = FULL`); what is erased is overwritten (`secure_delete`), and the log that still holds it emptied.

mod schema;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{
    Connection, OptionalExtension, Statement, Transaction, TransactionBehavior, params,
};

use crate::bound::Bound;
use crate::engine::{Engine, Fingerprint, Name, Pointer};
use crate::{Error, Keep, Options, Row, Segment, Stable};

/// How long a connection waits for the other's transaction.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection with its schema in place.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    bound: Bound,
}

impl Sqlite {
    /// Opens the file for writing, makes it where there is none, and brings its tables up to date.
    pub fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        restrict(path)?;
        let mut connection = connect(path)?;
        schema::bring_up_to_date(&mut connection)?;
        Ok(Self {
            connection,
            bound: Bound::new(options.stable),
        })
    }

    /// Opens the file that [`Sqlite::open`] has made ready, for reading.
    pub fn open_again(path: &Path) -> Result<Self, Error> {
        let connection = connect(path)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self {
            connection,
            bound: Bound::new(0),
        })
    }

    fn writing(&mut self) -> Result<Transaction<'_>, Error> {
        Ok(self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// Runs one query for each distinct question of a group, in one snapshot, and hands out the answers.
    fn look_up<Q: std::hash::Hash + Eq, A: Clone>(
        &mut self,
        group: &[Vec<Q>],
        query: &str,
        find: impl Fn(&mut Statement<'_>, &Q) -> rusqlite::Result<A>,
    ) -> Result<Vec<Vec<A>>, Error> {
        let snapshot = self.connection.transaction()?;
        let mut statement = snapshot.prepare_cached(query)?;
        let mut found: HashMap<&Q, A> = HashMap::new();
        group
            .iter()
            .map(|questions| {
                questions
                    .iter()
                    .map(|question| {
                        if let Some(answer) = found.get(question) {
                            return Ok(answer.clone());
                        }
                        let answer = find(&mut statement, question)?;
                        found.insert(question, answer.clone());
                        Ok(answer)
                    })
                    .collect::<Result<Vec<A>, Error>>()
            })
            .collect()
    }

    fn forget_oldest(&mut self, added: usize) -> Result<(), Error> {
        if self.bound.added(added) {
            let query = "SELECT COUNT(*) FROM stable";
            let count: i64 = self.connection.query_row(query, [], |row| row.get(0))?;
            self.bound.counted(count.cast_unsigned());
        }
        let portion = self.bound.portion(added).cast_signed();
        if portion > 0 {
            self.connection
                .prepare_cached(
                    "DELETE FROM stable WHERE used IN (SELECT used FROM stable ORDER BY used LIMIT ?1)",
                )?
                .execute([portion])?;
        }
        Ok(())
    }
}

impl Engine for Sqlite {
    fn keep(&mut self, group: &[Vec<Keep>]) -> Result<Vec<Result<Vec<u64>, Error>>, Error> {
        let transaction = self.writing()?;
        let mut kept = Vec::with_capacity(group.len());
        for rows in group {
            kept.push(match keep_rows(&transaction, rows) {
                Err(error @ Error::Full { .. }) => Err(error),
                outcome => Ok(outcome?),
            });
        }
        transaction.commit()?;
        Ok(kept)
    }

    fn bring(&mut self, group: &[Vec<Pointer>]) -> Result<Vec<Vec<Option<Row>>>, Error> {
        self.look_up(
            group,
            "SELECT field, sealed FROM kept WHERE app = ?1 AND pointer = ?2 AND field <> ''",
            |select, (app, pointer)| {
                select
                    .query_row(params![app, pointer.cast_signed()], |row| {
                        Ok(Row {
                            field: row.get(0)?,
                            sealed: row.get(1)?,
                        })
                    })
                    .optional()
            },
        )
    }

    fn erase(&mut self, group: &[Vec<Pointer>]) -> Result<Vec<Vec<bool>>, Error> {
        let transaction = self.writing()?;
        let mut empty = transaction.prepare_cached(
            "UPDATE kept SET field = '', sealed = x'' WHERE app = ?1 AND pointer = ?2 AND field <> ''",
        )?;
        let erased = group
            .iter()
            .map(|pointers| {
                pointers
                    .iter()
                    .map(|(app, pointer)| {
                        Ok(empty.execute(params![app, pointer.cast_signed()])? > 0)
                    })
                    .collect()
            })
            .collect::<Result<_, Error>>()?;
        drop(empty);
        transaction.commit()?;
        // A reader in the middle of its snapshot only puts this off to the next checkpoint.
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(erased)
    }

    fn remember(&mut self, group: &[Vec<Stable>]) -> Result<(), Error> {
        // Nobody's bytes wait for these: the next commit of a value flushes them too.
        self.connection
            .pragma_update(None, "synchronous", "NORMAL")?;
        let added = group.iter().map(Vec::len).sum();
        let remembered = self
            .writing()
            .and_then(|transaction| remember_all(transaction, group))
            .and_then(|()| self.forget_oldest(added));
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        remembered
    }

    fn recall(&mut self, group: &[Vec<Name>]) -> Result<Vec<Vec<Option<Vec<u8>>>>, Error> {
        self.look_up(
            group,
            "SELECT sealed FROM stable WHERE app = ?1 AND name = ?2",
            |select, (app, name)| {
                select
                    .query_row(params![app, name], |row| row.get(0))
                    .optional()
            },
        )
    }

    fn keep_segments(&mut self, group: &[Vec<Segment>]) -> Result<(), Error> {
        let transaction = self.writing()?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO segments (app, fingerprint, sealed) SELECT ?1, ?2, ?3 WHERE NOT EXISTS (
                SELECT 1 FROM segments WHERE app = ?1 AND fingerprint = ?2 AND sealed = ?3)",
        )?;
        for segment in group.iter().flatten() {
            insert.execute(params![segment.app, segment.fingerprint, segment.sealed])?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }

    fn bring_segments(
        &mut self,
        group: &[Vec<Fingerprint>],
    ) -> Result<Vec<Vec<Vec<Vec<u8>>>>, Error> {
        self.look_up(
            group,
            "SELECT sealed FROM segments WHERE app = ?1 AND fingerprint = ?2 ORDER BY rowid",
            |select, (app, fingerprint)| {
                select
                    .query_map(params![app, fingerprint], |row| row.get(0))?
                    .collect()
            },
        )
    }
}

/// Keeps the rows of one request, all or none.
fn keep_rows(connection: &Connection, rows: &[Keep]) -> Result<Vec<u64>, Error> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO kept (app, pointer, field, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    let mut same = connection.prepare_cached(
        "SELECT 1 FROM kept WHERE app = ?1 AND pointer = ?2 AND field = ?3 AND sealed = ?4",
    )?;
    let mut identities = Vec::with_capacity(rows.len());
    let mut inserted = Vec::new();
    for row in rows {
        let mut place = None;
        for pointer in row.draws() {
            let values = params![row.app, pointer.cast_signed(), row.field, row.sealed];
            if insert.execute(values)? > 0 {
                inserted.push((&row.app, pointer.cast_signed()));
                place = Some(pointer);
            } else if same.exists(values)? {
                place = Some(pointer);
            }
            if place.is_some() {
                break;
            }
        }
        let Some(pointer) = place else {
            // Taken back before another request of the group could share it.
            let mut delete =
                connection.prepare_cached("DELETE FROM kept WHERE app = ?1 AND pointer = ?2")?;
            for row in inserted {
                delete.execute(row)?;
            }
            return Err(Error::Full {
                app: row.app.clone(),
                field: row.field.clone(),
            });
        };
        identities.push(pointer);
    }
    Ok(identities)
}

/// `used` is SQLite's own row number, one more than the highest at each insert: its order is that of use.
fn remember_all(transaction: Transaction<'_>, group: &[Vec<Stable>]) -> Result<(), Error> {
    let mut replace = transaction
        .prepare_cached("INSERT OR REPLACE INTO stable (app, name, sealed) VALUES (?1, ?2, ?3)")?;
    for token in group.iter().flatten() {
        replace.execute(params![token.app, token.name, token.sealed])?;
    }
    drop(replace);
    Ok(transaction.commit()?)
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

/// Makes the file with mode 0600 before SQLite does with the process's mask; the WAL beside it takes its mode.
fn restrict(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| Error::File {
            code: error.raw_os_error().unwrap_or(-1),
            message: error.to_string(),
        })
}
