//! What the sealer says when it refuses: code, sentence and remedy in one place. No value stands in any of them.

use body::{Comparison, Error, ErrorKind, ValueType};
use policy::{Content, Field, Part, Place};

use crate::sealer::Sealer;
use crate::{Refusal, RefusalCode};

impl Sealer {
    /// Where the body has types, the type must be the declared one, or the value would come back as another.
    pub(crate) fn check_type(
        &self,
        place: &Place,
        field: &Field,
        found: ValueType,
    ) -> Result<(), Box<Refusal>> {
        let format = self
            .border
            .route(self.app, self.under.route)
            .and_then(policy::Route::format);
        // A number or a boolean was spelled as one, in whatever body it stands; a string only tells where the body
        // has other types.
        let typed = place.part == Part::Body
            && (found != ValueType::String || format == Some(body::Format::Json));
        if !typed || found == field.value_type {
            return Ok(());
        }
        let refusal = Refusal::new(
            RefusalCode::UnreadableBody,
            "the value is of another type than its field declares",
            "declare the type of the field in the policy: type = \"string\", \"number\" or \"boolean\"",
        );
        Err(Box::new(self.named(refusal, place)))
    }

    pub(crate) fn named(&self, mut refusal: Refusal, place: &Place) -> Refusal {
        refusal.place = Some(place.at.clone());
        refusal.field = self
            .border
            .app(self.app)
            .and_then(|app| app.field(place.field))
            .map(|f| f.name.clone());
        self.border.name(
            self.app,
            Some((self.under.route, self.under.pattern)),
            refusal,
        )
    }

    pub(crate) fn away(&self, place: &Place) -> Box<Refusal> {
        Box::new(self.named(home_away(), place))
    }

    /// What opens a file could not be kept at home.
    pub(crate) fn unkept(&self) -> Box<Refusal> {
        let route = Some((self.under.route, self.under.pattern));
        Box::new(self.border.name(self.app, route, home_away()))
    }

    /// As [`Sealer::away`], for the place of this index.
    pub(crate) fn away_at(&self, place: usize) -> Box<Refusal> {
        let border = &self.border;
        match border.place(self.app, self.under.route, place) {
            Some((place, _)) => self.away(place),
            None => Box::new(border.name(self.app, None, home_away())),
        }
    }

