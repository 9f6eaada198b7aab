//! The embedded engine: one SQLite file in WAL mode. Batches are one transaction each.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::{Error, Keep, POINTER_BITS, Row};

/// How many identities are drawn from one start before the vault counts as full.
const DRAWS: u64 = 64;

/// A connection with its schema in place.
pub struct Engine {
    connection: Connection,
}

impl Engine {
    pub fn open(path: &Path) -> Result<Self, Error> {
        restrict(path)?;
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS kept (
                app     TEXT    NOT NULL,
                pointer INTEGER NOT NULL,
                field   TEXT    NOT NULL,
                sealed  BLOB    NOT NULL,
                PRIMARY KEY (app, pointer)
            ) WITHOUT ROWID;
            PRAGMA user_version = 1;",
        )?;
        Ok(Self { connection })
    }

    /// Keeps every batch in one transaction.
    pub fn keep_all(&mut self, batches: &[Vec<Keep>]) -> Result<Vec<Vec<u64>>, Error> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut kept = Vec::with_capacity(batches.len());
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO kept (app, pointer, field, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?;
            let mut same = transaction.prepare_cached(
                "SELECT 1 FROM kept WHERE app = ?1 AND pointer = ?2 AND field = ?3 AND sealed = ?4",
            )?;
            for batch in batches {
                let mut identities = Vec::with_capacity(batch.len());
                for row in batch {
                    let free = (0..DRAWS)
                        .map(|draw| drawn(row.first, draw))
                        .find_map(|pointer| {
                            let values =
                                params![row.app, pointer.cast_signed(), row.field, row.sealed];
                            match insert.execute(values) {
                                Ok(0) => same
                                    .exists(values)
                                    .map(|same| same.then_some(pointer))
                                    .transpose(),
                                Ok(_) => Some(Ok(pointer)),
                                Err(error) => Some(Err(error)),
                            }
                        });
                    identities.push(free.ok_or(Error::Full)??);
                }
                kept.push(identities);
            }
        }
        transaction.commit()?;
        Ok(kept)
    }

    /// Brings the rows of every batch.
    pub fn bring_all(
        &mut self,
        batches: &[Vec<(String, u64)>],
    ) -> Result<Vec<Vec<Option<Row>>>, Error> {
        let mut select = self
            .connection
            .prepare_cached("SELECT field, sealed FROM kept WHERE app = ?1 AND pointer = ?2")?;
        batches
            .iter()
            .map(|batch| {
                batch
                    .iter()
                    .map(|(app, pointer)| {
                        select
                            .query_row(params![app, pointer.cast_signed()], |row| {
                                Ok(Row {
                                    field: row.get(0)?,
                                    sealed: row.get(1)?,
                                })
                            })
                            .optional()
                            .map_err(Error::from)
                    })
                    .collect()
            })
            .collect()
    }
}

/// The `draw`-th identity drawn from `first`: `first` itself, then steps of an odd constant, which visit every
/// 40-bit number once before any comes again.
fn drawn(first: u64, draw: u64) -> u64 {
    const STEP: u64 = 0x9E_3779_B97F;
    first.wrapping_add(draw.wrapping_mul(STEP)) & ((1 << POINTER_BITS) - 1)
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
        .map_err(|error| Error::Database {
            code: error.raw_os_error().unwrap_or(-1),
            message: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(first: u64, sealed: &[u8]) -> Keep {
        Keep {
            app: "a".into(),
            field: "f".into(),
            first,
            sealed: sealed.to_vec(),
        }
    }

    #[test]
    fn a_taken_identity_draws_the_next_and_both_rows_stand() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = Engine::open(&folder.path().join("v")).unwrap();
        let first = engine.keep_all(&[vec![keep(7, b"one")]]).unwrap();
        let second = engine.keep_all(&[vec![keep(7, b"two")]]).unwrap();
        assert_eq!(first, [[7]]);
        assert_ne!(second, [[7]]);
        let wanted = vec![
            ("a".to_owned(), 7),
            ("a".to_owned(), second[0][0]),
            ("b".to_owned(), 7),
        ];
        let rows = engine.bring_all(&[wanted]).unwrap().remove(0);
        assert_eq!(rows[0].as_ref().unwrap().sealed, b"one");
        assert_eq!(rows[1].as_ref().unwrap().sealed, b"two");
        assert_eq!(rows[2], None);
    }

    #[test]
    fn the_very_same_row_keeps_its_identity() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = Engine::open(&folder.path().join("v")).unwrap();
        let twice = engine
            .keep_all(&[vec![keep(7, b"one"), keep(7, b"one")]])
            .unwrap();
        assert_eq!(twice, [[7, 7]]);
        assert_eq!(engine.keep_all(&[vec![keep(7, b"one")]]).unwrap(), [[7]]);
    }

    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v");
        let _engine = Engine::open(&path).unwrap();
        for file in [path.clone(), path.with_extension("")] {
            assert_eq!(
                std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn a_full_neighbourhood_is_an_error_and_keeps_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = Engine::open(&folder.path().join("v")).unwrap();
        let all: Vec<Keep> = (0..DRAWS).map(|draw| keep(drawn(1, draw), b"x")).collect();
        engine.keep_all(&[all]).unwrap();
        assert_eq!(
            engine.keep_all(&[vec![keep(5_000, b"y"), keep(1, b"z")]]),
            Err(Error::Full)
        );
        assert_eq!(
            engine.bring_all(&[vec![("a".into(), 5_000)]]).unwrap(),
            [[None]]
        );
    }
}
