//! The shared engine, on a real server.

use e2e::{Authority, Postgres, until};
use vault::{Error, Options, Vault};

use crate::contract::{Place, keep, on};

/// A new database on a server that other tests share.
struct Database(String);

impl Database {
    fn on(server: &Postgres) -> Self {
        Self(server.database())
    }
}

impl Place for Database {
    fn url(&self) -> String {
        self.0.clone()
    }
}

fn open(url: &str) -> Result<Vault, Error> {
    Vault::open(url, &Options::default())
}

/// One test, so that runners with a process a test make one cluster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_holds() {
    let server = Postgres::start();
    on!(one after the other: Database::on(&server));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i11_a_server_that_crashes_and_comes_back_loses_nothing_and_is_found_again() {
    let mut server = Postgres::start();
    let url = server.database();
    let vault = open(&url).unwrap();
    let kept = vault.keep(vec![keep("a", 7, b"one")]).await.unwrap();
    server.crash();
    let waiting = vault.keep(vec![keep("a", 8, b"two")]);
    let (back, waited) = tokio::join!(
        tokio::task::spawn_blocking(move || {
            server.up_again();
            server
        }),
        waiting
    );
    assert_eq!(waited.unwrap(), [8]);
    let rows = vault
        .bring(vec![("a".into(), kept[0]), ("a".into(), 8)])
        .await
        .unwrap();
    assert!(rows.iter().all(Option::is_some));
    drop(back);
}

#[tokio::test]
async fn a_server_that_stays_away_is_an_error_that_says_what_to_do() {
    let mut server = Postgres::start();
    let vault = open(&server.database()).unwrap();
    server.crash();
    for _ in 0..50 {
        let error = vault.bring(vec![("a".into(), 1)]).await.unwrap_err();
        assert!(matches!(error, Error::Away(_)), "{error}");
        assert!(error.hint().contains("whether the server runs"));
    }
    server.up_again();
    assert_eq!(vault.bring(vec![("a".into(), 1)]).await, Ok(vec![None]));
}

/// A lock of somebody else's outlasts many attempts; work goes on when it is let go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_meets_another_is_tried_again() {
    let server = Postgres::start();
    let url = server.database();
    let vault = open(&url).unwrap();
    vault.keep(vec![keep("a", 7, b"one")]).await.unwrap();
    let (mut other, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let transaction = other
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::Serializable)
        .start()
        .await
        .unwrap();
    // Reads the row and then takes the identity that our writer is about to take.
    transaction
        .query("SELECT * FROM rempart_kept", &[])
        .await
        .unwrap();
    let insert = "INSERT INTO rempart_kept VALUES ('a', 8, 'code', 'of another')";
    transaction.execute(insert, &[]).await.unwrap();
    let ours = tokio::spawn({
        let row = keep("a", 8, b"two");
        async move { (vault.keep(vec![row]).await, vault) }
    });
    until(10, "our writer waits for the other", || {
        let waits = server.ask("vault_0", "SELECT COUNT(*) FROM pg_locks WHERE NOT granted");
        (waits != "0").then_some(())
    });
    transaction.commit().await.unwrap();
    let (kept, vault) = ours.await.unwrap();
    let kept = kept.unwrap();
    assert_ne!(kept, [8]);
    let row = vault
        .bring(vec![("a".into(), kept[0])])
        .await
        .unwrap()
        .remove(0);
    assert_eq!(row.unwrap().sealed, b"two");
    drop(other);
    connection.abort();
}

#[tokio::test]
async fn what_the_server_refuses_is_told_with_its_remedy() {
    let server = Postgres::start();
    let error = open(&server.url("nowhere")).unwrap_err();
    assert!(
        matches!(&error, Error::Server { code, .. } if code == "3D000"),
        "{error}"
    );
    assert!(error.hint().contains("createdb"));

    let url = server.database();
    drop(open(&url).unwrap());
    server.ask("vault_0", "UPDATE rempart_version SET version = 99");
    let error = open(&url).unwrap_err();
    assert_eq!(
        error,
        Error::Version {
            found: 99,
            known: 1
        }
    );
}

#[tokio::test]
async fn a_commit_waits_for_the_disk_whatever_the_servers_default() {
    let server = Postgres::start();
    let url = server.database();
    server.ask(
        "postgres",
        "ALTER DATABASE vault_0 SET synchronous_commit = off",
    );
    let vault = open(&url).unwrap();
    // Its setting is seen in what it does: no row is behind the flushed end of the log once it has answered.
    vault.keep(vec![keep("a", 7, b"one")]).await.unwrap();
    let flushed = "SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()";
    assert_eq!(server.ask("vault_0", flushed), "t");
}

#[tokio::test]
async fn the_server_is_verified_by_name_before_it_is_told_anything() {
    let authority = Authority::new();
    let server = Postgres::with_tls(&authority.leaf(&["localhost"]));
    drop(server.database());
    server.ask("postgres", "ALTER USER rempart PASSWORD 'a password'");
    let url = |host: &str, rest: &str| {
        let port = server.address().replace("localhost", "");
        format!("postgres://rempart:a%20password@{host}{port}/vault_0?{rest}")
    };
    let roots = format!("sslrootcert={}", authority.file().display());
    let vault = open(&url("localhost", &format!("sslmode=verify-full&{roots}"))).unwrap();
    assert_eq!(vault.keep(vec![keep("a", 7, b"one")]).await.unwrap(), [7]);

    let stranger = Authority::new();
    let refused = [
        url("localhost", "sslmode=disable"),
        url("127.0.0.1", &format!("sslmode=verify-full&{roots}")),
        url(
            "localhost",
            &format!("sslmode=require&sslrootcert={}", stranger.file().display()),
        ),
    ];
    for (url, why) in refused.iter().zip(["pg_hba", "certificate", "certificate"]) {
        let error = open(url).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert!(!error.contains("password"), "{error}");
    }
}
