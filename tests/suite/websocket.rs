//! A WebSocket of a client that people use, through the gateway, to a server of other people.

use e2e::{Protocols, python};
use serde_json::{Value, json};

use crate::common::{App, CODE, HOST, NAME, NOTE};

/// What the client got of a talk on this path.
fn talk(app: &App, path: &str, messages: &Value) -> Value {
    let url = format!("wss://{HOST}{path}");
    // Too long for an argument.
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("messages");
    std::fs::write(&file, messages.to_string()).expect("a file");
    python(
        &app.gateway,
        "websocket_client.py",
        &[&url, &file.display().to_string()],
    )
}

fn message(rows: usize) -> String {
    let rows = vec!["what nobody protects"; rows];
    json!({ "type": "message", "rows": rows, "name": NAME, "note": NOTE, "code": CODE }).to_string()
}

#[test]
fn what_is_said_is_sealed_for_the_server_and_plain_for_the_client() {
    let app = App::start(Protocols::Both);
    let short = message(0);
    let cut = short.find("message").expect("it is there");
    let (first, second) = short.split_at(cut);
    let long = message(100_000);
    let ping = json!({ "type": "ping" }).to_string();
    let said = json!([short, ping, [first, second], long]);
    let got = talk(&app, "/chat", &said);
    assert_eq!(got["closed"], Value::Null, "{got}");
    assert_eq!(got["extensions"], Value::Null);
    assert!(
        got["receipt"]
            .as_str()
            .is_some_and(|receipt| receipt.contains("ref="))
    );
    assert!(
        got["answers"] == json!([short, ping, short, long]),
        "what comes back is what was said"
    );
    assert_eq!(app.origin.said().len(), 4);
    assert_eq!(
        app.origin.said().get(1).map(AsRef::as_ref),
        Some(ping.as_bytes())
    );
    app.nothing_leaked();

    // What one socket sealed, another reveals, on a route without places too.
    let sealed = app.origin.said().swap_remove(0);
    let sealed = String::from_utf8(sealed.to_vec()).expect("text");
    let got = talk(&app, "/socket", &json!([sealed, 70_000]));
    assert_eq!(got["answers"], json!([short, 70_000]), "{got}");
}

#[test]
fn what_cannot_be_read_closes_the_connection_and_is_not_sent() {
    let app = App::start(Protocols::Both);
    for (said, code, reason) in [
        (
            json!(["{\"type\":\"message\",\"name\":\"Zo"]),
            1008,
            "unreadable-body ref=",
        ),
        (json!([40]), 1008, "unreadable-body ref="),
        (
            json!([json!({ "type": "other", "name": NAME }).to_string()]),
            1008,
            "unmatched-route ref=",
        ),
    ] {
        let got = talk(&app, "/chat", &said);
        assert_eq!(got["answers"], json!([]), "{got}");
        assert_eq!(got["closed"][0], code, "{got}");
        let told = got["closed"][1].as_str().expect("a reason");
        assert!(told.starts_with(reason), "{told}");
    }
    assert_eq!(app.origin.said().len(), 0);
    app.nothing_leaked();
}
