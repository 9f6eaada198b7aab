//! Whether a column takes a field's tokens (design §6), told before the first value that is too long.

use std::ops::Range;

use seal::{Sealing, length};

use crate::diagnostic::Severity;
use crate::plan::Field;
use crate::read::section::Faults;
use crate::treatment::Treatment;

/// Compares `max`, which stands at `span`, with the tokens that the field's treatment makes.
pub(crate) fn check(field: &Field, max: u32, span: Range<usize>, faults: &mut Faults<'_>) {
    let room = usize::try_from(max).unwrap_or(usize::MAX);
    match &field.treatment {
        Treatment::Sealed { .. } | Treatment::Words { .. } => {
            sealed(room, field.sealing(), span, faults);
        }
        Treatment::Match => matched(room, span, faults),
        Treatment::Vault(_) if room < length::POINTER_LEN => no_pointer(room, span, faults),
        Treatment::Vault(_)
        | Treatment::Date(_)
        | Treatment::Mask
        | Treatment::Block
        | Treatment::Pass => {}
    }
}

fn sealed(room: usize, sealing: Sealing, span: Range<usize>, faults: &mut Faults<'_>) {
    if let Some(longest) = length::longest_sealed(room, sealing) {
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
        return;
    }
    let shortest = length::sealed(1, sealing).unwrap_or_default();
    let message =
        format!("no `sealed` token fits in {room} characters: the shortest has {shortest}");
    let uncommitted = Sealing {
        commit: false,
        ..sealing
    };
    let plain = length::sealed(1, uncommitted).filter(|plain| sealing.commit && *plain <= room);
    let matched = length::longest_matched(room).filter(|longest| *longest > 0);
    let mut ways = Vec::new();
    if let Some(plain) = plain {
        ways.push(format!(
            "take `commit` out (the shortest token then has {plain})"
        ));
    }
    if room >= length::POINTER_LEN {
        ways.push(format!(
            "use `treatment = \"vault\"` (a pointer has {} characters)",
            length::POINTER_LEN
        ));
    }
    if let Some(longest) = matched {
        ways.push(format!(
            "use `treatment = \"match\"` (values up to {longest} bytes fit)"
        ));
    }
    if ways.is_empty() {
        ways.push(nothing_fits());
    }
    faults.error("policy::max-too-small", span, message, ways.join(", or "));
}

fn matched(room: usize, span: Range<usize>, faults: &mut Faults<'_>) {
    if room < length::POINTER_LEN {
        return no_pointer(room, span, faults);
    }
    if length::longest_matched(room).is_none_or(|longest| longest == 0) {
        let shortest = length::matched(1).unwrap_or_default();
        let message = format!(
            "no `match` token fits in {room} characters (the shortest has {shortest}): every value becomes a pointer into the vault"
        );
        let help = "say so with `treatment = \"vault\"`, unless equal values must stay equal here";
        faults.warning("policy::max-too-small", span, message, help);
    }
}

fn no_pointer(room: usize, span: Range<usize>, faults: &mut Faults<'_>) {
    let pointer = length::POINTER_LEN;
    let message =
        format!("nothing fits in {room} characters: a pointer into the vault has {pointer}");
    faults.error("policy::max-too-small", span, message, nothing_fits());
}

fn nothing_fits() -> String {
    "nothing that can be undone fits: use `mask` or `block`, or leave the field's places out"
        .to_owned()
}
