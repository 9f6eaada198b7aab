//! One connection to a server, made again when it is lost, and the one loop in which work is tried again: when the
//! server says that two transactions met (SQLSTATE 40001, 40P01), and when it was away for a moment. All work of this
//! engine leaves the same behind however often it is carried out, so a commit of which nobody learned the outcome is
//! simply tried again.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::address::Address;
use super::tls::Tls;
use crate::Error;

/// How long work is tried again before whoever waits is told.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one attempt may take: a server that does not answer for so long is given up.
const ATTEMPT: Duration = Duration::from_secs(10);

/// The first pause between two attempts; each is up to twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(2);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// Why an attempt failed.
#[derive(Debug)]
pub enum Fault {
    /// What the server or the way to it said.
    Client(tokio_postgres::Error),
    /// No answer within [`ATTEMPT`].
    Silent,
    /// Another transaction was in between; the work is to be done again from its beginning.
    Met,
    /// What trying again does not change.
    Final(Error),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Client(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl Fault {
    fn may_be_tried_again(&self) -> bool {
        match self {
            Self::Silent | Self::Met => true,
            Self::Final(_) => false,
            Self::Client(error) => match error.code() {
                // No answer of the server, but of the way to it; a wrong password is an answer.
                None => error.is_closed() || is_of_the_way(error),
                Some(code) => {
                    let class = code.code().get(..2).unwrap_or_default();
                    // 40: transactions that met. 08, 57P, 53300: the server goes, comes, or is full.
                    matches!(class, "40" | "08")
                        || code.code().starts_with("57P")
                        || *code == SqlState::TOO_MANY_CONNECTIONS
                }
            },
        }
    }

    fn told(self) -> Error {
        match self {
            Self::Final(error) => error,
            Self::Silent => Error::Away("the server does not answer".to_owned()),
            Self::Met => Error::Away("other writers were in between each time".to_owned()),
            Self::Client(error) => match error.as_db_error() {
                // The detail of a message may show a row: it is left out.
                Some(said) => Error::Server {
                    code: said.code().code().to_owned(),
                    message: said.message().to_owned(),
                },
                None => Error::Away(chain(&error)),
            },
        }
    }
}

/// Whether a connection could not be made or kept. A server that is not who it should be is not of the way: the same
/// would be met again.
fn is_of_the_way(error: &tokio_postgres::Error) -> bool {
    let mut causes =
        std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.any(|cause| match cause.downcast_ref::<std::io::Error>() {
        Some(error) => error.kind() != std::io::ErrorKind::InvalidData,
        None => cause.is::<tokio::time::error::Elapsed>(),
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A live connection with what was prepared on it.
pub struct Session {
    /// The connection.
    pub client: Client,
    prepared: HashMap<&'static str, Statement>,
    task: JoinHandle<()>,
}

impl Session {
    async fn begin(address: &Address, tls: &Tls) -> Result<Self, Fault> {
        let (client, connection) = address.config.connect(tls.clone()).await?;
        let task = tokio::spawn(async move {
            // Whoever uses the client is told, too.
            if let Err(error) = connection.await {
                tracing::debug!(error = chain(&error), "the connection to the vault ended");
            }
        });
        let session = Self {
            client,
            prepared: HashMap::new(),
            task,
        };
        session.wait_for_flushes().await?;
        Ok(session)
    }

    /// A commit is to mean that it is on a disk, whatever the server's default; what is stronger stays.
    async fn wait_for_flushes(&self) -> Result<(), Fault> {
        let row = self
            .client
            .query_one("SHOW synchronous_commit", &[])
            .await?;
        let weak = ["off", "local", "remote_write"];
        if weak.contains(&row.try_get::<_, &str>(0)?) {
            self.client
                .batch_execute("SET synchronous_commit = on")
                .await?;
        }
        Ok(())
    }

    /// The prepared form of a query, made at its first use.
    ///
    /// # Errors
    /// What the server says.
    pub async fn prepare(&mut self, query: &'static str) -> Result<Statement, Fault> {
        if let Some(statement) = self.prepared.get(query) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(query).await?;
        self.prepared.insert(query, statement.clone());
        Ok(statement)
    }

    /// Runs one query as a transaction of its own, SERIALIZABLE, begun and committed in the same round trip.
    ///
    /// # Errors
    /// What the server says of any of the three.
    pub async fn transact(
        &mut self,
        query: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        let statement = self.prepare(query).await?;
        // Sent in this order without waiting; where the query fails, COMMIT undoes what BEGIN began.
        let (begun, rows, committed) = tokio::join!(
            biased;
            self.client.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE"),
            self.client.query(&statement, parameters),
            self.client.batch_execute("COMMIT"),
        );
        begun?;
        let rows = rows?;
        committed?;
        Ok(rows)
    }
}

/// A server, and the connection to it while there is one.
pub struct Server {
    runtime: Runtime,
    address: Address,
    tls: Tls,
    session: Option<Session>,
    /// Whether the server stayed away as long as it was tried, the last time.
    away: bool,
    random: RandomState,
}

impl Server {
    /// A server that is not connected to yet.
    ///
    /// # Errors
    /// The roots to trust cannot be read, or the system gives no event queue.
    pub fn new(address: Address) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Away(error.to_string()))?;
        Ok(Self {
            runtime,
            tls: Tls::new(address.roots.as_deref())?,
            address,
            session: None,
            away: false,
            random: RandomState::new(),
        })
    }

    /// Carries out `work`, again and again where that may help, for as long as [`PATIENCE`]; only once where the
    /// server cannot be reached and could not be before, so that nobody waits long for one that is down.
    ///
    /// # Errors
    /// What the last attempt met.
    pub fn run<A>(
        &mut self,
        mut work: impl AsyncFnMut(&mut Session) -> Result<A, Fault>,
    ) -> Result<A, Error> {
        let Self {
            runtime,
            address,
            tls,
            session,
            away,
            random,
        } = self;
        runtime.block_on(async {
            let began = Instant::now();
            let mut pause = PAUSE;
            for attempt in 0_u32.. {
                let fault = match timeout(ATTEMPT, try_once(session, address, tls, &mut work)).await
                {
                    Ok(Ok(answer)) => {
                        *away = false;
                        return Ok(answer);
                    }
                    Ok(Err(fault)) => fault,
                    Err(_) => {
                        *session = None;
                        Fault::Silent
                    }
                };
                if session
                    .as_ref()
                    .is_some_and(|session| session.client.is_closed())
                {
                    *session = None;
                }
                let known = *away && session.is_none();
                if !fault.may_be_tried_again() || known || began.elapsed() >= PATIENCE {
                    *away = session.is_none();
                    return Err(fault.told());
                }
                tracing::debug!(attempt, "the vault's server is asked again");
                // Two nodes that met must not meet again.
                let part = random.hash_one(attempt) % 1000;
                sleep(pause.mul_f64(0.5 + part as f64 / 1000.0)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(Error::Closed)
        })
    }
}

async fn try_once<A>(
    session: &mut Option<Session>,
    address: &Address,
    tls: &Tls,
    work: &mut impl AsyncFnMut(&mut Session) -> Result<A, Fault>,
) -> Result<A, Fault> {
    let live = match session {
        Some(live) => live,
        None => session.insert(Session::begin(address, tls).await?),
    };
    work(live).await
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(Session { client, task, .. }) = self.session.take() {
            drop(client);
            // A goodbye, so that the server does not log a broken connection; it need not hear it.
            let _ = self
                .runtime
                .block_on(async { timeout(Duration::from_secs(1), task).await });
        }
    }
}
