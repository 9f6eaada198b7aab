//! I11: what a client was told is stored survives `kill -9`.
//!
//! Clients put values that stay home while their gateway is killed and started again. What was told must open
//! afterwards; so must every token that reached the SaaS without its client hearing of it, since a row is durable
//! before the bytes with its pointer leave. `cargo xtask kill` runs the same at length.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use e2e::{Answer, Postgres, Protocols, Setup, Tunnel, curl, until};

use crate::common::{App, HOST, person, url};

/// How many clients put values at once.
const CLIENTS: usize = 4;

/// How many values must have been told as stored between two kills.
const TOLD: usize = 20;

/// The longest random pause between the last of them and the kill.
const PAUSE: Duration = Duration::from_millis(40);

/// How often the gateway is killed: what [`TIMES`] says, or a few times.
const TIMES: &str = "REMPART_KILLS";

fn times(usual: usize) -> usize {
    let asked = std::env::var(TIMES).ok();
    asked.map_or(usual, |times| {
        times.parse().expect("REMPART_KILLS is a number")
    })
}

#[test]
fn i11_values_kept_at_home_survive_kill_9() {
    let mut app = App::start(Protocols::Both);
    for round in 0..2 {
        let path = url(&format!("/people/{round}"));
        let body = person().replace("QXZV 9176", &format!("QXZV 917{round}"));
        assert_eq!(
            curl(&app.gateway, &["-X", "PUT", "--json", &body, &path]).status,
            201
        );
        app.gateway.kill_and_restart();
        let got = curl(&app.gateway, &[&path]);
        assert_eq!(got.text(), body, "{got:?}");
    }
    app.nothing_leaked();
}

#[test]
fn i11_under_load_no_value_that_was_told_is_lost() {
    let app = App::start(Protocols::Http1);
    kill_under_load(app, times(5));
}

#[test]
fn i11_under_load_no_value_that_was_told_is_lost_on_postgresql() {
    let server = Postgres::start();
    let settings = format!("[vault]\nurl = \"{}\"\n", server.database());
    let app = App::start_with(Protocols::Http1, Setup::new().settings(&settings));
    kill_under_load(app, times(10).div_ceil(10));
}

/// What a client put, and whether it was told that it is stored.
struct Put {
    path: String,
    body: String,
    told: bool,
}

/// What the clients share with whoever kills.
struct Load {
    proxy: Mutex<SocketAddr>,
    roots: String,
    puts: Mutex<Vec<Put>>,
    told: AtomicUsize,
    /// Set while what was put is read back: what is put meanwhile would outrun the reading.
    paused: AtomicBool,
    over: AtomicBool,
}

impl Load {
    fn puts(&self) -> std::sync::MutexGuard<'_, Vec<Put>> {
        self.puts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> io::Result<impl io::Read + Write + use<>> {
        let proxy = *self.proxy.lock().unwrap_or_else(PoisonError::into_inner);
        Tunnel::try_open(proxy, &format!("{HOST}:443"))?.tls(HOST, &self.roots, &["http/1.1"])
    }

    /// One client: puts values until it is over, on a new connection where the last one broke.
    fn client(&self, name: usize) {
        let mut connection = None;
        for number in 0.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            if self.paused.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            let Some(stream) = connection.as_mut() else {
                connection = self.connect().ok();
                if connection.is_none() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                continue;
            };
            let path = format!("/people/{name}-{number}");
            let body = format!("{{\"code\":\"QXZV {name} {number}\",\"kept\":true}}");
            let index = {
                let mut puts = self.puts();
                puts.push(Put {
                    path: path.clone(),
                    body: body.clone(),
                    told: false,
                });
                puts.len() - 1
            };
            match exchange(stream, "PUT", &path, &body) {
                Ok(answer) if answer.status == 201 => {
                    if let Some(put) = self.puts().get_mut(index) {
                        put.told = true;
                    }
                    self.told.fetch_add(1, Ordering::Relaxed);
                }
                // Refused or broken off: nothing was told.
                Ok(_) | Err(_) => connection = None,
            }
        }
    }
}

fn exchange(
    stream: &mut (impl io::Read + Write),
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<Answer> {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    Answer::read(stream, false)
}

#[expect(
    clippy::print_stdout,
    reason = "the figures of a long run are read by whoever asked for it"
)]
fn kill_under_load(mut app: App, times: usize) {
    let load = Load {
        proxy: Mutex::new(app.gateway.proxy),
        roots: app.gateway.root(),
        puts: Mutex::default(),
        told: AtomicUsize::new(0),
        paused: AtomicBool::new(false),
        over: AtomicBool::new(false),
    };
    let began = Instant::now();
    std::thread::scope(|scope| {
        // Whatever ends this thread ends the clients.
        let over = Over(&load.over);
        for name in 0..CLIENTS {
            scope.spawn({
                let load = &load;
                move || load.client(name)
            });
        }
        let mut checked = 0;
        for _ in 0..times {
            let enough = load.told.load(Ordering::Relaxed) + TOLD;
            until(60, "values are told as stored", || {
                (load.told.load(Ordering::Relaxed) >= enough).then_some(())
            });
            let part = RandomState::new().hash_one(()) % 1000;
            std::thread::sleep(PAUSE.mul_f64(part as f64 / 1000.0));
            app.gateway.kill_and_restart();
            load.paused.store(true, Ordering::Relaxed);
            *load.proxy.lock().unwrap_or_else(PoisonError::into_inner) = app.gateway.proxy;
            checked = check(&app, &load, checked);
            load.paused.store(false, Ordering::Relaxed);
        }
        drop(over);
    });
    check(&app, &load, 0);
    let puts = load.puts();
    let told = puts.iter().filter(|put| put.told).count();
    let untold = puts
        .iter()
        .filter(|put| !put.told && app.origin.stored(&put.path).is_some())
        .count();
    println!(
        "{times} kills in {} s under {CLIENTS} clients: {} values put, {told} told as stored and {untold} stored \
         without being told; all of both open",
        began.elapsed().as_secs(),
        puts.len(),
    );
    assert!(told >= times * TOLD);
    let everything = app.origin.everything();
    let plain = b"QXZV ";
    assert!(!everything.windows(plain.len()).any(|bytes| bytes == plain));
}

/// Reads back, through the gateway, what has been put from the `from`-th on and either was told or stands in the SaaS.
/// Gives back how many puts there were.
fn check(app: &App, load: &Load, from: usize) -> usize {
    let (wanted, all): (Vec<(String, String, bool)>, usize) = {
        let puts = load.puts();
        let from = puts.iter().skip(from);
        let wanted = from.map(|put| (put.path.clone(), put.body.clone(), put.told));
        (wanted.collect(), puts.len())
    };
    let mut stream = load.connect().expect("the gateway is up again");
    for (path, body, told) in wanted {
        let stored = app.origin.stored(&path).is_some();
        assert!(stored || !told, "{path} was told as stored and is not");
        if stored {
            let answer = exchange(&mut stream, "GET", &path, "").expect("an answer");
            assert_eq!(answer.text(), body, "{path} (told: {told}) does not open");
        }
    }
    all
}

/// Sets its flag when it goes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
