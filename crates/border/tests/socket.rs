//! A WebSocket from both sides: what a client says is protected by the kind of its message, what comes back is
//! revealed, and what cannot be read is not sent.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use body::websocket::Kind;
use border::{Exchange, Passage, RefusalCode};
use bytes::Bytes;
use common::{Counter, Vault, begin, border, headers};
use serde_json::{Value, json};

const POLICY: &str = r#"
[app]
id = "chat"
operator = { name = "Far Away Inc.", jurisdiction = "US" }
hosts = ["chat.example.com"]
[fields.text]
class = "personal"
treatment = "sealed"
[fields.phone]
class = "personal"
treatment = "vault"
[fields.number]
class = "personal"
treatment = "format:digits"
[[routes]]
match = "GET /all"
messages = "json"
protect = [{ at = "$.text", field = "text" }, { at = "$.phone", field = "phone" }]
[[routes]]
match = "GET /kinds"
messages = "json"
binary = "pass"
reveal = [{ at = "$.number", field = "number" }]
kinds = [
  { when = { at = "$.type", is = ["message", "edit"] }, protect = [
      { at = "$.text", field = "text", required = true },
      { at = "$.number", field = "number" },
    ] },
  { when = { at = "$.type", is = "profile" }, protect = [{ at = "$.phone", field = "phone" }] },
  { when = { at = "$.type", is = "ping" } },
]
[[routes]]
match = "GET /text"
messages = "text"
protect = [{ at = "*", field = "text" }]
[[routes]]
match = "GET /open"
"#;

fn exchange(border: &border::Border, path: &str) -> Exchange {
    begin(
        border,
        "chat.example.com",
        &format!("GET {path}"),
        &headers(&[]),
    )
    .unwrap()
}

/// What a client says on a connection of this path, as it leaves.
fn say(path: &str, message: &str) -> Result<String, RefusalCode> {
    let border = border(&[POLICY]);
    let exchange = exchange(&border, path);
    say_on(&exchange, &mut Vault::default(), message)
}

fn say_on(exchange: &Exchange, vault: &mut Vault, message: &str) -> Result<String, RefusalCode> {
    let socket = exchange.socket();
    let bytes = Bytes::copy_from_slice(message.as_bytes());
    let flow = socket
        .protect(&bytes, Box::new(Counter(vault.seed)))
        .map_err(|refusal| refusal.code)?;
    let Some(mut flow) = flow else {
        return Ok(message.to_owned());
    };
    let left = vault
        .drive(&mut *flow, &[&bytes])
        .map_err(|refusal| refusal.code)?;
    Ok(String::from_utf8(left).unwrap())
}

fn hear(exchange: &Exchange, vault: &mut Vault, message: &str) -> String {
    let whole = hear_in(exchange, vault, &[message.as_bytes()]);
    for at in 0..=message.len() {
        let (left, right) = message.as_bytes().split_at(at);
        // What the first bytes tell is asked of the whole message here, as a short one is.
        let mut flow = exchange.socket().reveal(message.as_bytes());
        let split = vault.drive(&mut *flow, &[left, right]).unwrap();
        assert_eq!(String::from_utf8(split).unwrap(), whole, "cut at {at}");
    }
    whole
}

fn hear_in(exchange: &Exchange, vault: &mut Vault, pieces: &[&[u8]]) -> String {
    let mut flow = exchange.socket().reveal(pieces[0]);
    String::from_utf8(vault.drive(&mut *flow, pieces).unwrap()).unwrap()
}

#[test]
fn i01_i02_a_message_is_sealed_and_comes_back() {
    let border = border(&[POLICY]);
    let exchange = exchange(&border, "/all");
    let mut vault = Vault::default();
    assert_eq!(
        exchange.socket().passage(Kind::Text),
        Ok(Passage::Whole(8 << 20))
    );
    let said = json!({"id": 7, "text": "a \"secret\"\n", "phone": "418 555-0123"}).to_string();
    let left = say_on(&exchange, &mut vault, &said).unwrap();
    assert!(!left.contains("secret") && !left.contains("418"), "{left}");
    assert_eq!(serde_json::from_str::<Value>(&left).unwrap()["id"], 7);
    for (before, after) in [("", ""), ("42[\"said\",", "]"), ("a", "")] {
        let wire = format!("{before}{left}{after}");
        let plain = format!("{before}{said}{after}");
        assert_eq!(hear(&exchange, &mut vault, &wire), plain);
    }
    let token: Value = serde_json::from_str(&left).unwrap();
    let token = token["text"].as_str().unwrap();
    assert_eq!(
        hear(&exchange, &mut vault, &format!("said: {token}!")),
        "said: a \"secret\"\n!"
    );
    assert_eq!(
        hear(
            &exchange,
            &mut vault,
            &format!("<p title='{token}'>{token}")
        ),
        "<p title='a &quot;secret&quot;\n'>a &quot;secret&quot;\n"
    );
    let summary = exchange.summary();
    assert_eq!(summary.protected.len(), 2);
    assert!(!summary.revealed.is_empty());
}

