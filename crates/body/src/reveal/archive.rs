//! Documents of office programs (ISO/IEC 29500-2, OpenDocument): ZIP archives (APPNOTE 6.3.10) whose members are
//! mostly XML.
//!
//! A member that holds text, by its name, is undone as it comes. One in which nothing opens leaves as it came, up to
//! `lookahead` bytes of it; any other is deflated again, with its sizes in a descriptor behind it and in the
//! directory. All other bytes are kept, and the offsets in the directory corrected.
//!
//! Nothing is judged: from where the walk finds no record that it knows all passes. Members that are encrypted, packed
//! in another way, or told of by ZIP64 pass; a member that proves damaged after its first bytes have left ends there,
//! with a checksum that is false.

mod member;
mod moved;

use std::sync::Arc;

use bytes::Bytes;

use super::container::{Container, Setting};
use super::medium::Medium;
use super::tokens::{Counts, Tokens};
use crate::out::Out;
use crate::zip::packed::{Account, Inflate};
use crate::zip::record::{
    CENTRAL, CENTRAL_LENGTH, DEFLATED, DESCRIBED_BEHIND, DESCRIPTOR, ENCRYPTED, END, END_LENGTH,
    END_WIDE, Facts, LOCAL, LOCAL_LENGTH, LOCATOR, LOCATOR_LENGTH, STORED, Sizes, long, short,
};
use member::{Member, Taken};
use moved::{Moved, Patched, wide_sizes};

/// A longer end of an archive is none.
const LONGEST_END: usize = 64 << 10;

pub(super) struct Archive {
    setting: Setting,
    state: State,
    /// The beginning of a record.
    held: Vec<u8>,
    /// How many bytes stand before those at hand.
    offset: u64,
    account: Account,
    moved: Arc<Vec<Moved>>,
    counts: Counts,
}

/// In what the walk stands.
enum State {
    Record,
    /// In data that passes, of which so many bytes are to come.
    Passing(u64),
    /// In data that is left out.
    Skipping(u64),
    /// In data that passes, whose end only its undoing tells; whether the descriptor behind it is long.
    Seeking(Box<Inflate>, bool),
    /// In the descriptor behind data that passed.
    Behind(bool),
    /// In the data of a member that is revealed.
    Inside(Box<Member>),
    /// In the descriptor behind it.
    Closing(Box<Member>),
    /// All that follows passes.
    Lost,
}