    /// Whose value it is cannot be told, so it has no key.
    pub(crate) fn subjectless(&self, place: &Place) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::MissingPlace,
            "the request does not say whose value this is, and the policy asks for it",
            "send what `subject` names with the value, or take `subject` from the policy",
        );
        Box::new(self.named(refusal, place))
    }

    /// What the stand-in depends on is not in the message.
    pub(crate) fn tweakless(&self, place: &Place) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::MissingPlace,
            "the request does not have what the value's stand-in depends on, and the policy asks for it",
            "send what `tweak` names with the value, or take `tweak` from the policy",
        );
        Box::new(self.named(refusal, place))
    }

    /// A value that has no stand-in of its field's shape.
    pub(crate) fn unfit(&self, place: &Place, error: &dyn std::error::Error) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::UnreadableBody,
            error.to_string(),
            "correct the value, or give its field a treatment that takes any text (vault, sealed)",
        );
        Box::new(self.named(refusal, place))
    }

    /// A value in a head would need an answer that a head does not wait for.
    pub(crate) fn unaskable(&self, place: &Place) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::UnreadableBody,
            "a value in the request's head would have to be kept at home before it can be looked up",
            "give the field the treatment `match` in the policy, or `equality = true`",
        );
        Box::new(self.named(refusal, place))
    }

    /// It cannot be said where a piece of a file belongs, or it cannot be sealed by itself.
    pub(crate) fn misplaced(&self, place: &Place, fault: &dyn std::error::Error) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::Piece,
            fault.to_string(),
            "send the file anew, in pieces of a multiple of 64 KiB; what tells them apart is in the policy's `pieces`",
        );
        Box::new(self.named(refusal, place))
    }

    /// The body is not what the head states: it would be made good by being sealed.
    pub(crate) fn damaged(&self, mismatch: &integrity::Mismatch) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::UnreadableBody,
            mismatch.to_string(),
            "send the body again; something changed it on its way",
        );
        let route = Some((self.under.route, self.under.pattern));
        Box::new(self.border.name(self.app, route, refusal))
    }

    /// A query compares a value in a way that what stands in the app cannot answer.
    pub(crate) fn unsearchable(
        &self,
        place: &Place,
        field: &Field,
        comparison: Comparison,
    ) -> Box<Refusal> {
        let asked = match comparison {
            Comparison::Prefix => "what begins with a value",
            Comparison::Contains => "what has a value somewhere in it",
            Comparison::Order => "what comes before or after a value",
            _ => "what is equal to a value",
        };
        let refusal = Refusal::new(
            RefusalCode::Unsearchable,
            format!(
                "the query asks for {asked}, and the tokens of a field that is `{}` cannot answer that",
                field.treatment.as_str()
            ),
            "ask for whole values of a `match` field, or for words of a `words` field; the app's policy says which fields are what",
        );
        Box::new(self.named(refusal, place))
    }

    /// As [`Sealer::unaskable`], for any value of a head.
    pub(crate) fn unaskable_head(&self) -> Refusal {
        let refusal = Refusal::new(
            RefusalCode::UnreadableBody,
            "a value in the request's head would have to be kept at home before it can be looked up",
            "give the field the treatment `match` in the policy",
        );
        self.border.name(self.app, None, refusal)
    }

    pub(crate) fn blocked(&self, place: &Place) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::BlockedValue,
            "the request carries a value that may not leave",
            "leave the value out; whether it may leave is decided in the app's policy",
        );
        Box::new(self.named(refusal, place))
    }

    /// A protected header under another name that some servers read as the same.
    pub(crate) fn respelled(&self, content: &Content) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::UnreadableBody,
            "a protected header is spelled with an underscore for a hyphen",
            "send the header as the policy spells it",
        );
        let border = &self.border;
        let place = match content {
            Content::Value(place) => border.place(self.app, self.under.route, usize::from(place.0)),
            Content::Body(_) => None,
        };
        match place {
            Some((place, _)) => Box::new(self.named(refusal, place)),
            None => Box::new(border.name(self.app, None, refusal)),
        }
    }

    pub(crate) fn not_text(&self, place: &Place) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::UnreadableBody,
            "a value that is looked up is not valid text",
            "send it as UTF-8 text",
        );
        Box::new(self.named(refusal, place))
    }

    pub(crate) fn unsealable(&self, place: &Place, error: &seal::SealError) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::TooLong,
            error.to_string(),
            "send such a value as a file, or in parts",
        );
        Box::new(self.named(refusal, place))
    }

    pub(crate) fn too_long(&self, place: &Place, max: u32, length: usize) -> Box<Refusal> {
        let refusal = Refusal::new(
            RefusalCode::TooLong,
            format!(
                "the token of a value would be {length} characters long, and its column takes {max}"
            ),
            "shorten the value, or choose a treatment that fits the column (vault: 16 characters)",
        );
        Box::new(self.named(refusal, place))
    }

    pub(crate) fn unreadable(&self, error: &Error) -> Refusal {
        let (code, hint) = explain(&error.kind);
        self.border.name(
            self.app,
            Some((self.under.route, self.under.pattern)),
            Refusal::new(code, error.to_string(), hint),
        )
    }
}

fn home_away() -> Refusal {
    Refusal::new(
        RefusalCode::HomeAway,
        "the key of a field is not at hand",
        "ask whoever runs Rempart: `rempart doctor` says what is wrong",
    )
}

/// The code and the remedy of what a format said.
pub(crate) fn explain(kind: &ErrorKind) -> (RefusalCode, &'static str) {
    match kind {
        ErrorKind::ContentType => (
            RefusalCode::ContentType,
            "send the content type that the route describes, or describe this one in the policy",
        ),
        ErrorKind::Coding { .. } => (
            RefusalCode::ContentCoding,
            "send the body uncoded, or whole in gzip, deflate, br or zstd",
        ),
        ErrorKind::Encoding { .. } => (
            RefusalCode::UnreadableBody,
            "send the body in UTF-8, and say so wherever it names its charset",
        ),
        ErrorKind::MethodOverride => (
            RefusalCode::MethodOverride,
            "send the request with the method that is meant; a policy may name the field as a place of the form",
        ),
        ErrorKind::ValueTooLong { .. } => (
            RefusalCode::TooLong,
            "raise [limits] value, if such values are meant to be sent",
        ),
        ErrorKind::Lookahead { .. } => (
            RefusalCode::TooLong,
            "raise [limits] lookahead, if such elements are meant to be sent",
        ),
        _ => (
            RefusalCode::UnreadableBody,
            "send the body in the format and charset that its content type names",
        ),
    }
}