#[test]
fn the_kind_of_a_message_says_what_of_it_is_protected() {
    let said = r#"{"phone":"1","type":"message","text":"word"}"#;
    let left = say("/kinds", said).unwrap();
    assert!(
        left.starts_with(r#"{"phone":"1","type":"message","text":""#),
        "{left}"
    );
    assert!(!left.contains("word"));
    let left = say("/kinds", r#"{"type":"profile","phone":"418","text":"x"}"#).unwrap();
    assert!(
        !left.contains("418") && left.contains(r#""text":"x""#),
        "{left}"
    );
    let ping = r#"{"type":"ping","text":"open"}"#;
    assert_eq!(say("/kinds", ping).unwrap(), ping);
    for (message, code) in [
        (r#"{"type":"other"}"#, RefusalCode::UnmatchedRoute),
        (r#"{"text":"x"}"#, RefusalCode::UnmatchedRoute),
        (
            r#"{"type":"ping","type":"message","text":"x"}"#,
            RefusalCode::UnreadableBody,
        ),
        (r#"{"type":"message"}"#, RefusalCode::MissingPlace),
        (r#"{"type":"#, RefusalCode::UnreadableBody),
    ] {
        assert_eq!(say("/kinds", message), Err(code), "{message}");
    }
    let border = border(&[&POLICY.replace("[app]", "[app]\nunmatched = \"pass\"")]);
    let exchange = exchange(&border, "/kinds");
    let other = r#"{"type":"other","text":"x"}"#;
    assert_eq!(
        say_on(&exchange, &mut Vault::default(), other).unwrap(),
        other
    );
}

#[test]
fn i05_what_cannot_be_read_is_not_sent() {
    for message in [
        "",
        "word",
        "{\"text\":\"a\"",
        "{\"text\":\"a\"}{\"text\":\"b\"}",
        "{\"text\":\"a\",\"text\":\"b\"}",
        "{\"text\":{\"deep\":\"a\"}}",
        "\u{feff}{\"text\":\"a\"}",
    ] {
        assert_eq!(
            say("/all", message),
            Err(RefusalCode::UnreadableBody),
            "{message}"
        );
    }
    let border = border(&[POLICY]);
    let refusal = exchange(&border, "/all")
        .socket()
        .passage(Kind::Binary)
        .unwrap_err();
    assert_eq!(refusal.code, RefusalCode::UnreadableBody);
    assert_eq!(refusal.route.as_deref(), Some("GET /all"));
    assert_eq!(
        exchange(&border, "/kinds").socket().passage(Kind::Binary),
        Ok(Passage::Through)
    );
    assert_eq!(
        exchange(&border, "/open").socket().passage(Kind::Text),
        Ok(Passage::Through)
    );
}

#[test]
fn a_whole_text_is_one_value() {
    let border = border(&[POLICY]);
    let exchange = exchange(&border, "/text");
    let mut vault = Vault::default();
    let left = say_on(&exchange, &mut vault, "all of it").unwrap();
    assert!(!left.contains("all"), "{left}");
    assert_eq!(hear(&exchange, &mut vault, &left), "all of it");
}

#[test]
fn a_stand_in_comes_back_where_the_route_reveals_it() {
    let border = border(&[POLICY]);
    let exchange = exchange(&border, "/kinds");
    let mut vault = Vault::default();
    let said = r#"{"type":"message","text":"x","number":"4185550123"}"#;
    let left = say_on(&exchange, &mut vault, said).unwrap();
    assert!(!left.contains("4185550123"), "{left}");
    assert_eq!(hear(&exchange, &mut vault, &left), said);
}

#[test]
fn only_a_websocket_is_opened_where_messages_are_protected() {
    let border = border(&[POLICY]);
    assert!(exchange(&border, "/all").may_upgrade(true));
    assert!(!exchange(&border, "/all").may_upgrade(false));
    assert!(exchange(&border, "/open").may_upgrade(false));
}
