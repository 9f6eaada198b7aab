//! CSV: cells of protected columns change, all else stays, at every chunking; what readers read differently is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::reveal::At;
use body::{Edit, Editor, Error, ErrorKind, Format, Found, Limits, Out, Plan, Rewriter, Selected};
use bytes::Bytes;
use harness::{Marker, Rewritten, at_every_split, cut, feed, limits, mark, places};
use proptest::prelude::*;

fn plan(selectors: &[&str]) -> Plan {
    Plan::compile(Format::Csv, places(selectors)).unwrap()
}

fn rewriter(plan: &Plan, limits: Limits) -> Box<dyn Rewriter> {
    let content_type = ContentType::parse(b"text/csv; charset=utf-8; header=present");
    plan.rewriter(content_type.as_ref(), limits).unwrap()
}

fn rewrite(selectors: &[&str], body: &str) -> Result<Rewritten, ErrorKind> {
    let plan = plan(selectors);
    at_every_split(|| rewriter(&plan, limits()), body.as_bytes())
}

/// A value as it is written into a cell.
fn cell(text: &str) -> String {
    format!("\"{}\"", mark(text).replace('"', "\"\""))
}

fn syntax(outcome: &Result<Rewritten, ErrorKind>) -> bool {
    matches!(outcome, Err(ErrorKind::Syntax { .. }))
}

#[test]
fn i03_all_but_the_cells_of_protected_columns_stays_as_it_came() {
    let body = "\u{feff}id,\"name\",note\r\n1,Anne,\"a, \"\"b\"\"\r\nc\"\n\n2,\"Roy, \"\"X\"\"\",é\r\n3,,x\r\n4,\"\",y\n5\n6,Zoé";
    let done = rewrite(&["name"], body).unwrap();
    assert_eq!(done.texts(), ["Anne", "Roy, \"X\"", "Zoé"]);
    let expected = body
        .replace("Anne", &cell("Anne"))
        .replace("\"Roy, \"\"X\"\"\"", &cell("Roy, \"X\""))
        .replace("Zoé", &cell("Zoé"));
    assert_eq!(done.text(), expected);
}

#[test]
fn every_separator_and_line_end_is_read() {
    for separator in [',', ';', '\t', '|', '^', '`'] {
        for end in ["\n", "\r\n", "\r"] {
            let row = |cells: [&str; 3]| cells.join(&separator.to_string()) + end;
            let body = row(["a", "b", "c"]) + &row(["1", "\"2\n\r\"", "3"]) + &row(["", "5", "6"]);
            let done = rewrite(&["b", "c"], &body).unwrap();
            assert_eq!(done.texts(), ["2\n\r", "3", "5", "6"], "{body:?}");
        }
    }
}

#[test]
fn a_plan_that_counts_columns_takes_every_row_for_data() {
    let done = rewrite(&["#2"], "\u{feff}1;Anne\n2;Roy;x\n3\n").unwrap();
    assert_eq!(done.texts(), ["Anne", "Roy"]);
    assert_eq!(
        rewrite(&["#1"], "\u{feff}\"Anne\"\nRoy\n").unwrap().texts(),
        ["Anne", "Roy"]
    );
    let done = rewrite(&["#2", "id"], "id;name\n2;Roy\n").unwrap();
    assert_eq!(
        done.texts(),
        ["2", "Roy"],
        "one name makes the first row a header"
    );
    let done = rewrite(&["#1", "#2"], "\n\na,b\nc,d").unwrap();
    assert_eq!(done.texts(), ["a", "b", "c", "d"]);
}

#[test]
fn what_tells_the_separator_is_believed() {
    let done = rewrite(&["name"], "sep=;\r\nid;name\r\n1;Roy, Zoé\r\n").unwrap();
    assert_eq!(done.texts(), ["Roy, Zoé"]);
    assert!(syntax(&rewrite(&["name"], "sep=:\nid:name\n")));
    let plan = plan(&["#2"]);
    let kind = ContentType::parse(b"text/tab-separated-values").unwrap();
    let tabs = || plan.rewriter(Some(&kind), limits()).unwrap();
    let done = at_every_split(tabs, b"1,2;3\tRoy, Zo\n").unwrap();
    assert_eq!(done.texts(), ["Roy, Zo"]);
}

