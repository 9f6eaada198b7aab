//! Query languages on generated statements: no protected value leaves, nothing else changes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;
mod language_support;

use std::fmt::Write;

use body::language::Language::{self, *};
use body::{Comparison, ErrorKind, Limits};
use harness::{at_every_split, mark};
use language_support::{Tokens, plan, rewrite};
use proptest::prelude::*;

/// How a test spells a text in quotes; it shares no code with the product.
fn spell(language: Language, text: &str) -> String {
    let escaped = |set: &str| {
        let mut out = String::new();
        for character in text.chars() {
            if set.contains(character) {
                out.push('\\');
            }
            out.push(character);
        }
        out
    };
    match language {
        Odata | OdataExpand | OdataApply => format!("'{}'", text.replace('\'', "''")),
        Soql | Quickbooks | Drive | Airtable | Stripe => format!("'{}'", escaped("'\\")),
        Jql | Cql => format!("\"{}\"", escaped("\"\\")),
        Fetchxml => {
            let coded = |character: char| match character {
                '<' | '>' | '&' | '\'' | '"' | '\n' => format!("&#{};", u32::from(character)),
                _ => character.to_string(),
            };
            format!("'{}'", text.chars().map(coded).collect::<String>())
        }
        Sosl => escaped("?&|!{}[]()^~*:\\\"'+-"),
        Redcap => format!("'{text}'"),
        Xero | Gmail | Kql => format!("\"{text}\""),
        Gviz => format!("'{text}'"),
        FhirSearch => {
            let escaped = escaped("\\,|$");
            form_urlencoded::byte_serialize(escaped.as_bytes()).collect()
        }
        _ => text.to_owned(),
    }
}

/// A statement with a value at a protected field, and its two halves around the literal.
fn around(language: Language) -> (&'static [&'static str], &'static str, &'static str) {
    match language {
        Soql => (
            &["LastName"],
            "SELECT Id FROM Contact WHERE (LastName = ",
            " OR Kept = 'LastName=') LIMIT 5",
        ),
        Sosl => (&["FIND"], "FIND {", "} RETURNING Contact(Id)"),
        Quickbooks => (
            &["DisplayName"],
            "select * from Customer where Id = '7' and DisplayName = ",
            " maxresults 5",
        ),
        Jql | Cql => (
            &["summary"],
            "project = A and summary = ",
            " ORDER BY created",
        ),
        Odata => (
            &["lastname"],
            "(kept eq 'lastname') or lastname eq ",
            " and x gt 5",
        ),
        OdataExpand => (
            &["contacts/lastname"],
            "owner,contacts($filter=lastname eq ",
            ";$top=5),kept",
        ),
        OdataApply => (
            &["lastname"],
            "filter(kept eq 'lastname' or lastname eq ",
            ")/groupby((kept))",
        ),
        Fetchxml => (
            &["lastname"],
            "<fetch><entity name='contact'><filter><condition attribute='kept' operator='eq' value='lastname'/><condition attribute='lastname' operator='eq' value=",
            "/></filter></entity></fetch>",
        ),
        Kql => (&["subject"], "kept:subject1 subject=", " AND size>5"),
        Gviz => (
            &["B"],
            "select A where C = 'B' and B = ",
            " order by A label A 'B'",
        ),
        Sysparm => (&["last_name"], "active=true^last_name=", "^ORDERBYnumber"),
        Airtable => (&["Full name"], "OR({Kept}='x', {Full name}=", ")"),
        Drive => (
            &["name"],
            "trashed = false and name = ",
            " or kept contains 'y'",
        ),
        Gmail => (
            &["subject"],
            "from:kept@example.org subject:",
            " has:attachment",
        ),
        Stripe => (&["name"], "kept:'name' AND name:", " AND created>5"),
        Xero => (&["Name"], "Kept!=null AND Name==", " AND Status==\"x\""),
        Redcap => (&["name"], "[kept] > 5 and [name] = ", " or [x] <> ''"),
        FhirSearch => (
            &["family"],
            "Patient?_count=5&family:exact=",
            "&kept=family",
        ),
        _ => panic!("a language without a statement here"),
    }
}

