//! Rewriting bodies of 1 MB with no place, three and a hundred of them, each format beside a tree (or rows) that is
//! parsed and written again by the usual crate.

use std::hint::black_box;

use body::content_type::ContentType;
use body::{Format, Limits, Out, PlaceId, Plan};
use bytes::Bytes;

use crate::{CHUNK, Fixed, time};

/// How long a body is, about. Bytes.
const SIZE: usize = 1 << 20;

/// One format: how its bodies look, and how its places are named.
struct Subject {
    format: Format,
    content_type: &'static str,
    /// One record, with what is `field` in it numbered.
    record: fn(usize) -> String,
    /// What stands around all records, and between them.
    around: [&'static str; 3],
    /// The selector of a field of this number in every record; nothing for one that no record has.
    place: fn(Option<usize>) -> String,
    /// Parses and writes a body with the usual crate.
    tree: Option<(&'static str, fn(&[u8]) -> usize)>,
    budget: f64,
}

/// A record's text that no place names.
const TEXT: &str = "Le texte libre que l'application montre; 1234, rue Sainte-Catherine Ouest";

/// How many fields a record has.
const FIELDS: usize = 100;

const SUBJECTS: [Subject; 6] = [
    Subject {
        format: Format::Json,
        content_type: "application/json",
        record: |_| {
            let fields =
                (0..FIELDS).map(|field| format!("\"f{field}\":\"{field} Tremblay-Gagnon, Zoé\""));
            format!(
                "{{{},\"text\":\"{TEXT}\"}}",
                fields.collect::<Vec<_>>().join(",")
            )
        },
        around: ["[", ",", "]"],
        place: |field| field.map_or("$[*].none".to_owned(), |field| format!("$[*].f{field}")),
        tree: Some(("serde_json", |body| {
            let value: serde_json::Value = serde_json::from_slice(body).expect("JSON");
            serde_json::to_vec(&value).expect("JSON").len()
        })),
        budget: 1.5,
    },
    Subject {
        format: Format::Csv,
        content_type: "text/csv",
        record: |_| {
            let fields = (0..FIELDS).map(|field| format!("{field} Tremblay-Gagnon"));
            format!("{},\"{TEXT}\"", fields.collect::<Vec<_>>().join(","))
        },
        around: ["", "\n", "\n"],
        place: |field| format!("#{}", field.map_or(FIELDS + 50, |field| field + 1)),
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
        record: |record| {
            let fields = (0..FIELDS).map(|field| {
                format!("r{record}%5Bf{field}%5D={field}+Tremblay-Gagnon%2C+Zo%C3%A9")
            });
            fields.collect::<Vec<_>>().join("&")
        },
        around: ["", "&", ""],
        place: |field| field.map_or("none".to_owned(), |field| format!("r{field}[f{field}]")),
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
        record: |record| {
            format!(
                "Content-Disposition: form-data; name=\"f{record}\"\r\n\r\n{record} Tremblay-Gagnon\r\n\
                 ------WebKitFormBoundary7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name=\"file{record}\"; \
                 filename=\"a.bin\"\r\n\r\n{}\r\n",
                "x".repeat(8000)
            )
        },
        around: [
            "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n",
            "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n",
            "------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n",
        ],
        place: |field| field.map_or("none".to_owned(), |field| format!("f{field}")),
        tree: None,
        budget: 5.0,
    },
    Subject {
        format: Format::Xml,
        content_type: "application/xml",
        record: |_| {
            let fields = (0..FIELDS).map(|field| {
                format!("<f{field} type=\"s\">{field} Tremblay-Gagnon, Zoé</f{field}>")
            });
            format!("<r>{}<text>{TEXT}</text></r>", fields.collect::<String>())
        },
        around: ["<?xml version=\"1.0\"?><all>", "\n", "</all>"],
        place: |field| field.map_or("/all/r/none".to_owned(), |field| format!("/all/r/f{field}")),
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
        record: |_| {
            let fields = (0..FIELDS)
                .map(|field| format!("<td class=\"f{field}\">{field} Tremblay-Gagnon, Zoé</td>"));
            format!("<tr>{}<td>{TEXT}</td></tr>", fields.collect::<String>())
        },
        around: ["<!doctype html><table>", "\n", "</table>"],
        place: |field| field.map_or("td.none".to_owned(), |field| format!("td.f{field}")),
        tree: None,
        budget: 0.15,
    },
];

pub(crate) fn run() {
    println!("\n{:<58}{:>14}{:>10}", "bodies of 1 MB", "GB/s", "budget");
    for subject in &SUBJECTS {
        let body = body(subject);
        let chunks: Vec<Bytes> = body.chunks(CHUNK).map(Bytes::copy_from_slice).collect();
        for places in [0, 3, 100] {
            let seconds = rewrite(subject, places, &chunks);
            let rate = body.len() as f64 / seconds / 1e9;
            let name = format!("`{}`, {places} places", subject.format);
            println!("{name:<58}{rate:>14.2}{:>10}", subject.budget);
        }
        if let Some((name, tree)) = subject.tree {
            let seconds = time(|| {
                black_box(tree(black_box(&body)));
            });
            let rate = body.len() as f64 / seconds / 1e9;
            println!(
                "{:<58}{rate:>14.2}",
                format!("the same parsed and written by {name}")
            );
        }
    }
}

fn body(subject: &Subject) -> Vec<u8> {
    let [before, between, after] = subject.around;
    let mut text = before.to_owned();
    let mut records = 0;
    while text.len() < SIZE {
        if records > 0 {
            text.push_str(between);
        }
        text.push_str(&(subject.record)(records));
        records += 1;
    }
    text.push_str(after);
    text.into_bytes()
}

fn rewrite(subject: &Subject, places: usize, chunks: &[Bytes]) -> f64 {
    let selectors: Vec<String> = match places {
        0 => vec![(subject.place)(None)],
        // Spread over the record.
        _ => (0..places)
            .map(|place| (subject.place)(Some(place * FIELDS / places)))
            .collect(),
    };
    let selected = selectors.iter().zip(0..);
    let selected = selected.map(|(text, id)| (text.as_str(), PlaceId(id)));
    let plan = Plan::compile(subject.format, selected).expect("places");
    let content_type = ContentType::parse(subject.content_type.as_bytes()).expect("a type");
    time(|| {
        let mut stream = plan
            .rewriter(Some(&content_type), Limits::default())
            .expect("a rewriter");
        let mut out = Out::new();
        for chunk in chunks {
            stream.push(chunk, &mut Fixed, &mut out).expect("a body");
            while let Some(piece) = out.take() {
                black_box(piece);
            }
        }
        stream.finish(&mut Fixed, &mut out).expect("the end");
        while let Some(piece) = out.take() {
            black_box(piece);
        }
    })
}
