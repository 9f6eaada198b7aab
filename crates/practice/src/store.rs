//! The app's database: one table a kind of record, one for files, and one that records every change of a field.
//!
//! Statements are built from the names in [`crate::domain`] only; every value is bound. A record's revision counts
//! its changes and is its entity tag.

mod files;
mod schema;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params, params_from_iter};

use crate::domain::{DOMAINS, Domain, Field};
use crate::draft::Draft;
use crate::problem::Problem;

pub use files::{Attachment, Document};
use schema::NOW;

/// The most records that one page of a list holds.
pub const PAGE: usize = 200;

/// A stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number within its kind.
    pub id: i64,
    /// How often it was written.
    pub revision: i64,
    /// When it was registered, as RFC 3339 in UTC.
    pub created: String,
    /// When it was last changed.
    pub updated: String,
    /// Its values, in the order of its kind's fields.
    pub values: Vec<String>,
}

/// One change of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: String,
    /// Which field.
    pub field: String,
    /// The value before.
    pub before: String,
    /// The value after.
    pub after: String,
}

/// The database, for writing.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database, and makes what it lacks.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.execute_batch(&schema::statements())?;
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    /// Registers a record and returns its number.
    ///
    /// # Errors
    ///
    /// [`Problem::Duplicate`], or SQLite's.
    pub fn insert(&self, domain: &'static Domain, draft: &Draft) -> Result<i64, Problem> {
        let marks = vec!["?"; domain.fields.len()].join(", ");
        let statement = format!(
            "INSERT INTO {} ({}) VALUES ({marks})",
            domain.slug,
            columns(domain)
        );
        self.with(|connection| {
            connection
                .execute(&statement, params_from_iter(draft.values()))
                .map_err(|error| duplicate(domain, error))?;
            Ok(connection.last_insert_rowid())
        })
    }

    /// Writes a record anew, and records each field that is not what it was. Where nothing is, nothing is written.
    ///
    /// # Errors
    ///
    /// [`Problem::NotFound`], [`Problem::Changed`] where `revision` is not the stored one, [`Problem::Duplicate`], or
    /// SQLite's.
    pub fn update(
        &self,
        domain: &'static Domain,
        id: i64,
        revision: Option<i64>,
        draft: &Draft,
    ) -> Result<(), Problem> {
        let assignments: Vec<String> = domain
            .fields
            .iter()
            .map(|field| format!("{} = ?", field.name))
            .collect();
        let statement = format!(
            "UPDATE {} SET {}, revision = revision + 1, updated = {NOW} WHERE id = ?",
            domain.slug,
            assignments.join(", "),
        );
        self.with(|connection| {
            let transaction = connection.transaction()?;
            let before = read(&transaction, domain, id)?.ok_or(Problem::NotFound)?;
            if revision.is_some_and(|revision| revision != before.revision) {
                return Err(Problem::Changed);
            }
            if before.values == draft.values() {
                return Ok(());
            }
            for ((field, old), new) in domain.fields.iter().zip(&before.values).zip(draft.values())
            {
                if old != new {
                    transaction.execute(
                        &format!(
                            "INSERT INTO changes (at, domain, record, field, before, after) \
                             VALUES ({NOW}, ?, ?, ?, ?, ?)"
                        ),
                        params![domain.slug, id, field.name, old, new],
                    )?;
                }
            }
            let id = id.to_string();
            transaction
                .execute(
                    &statement,
                    params_from_iter(draft.values().iter().chain([&id])),
                )
                .map_err(|error| duplicate(domain, error))?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Removes a record with its files and its changes.
    ///
    /// # Errors
    ///
    /// [`Problem::NotFound`], or SQLite's.
    pub fn delete(&self, domain: &'static Domain, id: i64) -> Result<(), Problem> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            let gone =
                transaction.execute(&format!("DELETE FROM {} WHERE id = ?", domain.slug), [id])?;
            if gone == 0 {
                return Err(Problem::NotFound);
            }
            transaction.execute(
                "DELETE FROM documents WHERE domain = ? AND record = ?",
                params![domain.slug, id],
            )?;
            transaction.execute(
                "DELETE FROM changes WHERE domain = ? AND record = ?",
                params![domain.slug, id],
            )?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`Problem::NotFound`], or SQLite's.
    pub fn get(&self, domain: &'static Domain, id: i64) -> Result<Record, Problem> {
        self.with(|connection| read(connection, domain, id)?.ok_or(Problem::NotFound))
    }

    /// Lists records, newest first: those whose fields equal the given values, from `offset` on.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn list(
        &self,
        domain: &'static Domain,
        wanted: &[(&'static Field, String)],
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Record>, Problem> {
        let conditions: String = wanted
            .iter()
            .map(|(field, _)| format!(" AND {} = ?", field.name))
            .collect();
        let statement = format!(
            "SELECT id, revision, created, updated, {} FROM {} WHERE 1{conditions} ORDER BY id DESC LIMIT {limit} \
             OFFSET {offset}",
            columns(domain),
            domain.slug,
        );
        self.with(|connection| {
            let mut query = connection.prepare_cached(&statement)?;
            let values = wanted.iter().map(|(_, value)| value);
            let records = query.query_map(params_from_iter(values), |row| record(row, domain))?;
            Ok(records.collect::<Result<_, _>>()?)
        })
    }

    /// Counts the records of a kind.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn count(&self, domain: &'static Domain) -> Result<i64, Problem> {
        self.with(|connection| {
            Ok(connection.query_row(
                &format!("SELECT count(*) FROM {}", domain.slug),
                [],
                |row| row.get(0),
            )?)
        })
    }

    /// Lists the changes of a record, newest first.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn changes(&self, domain: &'static Domain, id: i64) -> Result<Vec<Change>, Problem> {
        self.with(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT at, field, before, after FROM changes WHERE domain = ? AND record = ? ORDER BY id DESC LIMIT 100",
            )?;
            let changes = query.query_map(params![domain.slug, id], |row| {
                Ok(Change { at: row.get(0)?, field: row.get(1)?, before: row.get(2)?, after: row.get(3)? })
            })?;
            Ok(changes.collect::<Result<_, _>>()?)
        })
    }

    /// The latest records of all kinds, newest first.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn latest(&self, limit: usize) -> Result<Vec<(&'static Domain, Record)>, Problem> {
        self.with(|connection| Ok(latest(connection, limit)?))
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        work(
            &mut self
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// The latest records of all kinds, newest first.
///
/// # Errors
///
/// SQLite's.
pub fn latest(
    connection: &Connection,
    limit: usize,
) -> rusqlite::Result<Vec<(&'static Domain, Record)>> {
    let mut all = Vec::new();
    for domain in &DOMAINS {
        let mut query = connection.prepare_cached(&format!(
            "SELECT id, revision, created, updated, {} FROM {} ORDER BY updated DESC, id DESC LIMIT {limit}",
            columns(domain),
            domain.slug,
        ))?;
        for found in query.query_map([], |row| record(row, domain))? {
            all.push((domain, found?));
        }
    }
    all.sort_by(|(_, one), (_, other)| other.updated.cmp(&one.updated));
    all.truncate(limit);
    Ok(all)
}

/// Opens the database for reading only.
///
/// # Errors
///
/// SQLite's.
pub fn open_for_reading(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

fn columns(domain: &Domain) -> String {
    let names: Vec<&str> = domain.fields.iter().map(|field| field.name).collect();
    names.join(", ")
}

fn read(connection: &Connection, domain: &Domain, id: i64) -> rusqlite::Result<Option<Record>> {
    let statement = format!(
        "SELECT id, revision, created, updated, {} FROM {} WHERE id = ?",
        columns(domain),
        domain.slug
    );
    connection
        .prepare_cached(&statement)?
        .query_row([id], |row| record(row, domain))
        .optional()
}

fn record(row: &Row<'_>, domain: &Domain) -> rusqlite::Result<Record> {
    let values = (0..domain.fields.len())
        .map(|index| row.get(index + 4))
        .collect::<Result<_, _>>()?;
    Ok(Record {
        id: row.get(0)?,
        revision: row.get(1)?,
        created: row.get(2)?,
        updated: row.get(3)?,
        values,
    })
}

/// Names the field that may not repeat: SQLite's message ends in `table.column`.
fn duplicate(domain: &'static Domain, error: rusqlite::Error) -> Problem {
    if let rusqlite::Error::SqliteFailure(code, Some(message)) = &error
        && code.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
        && let Some((_, column)) = message.rsplit_once('.')
        && let Some(field) = domain.fields.iter().find(|field| field.name == column)
    {
        return Problem::Duplicate(field);
    }
    Problem::Store(error)
}
