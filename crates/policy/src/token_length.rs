//! Whether a column takes what a field's treatment leaves in it (design §6), told before the first value that is too
//! long. Where it does not, what would fit is worked out and proposed.

use std::ops::Range;

use seal::{Pad, Sealing, length};

use crate::diagnostic::Severity;
use crate::plan::Field;
use crate::read::section::Faults;
use crate::treatment::{Dates, PointerShape, Treatment};

/// Characters of a date as ISO 8601 writes it.
const DATE: usize = 10;
/// Characters of what stands for a masked value, and for one that went to its companion.
const MASK: usize = 3;
/// The fewest digits of a pointer.
const FEWEST_DIGITS: usize = 6;

/// Compares `max`, which stands at `span`, with what the field's treatment leaves. `accompanied` where every value
/// goes to a companion.
pub(crate) fn check(
    field: &Field,
    max: u32,
    accompanied: bool,
    span: Range<usize>,
    faults: &mut Faults<'_>,
) {
    let room = usize::try_from(max).unwrap_or(usize::MAX);
    let Some(shortest) = shortest(field, accompanied) else {
        return;
    };
    if shortest > room {
        let message = match &field.treatment {
            Treatment::Match => format!(
                "nothing that `match` leaves fits in {room} characters: a pointer into the vault, the shortest, has {shortest}"
            ),
            treatment => format!(
                "nothing that `{}` leaves fits in {room} characters: the shortest has {shortest}",
                treatment.as_str()
            ),
        };
        faults.error("policy::max-too-small", span, message, ways(field, room));
        return;
    }
    match &field.treatment {
        Treatment::Sealed { .. } if !accompanied => longest(field, room, span, faults),
        Treatment::Match => pointers_only(room, span, faults),
        _ => {}
    }
}

/// Characters of the shortest text that the treatment leaves of a value; nothing where it leaves none.
fn shortest(field: &Field, accompanied: bool) -> Option<usize> {
    let stand_in = field.stand_in.as_ref().map(|text| text.chars().count());
    match &field.treatment {
        Treatment::Sealed { .. } if accompanied => Some(stand_in.unwrap_or(MASK)),
        Treatment::Sealed { .. } => length::sealed(1, field.sealing()),
        // A text without a word in it is not what the treatment is for.
        Treatment::Words { .. } => length::worded(1, 1, field.sealing()),
        // A longer token becomes a pointer.
        Treatment::Match => Some(length::POINTER_LEN),
        Treatment::Format(shape) => Some(shape.shortest()),
        Treatment::Date(Dates::StandIn | Dates::Shift { .. }) => Some(DATE),
        Treatment::Vault(pointing) => Some(pointing.shape.characters()),
        Treatment::Mask => Some(MASK),
        Treatment::Block | Treatment::Pass => None,
    }
}

/// What fits in place of what does not, with its figures, the nearest to what was wanted first.
fn ways(field: &Field, room: usize) -> String {
    let mut ways = Vec::new();
    let sealing = field.sealing();
    let worded = matches!(field.treatment, Treatment::Words { .. });
    if worded || matches!(field.treatment, Treatment::Sealed { .. }) {
        let uncommitted = Sealing {
            commit: false,
            ..sealing
        };
        let classes = Sealing {
            pad: Pad::Classes,
            ..sealing
        };
        for (key, other) in [("commit", uncommitted), ("pad", classes)] {
            let shortest = if worded {
                length::worded(1, 1, other)
            } else {
                length::sealed(1, other)
            };
            if let Some(shortest) = shortest.filter(|shortest| *shortest <= room)
                && other != sealing
            {
                ways.push(format!(
                    "take `{key}` out (the shortest token then has {shortest})"
                ));
            }
        }
    }
    if let Some(shortest) = length::sealed(1, sealing)
        && worded
        && shortest <= room
    {
        ways.push(format!(
            "use `treatment = \"sealed\"`, which no word finds (the shortest token has {shortest})"
        ));
    }
    let is_token = |shape: &PointerShape| *shape == PointerShape::Token;
    match &field.treatment {
        Treatment::Vault(pointing) if is_token(&pointing.shape) || room < FEWEST_DIGITS => {}
        _ if room >= length::POINTER_LEN => ways.push(format!(
            "use `treatment = \"vault\"` (a pointer has {} characters)",
            length::POINTER_LEN
        )),
        _ => {}
    }
    if let Some(longest) = length::longest_matched(room)
        && longest > 0
    {
        ways.push(format!(
            "use `treatment = \"match\"` (values up to {longest} bytes fit)"
        ));
    }
    let bare = PointerShape::Bare.characters();
    if (bare..length::POINTER_LEN).contains(&room) {
        ways.push(format!(
            "use `treatment = \"vault\"` with `shape = \"bare\"` ({bare} characters, which come back at `reveal` places only)"
        ));
    }
    if (FEWEST_DIGITS..bare).contains(&room) {
        ways.push(format!(
            "use `treatment = \"vault\"` with `shape = \"digits:{room}\"` ({room} digits, which come back at `reveal` \
             places only)"
        ));
    }
    if ways.is_empty() && room >= MASK && field.treatment != Treatment::Mask {
        ways.push(format!(
            "give its places a `companion`, or use `treatment = \"mask\"` ({MASK} characters; nothing comes back)"
        ));
    }
    if ways.is_empty() {
        ways.push("use `treatment = \"block\"`: nothing fits that could be undone".to_owned());
    }
    ways.join(", or ")
}

fn longest(field: &Field, room: usize, span: Range<usize>, faults: &mut Faults<'_>) {
    let Some(longest) = length::longest_sealed(room, field.sealing()) else {
        return;
    };
    let message = format!(
        "values of more than {longest} bytes are refused here: no `sealed` token of them fits in {room} characters"
    );
    let help = "nothing to do where the app's users write less; otherwise `treatment = \"vault\"` takes any length";
    faults.add(
        Severity::Note,
        "policy::longest-value",
        Some(span),
        message,
        help,
    );
}

fn pointers_only(room: usize, span: Range<usize>, faults: &mut Faults<'_>) {
    if length::longest_matched(room).is_some_and(|longest| longest > 0) {
        return;
    }
    let shortest = length::matched(1).unwrap_or_default();
    let message = format!(
        "no `match` token fits in {room} characters (the shortest has {shortest}): every value becomes a pointer into the vault"
    );
    let help = "say so with `treatment = \"vault\"` and `equality = true`";
    faults.warning("policy::max-too-small", span, message, help);
}
