//! Messages of every format, one in another, in the many spellings that clients have, and the policies that name what
//! is in them.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Numbers that look random and are the same every time.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// So many letters, not to be met by chance.
    pub fn letters(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(b'a' + self.below(26) as u8))
            .collect()
    }
}

/// A format that something stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Json,
    Form,
    Multipart,
    Text,
    Base64,
    Base64Url,
    Xml,
    Csv,
    Ndjson,
    Html,
    Graphql,
    /// Gzip in base64: what is binary stands in no text by itself.
    Gzip,
}

impl Shape {
    pub const ALL: &[Self] = &[
        Self::Csv,
        Self::Ndjson,
        Self::Html,
        Self::Graphql,
        Self::Gzip,
        Self::Json,
        Self::Form,
        Self::Multipart,
        Self::Text,
        Self::Base64,
        Self::Base64Url,
        Self::Xml,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Text => "text",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Xml => "xml",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Html => "html",
            Self::Graphql => "graphql",
            Self::Gzip => "gzip",
        }
    }

    /// What leads to the value in it.
    fn selector(self) -> &'static str {
        match self {
            Self::Json => "$.items[*].secret",
            Self::Form => "item[secret]",
            Self::Multipart => "secret",
            Self::Xml => "/record//secret",
            Self::Csv => "secret",
            Self::Ndjson => "$.items[*].secret",
            Self::Html => "p.secret",
            Self::Graphql => "$.variables.items[*].secret",
            Self::Gzip | Self::Text | Self::Base64 | Self::Base64Url => "*",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Graphql => "application/json",
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
            Self::Html => "text/html; charset=utf-8",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Multipart => "multipart/form-data; boundary=xYzZY",
            Self::Xml => "application/xml",
            Self::Text | Self::Base64 | Self::Base64Url | Self::Gzip => "text/plain",
        }
    }

    /// Whether a part of a body may be of it: a multipart body needs its boundary told.
    fn stands_inside(self) -> bool {
        self != Self::Multipart
    }

    /// Writes what stands inside in one of its spellings, with something that is kept beside it.
    fn write(self, inner: &str, kept: &str, numbers: &mut Numbers) -> String {
        match self {
            Self::Json => json(inner, kept, numbers),
            Self::Form => form(inner, kept, numbers),
            Self::Multipart => multipart(inner, kept, numbers),
            Self::Text => inner.to_owned(),
            Self::Base64 if numbers.once_in(3) => {
                let encoded = STANDARD.encode(inner);
                let lines: Vec<&str> = encoded
                    .as_bytes()
                    .chunks(76)
                    .map(|line| std::str::from_utf8(line).unwrap())
                    .collect();
                lines.join("\r\n")
            }
            Self::Base64 => STANDARD.encode(inner),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(inner),
            Self::Xml => xml(inner, kept, numbers),
            Self::Csv => csv(inner, kept, numbers),
            Self::Ndjson => {
                let first = format!("{{\"kept\":\"{kept}\"}}");
                let line = json(inner, kept, numbers).replace(['\n', '\t'], " ");
                format!("{first}\n{line}\r\n\n{first}")
            }
            Self::Html => html(inner, kept, numbers),
            Self::Graphql => {
                let variables = json(inner, kept, numbers);
                let query = "mutation($items: [Item!]) { add(items: $items) { id } }";
                format!("{{\"variables\":{variables},\"query\":\"{query}\"}}")
            }
            Self::Gzip => {
                let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
                writer.write_all(inner.as_bytes()).unwrap();
                STANDARD.encode(writer.finish().unwrap())
            }
        }
    }

    /// How a policy says that it stands in something.
    fn stands(self) -> String {
        match self {
            Self::Gzip => "as = [\"base64\", \"gzip\"]".to_owned(),
            other => format!("as = \"{}\"", other.name()),
        }
    }
}

fn csv(inner: &str, kept: &str, numbers: &mut Numbers) -> String {
    let end = ["\n", "\r\n"][numbers.below(2)];
    let separator = [",", ";", "\t"][numbers.below(3)];
    let plain = !inner.contains(['"', ',', ';', '\t', '\n', '\r']) && numbers.once_in(2);
    let cell = if plain {
        inner.to_owned()
    } else {
        format!("\"{}\"", inner.replace('"', "\"\""))
    };
    let rows = [["id", "secret", "kept"], ["1", &cell, kept], ["2", "", ""]];
    rows.map(|row| row.join(separator) + end).concat()
}

fn html(inner: &str, kept: &str, numbers: &mut Numbers) -> String {
    let mut text = String::new();
    for character in inner.chars() {
        match character {
            // One half of a line break in a reference would be a break of its own.
            '\r' | '\n' => text.push(character),
            _ if numbers.once_in(5) => text.push_str(&format!("&#{};", u32::from(character))),
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            other => text.push(other),
        }
    }
    let class = [
        "class=secret",
        "class='x secret'",
        "id=\"y\" CLASS=\"secret\"",
    ][numbers.below(3)];
    format!("<!doctype html><div title=\"{kept}\"><p {class}>{text}</p><p>{kept}</p></div>")
}