impl Archive {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            setting,
            state: State::Record,
            held: Vec::new(),
            offset: 0,
            account: Account::default(),
            moved: Arc::default(),
            counts: Counts::default(),
        }
    }

    /// Takes what stands in `chunk` from `at` up to the next turn; gives how many bytes that were.
    fn step(&mut self, chunk: &Bytes, at: usize, tokens: &mut dyn Tokens, out: &mut Out) -> usize {
        let rest = chunk.slice(at..);
        let ratio = u64::try_from(self.setting.limits.ratio).unwrap_or(u64::MAX);
        match &mut self.state {
            State::Record | State::Behind(_) | State::Closing(_) => self.record(&rest, tokens, out),
            State::Lost => {
                let length = rest.len();
                out.append(rest);
                length
            }
            State::Passing(left) | State::Skipping(left) => {
                let length = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                *left -= length as u64;
                let ended = *left == 0;
                if matches!(self.state, State::Passing(_)) {
                    out.append(rest.slice(..length));
                }
                if ended {
                    self.state = State::Record;
                }
                length
            }
            State::Seeking(inflate, wide) => {
                let wide = *wide;
                let used = inflate.push(&rest, ratio, &mut self.account, |_| Ok(()));
                let ended = inflate.has_ended();
                match used {
                    Ok(length) => {
                        out.append(rest.slice(..length));
                        if ended {
                            self.state = State::Behind(wide);
                        }
                        length
                    }
                    Err(_) => {
                        self.state = State::Lost;
                        0
                    }
                }
            }
            State::Inside(member) => {
                let account = (&mut self.account, ratio);
                match member.push(&rest, account, tokens, out) {
                    Taken::More(length) => length,
                    Taken::Ended(length) => {
                        self.end_data(tokens, out);
                        length
                    }
                    Taken::Damaged(length) => {
                        self.give_up(tokens, out);
                        length
                    }
                }
            }
        }
    }

    /// The data of the member that is open has ended.
    fn end_data(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        if let State::Inside(member) = std::mem::replace(&mut self.state, State::Record) {
            if member.is_described_behind() {
                self.state = State::Closing(member);
            } else {
                let told = member.told();
                self.close(*member, told, &[], tokens, out);
            }
        }
    }

    /// The data of the member that is open is not what it should be.
    fn give_up(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        let State::Inside(member) = std::mem::replace(&mut self.state, State::Lost) else {
            return;
        };
        let left = member.left();
        let passes = member.is_undecided();
        if passes {
            member.pass(out);
        } else {
            // Nothing is told that is true: what there is of it is known to be damaged.
            let end = member.ends() + left.unwrap_or_default();
            self.close_at(*member, None, &[], end, tokens, out);
        }
        self.state = match left {
            Some(0) => State::Record,
            Some(left) if passes => State::Passing(left),
            Some(left) => State::Skipping(left),
            None => State::Lost,
        };
    }

    /// Takes bytes of a record, and the record where they end it.
    fn record(&mut self, rest: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) -> usize {
        let Some(need) = self.need() else {
            return self.lose(tokens, out);
        };
        let length = need.saturating_sub(self.held.len()).min(rest.len());
        self.held
            .extend_from_slice(rest.get(..length).unwrap_or_default());
        if self.held.len() == need {
            match self.need() {
                Some(again) if again == need => {
                    let record = std::mem::take(&mut self.held);
                    self.whole(&record, self.offset + length as u64, tokens, out);
                }
                Some(_) => {}
                None => {
                    self.lose(tokens, out);
                }
            }
        }
        length
    }

    /// Lets all that follows pass.
    fn lose(&mut self, tokens: &mut dyn Tokens, out: &mut Out) -> usize {
        if let State::Closing(member) = std::mem::replace(&mut self.state, State::Lost) {
            self.close(*member, None, &[], tokens, out);
        }
        out.write(&std::mem::take(&mut self.held));
        0
    }

    /// How long the record is that is held, as far as can be said; nothing where it is none.
    fn need(&self) -> Option<usize> {
        let held = self.held.as_slice();
        let behind = match &self.state {
            State::Behind(wide) => Some(*wide),
            State::Closing(_) => Some(false),
            _ => None,
        };
        if let Some(wide) = behind {
            let sizes = if wide { 20 } else { 12 };
            let signed = held.get(..4) == Some(&DESCRIPTOR);
            return Some(match held.len() {
                0..4 => 4,
                _ if signed => 4 + sizes,
                _ => sizes,
            });
        }
        let Some(signature) = held.first_chunk::<4>() else {
            return Some(4);
        };
        let variable = |at: usize| usize::from(short(held, at));
        match *signature {
            LOCAL if held.len() < LOCAL_LENGTH => Some(LOCAL_LENGTH),
            LOCAL => Some(LOCAL_LENGTH + variable(26) + variable(28)),
            CENTRAL if held.len() < CENTRAL_LENGTH => Some(CENTRAL_LENGTH),
            CENTRAL => Some(CENTRAL_LENGTH + variable(28) + variable(30) + variable(32)),
            END if held.len() < END_LENGTH => Some(END_LENGTH),
            END => Some(END_LENGTH + variable(20)),
            LOCATOR => Some(LOCATOR_LENGTH),
            END_WIDE if held.len() < 12 => Some(12),
            END_WIDE => {
                let length = usize::try_from(long(held, 4)).ok();
                length
                    .filter(|length| long(held, 8) == 0 && *length < LONGEST_END)
                    .map(|length| 12 + length)
            }
            _ => None,
        }
    }

    /// Takes a record that ends at `end`.
    fn whole(&mut self, record: &[u8], end: u64, tokens: &mut dyn Tokens, out: &mut Out) {
        match std::mem::replace(&mut self.state, State::Record) {
            State::Behind(_) => return out.write(record),
            State::Closing(member) => {
                let sizes = record.len().saturating_sub(12);
                let told = Some(Sizes::read(record, sizes));
                return self.close_at(*member, told, record, end, tokens, out);
            }
            _ => {}
        }
        match record.first_chunk::<4>() {
            Some(&LOCAL) => self.member(record, end, out),
            _ if self.moved.is_empty() => out.write(record),
            _ => {
                out.enter(Box::new(Patched::new(record, &self.moved)));
                out.leave();
            }
        }
    }

    /// Begins a member whose header ends at `end`.
    fn member(&mut self, record: &[u8], end: u64, out: &mut Out) {
        let name_end = LOCAL_LENGTH + usize::from(short(record, 26));
        let name = record.get(LOCAL_LENGTH..name_end).unwrap_or_default();
        let extra = record.get(name_end..).unwrap_or_default();
        let facts = Facts::read(record, 6);
        let behind = facts.flags & DESCRIBED_BEHIND != 0;
        let encrypted = facts.flags & ENCRYPTED != 0;
        let wide = wide_sizes(extra, facts.sizes);
        let is_readable = facts.method == DEFLATED || facts.method == STORED && !behind;
        let has_room = self.moved.len() * size_of::<Moved>() < self.setting.limits.value;
        let reveal = medium(name)
            .filter(|_| is_readable && !encrypted && wide.is_none() && has_room)
            .and_then(|medium| self.setting.inside().encoded().reveal(&medium));
        if let Some(reveal) = reveal {
            let begins = end - record.len() as u64;
            let member = Member::new(record, begins, facts, reveal, self.setting.limits);
            let is_empty = member.is_empty();
            self.state = State::Inside(Box::new(member));
            if is_empty {
                // There is nothing in it: it leaves as it came.
                self.state = State::Record;
                out.write(record);
            }
            return;
        }
        out.write(record);
        self.state = match wide.map_or(u64::from(facts.sizes.packed), |(packed, _)| packed) {
            _ if behind && (encrypted || facts.method != DEFLATED) => State::Lost,
            _ if behind => State::Seeking(Box::default(), wide.is_some()),
            0 => State::Record,
            left => State::Passing(left),
        };
    }

    fn close(
        &mut self,
        member: Member,
        told: Option<Sizes>,
        behind: &[u8],
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) {
        let end = member.ends();
        self.close_at(member, told, behind, end, tokens, out);
    }

    /// Ends a member, and what is behind it at `end`.
    fn close_at(
        &mut self,
        member: Member,
        told: Option<Sizes>,
        behind: &[u8],
        end: u64,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) {
        let (counts, moved) = member.close(told, behind, end, tokens, out);
        self.counts.add(counts);
        if let Some(moved) = moved {
            Arc::make_mut(&mut self.moved).push(moved);
        }
    }
}