/// Texts that try to end their literal, and to begin something else.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("''".to_owned()),
        Just("\\'".to_owned()),
        Just("' OR '1'='1".to_owned()),
        Just("^ORlast_name=x".to_owned()),
        Just("/*".to_owned()),
        Just("--".to_owned()),
        Just("#".to_owned()),
        Just("){}".to_owned()),
        Just("%_".to_owned()),
        Just("\n".to_owned()),
        "[a-zé😀 ,.:;@!?&|*+()\\[\\]{}<>=-]{0,6}",
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// How a value may be spelled in what leaves.
fn encodings(value: &str) -> Vec<String> {
    let mut all = vec![value.to_owned()];
    let hex: String = value.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    all.push(hex);
    all.push(value.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "%{byte:02X}");
        hex
    }));
    all.push(value.chars().rev().collect());
    all.push(value.to_uppercase());
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn i01_no_value_leaves_whatever_stands_in_it(before in hostile(), after in hostile()) {
        let value = format!("{before}Zq7Xw9{after}");
        for &language in Language::ALL {
            // What ends a literal of these has no other spelling: a client cannot ask for it.
            let unspelled = match language {
                Sysparm => "^",
                Xero | Redcap | Gmail | Kql | Gviz => "'\"\\",
                _ => "",
            };
            if value.contains(|character| unspelled.contains(character)) {
                continue;
            }
            let (fields, start, end) = around(language);
            let statement = format!("{start}{}{end}", spell(language, &value));
            let plan = plan(language, fields);
            let mut editor = Tokens::default();
            match rewrite(&plan, &statement, &mut editor) {
                Ok(left) => {
                    for spelled in encodings("Zq7Xw9") {
                        prop_assert!(!left.contains(&spelled), "{language:?} {statement} -> {left}");
                    }
                    prop_assert!(editor.seen.iter().any(|(.., text)| text.contains("Zq7Xw9")));
                }
                Err(error) => prop_assert!(
                    matches!(error, ErrorKind::Syntax { .. }),
                    "{language:?} {statement}: {error:?}"
                ),
            }
        }
    }

    #[test]
    fn i03_all_but_the_literal_is_kept(before in hostile(), after in hostile()) {
        let value = format!("{before}Zq7Xw9{after}");
        // These have a spelling for every text.
        for language in [Soql, Odata, OdataExpand, OdataApply, Fetchxml, Drive, Airtable, Stripe, Jql] {
            if language == Jql && value.contains('\n') {
                continue;
            }
            let (fields, start, end) = around(language);
            let statement = format!("{start}{}{end}", spell(language, &value));
            let mut editor = Tokens::default();
            let left = rewrite(&plan(language, fields), &statement, &mut editor);
            let quote = if language == Jql { '"' } else { '\'' };
            prop_assert_eq!(left, Ok(format!("{start}{quote}tok{quote}{end}")), "{:?}", language);
            let seen: Vec<_> = editor.seen.iter().map(|(_, how, text)| (*how, text.as_str())).collect();
            prop_assert_eq!(seen, [(Comparison::Equal, value.as_str())]);
        }
    }

    #[test]
    fn i05_an_expression_is_read_wholly_or_refused(tree in logic()) {
        for language in [Soql, Quickbooks, Jql, Odata, Airtable, Drive, Xero, Redcap] {
            let (fields, words) = dialect(language);
            let statement = format!("{}{}", words.start, tree.print(&words));
            let mut editor = Tokens { others: vec!["old"], ..Tokens::default() };
            let Ok(left) = rewrite(&plan(language, fields), &statement, &mut editor) else {
                continue;
            };
            prop_assert!(!left.contains("SECRET"), "{language:?} {statement} -> {left}");
            prop_assert_eq!(left.matches("plain").count(), statement.matches("plain").count());
        }
    }

    #[test]
    fn nothing_that_is_no_statement_panics(text in "\\PC{0,40}", start in 0..4usize) {
        for &language in Language::ALL {
            let (fields, begin, end) = around(language);
            let statement = match start {
                0 => text.clone(),
                1 => format!("{begin}{text}"),
                2 => format!("{begin}{text}{end}"),
                _ => format!("{text}{end}"),
            };
            let _ = rewrite(&plan(language, fields), &statement, &mut Tokens::default());
        }
    }
}

/// A comparison or several. Where a comparison has a protected field, its literals are secret.
#[derive(Clone, Debug)]
enum Logic {
    Compare(bool, Operand, usize, Operand),
    Join(Box<Logic>, bool, Box<Logic>),
    Not(Box<Logic>),
    Group(Box<Logic>),
}

#[derive(Clone, Debug)]
enum Operand {
    Field,
    Literal,
    Call(usize, Vec<Operand>),
    Join(Box<Operand>, Box<Operand>),
    List(Vec<Operand>),
    Group(Box<Operand>),
}

fn operand() -> impl Strategy<Value = Operand> {
    let leaf = prop_oneof![Just(Operand::Field), Just(Operand::Literal)];
    let more = leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            (0..9usize, prop::collection::vec(inner.clone(), 1..3))
                .prop_map(|(name, arguments)| Operand::Call(name, arguments)),
            (inner.clone(), inner.clone())
                .prop_map(|(left, right)| Operand::Join(Box::new(left), Box::new(right))),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Operand::List),
            inner.prop_map(|inner| Operand::Group(Box::new(inner))),
        ]
    });
    prop_oneof![3 => Just(Operand::Field), 3 => Just(Operand::Literal), 2 => more]
}