#[test]
fn a_body_without_a_protected_column_passes_unread() {
    for body in [
        "",
        "\n",
        "id,city\n1,\"x\"y\n\"",
        "\u{feff}",
        "\u{feff}\r\n",
        "id",
        "a\n\u{0}",
    ] {
        assert_eq!(rewrite(&["name"], body).unwrap().text(), body);
    }
}

#[test]
fn one_column_has_no_separator() {
    let done = rewrite(&["name"], "name\nRoy\n\"Roy, Z;\"\n\nAnne Roy").unwrap();
    assert_eq!(done.texts(), ["Roy", "Roy, Z;", "Anne Roy"]);
    for row in ["Roy, Z", "Roy; Z", "Roy\tZ", "a|b"] {
        assert!(
            syntax(&rewrite(&["name"], &format!("name\n{row}\n"))),
            "{row}"
        );
        assert!(syntax(&rewrite(&["#1"], &format!("x\n{row}\n"))), "{row}");
    }
}

#[test]
fn i05_what_readers_read_differently_is_refused() {
    for body in [
        "name,b\nx,5\" y\n",
        "name,b\n\"x\"y,1\n",
        "name,b\n\"x\" ,1\n",
        "name,b\nx, \"y\"\n",
        "name,b\n\"x\\\"\",1\n",
        "name,b\n\"x",
        "name,b\nx,\"y\n",
        "name,b\nx\ry,z\n",
        "name,b\nx,y\r",
        "name,b\rx\ny,z\r",
        "name,b\nRoy, Z,1\n",
        "name;b,c\nx;1;2\n1;2;3",
        "Name,b\nx,y\n",
        " name,b\nx,y\n",
    ] {
        assert!(syntax(&rewrite(&["name"], body)), "{body:?}");
    }
    assert_eq!(
        rewrite(&["name"], "name,b,name\n"),
        Err(ErrorKind::DuplicateKey)
    );
    assert_eq!(
        rewrite(&["name"], "name,b\nx\0,y\n"),
        Err(ErrorKind::Charset)
    );
    assert!(
        rewrite(&["name"], "name,b\nx,y\0\n").is_ok(),
        "nobody reads this cell"
    );
    let plan = plan(&["name"]);
    let bytes = |body: &[u8]| at_every_split(|| rewriter(&plan, limits()), body);
    assert_eq!(
        bytes(b"name,b\nx\xe9,y\n").map(|_| ()),
        Err(ErrorKind::Charset)
    );
    assert!(bytes(b"name,b\nx,\xe9\n").is_ok());
    let kind = ContentType::parse(b"text/csv").unwrap();
    let undeclared = || plan.rewriter(Some(&kind), limits()).unwrap();
    let wide = b"n\0a\0m\0e\0\n\0x\0";
    assert_eq!(
        feed(undeclared(), Marker::default(), [wide.as_slice()]),
        Err(ErrorKind::Charset)
    );
}

#[test]
fn what_excel_calls_unicode_text_is_rewritten_in_its_charset() {
    let kind = ContentType::parse(b"text/csv").unwrap();
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let plan = plan(&["name"]);
    let body = wide("\u{feff}id\tname\r\n1\tZoé\r\n");
    let undeclared = || plan.rewriter(Some(&kind), limits()).unwrap();
    let done = at_every_split(undeclared, &body).unwrap();
    assert_eq!(done.texts(), ["Zoé"]);
    let expected = format!("\u{feff}id\tname\r\n1\t{}\r\n", cell("Zoé"));
    assert_eq!(done.body, wide(&expected));
}

