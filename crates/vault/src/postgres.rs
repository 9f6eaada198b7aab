//! The shared engine: a server that speaks PostgreSQL's protocol. A group is one statement over arrays and one round
//! trip, in a SERIALIZABLE transaction of its own where it writes. Nothing is asked that only PostgreSQL has: no
//! extension, no lock of its own kind.

mod address;
mod keep;
mod schema;
mod session;
mod tls;

use std::collections::HashMap;
use std::hash::Hash;
use std::time::SystemTime;

use crate::bound::Bound;
use crate::engine::{Engine, Fingerprint, Name, Pointer};
use crate::{Error, Keep, Options, Row, Segment, Stable};
use address::Address;
use session::Server;

/// A connection to a server whose tables are in place.
pub struct Postgres {
    server: Server,
    bound: Bound,
}

impl Postgres {
    /// Connects, and makes the tables where they are not.
    pub fn open(url: &str, options: &Options) -> Result<Self, Error> {
        let mut server = Server::new(Address::read(url)?)?;
        schema::bring_up_to_date(&mut server)?;
        Ok(Self {
            server,
            bound: Bound::new(options.stable),
        })
    }

    /// A further connection beside that of [`Postgres::open`], which has made the tables.
    pub fn open_again(url: &str) -> Result<Self, Error> {
        Ok(Self {
            server: Server::new(Address::read(url)?)?,
            bound: Bound::new(0),
        })
    }

    fn forget_oldest(&mut self, added: usize) -> Result<(), Error> {
        if self.bound.added(added) {
            let count: i64 = self.server.run(async |session| {
                let query = "SELECT COUNT(*) FROM rempart_stable";
                Ok(session.client.query_one(query, &[]).await?.try_get(0)?)
            })?;
            self.bound.counted(count.cast_unsigned());
        }
        let portion = self.bound.portion(added).cast_signed();
        if portion == 0 {
            return Ok(());
        }
        self.server.run(async |session| {
            let forget = "DELETE FROM rempart_stable WHERE (app, name) IN
                (SELECT app, name FROM rempart_stable ORDER BY used LIMIT $1)";
            session.transact(forget, &[&portion]).await?;
            Ok(())
        })
    }
}

impl Engine for Postgres {
    fn keep(&mut self, group: &[Vec<Keep>]) -> Result<Vec<Result<Vec<u64>, Error>>, Error> {
        keep::keep(&mut self.server, group)
    }

    fn bring(&mut self, group: &[Vec<Pointer>]) -> Result<Vec<Vec<Option<Row>>>, Error> {
        let wanted = distinct(group);
        let apps: Vec<&str> = wanted.iter().map(|(app, _)| &**app).collect();
        let pointers: Vec<i64> = wanted.iter().map(|(_, at)| at.cast_signed()).collect();
        let rows = self.server.run(async |session| {
            let query = "SELECT k.app, k.pointer, k.field, k.sealed
                FROM UNNEST($1::TEXT[], $2::BIGINT[]) AS w (app, pointer)
                JOIN rempart_kept AS k ON k.app = w.app AND k.pointer = w.pointer
                WHERE k.field <> ''";
            let statement = session.prepare(query).await?;
            Ok(session
                .client
                .query(&statement, &[&apps, &pointers])
                .await?)
        })?;
        let mut found = HashMap::new();
        for row in rows {
            let (app, pointer): (String, i64) = (column(&row, 0)?, column(&row, 1)?);
            let (field, sealed) = (column(&row, 2)?, column(&row, 3)?);
            found.insert((app, pointer.cast_unsigned()), Row { field, sealed });
        }
        Ok(handed_out(group, |question| found.get(question).cloned()))
    }

    fn erase(&mut self, group: &[Vec<Pointer>]) -> Result<Vec<Vec<bool>>, Error> {
        let wanted = distinct(group);
        let apps: Vec<&str> = wanted.iter().map(|(app, _)| &**app).collect();
        let pointers: Vec<i64> = wanted.iter().map(|(_, at)| at.cast_signed()).collect();
        let rows = self.server.run(async |session| {
            let empty = "UPDATE rempart_kept AS k SET field = '', sealed = ''::BYTEA
                FROM UNNEST($1::TEXT[], $2::BIGINT[]) AS w (app, pointer)
                WHERE k.app = w.app AND k.pointer = w.pointer AND k.field <> ''
                RETURNING k.app, k.pointer";
            session.transact(empty, &[&apps, &pointers]).await
        })?;
        let mut erased = std::collections::HashSet::new();
        for row in rows {
            let (app, pointer): (String, i64) = (column(&row, 0)?, column(&row, 1)?);
            erased.insert((app, pointer.cast_unsigned()));
        }
        // Only the first of those who asked for the same erased it.
        Ok(handed_out(group, |question| erased.remove(question)))
    }

