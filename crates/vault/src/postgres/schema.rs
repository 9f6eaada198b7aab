//! The tables on a server, and the row that tells their version. Every statement may be run again and by two nodes at
//! once, and none needs another to be in its transaction: engines that speak this protocol differ there.

use tokio_postgres::error::SqlState;

use super::session::{Fault, Server, Session};
use crate::Error;

/// The version that this program knows.
const KNOWN: i64 = 1;

/// What makes the tables of version 1. The version comes last.
const STATEMENTS: [&str; 6] = [
    // An erased value leaves its row with an empty field, so that its identity is never given again.
    "CREATE TABLE IF NOT EXISTS rempart_kept (
        app     TEXT   NOT NULL,
        pointer BIGINT NOT NULL,
        field   TEXT   NOT NULL,
        sealed  BYTEA  NOT NULL,
        PRIMARY KEY (app, pointer)
    )",
    "CREATE TABLE IF NOT EXISTS rempart_stable (
        app     TEXT   NOT NULL,
        name    BYTEA  NOT NULL,
        sealed  BYTEA  NOT NULL,
        used    BIGINT NOT NULL,
        PRIMARY KEY (app, name)
    )",
    "CREATE INDEX IF NOT EXISTS rempart_stable_used ON rempart_stable (used)",
    "CREATE TABLE IF NOT EXISTS rempart_segments (
        app         TEXT  NOT NULL,
        fingerprint BYTEA NOT NULL,
        sealed      BYTEA NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS rempart_segments_found ON rempart_segments (app, fingerprint)",
    "CREATE TABLE IF NOT EXISTS rempart_version (
        one     BIGINT NOT NULL PRIMARY KEY,
        version BIGINT NOT NULL
    )",
];

/// Makes the tables where they are not, and refuses those of a later version.
///
/// # Errors
/// The tables are of a later version, or what the server says.
pub fn bring_up_to_date(server: &mut Server) -> Result<(), Error> {
    server.run(async |session| {
        let found = version(session).await?;
        match found {
            Some(KNOWN) => return Ok(()),
            None => {}
            Some(found) => {
                let known = KNOWN;
                return Err(Error::Version { found, known }.into());
            }
        }
        for statement in STATEMENTS {
            session.client.batch_execute(statement).await.map_err(met)?;
        }
        session
            .client
            .execute(
                "INSERT INTO rempart_version (one, version) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
                &[&KNOWN],
            )
            .await?;
        Ok(())
    })
}

async fn version(session: &mut Session) -> Result<Option<i64>, Fault> {
    let found = session
        .client
        .query_opt("SELECT version FROM rempart_version", &[])
        .await;
    match found {
        Ok(row) => Ok(row.map(|row| row.try_get(0)).transpose()?),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Two nodes that make one table at once: one of them is told that it exists, in the catalogue's own words.
fn met(error: tokio_postgres::Error) -> Fault {
    let existing = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
    ];
    match error.code() {
        Some(code) if existing.contains(code) => Fault::Met,
        _ => error.into(),
    }
}
