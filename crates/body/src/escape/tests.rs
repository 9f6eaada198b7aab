use super::*;

fn written(escape: &Escape, value: &str) -> String {
    let mut out = Vec::new();
    escape.write(value.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn numbers_are_those_of_json() {
    for good in ["0", "-0", "42", "1.50", "1e9", "-1.2E-3"] {
        assert!(is_number(good.as_bytes()), "{good}");
    }
    for bad in [
        "", "01", "+1", "1.", ".5", "1e", "0x1", "NaN", "1 ", "1,5", "--1",
    ] {
        assert!(!is_number(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn layers_are_written_from_the_inside_out() {
    let escape = Escape::Html.within(Escape::Json);
    assert_eq!(
        written(&escape, "<b>\""),
        "\\u0026lt;b\\u0026gt;\\u0026quot;"
    );
    assert_eq!(written(&Escape::Plain.within(Escape::Json), "\""), "\\\"");
    let twice = Escape::JsonWhole(ValueType::Number).within(Escape::Json);
    assert_eq!(written(&twice, "42"), "42");
    assert_eq!(written(&twice, "4 2"), "\\\"4 2\\\"");
}

#[test]
fn a_charset_writes_references_for_what_it_cannot_hold() {
    let latin = Charset::of("ISO-8859-1").unwrap();
    let mut out = Vec::new();
    assert_eq!(
        Escape::Html
            .in_charset(latin)
            .write("é‱<".as_bytes(), &mut out),
        1
    );
    assert_eq!(out, b"\xe9&#8241;&lt;");
    out.clear();
    assert_eq!(
        Escape::Json
            .in_charset(latin)
            .write("é😀".as_bytes(), &mut out),
        1
    );
    assert_eq!(out, b"\\u00e9\\ud83d\\ude00");
    out.clear();
    assert_eq!(
        Escape::Plain
            .in_charset(latin)
            .write("é😀".as_bytes(), &mut out),
        1
    );
    assert_eq!(out, b"\xe9?");
    out.clear();
    assert_eq!(
        Escape::Html
            .in_charset(Charset::Undeclared)
            .write("é".as_bytes(), &mut out),
        0
    );
    assert_eq!(out, b"&#233;");
}

#[test]
fn charsets_are_known_by_their_labels() {
    for label in ["iso-2022-jp", "hz-gb-2312", "no-such"] {
        assert_eq!(Charset::of(label), None, "{label}");
    }
    assert_eq!(Charset::of("\"UTF-8\""), Some(Charset::Utf8));
    for label in ["utf-16", "utf-16be", "shift_jis", "gbk"] {
        let charset = Charset::of(label);
        assert!(matches!(charset, Some(Charset::Within(_))), "{label}");
    }
}

#[test]
fn a_wide_charset_is_written_in_its_units() {
    let wide = Charset::Of(encoding_rs::UTF_16LE);
    let mut out = Vec::new();
    let escape = Escape::Json.in_charset(Charset::Within(encoding_rs::UTF_16LE));
    assert_eq!(escape.in_charset(wide).write("é\"".as_bytes(), &mut out), 0);
    let text = char::decode_utf16(
        out.chunks(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]])),
    );
    assert_eq!(text.collect::<Result<String, _>>().unwrap(), "\\u00e9\\\"");
    out.clear();
    let narrow = Charset::Within(encoding_rs::SHIFT_JIS);
    assert_eq!(
        Escape::Html
            .in_charset(narrow)
            .write("日é<".as_bytes(), &mut out),
        1
    );
    assert_eq!(out, "日&#233;&lt;".as_bytes());
}

#[test]
fn formulas_are_disarmed_and_numbers_are_not_formulas() {
    let cell = |value_type| Escape::Cell {
        starts: true,
        quoted: true,
        value_type,
    };
    assert_eq!(
        written(&cell(ValueType::String), "=1+\"1\""),
        "'=1+\"\"1\"\""
    );
    assert_eq!(written(&cell(ValueType::Number), "-12.5"), "-12.5");
    assert_eq!(written(&cell(ValueType::Number), "-1+1"), "'-1+1");
}

#[test]
fn i08_a_value_cannot_hold_the_delimiter_of_its_part() {
    let escape = Escape::Part(Arc::from(&b"b7"[..]));
    assert_eq!(written(&escape, "x\r\n--b7--"), "x\r\n-- b7--");
}

#[test]
fn malformed_values_are_mended() {
    let mut out = Vec::new();
    Escape::Json.write(b"a\xff\"", &mut out);
    assert_eq!(out, "a\u{fffd}\\\"".as_bytes());
}
