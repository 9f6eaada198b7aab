//! What is measured with each format of bodies, in the core and on the wire: how its bodies look, and how its places are
//! named.

use body::Format;

/// One format: how its bodies look, and how its places are named.
pub struct Subject {
    /// The format.
    pub format: Format,
    /// What its bodies are called.
    pub content_type: &'static str,
    /// One record: a field of each of [`FIELDS`], and one of the name given where there is one.
    pub record: fn(usize, Option<&str>) -> String,
    /// What stands before all records, between them and behind them.
    pub around: [&'static str; 3],
    /// The selector of the fields of this name.
    pub place: fn(&str) -> String,
    /// Parses and writes a body with the usual crate.
    pub tree: Option<(&'static str, fn(&[u8]) -> usize)>,
    /// What is to be reached in the core. GB/s.
    pub budget: f64,
}

/// The fields of every record. Of `SECRETS`, the first stands in some.
pub const FIELDS: [&str; 8] = [
    "prenom",
    "nom",
    "rue",
    "ville",
    "courriel",
    "telephone",
    "groupe",
    "remarques",
];

pub const SECRETS: [&str; 3] = ["nas", "dossier", "diagnostic"];

/// What a field holds.
fn value(record: usize, field: &str) -> String {
    match field {
        "remarques" => format!(
            "Le parent {record} viendra vers 16 h; l'enfant reste au local 2 jusqu'au souper, sans arachides. \
             Mettre les bottes et le manteau dans le casier, près de la porte."
        ),
        "rue" => format!("{record}, rue Sainte-Catherine Ouest"),
        "courriel" => format!("zoe.tremblay{record}@exemple.invalid"),
        _ => format!("Tremblay-Gagnon {record}"),
    }
}

/// The fields of a record with their values.
fn fields(record: usize, secret: Option<&str>) -> impl Iterator<Item = (&str, String)> {
    let all = FIELDS.into_iter().chain(secret);
    all.map(move |field| (field, value(record, field)))
}

/// A record's fields, each written so, with something between.
fn written(
    record: usize,
    secret: Option<&str>,
    between: &str,
    write: fn(&str, &str) -> String,
) -> String {
    let fields = fields(record, secret).map(|(field, value)| write(field, &value));
    fields.collect::<Vec<_>>().join(between)
}

pub const SUBJECTS: [Subject; 6] = [
    Subject {
        format: Format::Json,
        content_type: "application/json",
        record: |record, secret| {
            let fields = written(record, secret, ",", |field, value| {
                format!("\"{field}\":\"{value}\"")
            });
            format!("{{\"id\":{record},{fields}}}")
        },
        around: ["[", ",", "]"],
        place: |field| format!("$[*].{field}"),
        tree: Some(("serde_json", |body| {
            let value: serde_json::Value = serde_json::from_slice(body).expect("JSON");
            serde_json::to_vec(&value).expect("JSON").len()
        })),
        budget: 1.5,
    },
    Subject {
        format: Format::Csv,
        content_type: "text/csv",
        record: |record, secret| {
            let fields = written(record, None, ",", |_, value| format!("\"{value}\""));
            let secret = secret.map(|field| value(record, field));
            format!("{fields},{},,", secret.unwrap_or_default())
        },
        around: [
            "prenom,nom,rue,ville,courriel,telephone,groupe,remarques,nas,dossier,diagnostic\r\n",
            "\r\n",
            "\r\n",
        ],
        place: str::to_owned,
        tree: Some(("csv", |body| {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(body);
            let mut writer = csv::Writer::from_writer(Vec::new());
            let mut row = csv::ByteRecord::new();
            while reader.read_byte_record(&mut row).expect("CSV") {
                writer.write_byte_record(&row).expect("CSV");
            }
            writer.into_inner().expect("CSV").len()
        })),
        budget: 1.0,
    },
    Subject {
        format: Format::Form,
        content_type: "application/x-www-form-urlencoded",
        record: |record, secret| {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (field, value) in fields(record, secret) {
                form.append_pair(&format!("{field}[]"), &value);
            }
            form.finish()
        },
        around: ["", "&", ""],
        place: |field| format!("{field}[]"),
        tree: Some(("form_urlencoded", |body| {
            let mut writer = form_urlencoded::Serializer::new(String::new());
            writer.extend_pairs(form_urlencoded::parse(body));
            writer.finish().len()
        })),
        budget: 1.0,
    },
    Subject {
        format: Format::Multipart,
        content_type: "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
        record: |record, secret| {
            let file = format!(
                "Content-Disposition: form-data; name=\"photo\"; filename=\"{record}.png\"\r\n\
                 Content-Type: image/png\r\n\r\n{}\r\n",
                "x".repeat(8000)
            );
            let secret = secret.map(|field| {
                let value = value(record, field);
                format!(
                    "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n\
                     Content-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
                )
            });
            file + &secret.unwrap_or_default()
        },
        around: [
            "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n",
            "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n",
            "------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n",
        ],
        place: str::to_owned,
        tree: None,
        budget: 5.0,
    },
    Subject {
        format: Format::Xml,
        content_type: "application/xml",
        record: |record, secret| {
            let fields = written(record, secret, "", |field, value| {
                format!("<{field}>{value}</{field}>")
            });
            format!("<enfant id=\"{record}\">{fields}</enfant>")
        },
        around: ["<?xml version=\"1.0\"?><enfants>", "\n", "</enfants>"],
        place: |field| format!("/enfants/enfant/{field}"),
        tree: Some(("quick-xml events", |body| {
            let mut reader = quick_xml::Reader::from_reader(body);
            let mut writer = quick_xml::Writer::new(Vec::new());
            loop {
                match reader.read_event().expect("XML") {
                    quick_xml::events::Event::Eof => return writer.into_inner().len(),
                    event => writer.write_event(event).expect("XML"),
                }
            }
        })),
        budget: 0.5,
    },
    Subject {
        format: Format::Html,
        content_type: "text/html; charset=utf-8",
        record: |record, secret| {
            let fields = written(record, secret, "\n", |field, value| {
                format!("    <dt>{field}</dt><dd class=\"{field}\">{value}</dd>")
            });
            format!(
                "<article><h2><a href=\"/enfants/{record}\">Dossier</a></h2>\n  <dl>\n{fields}\n  </dl></article>"
            )
        },
        around: [
            "<!doctype html><html><body><main>",
            "\n",
            "</main></body></html>",
        ],
        place: |field| format!("dd.{field}"),
        tree: None,
        budget: 0.15,
    },
];

/// A body in which so many values stand at a place, spread over it.
#[must_use]
pub fn body(subject: &Subject, size: usize, values: usize) -> Vec<u8> {
    let [before, between, after] = subject.around;
    let mut text = before.to_owned();
    let mut written = 0;
    for record in 0.. {
        if record > 0 {
            text.push_str(between);
        }
        let due = values * text.len() / size >= written && written < values;
        written += usize::from(due);
        text.push_str(&(subject.record)(record, due.then_some(SECRETS[0])));
        if text.len() >= size {
            break;
        }
    }
    assert_eq!(written, values, "as many values as are told");
    text.push_str(after);
    text.into_bytes()
}