    fn remember(&mut self, group: &[Vec<Stable>]) -> Result<(), Error> {
        // The last of each name stands.
        let latest: HashMap<(&str, &[u8]), &[u8]> = group
            .iter()
            .flatten()
            .map(|token| ((&*token.app, &token.name[..]), &*token.sealed))
            .collect();
        let (mut apps, mut names, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
        for ((app, name), token) in &latest {
            apps.push(*app);
            names.push(*name);
            sealed.push(*token);
        }
        let now = microseconds();
        self.server.run(async |session| {
            let replace = "INSERT INTO rempart_stable (app, name, sealed, used)
                SELECT w.app, w.name, w.sealed, $4::BIGINT
                FROM UNNEST($1::TEXT[], $2::BYTEA[], $3::BYTEA[]) AS w (app, name, sealed)
                ON CONFLICT (app, name) DO UPDATE SET sealed = excluded.sealed, used = excluded.used";
            session
                .transact(replace, &[&apps, &names, &sealed, &now])
                .await?;
            Ok(())
        })?;
        self.forget_oldest(latest.len())
    }

    fn recall(&mut self, group: &[Vec<Name>]) -> Result<Vec<Vec<Option<Vec<u8>>>>, Error> {
        let wanted = distinct(group);
        let apps: Vec<&str> = wanted.iter().map(|(app, _)| &**app).collect();
        let names: Vec<&[u8]> = wanted.iter().map(|(_, name)| &name[..]).collect();
        let rows = self.server.run(async |session| {
            let query = "SELECT s.app, s.name, s.sealed
                FROM UNNEST($1::TEXT[], $2::BYTEA[]) AS w (app, name)
                JOIN rempart_stable AS s ON s.app = w.app AND s.name = w.name";
            let statement = session.prepare(query).await?;
            Ok(session.client.query(&statement, &[&apps, &names]).await?)
        })?;
        let mut found: HashMap<(String, Vec<u8>), Vec<u8>> = HashMap::new();
        for row in rows {
            found.insert((column(&row, 0)?, column(&row, 1)?), column(&row, 2)?);
        }
        Ok(handed_out(group, |(app, name)| {
            found.get(&(app.clone(), name.to_vec())).cloned()
        }))
    }

    fn keep_segments(&mut self, group: &[Vec<Segment>]) -> Result<(), Error> {
        let segments: Vec<&Segment> = group.iter().flatten().collect();
        let apps: Vec<&str> = segments.iter().map(|segment| &*segment.app).collect();
        let fingerprints: Vec<&[u8]> = segments.iter().map(|of| &of.fingerprint[..]).collect();
        let sealed: Vec<&[u8]> = segments.iter().map(|segment| &*segment.sealed).collect();
        self.server.run(async |session| {
            let insert = "INSERT INTO rempart_segments (app, fingerprint, sealed)
                SELECT DISTINCT w.app, w.fingerprint, w.sealed
                FROM UNNEST($1::TEXT[], $2::BYTEA[], $3::BYTEA[]) AS w (app, fingerprint, sealed)
                WHERE NOT EXISTS (SELECT 1 FROM rempart_segments AS s
                    WHERE s.app = w.app AND s.fingerprint = w.fingerprint AND s.sealed = w.sealed)";
            session
                .transact(insert, &[&apps, &fingerprints, &sealed])
                .await?;
            Ok(())
        })
    }

    fn bring_segments(
        &mut self,
        group: &[Vec<Fingerprint>],
    ) -> Result<Vec<Vec<Vec<Vec<u8>>>>, Error> {
        let wanted = distinct(group);
        let apps: Vec<&str> = wanted.iter().map(|(app, _)| &**app).collect();
        let fingerprints: Vec<&[u8]> = wanted.iter().map(|(_, of)| &of[..]).collect();
        let rows = self.server.run(async |session| {
            let query = "SELECT s.app, s.fingerprint, s.sealed
                FROM UNNEST($1::TEXT[], $2::BYTEA[]) AS w (app, fingerprint)
                JOIN rempart_segments AS s ON s.app = w.app AND s.fingerprint = w.fingerprint";
            let statement = session.prepare(query).await?;
            Ok(session
                .client
                .query(&statement, &[&apps, &fingerprints])
                .await?)
        })?;
        let mut found: HashMap<(String, Vec<u8>), Vec<Vec<u8>>> = HashMap::new();
        for row in rows {
            let key = (column(&row, 0)?, column(&row, 1)?);
            found.entry(key).or_default().push(column(&row, 2)?);
        }
        Ok(handed_out(group, |(app, fingerprint)| {
            let candidates = found.get(&(app.clone(), fingerprint.to_vec()));
            candidates.cloned().unwrap_or_default()
        }))
    }
}

/// Each question of a group once.
fn distinct<Q: Hash + Eq>(group: &[Vec<Q>]) -> Vec<&Q> {
    let distinct: std::collections::HashSet<&Q> = group.iter().flatten().collect();
    distinct.into_iter().collect()
}

/// The answer to each question of a group, in order.
fn handed_out<Q, A>(group: &[Vec<Q>], mut answer: impl FnMut(&Q) -> A) -> Vec<Vec<A>> {
    let mut each = |questions: &Vec<Q>| questions.iter().map(&mut answer).collect();
    group.iter().map(&mut each).collect()
}

/// A column of an answer in the type that its query gives it.
fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    at: usize,
) -> Result<T, Error> {
    row.try_get(at)
        .map_err(|error| Error::Away(error.to_string()))
}

/// This machine's clock. What several nodes remember at once is in no order anyway.
fn microseconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}