fn logic() -> impl Strategy<Value = Logic> {
    let compare = (any::<bool>(), operand(), 0..8usize, operand())
        .prop_map(|(protected, left, how, right)| Logic::Compare(protected, left, how, right));
    compare.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), any::<bool>(), inner.clone())
                .prop_map(|(left, and, right)| Logic::Join(Box::new(left), and, Box::new(right))),
            inner.clone().prop_map(|inner| Logic::Not(Box::new(inner))),
            inner.prop_map(|inner| Logic::Group(Box::new(inner))),
        ]
    })
}

/// The words of a language's expressions.
struct Words {
    start: &'static str,
    fields: [&'static str; 2],
    quote: char,
    quoted_fields: bool,
    operators: &'static [&'static str],
    functions: &'static [&'static str],
    join: &'static str,
    and: &'static str,
    or: &'static str,
    not: &'static str,
}

fn dialect(language: Language) -> (&'static [&'static str], Words) {
    let words = Words {
        start: "",
        fields: ["secret_field", "kept"],
        quote: '\'',
        quoted_fields: false,
        operators: &["=", "!=", "<", ">=", "in", "not in", "like", "contains"],
        functions: &["lower", "concat", "length", "contains", "f"],
        join: "+",
        and: "and",
        or: "or",
        not: "not",
    };
    let words = match language {
        Soql => Words {
            start: "SELECT Id FROM Contact WHERE ",
            ..words
        },
        Quickbooks => Words {
            start: "SELECT * FROM Contact WHERE ",
            ..words
        },
        Jql => Words {
            quote: '"',
            quoted_fields: true,
            operators: &["=", "!=", "<", "~", "in", "not in", "was", "is not", "!~"],
            ..words
        },
        Odata => Words {
            operators: &["eq", "ne", "gt", "in", "has", "le"],
            functions: &[
                "contains",
                "startswith",
                "tolower",
                "concat",
                "length",
                "f.In",
                "endswith",
            ],
            join: "add",
            ..words
        },
        Airtable => Words {
            fields: ["{secret field}", "{kept}"],
            operators: &["=", "!=", "<", ">="],
            functions: &[
                "FIND", "LOWER", "IF", "AND", "EXACT", "SWITCH", "SEARCH", "IS_SAME", "LEN",
            ],
            join: "&",
            ..words
        },
        Xero => Words {
            quote: '"',
            operators: &["==", "!=", "<", ">="],
            functions: &["secret_field.Contains", "Guid", "secret_field.ToLower"],
            and: "AND",
            or: "||",
            not: "!",
            ..words
        },
        Redcap => Words {
            fields: ["[e][secret_field]", "[kept]"],
            operators: &["=", "<>", "<", ">="],
            functions: &["contains", "starts_with", "if", "upper", "datediff"],
            ..words
        },
        _ => words,
    };
    let fields: &[&str] = match language {
        Airtable => &["secret field"],
        _ => &["secret_field"],
    };
    (fields, words)
}

impl Logic {
    fn print(&self, words: &Words) -> String {
        match self {
            Self::Compare(protected, left, how, right) => {
                let operator = words.operators[how % words.operators.len()];
                // Functions of some languages name a protected field themselves.
                let secret = (*protected && (left.has_field() || right.has_field()))
                    || left.calls_secret(words)
                    || right.calls_secret(words);
                // On the left, quotes may be a field's.
                let left = match left {
                    left if words.quoted_fields && left.has_literal() => &Operand::Field,
                    left => left,
                };
                let (left, right) = (left.print(words, secret), right.print(words, secret));
                format!("{left} {operator} {right}")
            }
            Self::Join(left, and, right) => {
                let word = if *and { words.and } else { words.or };
                format!("{} {word} {}", left.print(words), right.print(words))
            }
            Self::Not(inner) => format!("{} {}", words.not, inner.print(words)),
            Self::Group(inner) => format!("({})", inner.print(words)),
        }
    }
}

