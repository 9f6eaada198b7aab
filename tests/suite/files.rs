//! Files through the real program: sealed and opened as they pass, in the lengths, ranges and heads that clients rely
//! on.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use e2e::{Authority, Gateway, Origin, Protocols, Setup, curl, python};
use tempfile::TempDir;

const HOST: &str = "drive.saas.example";

const POLICY: &str = r#"
[app]
id = "drive"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["drive.saas.example"]

[fields.document]
class = "personal"
treatment = "sealed"

[[routes]]
match = ["PUT /files/{id}", "PUT /discard"]
body = "file"
protect = [{ at = "*", field = "document" }]

[[routes]]
match = "GET /files/{id}"
answer = "file"

[[routes]]
match = "GET /plain/{id}"
"#;

/// An app to which files are sent in pieces.
const PIECES: &str = r#"
[app]
id = "drive"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["drive.saas.example"]

[fields.document]
class = "personal"
treatment = "sealed"

[[routes]]
match = ["POST /upload", "POST /tus", "GET /tus/{id}"]

[[routes]]
match = "PUT /upload"
body = "file"
pieces = { upload = "?upload_id", offset = "Content-Range" }
protect = [{ at = "*", field = "document" }]

[[routes]]
match = "PATCH /tus/{id}"
body = "file"
pieces = { upload = "{id}", offset = "Upload-Offset" }
protect = [{ at = "*", field = "document" }]

[[routes]]
match = "GET /files/{id}"
answer = "file"
"#;

/// What a sealed file begins with.
const MAGIC: &[u8] = b"\x8frempart";

struct Drive {
    gateway: Gateway,
    origin: Origin,
    folder: TempDir,
    _authority: Authority,
}

impl Drive {
    fn start(protocols: Protocols) -> Self {
        Self::with(POLICY, protocols)
    }

    fn with(policy: &str, protocols: Protocols) -> Self {
        let authority = Authority::new();
        let origin = Origin::start(&authority.leaf(&[HOST]), protocols);
        let gateway = Setup::new()
            .policy("drive.toml", policy)
            .host(HOST, &origin)
            .trust(&authority)
            .start();
        Self {
            gateway,
            origin,
            folder: TempDir::with_prefix("rempart-files-").expect("a folder"),
            _authority: authority,
        }
    }

    /// A file on the client's disk.
    fn file(&self, bytes: &[u8]) -> String {
        let path: PathBuf = self.folder.path().join(format!("{}.bin", bytes.len()));
        std::fs::write(&path, bytes).expect("a file");
        path.display().to_string()
    }
}

fn url(path: &str) -> String {
    format!("https://{HOST}{path}")
}

