//! What the vault costs: keeping and bringing 1 and 100 rows on each engine, durably, beside a bare prepared batch of
//! the same rows with the same durability. Real time, since most of it is the disk's; the median of many, each kind in
//! turn, so that all meet the same machine.

use std::time::{Duration, Instant};

use e2e::Postgres;
use rusqlite::{Connection, params};
use vault::{Keep, Options, POINTERS, Vault};

/// How often each kind is measured.
const ROUNDS: usize = 301;

/// The sealed value: one of a short column, in the smallest length class.
const SEALED: usize = 57;

#[tokio::main]
async fn main() {
    println!("{:<58}{:>14}", "vault, median of real time", "");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("vault.db");
    let sqlite = open(&format!("sqlite:{}", file.display()));
    let mut bare = bare(&folder.path().join("bare.db"));
    let server = Postgres::durable();
    let postgres = open(&server.database());
    let mut next = 0;
    for count in [1, 100] {
        let mut times: [Vec<Duration>; 5] = Default::default();
        for _ in 0..ROUNDS {
            let rows = rows(&mut next, count);
            times[0].push(insert(&mut bare, &rows));
            for (engine, at) in [(&sqlite, 1), (&postgres, 3)] {
                let began = Instant::now();
                let kept = engine.keep(rows.clone()).await.expect("kept");
                times[at].push(began.elapsed());
                let wanted = kept.iter().map(|pointer| ("app".to_owned(), *pointer));
                let wanted = wanted.collect();
                let began = Instant::now();
                let found = engine.bring(wanted).await.expect("brought");
                times[at + 1].push(began.elapsed());
                assert!(found.iter().all(Option::is_some));
            }
        }
        let [bare, keep, bring, keep_shared, bring_shared] = times.map(median);
        let many = if count == 1 { "1 row" } else { "100 rows" };
        microseconds(&format!("bare prepared insert into SQLite, {many}"), bare);
        microseconds(&format!("keep on SQLite, {many}"), keep);
        println!(
            "{:<58}{:>11.2} ×",
            "  of the bare insert's speed (aim for 100 rows: 0.4)",
            bare.as_secs_f64() / keep.as_secs_f64()
        );
        microseconds(&format!("bring from SQLite, {many}"), bring);
        microseconds(&format!("keep on PostgreSQL, {many}"), keep_shared);
        microseconds(&format!("bring from PostgreSQL, {many}"), bring_shared);
    }
}

fn open(url: &str) -> Vault {
    Vault::open(url, &Options::default()).expect("a vault")
}

fn rows(next: &mut u64, count: u64) -> Vec<Keep> {
    let row = |number: u64| Keep {
        app: "app".to_owned(),
        field: "health-number".to_owned(),
        // Spread as random identities are.
        first: number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % POINTERS.end,
        space: POINTERS,
        sealed: number
            .to_be_bytes()
            .iter()
            .copied()
            .cycle()
            .take(SEALED)
            .collect(),
    };
    let rows = (*next..*next + count).map(row).collect();
    *next += count;
    rows
}

/// The same table, and nothing of what the vault does beside.
fn bare(file: &std::path::Path) -> Connection {
    let connection = Connection::open(file).expect("a file");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE kept (app TEXT NOT NULL, pointer INTEGER NOT NULL, field TEXT NOT NULL, sealed BLOB NOT NULL,
                                PRIMARY KEY (app, pointer)) WITHOUT ROWID;",
        )
        .expect("a table");
    connection
}

fn insert(connection: &mut Connection, rows: &[Keep]) -> Duration {
    let began = Instant::now();
    let transaction = connection.transaction().expect("a transaction");
    let mut insert = transaction
        .prepare_cached("INSERT INTO kept (app, pointer, field, sealed) VALUES (?1, ?2, ?3, ?4)")
        .expect("a statement");
    for row in rows {
        insert
            .execute(params![
                row.app,
                row.first.cast_signed(),
                row.field,
                row.sealed
            ])
            .expect("a row");
    }
    drop(insert);
    transaction.commit().expect("a commit");
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn microseconds(name: &str, time: Duration) {
    println!("{name:<58}{:>11.0} µs", time.as_secs_f64() * 1e6);
}