impl Container for Archive {
    fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        let mut at = 0;
        while at < chunk.len() {
            let length = self.step(chunk, at, tokens, out);
            at += length;
            self.offset += length as u64;
        }
    }

    fn finish(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Inside(member) | State::Closing(member) if member.is_undecided() => {
                member.pass(out);
            }
            State::Inside(member) | State::Closing(member) => {
                self.close(*member, None, &[], tokens, out);
            }
            _ => {}
        }
        out.write(&std::mem::take(&mut self.held));
    }

    fn with_companions(&mut self, setting: &Setting) {
        self.setting = setting.clone();
    }

    fn held(&self) -> usize {
        let member = match &self.state {
            State::Inside(member) | State::Closing(member) => member.held(),
            _ => 0,
        };
        member + self.held.len() + self.moved.len() * size_of::<Moved>()
    }

    fn counts(&self) -> Counts {
        let mut counts = self.counts;
        if let State::Inside(member) | State::Closing(member) = &self.state {
            counts.add(member.counts());
        }
        counts
    }
}

/// What a member is, by its name; nothing where it holds no text.
fn medium(name: &[u8]) -> Option<Medium> {
    let dot = memchr::memrchr(b'.', name)?;
    let ending = name.get(dot + 1..)?.to_ascii_lowercase();
    let essence = match ending.as_slice() {
        b"xml" | b"rels" | b"vml" | b"svg" => "application/xml",
        b"html" | b"htm" => "text/html",
        b"json" => "application/json",
        b"txt" => "text/plain",
        b"csv" => "text/csv",
        // A document that is embedded in another.
        b"docx" | b"xlsx" | b"pptx" => {
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        }
        b"odt" | b"ods" | b"odp" => "application/vnd.oasis.opendocument.text",
        _ => return None,
    };
    Medium::of(essence, None, None)
}
