//! `treatment`, and the keys that belong to one treatment alone.

use crate::host::HostPattern;
use crate::read::section::{Faults, Section, Text};
use crate::treatment::{Dates, PointerShape, Pointing, Treatment};

const TREATMENTS: [&str; 8] = [
    "sealed",
    "match",
    "format:…",
    "date",
    "vault",
    "mask",
    "block",
    "pass",
];

/// The columns that a pointer of 12 characters is for: one of 16 does not fit.
const SHORT: std::ops::Range<u32> = 12..16;
/// How many digits a pointer of digits has.
const DIGITS: std::ops::RangeInclusive<u8> = 6..=18;
/// The most days that dates are shifted by.
const LONGEST_SHIFT: u32 = 3650;

/// Reads what is done to the values of a field.
pub(super) fn treatment(
    section: &Section<'_>,
    max: Option<u32>,
    faults: &mut Faults<'_>,
) -> Option<Treatment> {
    let help = "say what is done to it: `sealed` for what nobody searches, `match` for what is looked up, \
                `vault` for short columns";
    let text = section.needed_text("treatment", help, faults)?;
    let commit = section.flag("commit", faults);
    match text.value {
        "sealed" => Some(Treatment::Sealed { commit }),
        "match" => Some(Treatment::Match),
        "words" => Some(Treatment::Words { commit }),
        "date" => dates(section, faults).map(Treatment::Date),
        "vault" => pointing(section, max, faults).map(Treatment::Vault),
        "mask" => Some(Treatment::Mask),
        "block" => Some(Treatment::Block),
        "pass" => Some(Treatment::Pass),
        other => match other.strip_prefix("format") {
            Some(shape) if shape.is_empty() || shape.starts_with(':') => {
                format(&text, shape, faults)
            }
            _ => {
                faults.unknown_word("a treatment", &text, &TREATMENTS);
                None
            }
        },
    }
}

/// `format:digits`: what stands behind the colon is read by who makes the stand-ins.
fn format(text: &Text<'_>, shape: &str, faults: &mut Faults<'_>) -> Option<Treatment> {
    match seal::format::Shape::parse(shape.trim_start_matches(':')) {
        Ok(shape) => Some(Treatment::Format(shape)),
        Err(error) => {
            let message = format!("`{}`: {error}", text.value);
            let all = seal::format::Shape::NAMES.join("`, `format:");
            let help = format!("write one of `format:{all}`");
            faults.error("policy::unknown-word", text.span.clone(), message, help);
            None
        }
    }
}

/// A fixed date for all, or a shift by each subject's own number of days.
fn dates(section: &Section<'_>, faults: &mut Faults<'_>) -> Option<Dates> {
    const HELP: &str = "write `stand-in = \"1900-01-01\"` for one date that says nothing, the true one in a \
                        `companion`; or `shift = 180`, which keeps the intervals within a person";
    match (section.has("stand-in"), section.has("shift")) {
        (false, false) => {
            section.missing("stand-in", HELP, faults);
            None
        }
        (true, true) => {
            let message = "a date has a `stand-in` or is shifted, not both";
            faults.error("policy::idle-key", section.key_span("shift"), message, HELP);
            None
        }
        (true, false) => {
            let text = section.text("stand-in", faults)?;
            if is_date(text.value) {
                return Some(Dates::StandIn);
            }
            let message = format!("`{}` is no date of the calendar", text.value);
            let help = "write one that nobody takes for true, year first: `1900-01-01`";
            faults.error("policy::bad-date", text.span, message, help);
            None
        }
        (false, true) => {
            let (days, span) = section.number("shift", faults)?;
            if days <= LONGEST_SHIFT {
                return Some(Dates::Shift { days });
            }
            let message = format!("dates are shifted by at most {LONGEST_SHIFT} days");
            let help = "write how far dates may move, either way: `shift = 180`";
            faults.error("policy::bad-date", span, message, help);
            None
        }
    }
}

/// Whether `text` is a date as ISO 8601 writes it, and there is such a day.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut number = |length: usize| {
        let part = parts.next()?;
        let fits = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse::<u32>().ok())?
    };
    let (Some(year), Some(month), Some(day)) = (number(4), number(2), number(2)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day) && parts.next().is_none()
}

/// What the pointers of a `vault` field look like.
fn pointing(section: &Section<'_>, max: Option<u32>, faults: &mut Faults<'_>) -> Option<Pointing> {
    let equality = section.flag("equality", faults);
    let shape = if section.has("shape") {
        let text = section.text("shape", faults)?;
        shape(section, &text, faults)?
    } else if max.is_some_and(|max| SHORT.contains(&max)) {
        PointerShape::Bare
    } else {
        PointerShape::Token
    };
    if section.has("domain") && !matches!(shape, PointerShape::Email { .. }) {
        let message = "`domain` means nothing to a pointer that is no address";
        let help = "write `shape = \"email\"` too, or take `domain` out";
        faults.error(
            "policy::idle-key",
            section.key_span("domain"),
            message,
            help,
        );
    }
    Some(Pointing { shape, equality })
}

fn shape(section: &Section<'_>, text: &Text<'_>, faults: &mut Faults<'_>) -> Option<PointerShape> {
    const KNOWN: [&str; 4] = ["token", "bare", "digits:N", "email"];
    match text.value {
        "token" => return Some(PointerShape::Token),
        "bare" => return Some(PointerShape::Bare),
        "email" => return email(section, faults),
        _ => {}
    }
    let Some(digits) = text.value.strip_prefix("digits:") else {
        faults.unknown_word("the shape of a pointer", text, &KNOWN);
        return None;
    };
    let digits = digits.parse().ok().filter(|digits| DIGITS.contains(digits));
    if digits.is_none() {
        let message = format!("`{}`: a pointer has 6 to 18 digits", text.value);
        let help = "write how many the column takes: `shape = \"digits:9\"`";
        faults.error("policy::unknown-word", text.span.clone(), message, help);
    }
    digits.map(PointerShape::Digits)
}

fn email(section: &Section<'_>, faults: &mut Faults<'_>) -> Option<PointerShape> {
    const HELP: &str = "name a domain whose mail comes to you: `domain = \"mail.example.org\"`; what the app sends \
                        to the person then reaches home";
    let text = section.needed_text("domain", HELP, faults)?;
    let host = HostPattern::parse(text.value)
        .ok()
        .filter(|host| !host.is_wildcard() && host.name().contains('.'));
    let Some(host) = host else {
        let message = format!("`{}` is no domain that mail can go to", text.value);
        faults.error("policy::bad-host", text.span, message, HELP);
        return None;
    };
    Some(PointerShape::Email {
        domain: host.name().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn a_date_is_one_of_the_calendar() {
        for text in ["1900-01-01", "2024-02-29", "2000-02-29", "9999-12-31"] {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "1900-02-29",
            "2023-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-04-31",
            "2024-4-01",
            "0000-01-01",
            "2024-01-01T00:00",
            "2024-01-01-",
            "+024-01-01",
            "",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
