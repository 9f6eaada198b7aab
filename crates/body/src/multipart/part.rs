//! What the head of a part decides: what its content is, and what changes in the head itself.

use super::boundary::LineEnd;
use super::change::{self, Change};
use super::head::{Encoding, Head};
use super::stream::{State, Stream};
use crate::content_type::ContentType;
use crate::edit::{Editor, Opened, PlaceId};
use crate::error::ErrorKind;
use crate::{Rewriter, base64, batch, charset};

impl Stream {
    /// Reads the head of a part, whose lines are the first `length` bytes of `text`, and decides what its content is; says
    /// what changes in the head.
    pub(super) fn part(
        &mut self,
        text: &[u8],
        length: usize,
        editor: &mut dyn Editor,
    ) -> Result<Option<Vec<Change>>, ErrorKind> {
        self.number += 1;
        let end = self.line_end.unwrap_or(LineEnd::CrLf);
        let head = Head::parse(text.get(..length).unwrap_or_default(), end, self.form)?;
        if let Some(depth) = self.requests {
            self.body = Some(batch::part(&head, end, depth, self.fields.limits)?);
            self.state = State::Body;
            let measures = head.measures().iter().cloned();
            return Ok(Some(measures.map(Change::Drop).collect()));
        }
        let names = head.names()?;
        let mut changes = Vec::new();
        let place = self.places.file_names.find(&names, self.number)?;
        if let Some(place) = place
            && let Some((spelled, stem)) = head.file_name()?
        {
            self.fields.begin_at(None, stem);
            changes = change::file_name(place, spelled, stem, &mut self.fields, editor)?;
        }
        let place = self.places.contents.find(&names, self.number)?;
        let name = names.first().map_or(&b""[..], Vec::as_slice);
        self.fields.begin_at(place, name);
        self.state = match place {
            None if self.form && name == charset::FIELD => {
                self.body = Some(Box::<charset::Field>::default());
                State::Body
            }
            None => State::Passing,
            Some(place) => self.content(place, &head, editor)?,
        };
        match self.state {
            State::Value(_) => {
                changes.extend(head.measures().iter().cloned().map(Change::Hold));
            }
            State::Body if place.is_some() => {
                changes.extend(head.measures().iter().cloned().map(Change::Drop));
            }
            _ => {}
        }
        Ok((!changes.is_empty()).then_some(changes))
    }

    /// What the content of a part at a place is.
    fn content(
        &mut self,
        place: PlaceId,
        head: &Head,
        editor: &mut dyn Editor,
    ) -> Result<State, ErrorKind> {
        let content_type = head.content_type()?;
        let coded = |why| Err(ErrorKind::Coding { why });
        let body = match head.encoding() {
            Encoding::Other => return coded("the part has a transfer encoding other than base64"),
            Encoding::Base64 if self.fields.is_bound(place) => {
                return coded("a part in base64 is beside another value, or has one beside it");
            }
            Encoding::Base64 => Some(base64::transfer(place, content_type, self.fields.limits)),
            Encoding::Identity => {
                let opened = Opened {
                    place,
                    content_type: content_type.as_ref(),
                };
                match editor.open(opened).map_err(|error| error.kind)? {
                    None => {
                        head.is_value(content_type.as_ref())?;
                        self.recoded(place, content_type.as_ref())?
                    }
                    body => body,
                }
            }
        };
        self.body = body;
        Ok(match &self.body {
            Some(_) => State::Body,
            None => State::Value(place),
        })
    }

    /// What reads a value in another charset than UTF-8; nothing where it is in UTF-8.
    fn recoded(
        &self,
        place: PlaceId,
        content_type: Option<&ContentType>,
    ) -> Result<Option<Box<dyn Rewriter>>, ErrorKind> {
        if content_type.is_none_or(ContentType::is_utf8) {
            return Ok(None);
        }
        if self.fields.is_bound(place) {
            return Err(ErrorKind::Encoding {
                why: "a part in it is beside another value, or has one beside it; send UTF-8",
            });
        }
        charset::text(place, content_type, self.fields.limits).map(Some)
    }
}
