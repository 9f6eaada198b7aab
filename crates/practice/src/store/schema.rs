//! The tables, made from the descriptions of the kinds of records.

use crate::domain::{DOMAINS, Field};

/// How long a description of a file may be.
pub const DESCRIPTION_WIDTH: usize = 1_000;

/// This moment in SQLite, as RFC 3339 in UTC with milliseconds.
pub const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// The statements that make what a database lacks.
pub fn statements() -> String {
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
