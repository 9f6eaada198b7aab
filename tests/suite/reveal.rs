//! I2 and I8: tokens come back as values wherever they stand, and a value cannot change its page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::{Browser, Protocols, Route, curl, python};
use serde_json::json;

use crate::common::{App, url};

/// Values that would change a page, a script, a cell or a line if they were written as they are.
const HOSTILE: [&str; 7] = [
    "\"><script>window.__pwned = 1</script>",
    "'-(window.__pwned = 1)-'",
    "</script><script>window.__pwned = 1</script>",
    "<img src=x onerror='window.__pwned = 1'>",
    "=cmd|' /C calc'!A0",
    "line one\nline \"two\"\u{2028}three \\ 🫁",
    "&lt;b&gt; &amp; ${window.__pwned = 1} `${1}`",
];

/// Has the gateway protect a value, and gives back the token that the SaaS got.
fn token(app: &App, value: &str) -> String {
    let body = json!({ "name": value }).to_string();
    assert_eq!(
        curl(&app.gateway, &["--json", &body, &url("/people")]).status,
        201
    );
    let held: serde_json::Value = serde_json::from_slice(&app.origin.last().body).expect("JSON");
    held["name"].as_str().expect("a token").to_owned()
}

#[test]
fn i02_a_token_is_revealed_in_the_escape_of_where_it_stands() {
    let app = App::start(Protocols::Both);
    let token = token(&app, "a\"b<c>&'d\né");
    for (content_type, held, seen) in [
        ("text/plain; charset=utf-8", "x T y", "x a\"b<c>&'d\né y"),
        (
            "application/x-www-form-urlencoded",
            "x=T&y=1",
            "x=a%22b%3Cc%3E%26%27d%0A%C3%A9&y=1",
        ),
    ] {
        app.origin
            .store("/pages/one", content_type, held.replace('T', &token));
        assert_eq!(
            curl(&app.gateway, &[&url("/pages/one")]).text(),
            seen,
            "{content_type}"
        );
    }
    let json = format!("{{\"x\":\"{token}\"}}");
    app.origin.store("/pages/one", "application/json", json);
    let read = curl(&app.gateway, &[&url("/pages/one")]).json();
    assert_eq!(read, json!({ "x": "a\"b<c>&'d\né" }));
    app.origin.store(
        "/pages/one",
        "text/html; charset=utf-8",
        format!("<p title=\"{token}\">{token}</p>"),
    );
    let page = curl(&app.gateway, &[&url("/pages/one")]).text();
    assert!(!page.contains(&token) && page.contains("&lt;c"), "{page}");
}

#[test]
fn tokens_in_addresses_stay_tokens() {
    let app = App::start(Protocols::Both);
    let token = token(&app, "Jean-Baptiste Côté");
    let page = format!(
        "<p>{token}</p><a href=\"https://evil.example/?q={token}\">x</a><img src=\"/i?{token}\">"
    );
    app.origin
        .store("/pages/one", "text/html; charset=utf-8", page.clone());
    assert_eq!(
        curl(&app.gateway, &[&url("/pages/one")]).text(),
        page.replacen(&token, "Jean-Baptiste Côté", 1)
    );
}

#[test]
fn what_only_looks_like_a_token_stays() {
    let app = App::start(Protocols::Both);
    let token = token(&app, "Jean-Baptiste Côté");
    let (head, tail) = token.split_at(token.len() - 8);
    let forged = format!("{head}{}", tail.chars().rev().collect::<String>());
    for held in [forged, token.replacen(&token[6..10], "zzzz", 1)] {
        app.origin.store(
            "/pages/one",
            "application/json",
            format!("{{\"x\":\"{held}\"}}"),
        );
        let reply = curl(&app.gateway, &[&url("/pages/one")]);
        assert_eq!(reply.status, 200);
        assert!(!reply.text().contains("Jean-Baptiste"), "{reply:?}");
    }
}

