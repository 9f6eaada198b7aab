//! Requests in objects of a JSON body: each is told to the editor whatever the order of its members, its body goes
//! through what the editor says, and what two readers would read differently is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::batch::{Decision, Encoding, Head, Headers, Shape, Target, Way};
use body::content_type::ContentType;
use body::plan::Selected;
use body::{AskId, Edit, Editor, Error, ErrorKind, Format, Found, Limits, Out, PlaceId, Plan};
use bytes::Bytes;
use harness::mark;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Routes each request by its target, and marks what is found in its body.
#[derive(Default)]
struct Router {
    log: Vec<String>,
    pending: bool,
    open: usize,
}

impl Editor for Router {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        let text = std::str::from_utf8(found.text).unwrap().to_owned();
        assert_eq!(found.ordinal as usize, self.values());
        self.log.push(format!("={text}"));
        if self.pending {
            return Ok(Edit::Pending(AskId(7)));
        }
        replacement.extend_from_slice(mark(&text).as_bytes());
        Ok(Edit::Replace)
    }

    fn request(&mut self, head: &Head<'_>) -> Result<Decision, Error> {
        assert_eq!(self.open, 0, "one request after the other");
        self.open = 1;
        let target = match head.target {
            Target::Origin(target) | Target::Relative(target) => target,
            _ => return Err(Error::new(ErrorKind::Stopped, 0)),
        };
        let kind = head
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let kind = kind.map_or(&b""[..], |(_, value)| value);
        let shown = String::from_utf8_lossy(kind);
        self.log.push(format!("{} {target} {shown}", head.method));
        let (format, at) = match target {
            _ if target.contains("form") => (Format::Form, "name"),
            _ => (Format::Json, "$.name"),
        };
        let plan = Plan::compile(format, [(at, PlaceId(0))]).unwrap();
        let rewriter = || plan.rewriter(ContentType::parse(kind).as_ref(), Limits::default());
        let lookup = target.contains("lookup");
        let headers = [("if-match".to_owned(), b"token".to_vec())];
        Ok(Decision {
            target: lookup.then(|| b"/replaced".to_vec()),
            headers: if lookup { headers.into() } else { Vec::new() },
            body: if target.contains("open") {
                None
            } else {
                let has_type = !kind.is_empty();
                has_type.then(rewriter).transpose()?
            },
        })
    }

    fn request_ended(&mut self) {
        self.open -= 1;
    }
}

impl Router {
    fn values(&self) -> usize {
        self.log.iter().filter(|line| line.starts_with('=')).count()
    }
}

fn way(text: &str) -> Way {
    Way::parse(text).unwrap()
}

/// Microsoft Graph's shape.
fn graph() -> Shape {
    Shape {
        method: way("$.method"),
        url: way("$.url"),
        headers: Headers::All(way("$.headers")),
        body: way("$.body"),
        encoding: None,
        base: None,
    }
}

fn encoded(encoding: Encoding) -> Shape {
    Shape {
        encoding: Some(encoding),
        ..graph()
    }
}

fn bundle() -> Shape {
    let condition = ("If-None-Exist".to_owned(), way("$.request.ifNoneExist"));
    Shape {
        method: way("$.request.method"),
        url: way("$.request.url"),
        headers: Headers::Each(vec![condition]),
        body: way("$.resource"),
        ..graph()
    }
}

fn plan(format: Format, at: &str, shape: Shape) -> Plan {
    let requests = Plan::requests(shape).unwrap();
    Plan::compile(format, [Selected::body(at, requests)]).unwrap()
}

type Outcome = Result<(String, Vec<String>), ErrorKind>;

fn feed<'a>(
    plan: &Plan,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    mut router: Router,
    limits: Limits,
) -> Outcome {
    let mut rewriter = plan
        .inner(&body::plan::Described::default(), limits)
        .unwrap();
    let mut out = Out::new();
    let mut body = Vec::new();
    let mut drain = |out: &mut Out| {
        out.fill(|_, plain| {
            plain.extend_from_slice(b"ans\"wered");
            true
        });
        while let Some(piece) = out.take() {
            body.extend_from_slice(&piece);
        }
    };
    for chunk in chunks {
        let chunk = Bytes::copy_from_slice(chunk);
        let pushed = rewriter.push(&chunk, &mut router, &mut out);
        pushed.map_err(|error| error.kind)?;
        drain(&mut out);
    }
    let finished = rewriter.finish(&mut router, &mut out);
    finished.map_err(|error| error.kind)?;
    drain(&mut out);
    assert!(out.is_empty() && router.open == 0);
    Ok((String::from_utf8(body).unwrap(), router.log))
}

