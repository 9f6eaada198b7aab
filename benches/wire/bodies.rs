//! Uploads of 100 MB in each format, and of a file, protected by Rempart and through its blind tunnel.

use benches::{SECRETS, SUBJECTS, body};
use bytes::Bytes;
use http_body_util::Full;

use crate::load::{Load, Protocol};
use crate::{ROUNDS, Way};

const SIZE: usize = 100 << 20;

/// How many values stand at a place.
const VALUES: usize = 10_000;

/// The routes that the uploads go to, as a policy names them.
pub fn routes() -> String {
    let formats = SUBJECTS.iter().map(|subject| {
        let places = SECRETS.map(|secret| {
            let at = (subject.place)(secret);
            format!("  {{ at = {at:?}, field = \"secret\" }},\n")
        });
        let (format, places) = (subject.format, places.concat());
        format!("[[routes]]\nmatch = \"POST /as/{format}\"\nbody = \"{format}\"\nprotect = [\n{places}]\n")
    });
    let file = "[[routes]]\nmatch = \"POST /as/file\"\nbody = \"file\"\nprotect = [{ at = \"*\", field = \"secret\" }]\n";
    formats.collect::<String>() + file
}

/// Prints the table.
pub fn run(ways: &[Way<'_>]) {
    let (Some(protected), Some(tunnel)) = (ways.first(), ways.get(2)) else {
        return;
    };
    println!(
        "\nuploads of 100 MB, {VALUES} values sealed, HTTP/1.1, the best of {ROUNDS}{:>10}{:>14}{:>16}",
        "CPU s/GB", "MB/s", "tunnel, MB/s"
    );
    let file = (
        "file".to_owned(),
        "application/octet-stream",
        vec![0xa5; SIZE],
    );
    let formats = SUBJECTS.iter().map(|subject| {
        let body = body(subject, SIZE, VALUES);
        (subject.format.to_string(), subject.content_type, body)
    });
    for (name, content_type, body) in formats.chain([file]) {
        let body = Bytes::from(body);
        let path = format!("/as/{name}");
        let mut best = [(f64::MAX, 0_f64); 2];
        for _ in 0..ROUNDS {
            for (way, best) in [protected, tunnel].into_iter().zip(&mut best) {
                let load = Load::new(way.proxy, way.host, way.roots, Protocol::Http1);
                let before = way.process.time();
                let (bytes, seconds) = load.upload(&path, content_type, Full::new(body.clone()));
                let spent = way.process.time() - before;
                let gigabytes = bytes as f64 / 1e9;
                best.0 = best.0.min(spent.as_secs_f64() / gigabytes);
                best.1 = best.1.max(gigabytes * 1e3 / seconds);
            }
        }
        let [(each, rate), (_, tunnelled)] = best;
        println!("{name:<58}{each:>10.2}{rate:>14.0}{tunnelled:>16.0}");
    }
}
