//! I13: memory does not grow with what passes.

use std::process::{Command, Stdio};

use e2e::Protocols;

use crate::common::{App, HOST, NAME};

const GROWTH: u64 = 64 << 20;

#[test]
fn i13_two_gigabytes_pass_through_a_protected_route() {
    upload("--http1.1", Protocols::Http1, 2 << 30);
}

#[test]
fn i13_a_long_upload_passes_over_http2() {
    upload("--http2", Protocols::Http2, 256 << 20);
}

/// Streams a multipart body with one protected field and a file of `size` bytes by curl, from a pipe.
fn upload(version: &str, origin: Protocols, size: u64) {
    let app = App::start(origin);
    let script = format!(
        "{{ printf -- '--b\\r\\nContent-Disposition: form-data; name=\"name\"\\r\\n\\r\\n%s\\r\\n--b\\r\\n\
         Content-Disposition: form-data; name=\"scan\"; filename=\"scan.bin\"\\r\\nContent-Type: application/octet-stream\\r\\n\\r\\n' \"$1\"; \
         head -c {size} /dev/zero; printf '\\r\\n--b--\\r\\n'; }} | \
         curl --silent --show-error --max-time 110 {version} --proxy \"http://$2\" --cacert \"$3\" --upload-file - --request POST \
         --header 'Content-Type: multipart/form-data; boundary=b' --write-out '%{{http_code}}' --output /dev/null https://{HOST}/discard"
    );
    let before = app.gateway.memory("VmRSS");
    let output = Command::new("bash")
        .args(["-c", &script, "bash", NAME])
        .arg(app.gateway.proxy.to_string())
        .arg(app.gateway.root_file())
        .stdin(Stdio::null())
        .output()
        .expect("bash starts");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "201",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let seen = app.origin.last();
    assert!(seen.complete);
    assert!(seen.length > size, "{} bytes came", seen.length);
    let growth = app.gateway.memory("VmHWM").saturating_sub(before);
    assert!(
        growth <= GROWTH,
        "resident memory grew by {} MiB",
        growth >> 20
    );
    app.nothing_leaked();
}
