//! Keeping rows under identities that are free. Nearly always the first identity of each row is, so the first round
//! inserts them all at once and is told in the same round trip which have their place; only rows whose first identity
//! another holds go on to the rounds that look before they draw.

use std::collections::{HashMap, HashSet};

use super::session::{Fault, Server, Session};
use crate::{Error, Keep};

/// How many identities a row looks at in one round.
const WINDOW: usize = 64;

/// Inserts rows where nobody is, and says which (app, pointer) hold what was asked, placed here or there before.
const PLACE: &str = "
    WITH wanted AS (
        SELECT w.app, w.pointer, w.field, w.sealed
        FROM UNNEST($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[]) AS w (app, pointer, field, sealed)
    ), placed AS (
        INSERT INTO rempart_kept (app, pointer, field, sealed)
        SELECT app, pointer, field, sealed FROM wanted
        ON CONFLICT (app, pointer) DO NOTHING
        RETURNING app, pointer
    )
    SELECT app, pointer FROM placed
    UNION ALL
    SELECT k.app, k.pointer FROM rempart_kept AS k
    JOIN wanted AS w ON k.app = w.app AND k.pointer = w.pointer
    WHERE k.field = w.field AND k.sealed = w.sealed";

const LOOK: &str = "
    SELECT k.app, k.pointer, k.field, k.sealed
    FROM UNNEST($1::TEXT[], $2::BIGINT[]) AS w (app, pointer)
    JOIN rempart_kept AS k ON k.app = w.app AND k.pointer = w.pointer";

const INSERT: &str = "
    INSERT INTO rempart_kept (app, pointer, field, sealed)
    SELECT w.app, w.pointer, w.field, w.sealed
    FROM UNNEST($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[]) AS w (app, pointer, field, sealed)
    ON CONFLICT (app, pointer) DO NOTHING";

/// How far a row has come.
enum Place {
    /// It is kept under this identity.
    Found(u64),
    /// This many windows of identities are all taken.
    Searching(usize),
    /// So are all.
    Full,
}

/// Keeps every row of a group; a request with a row that finds no place fails alone.
pub fn keep(
    server: &mut Server,
    group: &[Vec<Keep>],
) -> Result<Vec<Result<Vec<u64>, Error>>, Error> {
    let mut places: HashMap<&Keep, Place> = group
        .iter()
        .flatten()
        .map(|row| (row, Place::Searching(0)))
        .collect();
    first_round(server, &mut places)?;
    loop {
        let searching: Vec<(&Keep, usize)> = places
            .iter()
            .filter_map(|(row, place)| match place {
                Place::Searching(windows) => Some((*row, *windows)),
                Place::Found(_) | Place::Full => None,
            })
            .collect();
        if searching.is_empty() {
            break;
        }
        let found = server.run(async |session| draw_on(session, &searching).await)?;
        places.extend(searching.iter().map(|(row, _)| *row).zip(found));
    }
    let identity = |row: &Keep| match places.get(row) {
        Some(Place::Found(pointer)) => Ok(*pointer),
        _ => Err(Error::Full {
            app: row.app.clone(),
            field: row.field.clone(),
        }),
    };
    let identities = |rows: &Vec<Keep>| rows.iter().map(identity).collect();
    Ok(group.iter().map(identities).collect())
}

/// Tries the first identity of every row. Where two rows begin with the same, one of them waits for the next round.
fn first_round<'a>(
    server: &mut Server,
    places: &mut HashMap<&'a Keep, Place>,
) -> Result<(), Error> {
    let mut firsts: HashMap<(&str, u64), &'a Keep> = HashMap::new();
    for (&row, place) in places.iter_mut() {
        match row.draws().next() {
            Some(first) => drop(firsts.entry((&row.app, first)).or_insert(row)),
            None => *place = Place::Full,
        }
    }
    let rows = Rows::of(firsts.iter().map(|((_, pointer), row)| (*row, *pointer)));
    let placed = server.run(async |session| {
        session
            .transact(
                PLACE,
                &[&rows.apps, &rows.pointers, &rows.fields, &rows.sealed],
            )
            .await
    })?;
    for row in &placed {
        let app: &str = super::column(row, 0)?;
        let pointer = super::column::<i64>(row, 1)?.cast_unsigned();
        if let Some(row) = firsts.get(&(app, pointer)) {
            places.insert(row, Place::Found(pointer));
        }
    }
    Ok(())
}

/// Looks at the next window of identities of each row and takes the first that holds the same or nothing, in one
/// transaction: another writer that takes one of them meanwhile makes this one begin again.
async fn draw_on(session: &mut Session, rows: &[(&Keep, usize)]) -> Result<Vec<Place>, Fault> {
    let windows: Vec<Vec<u64>> = rows
        .iter()
        .map(|(row, windows)| row.draws().skip(windows * WINDOW).take(WINDOW).collect())
        .collect();
    let candidates: HashSet<(&str, i64)> = rows
        .iter()
        .zip(&windows)
        .flat_map(|((row, _), window)| window.iter().map(|at| (&*row.app, at.cast_signed())))
        .collect();
    let (apps, pointers): (Vec<&str>, Vec<i64>) = candidates.into_iter().unzip();
    let (look, insert) = (session.prepare(LOOK).await?, session.prepare(INSERT).await?);
    let transaction = session
        .client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::Serializable)
        .start()
        .await?;
    let taken = transaction.query(&look, &[&apps, &pointers]).await?;
    let mut taken: HashMap<(&str, i64), (&str, &[u8])> = taken
        .iter()
        .map(|row| {
            Ok((
                (row.try_get(0)?, row.try_get(1)?),
                (row.try_get(2)?, row.try_get(3)?),
            ))
        })
        .collect::<Result<_, tokio_postgres::Error>>()?;
    let mut new = Vec::new();
    let places: Vec<Place> = rows
        .iter()
        .zip(&windows)
        .map(|((row, searched), window)| {
            let found = window.iter().copied().find(|&pointer| {
                let own = (&*row.field, &*row.sealed);
                let holder = taken
                    .entry((&row.app, pointer.cast_signed()))
                    .or_insert_with(|| {
                        new.push((*row, pointer));
                        own
                    });
                *holder == own
            });
            match found {
                Some(pointer) => Place::Found(pointer),
                None if window.len() < WINDOW => Place::Full,
                None => Place::Searching(searched + 1),
            }
        })
        .collect();
    let rows = Rows::of(new.into_iter());
    let inserted = transaction
        .execute(
            &insert,
            &[&rows.apps, &rows.pointers, &rows.fields, &rows.sealed],
        )
        .await?;
    if usize::try_from(inserted) != Ok(rows.apps.len()) {
        return Err(Fault::Met);
    }
    transaction.commit().await?;
    Ok(places)
}

/// Rows as the arrays that a statement takes.
struct Rows<'a> {
    apps: Vec<&'a str>,
    pointers: Vec<i64>,
    fields: Vec<&'a str>,
    sealed: Vec<&'a [u8]>,
}

impl<'a> Rows<'a> {
    fn of(rows: impl Iterator<Item = (&'a Keep, u64)>) -> Self {
        let mut arrays = Self {
            apps: Vec::new(),
            pointers: Vec::new(),
            fields: Vec::new(),
            sealed: Vec::new(),
        };
        for (row, pointer) in rows {
            arrays.apps.push(&row.app);
            arrays.pointers.push(pointer.cast_signed());
            arrays.fields.push(&row.field);
            arrays.sealed.push(&row.sealed);
        }
        arrays
    }
}