#[test]
fn i13_limits_are_kept_and_say_so() {
    let plan = plan(&["name"]);
    let limits = Limits {
        value: 4,
        lookahead: 9,
        ..Limits::default()
    };
    let within = |body: &str| at_every_split(|| rewriter(&plan, limits), body.as_bytes());
    assert!(within("name,note\r\n1234,123456789\r\n\"12\",\n1234\r\n").is_ok());
    let too_long = Err(ErrorKind::ValueTooLong { limit: 4 });
    for row in [
        "12345,x\n",
        "12345",
        "\"123\",\n",
        "\"123\"x,\n",
        "12345\r\n",
        "12345\rx\n",
    ] {
        assert_eq!(within(&format!("name,note\n{row}")), too_long, "{row}");
    }
    assert_eq!(
        within("name,notes\n"),
        Err(ErrorKind::Lookahead { limit: 9 })
    );
    assert_eq!(within("name,notes"), Err(ErrorKind::Lookahead { limit: 9 }));
    assert!(within("name,note").is_ok());
}

#[test]
fn a_value_is_chosen_by_its_sibling() {
    let body = "record;field_name;value\n1;last_name;Roy\n1;city;Sept-Îles\n2;\"last_name\";\"Zoé\"\n3;phone;5\n;;\n4";
    let done = rewrite(
        &[
            "value[?field_name == 'last_name']",
            "value[?field_name=='phone']",
        ],
        body,
    )
    .unwrap();
    assert_eq!(done.texts(), ["Roy", "Zoé", "5"]);
    let places: Vec<_> = done.seen.iter().map(|(place, ..)| *place).collect();
    assert_eq!(places, [0, 0, 1]);
    let expected = body
        .replace("Roy", &cell("Roy"))
        .replace("\"Zoé\"", &cell("Zoé"))
        .replace(";5", &format!(";{}", cell("5")));
    assert_eq!(done.text(), expected);
    let counted = rewrite(&["#1[?#2=='n']"], "Roy,n\r\nx,y\r\nZoé,n\r").unwrap_err();
    assert!(matches!(counted, ErrorKind::Syntax { .. }));
    let counted = rewrite(&["#1[?#2=='n']"], "Roy,n\r\nx,y\r\nZoé,n").unwrap();
    assert_eq!(
        counted.texts(),
        ["Roy", "Zoé"],
        "the line end is no part of a sibling"
    );
}

/// Remembers what stood beside.
#[derive(Default)]
struct Neighbours(Vec<(String, Vec<Option<String>>)>);

impl Editor for Neighbours {
    fn value(&mut self, found: Found<'_>, _: &mut Vec<u8>) -> Result<Edit, Error> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let beside = found.beside.iter().map(|value| value.map(text)).collect();
        self.0.push((text(found.text), beside));
        Ok(Edit::Keep)
    }
}

#[test]
fn a_value_comes_with_its_siblings_from_both_sides() {
    let selected = Selected {
        beside: vec!["id", "#3", "absent"],
        ..Selected::new("name", body::PlaceId(0))
    };
    let plan = Plan::compile(Format::Csv, [selected]).unwrap();
    let mut editor = Neighbours::default();
    let mut out = Out::new();
    let mut rewriter = rewriter(&plan, limits());
    for piece in b"id,name,mrn\n1,Anne,\"a\"\"b\"\r\n,Roy,\n3,Zo".chunks(2) {
        rewriter
            .push(&Bytes::copy_from_slice(piece), &mut editor, &mut out)
            .unwrap();
    }
    rewriter.finish(&mut editor, &mut out).unwrap();
    let beside = |id: Option<&str>, mrn: Option<&str>| {
        vec![id.map(str::to_owned), mrn.map(str::to_owned), None]
    };
    assert_eq!(
        editor.0,
        [
            ("Anne".to_owned(), beside(Some("1"), Some("a\"b"))),
            ("Roy".to_owned(), beside(None, None)),
            ("Zo".to_owned(), beside(Some("3"), None)),
        ]
    );
}

