//! The app's database: one table a kind of record, one for files, and one that records every change of a field.
//!
//! Statements are built from the names in [`crate::domain`] only; every value is bound. A record's revision counts
//! its changes and is its entity tag.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params, params_from_iter};

use crate::domain::{DOMAINS, Domain, Field};
use crate::draft::Draft;
use crate::problem::Problem;

/// How long a description of a file may be.
pub const DESCRIPTION_WIDTH: usize = 1_000;

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

/// What is known of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its number.
    pub id: i64,
    /// When it was attached.
    pub created: String,
    /// Its name.
    pub name: String,
    /// Its media type, as the client declared it.
    pub media_type: String,
    /// What a person wrote about it.
    pub description: String,
    /// How many bytes it has.
    pub size: i64,
}

/// A file to attach.
#[derive(Debug, Default)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What a person wrote about it.
    pub description: String,
    /// Its bytes.
    pub content: Vec<u8>,
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
        connection.execute_batch(&schema())?;
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

    /// Attaches a file to a record and returns its number.
    ///
    /// # Errors
    ///
    /// [`Problem::NotFound`] where there is no such record, [`Problem::DescriptionTooLong`], or SQLite's.
    pub fn attach(
        &self,
        domain: &'static Domain,
        id: i64,
        attachment: &Attachment,
    ) -> Result<i64, Problem> {
        if attachment.description.chars().count() > DESCRIPTION_WIDTH {
            return Err(Problem::DescriptionTooLong(DESCRIPTION_WIDTH));
        }
        self.with(|connection| {
            read(connection, domain, id)?.ok_or(Problem::NotFound)?;
            connection.execute(
                &format!(
                    "INSERT INTO documents (created, domain, record, name, media_type, description, content) \
                     VALUES ({NOW}, ?, ?, ?, ?, ?, ?)"
                ),
                params![
                    domain.slug,
                    id,
                    attachment.name,
                    attachment.media_type,
                    attachment.description,
                    attachment.content
                ],
            )?;
            Ok(connection.last_insert_rowid())
        })
    }

    /// Lists the files of a record.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn documents(&self, domain: &'static Domain, id: i64) -> Result<Vec<Document>, Problem> {
        self.with(|connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT {DOCUMENT} FROM documents WHERE domain = ? AND record = ? ORDER BY id"
            ))?;
            let documents = query.query_map(params![domain.slug, id], document)?;
            Ok(documents.collect::<Result<_, _>>()?)
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Problem::NotFound`], or SQLite's.
    pub fn download(&self, id: i64) -> Result<(Document, Vec<u8>), Problem> {
        self.with(|connection| {
            connection
                .query_row(
                    &format!("SELECT {DOCUMENT}, content FROM documents WHERE id = ?"),
                    [id],
                    |row| Ok((document(row)?, row.get(6)?)),
                )
                .optional()?
                .ok_or(Problem::NotFound)
        })
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

impl Store {
    /// The latest records of all kinds, newest first.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn latest(&self, limit: usize) -> Result<Vec<(&'static Domain, Record)>, Problem> {
        self.with(|connection| Ok(latest(connection, limit)?))
    }
}

/// This moment in SQLite, as RFC 3339 in UTC with milliseconds.
const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

const DOCUMENT: &str = "id, created, name, media_type, description, length(content)";

fn schema() -> String {
    let mut schema = format!(
        "CREATE TABLE IF NOT EXISTS documents (id INTEGER PRIMARY KEY, created TEXT NOT NULL, domain TEXT NOT NULL,
             record INTEGER NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL, description TEXT NOT NULL
             CHECK (length(description) <= {DESCRIPTION_WIDTH}), content BLOB NOT NULL);
         CREATE INDEX IF NOT EXISTS documents_of_record ON documents (domain, record);
         CREATE TABLE IF NOT EXISTS changes (id INTEGER PRIMARY KEY, at TEXT NOT NULL, domain TEXT NOT NULL,
             record INTEGER NOT NULL, field TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL);
         CREATE INDEX IF NOT EXISTS changes_of_record ON changes (domain, record);\n"
    );
    for domain in &DOMAINS {
        let table = domain.slug;
        let columns: String = domain
            .fields
            .iter()
            .map(|Field { name, width, .. }| {
                format!(", {name} TEXT NOT NULL DEFAULT '' CHECK (length({name}) <= {width})")
            })
            .collect();
        schema.push_str(&format!(
            "CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY AUTOINCREMENT, revision INTEGER NOT NULL
                 DEFAULT 1, created TEXT NOT NULL DEFAULT ({NOW}), updated TEXT NOT NULL DEFAULT ({NOW}){columns});\n"
        ));
        for Field { name, .. } in domain.fields.iter().filter(|field| field.unique) {
            schema.push_str(&format!(
                "CREATE UNIQUE INDEX IF NOT EXISTS {table}_{name} ON {table} ({name}) WHERE {name} <> '';\n"
            ));
        }
    }
    schema
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

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        id: row.get(0)?,
        created: row.get(1)?,
        name: row.get(2)?,
        media_type: row.get(3)?,
        description: row.get(4)?,
        size: row.get(5)?,
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
