//! The tables of the embedded engine by version (`user_version`), and the steps from each version to the next.

use rusqlite::{Connection, TransactionBehavior};

use crate::Error;

/// What makes the tables of each version out of the version before it, the first out of nothing. A step that was
/// released is never changed.
const STEPS: [&str; 2] = [
    // An erased value leaves its row with an empty field, so that its identity is never given again.
    "CREATE TABLE kept (
        app     TEXT    NOT NULL,
        pointer INTEGER NOT NULL,
        field   TEXT    NOT NULL,
        sealed  BLOB    NOT NULL,
        PRIMARY KEY (app, pointer)
    ) WITHOUT ROWID;",
    "CREATE TABLE stable (
        used    INTEGER PRIMARY KEY,
        app     TEXT    NOT NULL,
        name    BLOB    NOT NULL,
        sealed  BLOB    NOT NULL,
        UNIQUE (app, name)
    );
    CREATE TABLE segments (
        app         TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        sealed      BLOB NOT NULL
    );
    CREATE INDEX segments_found ON segments (app, fingerprint);",
];

/// Takes every step that is missing, all in one transaction.
///
/// # Errors
/// The tables are of a later version, or what SQLite says.
pub fn bring_up_to_date(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let missing = usize::try_from(found)
        .ok()
        .and_then(|found| STEPS.get(found..));
    let missing = missing.ok_or(Error::Version { found, known })?;
    for step in missing {
        transaction.execute_batch(step)?;
    }
    if !missing.is_empty() {
        transaction.pragma_update(None, "user_version", known)?;
    }
    transaction.commit()?;
    Ok(())
}