fn json(inner: &str, kept: &str, numbers: &mut Numbers) -> String {
    let mut text = String::from("\"");
    for character in inner.chars() {
        let mut units = [0; 2];
        match character {
            _ if numbers.once_in(4) => {
                for unit in character.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
            '"' | '\\' => text.extend(['\\', character]),
            '/' if numbers.once_in(2) => text.push_str("\\/"),
            control if u32::from(control) < 0x20 => {
                text.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => text.push(other),
        }
    }
    text.push('"');
    let key = ["\"secret\"", "\"s\\u0065cret\""][numbers.below(2)];
    let space = ["", " ", "\n\t"][numbers.below(3)];
    format!("{{{space}\"kept\":\"{kept}\",\"items\":{space}[{{\"n\":1}},{{{key}{space}:{text}}}]}}")
}

fn form(inner: &str, kept: &str, numbers: &mut Numbers) -> String {
    let mut text = String::new();
    for byte in inner.bytes() {
        match byte {
            b' ' => text.push('+'),
            byte if byte.is_ascii_alphanumeric() && !numbers.once_in(4) => {
                text.push(char::from(byte))
            }
            byte if numbers.once_in(2) => text.push_str(&format!("%{byte:02x}")),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    let name = ["item[secret]", "item%5Bsecret%5D", "%69tem[secret]"][numbers.below(3)];
    format!("kept={kept}&{name}={text}&z=")
}

fn multipart(inner: &str, kept: &str, numbers: &mut Numbers) -> String {
    let head = [
        "Content-Disposition: form-data; name=\"secret\"",
        "content-disposition:form-data;name=secret",
        "Content-Disposition: form-data; name=\"secret\"\r\nContent-Type: text/plain; charset=utf-8",
    ][numbers.below(3)];
    format!(
        "--xYzZY\r\nContent-Disposition: form-data; name=\"kept\"\r\n\r\n{kept}\r\n--xYzZY\r\n{head}\r\n\r\n{inner}\r\n--xYzZY--\r\n"
    )
}

fn xml(inner: &str, kept: &str, numbers: &mut Numbers) -> String {
    let mut text = String::new();
    if numbers.once_in(3) && !inner.contains("]]>") && !inner.contains('\r') {
        text = format!("<![CDATA[{inner}]]>");
    } else {
        for character in inner.chars() {
            match character {
                _ if numbers.once_in(5) => {
                    text.push_str(&format!("&#x{:x};", u32::from(character)))
                }
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '>' => text.push_str("&gt;"),
                '\r' => text.push_str("&#13;"),
                other => text.push(other),
            }
        }
    }
    let deep = ["<secret>", "<a><secret x='1'>"][numbers.below(2)];
    let end = if deep.len() > 10 {
        "</secret></a>"
    } else {
        "</secret>"
    };
    format!("<?xml version=\"1.0\"?>\n<record kept=\"{kept}\"><!-- c -->{deep}{text}{end}</record>")
}

/// Formats from the outside in.
pub type Nesting = Vec<Shape>;

/// Every format alone, every two and every three of them that can stand in one another.
pub fn nestings() -> Vec<Nesting> {
    let outer = Shape::ALL.iter().filter(|shape| **shape != Shape::Gzip);
    let mut all: Vec<Nesting> = outer.map(|shape| vec![*shape]).collect();
    let mut last = all.clone();
    for _ in 0..2 {
        let deeper = last.iter().flat_map(|outer| {
            let inner = Shape::ALL.iter().filter(|shape| shape.stands_inside());
            inner.map(|shape| [outer.as_slice(), &[*shape]].concat())
        });
        last = deeper.collect();
        all.extend(last.clone());
    }
    all
}

/// The routes of a policy in which a field stands at the bottom of each nesting.
pub fn routes(nestings: &[Nesting], fields: &[&str]) -> String {
    let mut text = String::new();
    for (index, nesting) in nestings.iter().enumerate() {
        let field = fields[index % fields.len()];
        let mut place = format!("field = \"{field}\"");
        for inner in nesting[1..].iter().rev() {
            place = format!(
                "{}, protect = [{{ at = \"{}\", {place} }}]",
                inner.stands(),
                inner.selector()
            );
        }
        let (outer, at) = (nesting[0].name(), nesting[0].selector());
        text.push_str(&format!(
            "\n[[routes]]\nmatch = \"POST /{index}\"\nbody = \"{outer}\"\nprotect = [{{ at = \"{at}\", {place} }}]\n"
        ));
    }
    text
}

/// A message of a nesting around a value.
pub fn message(nesting: &Nesting, value: &str, kept: &str, numbers: &mut Numbers) -> String {
    let mut text = value.to_owned();
    for shape in nesting.iter().rev() {
        text = shape.write(&text, kept, numbers);
    }
    text
}