#[test]
fn the_length_of_a_revealed_answer_is_true_and_bytes_without_tokens_are_untouched() {
    let app = App::start(Protocols::Both);
    let token = token(&app, "Jean-Baptiste Côté");
    app.origin.store(
        "/pages/one",
        "application/json",
        format!("{{\"x\":\"{token}\"}}"),
    );
    let reply = curl(&app.gateway, &["--http1.1", &url("/pages/one")]);
    assert_eq!(reply.error, "");
    if let Some(length) = reply.header("content-length") {
        assert_eq!(length, reply.body.len().to_string());
    }
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    app.origin.store("/pages/two", "image/png", bytes.clone());
    let reply = curl(&app.gateway, &[&url("/pages/two")]);
    assert_eq!(reply.body, bytes);
    assert_eq!(reply.header("etag"), Some("\"of-what-is-stored\""));
}

#[test]
fn i08_hostile_values_are_displayed_and_inert_in_chromium() {
    let app = App::start(Protocols::Both);
    let tokens: Vec<String> = HOSTILE.iter().map(|value| token(&app, value)).collect();
    let mut page = String::from("<!doctype html><meta charset=utf-8><title>a page</title><body>\n");
    for (index, token) in tokens.iter().enumerate() {
        page.push_str(&format!(
            "<p id=t{index}>{token}</p><input id=d{index} value=\"{token}\"><input id=s{index} value='{token}'>\
             <script>var v{index} = \"{token}\"; var w{index} = '{token}'; var o{index} = {{\"k\":\"{token}\"}};</script>\
             <script type=\"application/json\" id=j{index}>{{\"k\":\"{token}\"}}</script>\
             <textarea id=a{index}>{token}</textarea>\n"
        ));
    }
    app.origin
        .store("/pages/hostile", "text/html; charset=utf-8", page);
    app.origin.store(
        "/people/1",
        "application/json",
        json!({ "all": tokens }).to_string(),
    );
    for route in [Route::Proxy, Route::Pac] {
        let browser = Browser::start(&app.gateway, route);
        browser.open(&url("/pages/hostile"));
        assert_eq!(
            browser.script("return document.title"),
            json!("a page"),
            "{route:?}"
        );
        for (index, value) in HOSTILE.iter().enumerate() {
            let shown = browser.script(&format!(
                "return [document.getElementById('t{index}').textContent, document.getElementById('d{index}').getAttribute('value'), \
                 document.getElementById('s{index}').getAttribute('value'), v{index}, w{index}, o{index}.k, \
                 JSON.parse(document.getElementById('j{index}').textContent).k, document.getElementById('a{index}').textContent]"
            ));
            assert_eq!(
                shown,
                json!([value, value, value, value, value, value, value, value]),
                "{route:?}"
            );
        }
        let fetched = browser.script_later("return (await (await fetch('/people/1')).json()).all");
        assert_eq!(fetched, json!(HOSTILE), "{route:?}");
        assert_eq!(
            browser.script("return typeof window.__pwned"),
            json!("undefined"),
            "{route:?}: a script ran"
        );
    }
}

#[test]
fn python_reads_the_documents_and_the_answers_to_a_batch_that_came_back() {
    const VALUE: &str = "Zoé <Tremblay> & \"fils\"";
    let app = App::start(Protocols::Both);
    let token = token(&app, VALUE);
    let made = python(&app.gateway, "python_documents.py", &["make", &token]);
    let document = made["document"].as_str().expect("a document");
    app.origin.store(
        "/pages/one",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        STANDARD.decode(document).expect("base64"),
    );
    let body = json!({ "name": token }).to_string();
    let answer = format!(
        "--batch_8f1c\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}\r\n",
        body.len()
    );
    app.origin.store(
        "/pages/two",
        "multipart/mixed; boundary=batch_8f1c",
        format!("{answer}{answer}--batch_8f1c--\r\n"),
    );
    let told = python(
        &app.gateway,
        "python_documents.py",
        &["read", &url("/pages/one"), &url("/pages/two")],
    );
    let answer = json!({ "status": "HTTP/1.1 200 OK", "true": true, "name": VALUE });
    assert_eq!(
        told,
        json!({ "damaged": null, "text": VALUE, "others": true, "answers": [answer, answer] })
    );
}

/// A context of a page: what stands around a token, with `#` for a number, and what reads the value in the page.
struct Context {
    name: &'static str,
    around: &'static str,
    read: &'static str,
}