/// Bytes of which no two stretches are alike.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// The length of the sealed file of one of `plain` bytes, as `docs/token-format.md` has it.
fn sealed(plain: usize) -> usize {
    78 + plain + 16 * plain.div_ceil(65_536).max(1)
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[test]
fn i01_i02_a_file_goes_with_its_length_and_comes_back_in_whole_and_in_part() {
    let plain = bytes(20_000_000);
    for (client, origin) in [
        ("--http1.1", Protocols::Http1),
        ("--http2", Protocols::Http2),
    ] {
        let drive = Drive::start(origin);
        let file = drive.file(&plain);
        let put = curl(&drive.gateway, &[client, "-T", &file, &url("/files/7")]);
        assert_eq!(put.status, 201, "{put:?}");
        assert!(
            put.header("rempart")
                .is_some_and(|told| told.starts_with("protected=1"))
        );
        let seen = drive.origin.last();
        let told = seen
            .headers
            .get("content-length")
            .expect("a length, not chunks");
        assert_eq!(
            told.to_str().expect("text"),
            sealed(plain.len()).to_string()
        );
        assert!(seen.complete && seen.body.len() == sealed(plain.len()));
        assert!(seen.body.starts_with(MAGIC));
        for part in plain.chunks(7_000_000) {
            assert!(
                !contains(&seen.body, &part[..32]),
                "a piece of the file left"
            );
        }

        let got = curl(&drive.gateway, &[client, &url("/files/7")]);
        assert!(got.status == 200 && got.body == plain, "{}", got.head);
        assert_eq!(got.header("content-length"), Some("20000000"));
        assert_eq!(got.header("accept-ranges"), Some("bytes"));
        assert_eq!(got.header("etag"), Some("\"of-what-is-stored\""));
        let head = curl(&drive.gateway, &[client, "--head", &url("/files/7")]);
        assert_eq!(head.header("content-length"), Some("20000000"));

        for (range, wanted) in [
            ("0-0", 0..1),
            ("65535-65536", 65_535..65_537),
            ("10000000-10999999", 10_000_000..11_000_000),
            ("19999000-", 19_999_000..20_000_000),
            ("-7", 19_999_993..20_000_000),
        ] {
            let got = curl(
                &drive.gateway,
                &[client, "--range", range, &url("/files/7")],
            );
            assert_eq!(got.status, 206, "{range}: {}", got.head);
            assert!(got.body == plain[wanted.clone()], "{range}: {}", got.head);
            let told = format!("bytes {}-{}/20000000", wanted.start, wanted.end - 1);
            assert_eq!(got.header("content-range"), Some(&*told));
        }
        let beyond = curl(
            &drive.gateway,
            &[client, "--range", "20000000-", &url("/files/7")],
        );
        assert_eq!(beyond.status, 416, "{}", beyond.head);
    }
}

#[test]
fn a_file_of_unknown_length_goes_in_chunks() {
    let drive = Drive::start(Protocols::Http1);
    let plain = bytes(3_000_000);
    let file = drive.file(&plain);
    let chunked = ["--http1.1", "-H", "Transfer-Encoding: chunked", "-T", &file];
    let put = curl(
        &drive.gateway,
        &[&chunked[..], &[&url("/files/7")]].concat(),
    );
    assert_eq!(put.status, 201, "{put:?}");
    let seen = drive.origin.last();
    assert!(seen.complete && !seen.headers.contains_key("content-length"));
    assert_eq!(seen.body.len(), sealed(plain.len()));
    assert!(curl(&drive.gateway, &[&url("/files/7")]).body == plain);
}

#[test]
fn python_requests_sees_the_files_that_it_sent() {
    let drive = Drive::start(Protocols::Both);
    let told = python(
        &drive.gateway,
        "python_files.py",
        &[&url("/files/7"), "700001"],
    );
    assert_eq!(
        told,
        serde_json::json!({
            "put": 201, "get": 200, "same": true, "length": "700001", "head": "700001",
            "part": 206, "same part": true,
        })
    );
    assert!(
        drive
            .origin
            .stored("/files/7")
            .expect("stored")
            .starts_with(MAGIC)
    );
}

#[test]
fn i01_i02_google_and_tus_send_a_file_in_pieces_and_see_it_again() {
    const SIZE: usize = 1_500_001;
    let drive = Drive::with(PIECES, Protocols::Both);
    let size = SIZE.to_string();
    let told = python(&drive.gateway, "python_uploads.py", &[&url(""), &size]);
    let back = serde_json::json!({
        "same": true, "length": size, "head": size, "part": 206, "same part": true,
    });
    assert_eq!(
        told,
        serde_json::json!({
            "chunks": 3, "google": "upload-0", "tus": "upload-1", "resumed": 655_360,
            "google came back": back, "tus came back": back,
        })
    );
    let stored = |id: &str| {
        drive
            .origin
            .stored(&format!("/files/{id}"))
            .expect("stored")
    };
    let (google, tus) = (stored("upload-0"), stored("upload-1"));
    assert_eq!((google.len(), tus.len()), (SIZE, SIZE), "to the byte");
    let alike = google
        .chunks(16)
        .zip(tus.chunks(16))
        .any(|(a, b)| a.len() == 16 && a == b);
    assert!(!alike, "two uploads of one file have something in common");
    // The piece that was answered 503 came again as the same bytes.
    let sent = drive.origin.seen();
    let second = |seen: &&e2e::Seen| {
        let range = seen.headers.get("content-range");
        range.is_some_and(|range| range.as_bytes().starts_with(b"bytes 524288-"))
    };
    let sent: Vec<_> = sent.iter().filter(second).map(|seen| &seen.body).collect();
    assert!(sent.len() == 2 && sent[0] == sent[1]);

    // A piece that is not of whole segments is told from before the next one comes.
    let file = drive.file(&bytes(100_000));
    let range = "Content-Range: bytes 0-99999/300000";
    let upload = url("/upload?upload_id=upload-0");
    let put = curl(&drive.gateway, &["-T", &file, "-H", range, &upload]);
    assert_eq!(put.status, 400, "{put:?}");
    assert!(contains(&put.body, b"65536"), "{put:?}");
    // What the app cut off breaks off.
    let cut = google.slice(..20 * 65_536);
    drive.origin.store("/files/upload-0", "image/png", cut);
    let got = curl(&drive.gateway, &[&url("/files/upload-0")]);
    assert!(!got.error.is_empty(), "curl took it for whole: {got:?}");
}

#[test]
fn what_is_no_sealed_file_comes_as_it_was() {
    let drive = Drive::start(Protocols::Both);
    let plain = bytes(200_000);
    drive.origin.store("/plain/7", "image/png", plain.clone());
    drive.origin.answer_with("content-md5", "of-the-picture");
    let got = curl(&drive.gateway, &["--range", "1-2", &url("/plain/7")]);
    assert!(got.status == 200 && got.body == plain, "{}", got.head);
    assert_eq!(got.header("content-length"), Some("200000"));
    assert_eq!(got.header("content-md5"), Some("of-the-picture"));
}

#[test]
fn a_file_that_was_cut_short_at_the_app_breaks_off() {
    for origin in [Protocols::Http1, Protocols::Http2] {
        let drive = Drive::start(origin);
        let plain = bytes(5_000_000);
        let file = drive.file(&plain);
        assert_eq!(
            curl(&drive.gateway, &["-T", &file, &url("/files/7")]).status,
            201
        );
        let whole = drive.origin.stored("/files/7").expect("stored");
        // At the end of a segment, where nothing but the missing last one tells.
        let cut = whole.slice(..78 + 70 * 65_552);
        drive.origin.store("/files/7", "image/png", cut);
        let got = curl(&drive.gateway, &[&url("/files/7")]);
        assert_eq!(got.status, 200, "the head is long gone: {}", got.head);
        assert!(!got.error.is_empty(), "curl took it for whole: {got:?}");
        assert!(plain.starts_with(&got.body) && got.body.len() < 70 * 65_536);
        // A short one is opened before its head is sent.
        let cut = whole.slice(..1000);
        drive.origin.store("/files/7", "image/png", cut);
        let got = curl(&drive.gateway, &[&url("/files/7")]);
        assert_eq!(got.status, 502, "{}", got.head);
        assert!(got.text().contains("cut short"), "{}", got.text());
    }
}

#[test]
fn i05_an_upload_that_breaks_off_never_completes_at_the_origin() {
    let drive = Drive::start(Protocols::Http1);
    let file = drive.file(&bytes(8_000_000));
    let slow = ["--limit-rate", "4M", "--max-time", "1", "-T", &file];
    let put = curl(&drive.gateway, &[&slow[..], &[&url("/files/7")]].concat());
    assert_ne!(put.status, 201, "{put:?}");
    let seen = e2e::until(30, "the origin hears of it", || {
        drive.origin.seen().pop().filter(|seen| seen.length > 0)
    });
    assert!(
        !seen.complete && drive.origin.stored("/files/7").is_none(),
        "{:?}",
        seen.length
    );
}

#[test]
fn i13_memory_does_not_grow_with_a_file() {
    let drive = Drive::start(Protocols::Http1);
    let before = drive.gateway.memory("VmRSS");
    let script = format!(
        "head -c {} /dev/zero | curl --silent --show-error --max-time 110 --http1.1 --proxy \"http://$1\" --cacert \"$2\" \
         --upload-file - --write-out '%{{http_code}}' --output /dev/null https://{HOST}/discard",
        256 << 20
    );
    let output = Command::new("bash")
        .args(["-c", &script, "bash"])
        .arg(drive.gateway.proxy.to_string())
        .arg(drive.gateway.root_file())
        .stdin(Stdio::null())
        .output()
        .expect("bash starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "201");
    assert_eq!(drive.origin.last().length, sealed(256 << 20) as u64);
    let file = drive.file(&bytes(40_000_000));
    assert_eq!(
        curl(&drive.gateway, &["-T", &file, &url("/files/7")]).status,
        201
    );
    assert_eq!(
        curl(&drive.gateway, &[&url("/files/7")]).body.len(),
        40_000_000
    );
    let growth = drive.gateway.memory("VmHWM").saturating_sub(before);
    assert!(
        growth <= 32 << 20,
        "resident memory grew by {} MiB",
        growth >> 20
    );
}