impl Operand {
    fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        is(self)
            || match self {
                Self::Field | Self::Literal => false,
                Self::Call(_, inner) | Self::List(inner) => inner.iter().any(|one| one.any(is)),
                Self::Join(left, right) => left.any(is) || right.any(is),
                Self::Group(inner) => inner.any(is),
            }
    }

    fn has_field(&self) -> bool {
        self.any(&|one| matches!(one, Self::Field))
    }

    fn has_literal(&self) -> bool {
        self.any(&|one| matches!(one, Self::Literal))
    }

    fn calls_secret(&self, words: &Words) -> bool {
        self.any(&|one| match one {
            Self::Call(name, _) => words.functions[name % words.functions.len()].contains("secret"),
            _ => false,
        })
    }

    fn print(&self, words: &Words, secret: bool) -> String {
        let list = |items: &[Self]| {
            let items: Vec<String> = items.iter().map(|one| one.print(words, secret)).collect();
            items.join(", ")
        };
        match self {
            Self::Field => words.fields[usize::from(!secret)].to_owned(),
            Self::Literal => {
                let text = if secret { "SECRET" } else { "plain" };
                format!("{0}{text}{0}", words.quote)
            }
            Self::Call(name, arguments) => {
                format!(
                    "{}({})",
                    words.functions[name % words.functions.len()],
                    list(arguments)
                )
            }
            Self::Join(left, right) => {
                format!(
                    "{} {} {}",
                    left.print(words, secret),
                    words.join,
                    right.print(words, secret)
                )
            }
            Self::List(items) => format!("({})", list(items)),
            Self::Group(inner) => format!("({})", inner.print(words, secret)),
        }
    }
}

#[test]
fn i04_a_statement_is_the_same_at_every_split() {
    let kind = body::content_type::ContentType::parse(b"text/plain; charset=utf-8").unwrap();
    for &language in &[
        Soql, Odata, Fetchxml, Jql, Airtable, Drive, Stripe, FhirSearch,
    ] {
        let (fields, start, end) = around(language);
        let statement = format!("{start}{}{end}", spell(language, "Zoé's"));
        let plan = plan(language, fields);
        let rewriter = || plan.rewriter(Some(&kind), Limits::default()).unwrap();
        let done = at_every_split(rewriter, statement.as_bytes()).unwrap();
        assert_eq!(done.texts(), ["Zoé's"]);
        // What is written is read as the very text that was given.
        let mut again = Tokens::default();
        rewrite(&plan, done.text(), &mut again).unwrap();
        assert_eq!(again.seen[0].2, mark("Zoé's"), "{language:?}");
    }
}

#[test]
fn i05_a_text_that_has_no_spelling_is_refused() {
    for (language, bad) in [
        (Sysparm, "a^b"),
        (Xero, "a\"b"),
        (Redcap, "a\\b"),
        (Gmail, "a\"b"),
    ] {
        let (fields, start, end) = around(language);
        let statement = format!("{start}{}{end}", spell(language, "x"));
        let mut editor = Tokens {
            token: Some(bad.to_owned()),
            ..Tokens::default()
        };
        let left = rewrite(&plan(language, fields), &statement, &mut editor);
        assert!(
            matches!(left, Err(ErrorKind::Syntax { .. })),
            "{language:?}"
        );
    }
}

#[test]
fn i13_a_statement_is_no_longer_and_no_deeper_than_its_limits() {
    let plan = plan(Odata, &["lastname"]);
    let deep = format!("{}lastname eq 'x'{}", "(".repeat(5000), ")".repeat(5000));
    let left = rewrite(&plan, &deep, &mut Tokens::default());
    assert_eq!(left, Err(ErrorKind::Depth { limit: 128 }));
    for (language, start, open) in [
        (Odata, "x eq ", "- "),
        (Airtable, "x=", "-"),
        (Xero, "x==", "-"),
        (Redcap, "[x]=", "-"),
        (Soql, "SELECT ", "(SELECT "),
        (Jql, "", "("),
        (Drive, "", "("),
        (Gmail, "", "({"),
        (Fetchxml, "<fetch><entity name='a'>", "<filter>"),
    ] {
        let deep = format!("{start}{}", open.repeat(50_000));
        let (fields, ..) = around(language);
        let left = rewrite(
            &language_support::plan(language, fields),
            &deep,
            &mut Tokens::default(),
        );
        assert!(left.is_err(), "{language:?}");
    }
    let kind = body::content_type::ContentType::parse(b"text/plain").unwrap();
    let limits = Limits {
        value: 8,
        ..Limits::default()
    };
    let mut rewriter = plan.rewriter(Some(&kind), limits).unwrap();
    let pushed = rewriter.push(
        &bytes::Bytes::from_static(b"lastname eq 'x'"),
        &mut Tokens::default(),
        &mut body::Out::new(),
    );
    assert_eq!(
        pushed.unwrap_err().kind,
        ErrorKind::ValueTooLong { limit: 8 }
    );
    let mut rewriter = plan.rewriter(Some(&kind), Limits::default()).unwrap();
    let mut out = body::Out::new();
    let bytes = bytes::Bytes::from_static(b"lastname eq 'x\xff'");
    let done = rewriter
        .push(&bytes, &mut Tokens::default(), &mut out)
        .and_then(|()| rewriter.finish(&mut Tokens::default(), &mut out));
    assert_eq!(done.unwrap_err().kind, ErrorKind::Charset);
}