/// Where values are shown in a page.
const CONTEXTS: [Context; 13] = [
    Context {
        name: "text",
        around: "<p id=v#>T</p>",
        read: "e.textContent",
    },
    Context {
        name: "a cell of a table",
        around: "<table><tr><td id=v#>T</table>",
        read: "e.textContent",
    },
    Context {
        name: "an attribute in double quotes",
        around: "<p id=v# title=\"T\">x</p>",
        read: "e.title",
    },
    Context {
        name: "an attribute in single quotes",
        around: "<p id=v# title='T'>x</p>",
        read: "e.title",
    },
    Context {
        name: "an attribute without quotes",
        around: "<p id=v# title=T>x</p>",
        read: "e.title",
    },
    Context {
        name: "JSON in an attribute",
        around: "<p id=v# data-x='{\"k\":\"T\"}'>x</p>",
        read: "JSON.parse(e.dataset.x).k",
    },
    Context {
        name: "a page in an attribute",
        around: "<iframe id=v# srcdoc=\"<p>T</p>\"></iframe>",
        read: "e.contentDocument.querySelector('p').textContent",
    },
    Context {
        name: "a form's text",
        around: "<textarea id=v#>T</textarea>",
        read: "e.value",
    },
    Context {
        name: "preformatted text",
        around: "<pre id=v#>T</pre>",
        read: "e.textContent",
    },
    Context {
        name: "a drawing's text",
        around: "<svg><text id=v#>T</text></svg>",
        read: "e.textContent",
    },
    Context {
        name: "a script's string",
        around: "<script>var v# = \"T\"</script>",
        read: "v#",
    },
    Context {
        name: "JSON in a script",
        around: "<script>var v# = {\"a\":['T']}.a[0]</script>",
        read: "v#",
    },
    Context {
        name: "an island of JSON",
        around: "<script type=application/json id=v#>{\"k\":\"T\"}</script>",
        read: "JSON.parse(e.textContent).k",
    },
];

/// Where nothing is shown, and nothing may run.
const SILENT: [&str; 6] = [
    "<!-- T -->",
    "<style>p { content: \"T\" }</style>",
    "<a href=\"/x?T\">x</a><a href=T>x</a>",
    "<script>// T\nvar x# = 1 /* T */</script>",
    "<p T>x</p><T>x</T>",
    "<template><p>T</p></template><noscript>T</noscript>",
];

#[test]
fn i08_in_every_context_of_a_page_hostile_values_are_text_in_chromium() {
    let app = App::start(Protocols::Both);
    let tokens: Vec<String> = HOSTILE.iter().map(|value| token(&app, value)).collect();
    let page = |around: &str| -> String {
        let each = tokens
            .iter()
            .enumerate()
            .map(|(index, token)| around.replace('#', &index.to_string()).replace('T', token));
        let head = "<!doctype html><meta charset=utf-8><title>a page</title><body>\n";
        std::iter::once(head.to_owned()).chain(each).collect()
    };
    let browser = Browser::start(&app.gateway, Route::Proxy);
    let inert = |name: &str| {
        let ran = browser.script(
            "return [document.title, typeof window.__pwned, \
             [...document.querySelectorAll('iframe')].map(f => typeof f.contentWindow.__pwned).filter(t => t !== 'undefined').length]",
        );
        assert_eq!(ran, json!(["a page", "undefined", 0]), "{name}");
    };
    for Context { name, around, read } in CONTEXTS {
        app.origin
            .store("/pages/one", "text/html; charset=utf-8", page(around));
        browser.open(&url("/pages/one"));
        for (index, value) in HOSTILE.iter().enumerate() {
            let read = read.replace('#', &index.to_string());
            let shown = browser.script(&format!(
                "const e = document.getElementById('v{index}'); return {read}"
            ));
            assert_eq!(shown, json!(value), "{name}");
        }
        inert(name);
    }
    for around in SILENT {
        app.origin
            .store("/pages/one", "text/html; charset=utf-8", page(around));
        browser.open(&url("/pages/one"));
        inert(around);
    }
    let markup: Vec<String> = tokens
        .iter()
        .map(|token| format!("<p>{token}</p>"))
        .collect();
    app.origin.store(
        "/people/1",
        "application/json",
        json!({ "all": markup }).to_string(),
    );
    let shown = browser.script_later(
        "const all = (await (await fetch('/people/1')).json()).all; \
         return all.map(html => { const e = document.createElement('div'); e.innerHTML = html; document.body.append(e); return e.firstChild.textContent })",
    );
    assert_eq!(shown, json!(HOSTILE), "HTML in JSON");
    inert("HTML in JSON");
}
