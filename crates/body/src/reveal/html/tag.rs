//! The steps through a tag: its name, its attributes, and what its end begins.

use super::raw::{Foreign, Raw, RawText};
use super::{Html, State};
use crate::reveal::json::Json;
use crate::reveal::run::Run;
use crate::reveal::script::Script;

impl Html {
    pub(super) fn begin_attributes(&mut self) {
        self.state = State::BeforeName;
        self.self_closing = false;
        self.script_type.clear();
    }

    pub(super) fn begin_tag(&mut self, closing: bool, byte: u8) {
        self.closing = closing;
        self.tag.clear();
        self.tag.push(byte);
        self.state = State::TagName;
    }

    pub(super) fn before_name(&mut self, byte: u8) {
        match byte {
            b'>' => self.end_tag(),
            b'/' => {
                self.self_closing = true;
                self.state = State::BeforeName;
            }
            _ if byte.is_ascii_whitespace() => self.state = State::BeforeName,
            _ => {
                self.self_closing = false;
                self.name.clear();
                self.name.push(byte);
                self.state = State::Name;
            }
        }
    }

    pub(super) fn before_value(&mut self, byte: u8) {
        match byte {
            b'"' | b'\'' => self.begin_value(Some(byte)),
            b'>' => self.end_tag(),
            _ if byte.is_ascii_whitespace() => {}
            _ => {
                self.begin_value(None);
                self.value(&[byte]);
            }
        }
    }

    pub(super) fn begin_value(&mut self, quote: Option<u8>) {
        self.quote = quote;
        self.attribute.begin(&self.tag, &self.name, self.depth);
        self.state = State::Value;
    }

    pub(super) fn value(&mut self, bytes: &[u8]) -> usize {
        let end = match self.quote {
            Some(quote) => memchr::memchr(quote, bytes),
            None => bytes
                .iter()
                .position(|b| b.is_ascii_whitespace() || *b == b'>'),
        };
        let value = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        self.attribute.advance(value);
        if self.tag.get() == b"script" && self.name.get() == b"type" {
            value.iter().for_each(|b| self.script_type.push(*b));
        }
        match (end, self.quote) {
            (None, _) => return bytes.len(),
            (Some(at), None) if bytes.get(at) == Some(&b'>') => self.end_tag(),
            (Some(_), _) => self.state = State::BeforeName,
        }
        value.len() + 1
    }

    /// A tag is complete.
    pub(super) fn end_tag(&mut self) {
        self.state = State::Text;
        self.run = Run::Empty;
        let name = self.tag;
        let is_foreign = matches!(name.get(), b"svg" | b"math");
        if self.closing {
            self.foreign = self.foreign.saturating_sub(u32::from(is_foreign));
            return;
        }
        self.first = matches!(name.get(), b"pre" | b"listing" | b"textarea");
        if is_foreign && !self.self_closing {
            self.foreign = self.foreign.saturating_add(1);
        }
        let raw = match name.get() {
            b"plaintext" => Raw::Endless,
            b"title" if self.foreign > 0 && !self.self_closing => return,
            // In foreign content these hold markup, or nothing where they close themselves; only the tree knows.
            b"script" | b"style" | b"textarea" | b"title" | b"xmp" | b"iframe" | b"noembed"
            | b"noframes"
                if self.foreign > 0 =>
            {
                Raw::Foreign(Foreign::default())
            }
            b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" => Raw::Opaque,
            b"script" => self.script(),
            b"title" | b"textarea" => Raw::Escapable,
            _ => return,
        };
        self.raw = Some(RawText::new(raw, name));
    }

    fn script(&self) -> Raw {
        let script_type = self.script_type.start().trim_ascii();
        let is = |part: &[u8]| memchr::memmem::find(script_type, part).is_some();
        if script_type.is_empty()
            || script_type == b"module"
            || is(b"javascript")
            || is(b"ecmascript")
        {
            Raw::Script(Box::new(Script::new(self.depth)))
        } else if is(b"json") || matches!(script_type, b"importmap" | b"speculationrules") {
            Raw::Data(Box::new(Json::at_depth(self.lookahead, self.depth)))
        } else {
            Raw::Opaque
        }
    }
}