#[test]
fn i13_a_row_whose_values_hang_together_is_held_within_the_limit() {
    let plan = plan(&["v[?f=='n']"]);
    let limits = Limits {
        lookahead: 12,
        ..Limits::default()
    };
    let within = |body: &str| at_every_split(|| rewriter(&plan, limits), body.as_bytes());
    assert_eq!(
        within("f,v\nn,1234567890\nn,1\n").unwrap().texts(),
        ["1234567890", "1"]
    );
    let too_long = Err(ErrorKind::Lookahead { limit: 12 });
    assert_eq!(within("f,v\nn,12345678901\nn,1\n"), too_long);
    assert_eq!(within("f,v\nn,1\nx,12345678901"), too_long);
    assert_eq!(within("f,v\nn,12345678901x\"\nn,1\n"), too_long);
    assert!(syntax(&within("f,v\nn,123456789x\"1\n")));
}

#[test]
fn the_apostrophe_before_a_formula_is_taken_off() {
    let done = rewrite(&["a"], "a,b\n'=1+1,'=1\n\"'-x\",\n'+1 418,\n'x,\n''=1,").unwrap();
    assert_eq!(done.texts(), ["=1+1", "-x", "+1 418", "'x", "'=1"]);
}

#[test]
fn holes_are_filled_in_the_quotes_that_their_text_needs() {
    let plan = plan(&["b"]);
    let editor = Marker {
        pending: true,
        ..Marker::default()
    };
    let body = b"a,b\n1,abc\n2,\"d\"\n";
    let done = feed(rewriter(&plan, limits()), editor, body.chunks(3)).unwrap();
    assert_eq!(done.text(), "a,b\n1,answer3\n2,\"answer1\"\n");
}

#[test]
fn a_cell_may_hold_a_body() {
    let inside = Plan::compile(Format::Json, places(&["$.n"])).unwrap();
    let plan = Plan::compile(Format::Csv, [Selected::body("data", inside)]).unwrap();
    let body = "id,data\n1,\"{\"\"n\"\":\"\"Roy\"\",\"\"x\"\":1}\"\n2,{}\n";
    let done = at_every_split(|| rewriter(&plan, limits()), body.as_bytes()).unwrap();
    assert_eq!(done.texts(), ["Roy"]);
    let rows: Vec<_> = csv::Reader::from_reader(done.body.as_slice())
        .into_records()
        .map(|row| row.unwrap().get(1).unwrap().to_owned())
        .collect();
    let read: serde_json::Value = serde_json::from_str(&rows[0]).unwrap();
    assert_eq!(read, serde_json::json!({"n": mark("Roy"), "x": 1}));
    assert_eq!(rows[1], "{}");
}

/// Reads an answer at named places.
fn reveal(selectors: &[&str], body: &[u8], size: usize) -> String {
    let mut at = At::new(&plan(selectors), limits()).unwrap();
    let mut editor = Marker::default();
    let mut out = Out::new();
    let mut written = Vec::new();
    for piece in body.chunks(size) {
        at.push(&Bytes::copy_from_slice(piece), &mut editor, &mut out);
    }
    at.finish(&mut editor, &mut out);
    while let Some(piece) = out.take() {
        written.extend_from_slice(&piece);
    }
    String::from_utf8_lossy(&written).into_owned()
}

#[test]
fn in_answers_nothing_fails() {
    for (body, expected) in [
        (
            "name,b\nx,y,z\n1,2",
            format!("name,b\n{},y,z\n{},2", cell("x"), cell("1")),
        ),
        (
            "name,b\nx,5\"\n1,2",
            format!("name,b\n{},5\"\n1,2", cell("x")),
        ),
        ("name,b\n\"x", "name,b\n\"x".to_owned()),
        ("name,name\nx,y", format!("name,name\n{},y", cell("x"))),
        ("Name,b\nx,y", "Name,b\nx,y".to_owned()),
        (
            "name,b\nx\0,y\n1,2",
            format!("name,b\nx\0,y\n{},2", cell("1")),
        ),
        ("\"name", "\"name".to_owned()),
    ] {
        for size in 1..=body.len() {
            assert_eq!(
                reveal(&["name"], body.as_bytes(), size),
                expected,
                "{body:?} by {size}"
            );
        }
    }
}