/// The outcome, the same at every cut in two and byte by byte (I4).
fn rewrite_with(plan: &Plan, body: &str, router: impl Fn() -> Router) -> Outcome {
    let bytes = body.as_bytes();
    let run = |chunks: Vec<&[u8]>| feed(plan, chunks, router(), Limits::default());
    let whole = run(vec![bytes]);
    for at in 0..=bytes.len() {
        let cut = run(vec![&bytes[..at], &bytes[at..]]);
        assert_eq!(cut, whole, "cut at {at} of {body}");
    }
    assert_eq!(run(bytes.chunks(1).collect()), whole, "{body}");
    whole
}

fn rewrite(shape: Shape, body: &str) -> Outcome {
    let plan = plan(Format::Json, "$.requests[*]", shape);
    rewrite_with(&plan, body, Router::default)
}

fn one(shape: Shape, request: &str) -> Outcome {
    let (body, log) = rewrite(shape, &format!("{{\"requests\":[{request}]}}"))?;
    let body = body.strip_prefix("{\"requests\":[").unwrap();
    Ok((body.strip_suffix("]}").unwrap().to_owned(), log))
}

fn marked(name: &str) -> String {
    serde_json::to_string(&mark(name)).unwrap()
}

#[test]
fn i03_members_may_come_in_any_order_and_all_else_is_kept() {
    let members = [
        r#" "method" : "POST""#,
        r#" "u\u0072l": "/people?$top=1""#,
        r#" "headers":{"Content-Type":"application/json","x":"y"}"#,
        r#" "body":  {"n":1.0, "name": "a\u00e9", "o":["name"]}"#,
        r#" "id":"1","dependsOn":["2"]"#,
    ];
    for rotation in 0..members.len() {
        for swapped in [false, true] {
            let mut members = members;
            members.rotate_left(rotation);
            if swapped {
                members.reverse();
            }
            let before = format!("{{{} }}", members.join(","));
            let after = before.replace(r#""a\u00e9""#, &marked("aé"));
            let (done, log) = one(graph(), &before).unwrap();
            assert_eq!(done, after);
            assert_eq!(log, ["POST /people?$top=1 application/json", "=aé"]);
        }
    }
}

#[test]
fn each_request_goes_by_itself() {
    let requests = r#"{"v":1,"requests":[
        {"url":"/lookup/1","headers":{"IF-Match":"old","a":"b"},"method":"get"},
        {"body":{"name":"a"},"url":"people","method":"POST"},
        {"body":{"name":"b"},"url":"/open","method":"POST"},
        {"body":null,"url":"/people","method":"DELETE","headers":null},
        null ], "w":{"requests":[{"url":1}]}}"#;
    let (done, log) = rewrite(graph(), requests).unwrap();
    let expected = requests
        .replace(r#""/lookup/1""#, r#""/replaced""#)
        .replace(r#""old""#, r#""token""#)
        .replace(r#""a"},"url""#, &format!(r#"{}}},"url""#, marked("a")));
    assert_eq!(done, expected);
    let told = [
        "GET /lookup/1 ",
        "POST people application/json",
        "=a",
        "POST /open application/json",
        "DELETE /people ",
    ];
    assert_eq!(log, told);
    let pending = || Router {
        pending: true,
        ..Router::default()
    };
    let plan = plan(Format::Json, "$.requests[*]", graph());
    let (done, _) = rewrite_with(&plan, requests, pending).unwrap();
    assert!(done.contains(r#"{"name":"ans\"wered"}"#), "{done}");
}

#[test]
fn a_body_may_be_a_string_where_the_shape_says_what_it_holds() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let json = r#"{"name":"aé>?","n":1}"#;
    let after = json.replace(r#""aé>?""#, &marked("aé>?"));
    let request = |body: &str, kind: &str| {
        let body = serde_json::to_string(body).unwrap().replace('/', "\\/");
        // ServiceNow's headers are a list.
        format!(
            r#"{{"body":{body},"id":"1","headers":[{{"value":"{kind}","name":"Content-Type"}}],"url":"/people","method":"POST"}}"#
        )
    };
    let body = |done: &str| {
        let done: Value = serde_json::from_str(done).unwrap();
        done["body"].as_str().unwrap().to_owned()
    };
    let kind = "application/json";
    let (done, log) = one(
        encoded(Encoding::Base64),
        &request(&STANDARD.encode(json), kind),
    )
    .unwrap();
    assert_eq!(STANDARD.decode(body(&done)).unwrap(), after.as_bytes());
    assert_eq!(log, ["POST /people application/json", "=aé>?"]);
    let coded = request(&URL_SAFE_NO_PAD.encode(json), kind);
    let (done, _) = one(encoded(Encoding::Base64Url), &coded).unwrap();
    assert_eq!(
        URL_SAFE_NO_PAD.decode(body(&done)).unwrap(),
        after.as_bytes()
    );
    let (done, _) = one(encoded(Encoding::Text), &request(json, kind)).unwrap();
    assert_eq!(body(&done), after);
    let form = request("a=b&name=c", "application/x-www-form-urlencoded");
    let form = form.replace("/people", "/form");
    let (done, _) = one(encoded(Encoding::Text), &form).unwrap();
    let sent: Vec<_> = form_urlencoded::parse(body(&done).as_bytes())
        .into_owned()
        .collect();
    assert_eq!(sent[1], ("name".to_owned(), mark("c")));
    // What does not change keeps its spelling, and the empty string is no body.
    for same in [r#"{"n":1}"#, ""] {
        let same = request(&STANDARD.encode(same), kind);
        assert_eq!(one(encoded(Encoding::Base64), &same).unwrap().0, same);
    }
}

#[test]
fn entries_of_a_bundle_have_their_request_in_an_object() {
    let shape = bundle();
    let plan = plan(Format::Json, "$.entry[*]", shape);
    let before = r#"{"resourceType":"Bundle","entry":[
        {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","name":"a"},
         "request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=1"}},
        {"request":{"ifNoneExist":"x=1","method":"PUT","url":"Patient/lookup"}}]}"#;
    let (done, log) = rewrite_with(&plan, before, Router::default).unwrap();
    let expected = before
        .replace("\"a\"", &marked("a"))
        .replace("Patient/lookup", "/replaced");
    assert_eq!(done, expected);
    let told = ["POST Patient application/json", "=a", "PUT Patient/lookup "];
    assert_eq!(log, told);
}

#[test]
fn requests_are_found_by_filters_at_any_depth_in_lines_and_inside_of_values() {
    let request = r#"{"kind":"x","url":"/people","requests":[{"url":"/no"}],"body":{"name":"a"},"method":"PUT"}"#;
    let other = r#"{"kind":"y","body":{"name":"a"}}"#;
    let body = format!(r#"{{"a":{{"requests":[{other},{request}]}}}}"#);
    let after = body.replace(
        r#"{"name":"a"},"method""#,
        &format!(r#"{{"name":{}}},"method""#, marked("a")),
    );
    for at in ["$.a.requests[?@.kind == 'x']", "$..requests[1]"] {
        let plan = plan(Format::Json, at, graph());
        let done = rewrite_with(&plan, &body, Router::default).unwrap();
        assert_eq!(done.0, after, "{at}");
    }
    let lines = plan(Format::Ndjson, "$", graph());
    let body = format!("{request}\n\n{request}\r\n");
    let (done, log) = rewrite_with(&lines, &body, Router::default).unwrap();
    assert_eq!(done.matches(&marked("a")).count(), 2, "{done}");
    assert_eq!(log.len(), 4);
    let inner = plan(Format::Json, "$[*]", graph());
    let form = Plan::compile(Format::Form, [Selected::body("batch", inner)]).unwrap();
    let body = format!("a=b&batch=[{request}]").replace(' ', "+");
    let (done, _) = rewrite_with(&form, &body, Router::default).unwrap();
    let sent: Vec<_> = form_urlencoded::parse(done.as_bytes())
        .into_owned()
        .collect();
    let sent: Value = serde_json::from_str(&sent[1].1).unwrap();
    assert_eq!(sent[0]["body"]["name"], mark("a"));
}

#[test]
fn a_url_may_have_blanks_and_letters() {
    let request =
        |url: &str| format!(r#"{{"method":"GET","url":"{url}","headers":{{"if-match":"a"}}}}"#);
    let before = request("/people?$filter=name eq 'Zoë'");
    let (done, log) = one(graph(), &before).unwrap();
    assert_eq!(
        (done.as_str(), log[0].as_str()),
        (
            before.as_str(),
            "GET /people?$filter=name%20eq%20'Zo%C3%AB' ",
        )
    );
    for url in [
        "",
        " /people",
        "/people\u{a0}",
        "/a\\tb",
        "//h/a",
        "/a#b",
        "*",
        "$1/x",
        "/a/@{b.id}/c",
        "\\ud800",
    ] {
        assert!(one(graph(), &request(url)).is_err(), "{url}");
    }
}

#[test]
fn i05_what_readers_take_in_different_ways_is_refused() {
    let whole = r#"{"id":"1","method":"POST","url":"/people","body":{"name":"a"}}"#;
    assert!(one(graph(), whole).is_ok());
    for (from, to) in [
        // A member twice, or in another case: OData's library for .NET takes members in any case.
        (r#""id":"1""#, r#""url":"/open""#),
        (r#""id":"1""#, r#""URL":"/open""#),
        (r#""id":"1""#, r#""\u0055rl":"/open""#),
        (r#""id":"1""#, r#""Body":{"name":"b"}"#),
        (r#""body":{"#, r#""BODY":{"#),
        (r#""id":"1""#, r#""headers":{},"headers":{}"#),
        // Nothing to go by.
        (r#""method":"POST","#, ""),
        (r#""url":"/people","#, ""),
        (r#""/people""#, "null"),
        (r#""/people""#, "1"),
        (r#""POST""#, "[]"),
        (r#""POST""#, r#""PO ST""#),
        (r#""POST""#, r#""P\u00d6ST""#),
        // Headers that are read in two ways, and codings.
        (
            r#""id":"1""#,
            r#""headers":{"Content-Type":"application/json","content-type":"text/csv"}"#,
        ),
        (r#""id":"1""#, r#""headers":{"Content-Encoding":"gzip"}"#),
        (
            r#""id":"1""#,
            r#""headers":{"Transfer-Encoding":"chunked"}"#,
        ),
        (r#""id":"1""#, r#""headers":{"a":1}"#),
        (r#""id":"1""#, r#""headers":"a: b""#),
        (r#""id":"1""#, r#""headers":[{"name":"a"}]"#),
        (r#""id":"1""#, r#""headers":{"Content-Length":"12"}"#),
        (r#""id":"1""#, r#""headers":{"Content-MD5":"q=="}"#),
        // A body of another kind than is said.
        (r#""id":"1""#, r#""headers":{"content-type":"text/csv"}"#),
        (
            r#"{"name":"a"}"#,
            r#""name","headers":{"content-type":"application/json"}"#,
        ),
        (r#"{"name":"a"}"#, r#"{"name":["a"]}"#),
        (r#"{"name":"a"}"#, r#"{"name":"a","name":"b"}"#),
        (r#"{"name":"a"}"#, r#"{"name":"a""#),
    ] {
        let request = whole.replace(from, to);
        assert_ne!(request, whole);
        assert!(one(graph(), &request).is_err(), "{request}");
    }
    for element in [
        "[]",
        "1",
        "true",
        r#""POST /people""#,
        r#"[{"method":"GET","url":"/a"}]"#,
    ] {
        assert!(one(graph(), element).is_err(), "{element}");
    }
    // The list in another case, beside the right one or in its stead.
    for list in [
        format!(r#"{{"Requests":[{whole}]}}"#),
        format!(r#"{{"requests":[],"REQUESTS":[{whole}]}}"#),
        format!(r#"{{"requests":[],"reque\u017ft\u017f":[{whole}]}}"#),
        format!(r#"{{"requests":[],"requests":[{whole}]}}"#),
    ] {
        assert!(rewrite(graph(), &list).is_err(), "{list}");
    }
    let text =
        r#"{"method":"POST","url":"/people","headers":{"content-type":"application/json"},"body":"#;
    for body in [
        r#""e30!""#,
        r#""e31="#,
        r#"{"name":1}"#,
        r#""eyJuYW1lIjpbXX0=""#,
    ] {
        let request = format!("{text}{body}}}");
        let refused = one(encoded(Encoding::Base64), &request).is_err();
        assert!(refused || body.starts_with('{'), "{request}");
    }
    // An editor that knows of no routes refuses it.
    let plan = plan(Format::Json, "$.requests[*]", graph());
    let rewriter = plan.inner(&body::plan::Described::default(), Limits::default());
    let body = format!(r#"{{"requests":[{whole}]}}"#);
    let done = harness::feed(
        rewriter.unwrap(),
        harness::Marker::default(),
        [body.as_bytes()],
    );
    assert_eq!(done, Err(ErrorKind::Unroutable));
}

#[test]
fn a_shape_means_each_member_once() {
    let mut same = graph();
    same.body = way("$.url");
    let mut inside = bundle();
    inside.body = way("$.request");
    for shape in [same, inside] {
        assert!(Plan::requests(shape).is_err());
    }
    assert_eq!(Plan::requests(graph()), Plan::requests(graph()));
    assert_ne!(Plan::requests(graph()), Plan::requests(bundle()));
}

#[test]
fn i13_a_request_is_held_up_to_the_limit() {
    let plan = plan(Format::Json, "$.requests[*]", graph());
    let limits = Limits {
        value: 2000,
        ..Limits::default()
    };
    let body = |length: usize| {
        let request = format!(
            r#"{{"method":"POST","url":"/open","x":"{}"}}"#,
            "y".repeat(length)
        );
        format!(r#"{{"requests":[{request},{request}]}}"#)
    };
    for step in [7, 5000] {
        let run = |body: &str| {
            feed(
                &plan,
                body.as_bytes().chunks(step),
                Router::default(),
                limits,
            )
        };
        assert!(run(&body(1900)).is_ok());
        let too_long = Err(ErrorKind::ValueTooLong { limit: 2000 });
        assert_eq!(run(&body(2000)), too_long);
    }
}

/// What a batch becomes, by an independent parser.
fn expected(batch: &Value) -> Value {
    let mut batch = batch.clone();
    for request in batch["requests"].as_array_mut().unwrap() {
        if request["url"] != "/open" && request["body"]["name"].is_string() {
            let name = request["body"]["name"].as_str().unwrap().to_owned();
            if !name.is_empty() {
                request["body"]["name"] = mark(&name).into();
            }
        }
    }
    batch
}

fn request() -> impl Strategy<Value = Value> {
    let noise = prop::collection::vec(("[a-e\"\\\\{}é]{1,4}", "\\PC{0,6}"), 0..3);
    let url = prop::sample::select(vec!["/people", "/open"]);
    (url, "\\PC{0,8}", noise, any::<u64>()).prop_map(|(url, name, noise, order)| {
        let mut inner = Map::new();
        for (key, value) in &noise {
            inner.insert(key.clone(), json!([value, { "name": value }]));
        }
        inner.insert("name".to_owned(), name.into());
        let mut members = vec![
            ("method".to_owned(), json!("POST")),
            ("url".to_owned(), json!(url)),
            ("body".to_owned(), Value::Object(inner)),
        ];
        members.extend(
            noise
                .into_iter()
                .map(|(key, value)| (format!("x{key}"), value.into())),
        );
        let length = members.len();
        members.rotate_left(order as usize % length);
        Value::Object(members.into_iter().collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i04_any_batch_is_read_as_the_oracle_reads_it_in_any_chunks(
        requests in prop::collection::vec(request(), 0..4),
        pretty: bool,
        offsets in prop::collection::vec(0..4096usize, 0..12),
    ) {
        let batch = json!({ "a": 1, "requests": requests });
        let text = match pretty {
            true => serde_json::to_string_pretty(&batch).unwrap(),
            false => batch.to_string(),
        };
        let plan = plan(Format::Json, "$.requests[*]", graph());
        let run = |chunks: Vec<&[u8]>| feed(&plan, chunks, Router::default(), Limits::default());
        let (done, log) = run(vec![text.as_bytes()]).unwrap();
        let done_value: Value = serde_json::from_str(&done).unwrap();
        prop_assert_eq!(done_value, expected(&batch));
        prop_assert_eq!(run(harness::cut(text.as_bytes(), &offsets)), Ok((done, log)));
    }
}
