//! The walk over the text: objects, arrays and keys, and where they lead.

use bytes::Bytes;

use super::{Frame, Lead, Restore, State, Target};
use crate::json::decode_key;
use crate::reveal::site::Next;
use crate::reveal::tokens::Tokens;

impl Restore {
    /// Takes the next token, or the next byte of structure.
    pub(super) fn step(&mut self, bytes: &Bytes, tokens: &mut dyn Tokens) {
        let from = usize::try_from(self.at - self.edits.start()).unwrap_or(usize::MAX);
        let rest = bytes.get(from..).unwrap_or_default();
        let Some(byte) = rest.first().copied() else {
            self.lost = true;
            return;
        };
        match self.state {
            State::InString { key, escaped } => {
                let (length, state) = string(rest, escaped);
                self.at += length as u64;
                match state {
                    None if key => self.end_key(bytes),
                    None => self.end_value(bytes, tokens),
                    Some(escaped) => self.state = State::InString { key, escaped },
                }
            }
            State::InScalar => {
                let ends = |byte: &u8| {
                    !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.')
                };
                match rest.iter().position(ends) {
                    Some(length) => {
                        self.at += length as u64;
                        self.end_value(bytes, tokens);
                    }
                    None => self.at += rest.len() as u64,
                }
            }
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => {
                let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
                self.at += rest.iter().take_while(space).count() as u64;
            }
            State::Value | State::FirstElement if byte != b']' => self.begin_value(byte),
            State::FirstKey | State::Key if byte == b'"' => self.begin_key(tokens),
            State::Colon if byte == b':' => {
                self.at += 1;
                self.state = State::Value;
            }
            // One value after the other: a line each (NDJSON).
            State::After if self.frames.is_empty() => self.begin_value(byte),
            State::After if byte == b',' => {
                self.at += 1;
                let object = self.frames.last().is_some_and(|frame| frame.object);
                self.state = if object { State::Key } else { State::Value };
            }
            State::After | State::FirstElement | State::FirstKey => self.close(byte, bytes, tokens),
            State::Value | State::Key | State::Colon => self.lost = true,
        }
    }

    fn begin_key(&mut self, tokens: &mut dyn Tokens) {
        let depth = self.frames.len().saturating_sub(1);
        if let Some(frame) = self.frames.last_mut() {
            frame.key = self.at;
        }
        self.follow(depth, Next::Key(self.at));
        self.settle(tokens);
        self.at += 1;
        self.state = State::InString {
            key: true,
            escaped: false,
        };
    }

    /// A key has been read: what it leads to.
    fn end_key(&mut self, bytes: &Bytes) {
        self.state = State::Colon;
        let depth = self.frames.len().saturating_sub(1);
        let start = self.edits.start();
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        frame.current.clear();
        let from = frame
            .key
            .checked_sub(start)
            .and_then(|at| usize::try_from(at).ok());
        let to = usize::try_from(self.at - start).ok();
        let raw = from
            .zip(to)
            .and_then(|(from, to)| bytes.get(from + 1..to - 1));
        let Some(key) = raw.and_then(decode_key) else {
            return;
        };
        let companions = &*self.companions;
        let name = |lead: &Lead| match lead.to {
            Target::Place(rule) => companions
                .rules
                .get(rule)
                .and_then(|rule| rule.place.get(lead.level)),
            Target::Site(site) => companions
                .sites
                .get(site)
                .and_then(|site| site.names.get(lead.level)),
        };
        let places = (0..companions.rules.len()).map(Target::Place);
        let sites = (0..companions.sites.len()).map(Target::Site);
        let fresh = places.chain(sites).map(|to| Lead {
            element: depth,
            to,
            level: 0,
        });
        let led = fresh
            .chain(frame.leads.iter().copied())
            .filter(|lead| name(lead).is_some_and(|name| name.as_bytes() == &*key))
            .map(|lead| Lead {
                level: lead.level + 1,
                ..lead
            });
        frame.current.extend(led);
    }

    /// A value begins here.
    fn begin_value(&mut self, byte: u8) {
        let mut leads = Vec::new();
        let mut site = None;
        if let Some(frame) = self.frames.last_mut() {
            frame.value = self.at;
            leads.clone_from(&frame.current);
        }
        let opens = matches!(byte, b'{' | b'[');
        let mut inner = Vec::new();
        for lead in leads {
            match self.reached(&lead) {
                None => inner.push(lead),
                Some(append) => match lead.to {
                    Target::Place(rule) if !opens => self.begin_place(lead.element, rule),
                    Target::Site(path) if append == (byte == b'[') => {
                        self.begin_site(lead.element, path, lead.level);
                        if append {
                            site = Some((lead.element, path));
                        }
                    }
                    Target::Place(_) | Target::Site(_) => {}
                },
            }
        }
        self.at += 1;
        self.state = match byte {
            b'{' | b'[' if self.frames.len() >= self.deepest => return self.lost = true,
            b'{' => State::FirstKey,
            b'[' => State::FirstElement,
            b'"' => State::InString {
                key: false,
                escaped: false,
            },
            byte if byte.is_ascii_alphanumeric() || byte == b'-' => State::InScalar,
            _ => return self.lost = true,
        };
        if opens {
            let object = byte == b'{';
            self.frames.push(Frame {
                object,
                leads: if object { inner } else { Vec::new() },
                site,
                ..Frame::default()
            });
        }
    }

    /// Whether all names of a lead were followed, and then whether an array is looked for.
    fn reached(&self, lead: &Lead) -> Option<bool> {
        match lead.to {
            Target::Place(rule) => {
                let rule = self.companions.rules.get(rule)?;
                (rule.place.len() == lead.level).then_some(false)
            }
            Target::Site(site) => {
                let site = self.companions.sites.get(site)?;
                (site.names.len() == lead.level).then_some(site.append)
            }
        }
    }

    fn close(&mut self, byte: u8, bytes: &Bytes, tokens: &mut dyn Tokens) {
        let depth = self.frames.len().saturating_sub(1);
        let object = self.frames.last().map(|frame| frame.object);
        if object != Some(byte == b'}') || !matches!(byte, b'}' | b']') {
            self.lost = true;
            return;
        }
        if object == Some(true) {
            self.follow(depth, Next::Close);
        }
        let frame = self.frames.pop();
        if let Some((element, path)) = frame.and_then(|frame| frame.site) {
            let sites = self
                .elements
                .iter_mut()
                .filter(|known| known.depth == element)
                .flat_map(|known| &mut known.sites);
            for site in sites.filter(|site| site.path == path) {
                site.whole = true;
            }
        }
        self.at += 1;
        self.settle(tokens);
        if object == Some(true) {
            self.end_element(depth, tokens);
        }
        self.end_value(bytes, tokens);
    }
}

/// Reads on in a string: how many bytes, and whether it goes on, its last byte being a backslash that counts.
fn string(bytes: &[u8], mut escaped: bool) -> (usize, Option<bool>) {
    let mut at = 0;
    loop {
        if std::mem::take(&mut escaped) {
            at += 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        match memchr::memchr2(b'"', b'\\', rest) {
            None => return (bytes.len(), Some(false)),
            Some(found) if rest.get(found) == Some(&b'"') => return (at + found + 1, None),
            Some(found) => {
                at += found + 1;
                escaped = true;
                if at >= bytes.len() {
                    return (bytes.len(), Some(true));
                }
            }
        }
    }
}
