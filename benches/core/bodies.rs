//! Rewriting bodies of 1 MB in which no value, three and a hundred of them stand at a place, and bodies of which every
//! field does; each format beside a tree (or rows) that is parsed and written again by the usual crate.

use std::hint::black_box;

use benches::{FIELDS, SECRETS, SUBJECTS, Subject, body};
use body::content_type::ContentType;
use body::{Format, Limits, Out, PlaceId, Plan};
use bytes::Bytes;

use crate::{CHUNK, Fixed, time};

/// How long a body is, about. Bytes.
const SIZE: usize = 1 << 20;

pub(crate) fn run() {
    println!("\n{:<58}{:>14}{:>10}", "bodies of 1 MB", "GB/s", "budget");
    for subject in &SUBJECTS {
        for values in [0, 3, 100] {
            let body = body(subject, SIZE, values);
            let rate = body.len() as f64 / rewrite(subject, &SECRETS, &body) / 1e9;
            let name = format!("`{}`, {values} values at a place", subject.format);
            println!("{name:<58}{rate:>14.2}{:>10}", subject.budget);
        }
        let body = body(subject, SIZE, 0);
        if subject.format != Format::Multipart {
            let rate = body.len() as f64 / rewrite(subject, &FIELDS, &body) / 1e9;
            println!("{:<58}{rate:>14.2}", "the same, every value at a place");
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

fn rewrite(subject: &Subject, fields: &[&str], body: &[u8]) -> f64 {
    let selectors: Vec<String> = fields.iter().map(|field| (subject.place)(field)).collect();
    let selected = selectors.iter().zip(0..);
    let selected = selected.map(|(text, id)| (text.as_str(), PlaceId(id)));
    let plan = Plan::compile(subject.format, selected).expect("places");
    let content_type = ContentType::parse(subject.content_type.as_bytes()).expect("a type");
    let chunks: Vec<Bytes> = body.chunks(CHUNK).map(Bytes::copy_from_slice).collect();
    time(|| {
        let mut stream = plan
            .rewriter(Some(&content_type), Limits::default())
            .expect("a rewriter");
        let mut out = Out::new();
        for chunk in &chunks {
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