#[test]
fn i08_what_is_revealed_is_no_formula() {
    struct Opens;
    impl Editor for Opens {
        fn value(&mut self, _: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
            replacement.extend_from_slice(b"=HYPERLINK(1)");
            Ok(Edit::Replace)
        }
    }
    let mut at = At::new(&plan(&["a"]), limits()).unwrap();
    let mut out = Out::new();
    at.push(&Bytes::from_static(b"a;b\nx;\"y\"\n"), &mut Opens, &mut out);
    at.finish(&mut Opens, &mut out);
    let mut written = Vec::new();
    while let Some(piece) = out.take() {
        written.extend_from_slice(&piece);
    }
    assert_eq!(written, b"a;b\n'=HYPERLINK(1);\"y\"\n");
}

fn tables() -> impl Strategy<Value = (Vec<Vec<String>>, u8, bool, bool)> {
    let rows = (1..6_usize).prop_flat_map(|width| {
        let cell = "[ab'=,;|\t\"\r\n é]{0,4}|[a-z]{70}";
        prop::collection::vec(prop::collection::vec(cell, width), 0..12)
    });
    let separator = prop::sample::select(b",;\t|".to_vec());
    (rows, separator, any::<bool>(), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i04_an_independent_reader_reads_what_was_written(
        (rows, separator, quoted, returns) in tables(),
        offsets in prop::collection::vec(0..4096usize, 0..8),
        protected in prop::collection::vec(any::<bool>(), 6),
    ) {
        let width = rows.first().map_or(1, Vec::len);
        let style = if quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let ends = if returns { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator)
            .quote_style(style)
            .terminator(ends)
            .from_writer(Vec::new());
        let header: Vec<_> = (0..width).map(|column| format!("c{column}")).collect();
        writer.write_record(&header).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let body = writer.into_inner().unwrap();
        let selected: Vec<_> = header
            .iter()
            .zip(&protected)
            .filter_map(|(name, protected)| protected.then_some(name.as_str()))
            .collect();
        let plan = plan(&selected);
        let whole = feed(rewriter(&plan, limits()), Marker::default(), [body.as_slice()]);
        let split = feed(rewriter(&plan, limits()), Marker::default(), cut(&body, &offsets));
        prop_assert_eq!(&whole, &split);
        let bare = |text: &String| text.contains([',', ';', '|', '\t']) && !quoted;
        let Ok(whole) = whole else {
            // One column, whose bare values hold what may part cells.
            prop_assert!(width == 1 && rows.iter().flatten().any(bare));
            return Ok(());
        };
        let read: Vec<Vec<String>> = csv::ReaderBuilder::new()
            .delimiter(separator)
            .from_reader(whole.body.as_slice())
            .into_records()
            .map(|row| row.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let taken_off = |text: &str| match text.strip_prefix('\'') {
            Some(rest) if rest.trim_start_matches('\'').starts_with(['=', '\t', '\r']) => rest.to_owned(),
            _ => text.to_owned(),
        };
        let expected: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                row.iter()
                    .zip(&protected)
                    .map(|(text, protected)| match (protected, text.is_empty()) {
                        (true, false) => mark(&taken_off(text)),
                        _ => text.clone(),
                    })
                    .collect()
            })
            .collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn i04_many_way_splits_of_anything_give_the_same(
        body in "(a|b|,|;|\"|\"\"|\\\\|\n|\r|\r\n|é|[x-z]{60}){0,40}",
        offsets in prop::collection::vec(0..4096usize, 0..8),
        whole_rows in any::<bool>(),
    ) {
        let selectors: &[&str] = if whole_rows { &["#2[?#1=='a']", "#3"] } else { &["#2", "#3"] };
        let plan = plan(selectors);
        let whole = feed(rewriter(&plan, limits()), Marker::default(), [body.as_bytes()]);
        let split = feed(rewriter(&plan, limits()), Marker::default(), cut(body.as_bytes(), &offsets));
        prop_assert_eq!(whole, split);
    }
}
