//! Keys of a field that say nothing to its treatment: they would be read as a promise.

use crate::plan::Field;
use crate::read::section::{Faults, Section};
use crate::treatment::{Dates, Treatment};

/// Reports them.
pub(super) fn keys(section: &Section<'_>, field: &Field, faults: &mut Faults<'_>) {
    let name = field.treatment.as_str();
    for (key, fits, why) in table(&field.treatment) {
        if section.has(key) && !fits {
            let message = format!("`{key}` means nothing to the treatment `{name}`");
            let help = format!("take it out: {why}");
            faults.error("policy::idle-key", section.key_span(key), message, help);
        }
    }
}

/// Whether a treatment's keys may be a person's.
pub(super) fn takes_subject(treatment: &Treatment) -> bool {
    matches!(
        treatment,
        Treatment::Sealed { .. }
            | Treatment::Words { .. }
            | Treatment::Match
            | Treatment::Vault(_)
            | Treatment::Date(_)
    )
}

/// Whether each key fits a treatment, and which ones it is for.
fn table(treatment: &Treatment) -> [(&'static str, bool, &'static str); 15] {
    let seals = matches!(
        treatment,
        Treatment::Sealed { .. } | Treatment::Words { .. }
    );
    let matched = matches!(treatment, Treatment::Match);
    let vault = matches!(treatment, Treatment::Vault(_));
    let equal_pointers = matches!(treatment, Treatment::Vault(pointing) if pointing.equality);
    let date = matches!(treatment, Treatment::Date(_));
    let stand_in = matches!(treatment, Treatment::Date(Dates::StandIn));
    let format = matches!(treatment, Treatment::Format(_));
    let sealed = matches!(treatment, Treatment::Sealed { .. });
    let keeps = seals || matched || vault;
    [
        (
            "commit",
            seals,
            "only `sealed` and `words` tokens take a commitment",
        ),
        (
            "pad",
            seals || stand_in,
            "only what is sealed anew each time is padded",
        ),
        (
            "type",
            matched || vault,
            "only `match` and `vault` declare a type; others keep the one that stood there",
        ),
        (
            "epoch",
            matched || matches!(treatment, Treatment::Words { .. }),
            "only `match` and `words` tokens are asked for again",
        ),
        (
            "normalise",
            keeps,
            "there is nothing to normalise where no token is made",
        ),
        (
            "display",
            matched,
            "only a `match` token holds a normalised value that is spelled anew",
        ),
        (
            "holds",
            keeps || date || format,
            "there is nothing to show where no token is made",
        ),
        (
            "max",
            !matches!(treatment, Treatment::Block | Treatment::Pass),
            "nothing is written where it stands",
        ),
        (
            "stable",
            seals || stand_in || (vault && !equal_pointers),
            "only what is made anew each time needs it; equal values have equal stand-ins here, or none",
        ),
        (
            "subject",
            takes_subject(treatment),
            "a stand-in that cannot say which key made it has one key for all, and what is not kept has none",
        ),
        (
            "stand-in",
            stand_in || sealed,
            "only a `date`, and a `sealed` value that goes to a `companion`, leave one in their place",
        ),
        ("shift", date, "only a `date` is shifted"),
        (
            "shape",
            vault,
            "only the pointers of `vault` have one; write `format:…` for a value that keeps its own",
        ),
        (
            "domain",
            vault,
            "only a pointer of `vault` with `shape = \"email\"` is an address",
        ),
        (
            "equality",
            vault,
            "only pointers of `vault` are equal or not as the policy says",
        ),
    ]
}
