//! Files that are attached to records: kept whole, beside what a person wrote about them.

use rusqlite::{OptionalExtension, Row, params};

use super::schema::{DESCRIPTION_WIDTH, NOW};
use super::{Store, read};
use crate::domain::Domain;
use crate::problem::Problem;

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

impl Store {
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

const DOCUMENT: &str = "id, created, name, media_type, description, length(content)";
