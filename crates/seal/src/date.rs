//! `date` by a shift: a true calendar date becomes another, so that a column that insists on dates takes it.
//!
//! All dates of one subject in one field move by the same number of days, drawn from a MAC over the subject: who
//! reads the column learns the days between two dates of a person, and of no date which day it was. A shift never is
//! zero. It has one epoch for ever and no check: any date opens to one, and without its subject none opens right.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use keys::{EpochSecret, SubjectName, SubjectSecret, derive};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::calendar;

/// The greatest number of days that dates are shifted by: a hundred years.
pub const DAYS_LIMIT: u32 = 36_525;
/// Characters of a date.
const LENGTH: usize = 10;

/// Why a date was not shifted. It names what is wrong, never the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {
    /// It is not `YYYY-MM-DD`, or no such day is in the calendar.
    #[error(
        "the value is no calendar date of the form YYYY-MM-DD, alone or with `T` and a time behind it"
    )]
    NoDate,
    /// The shifted date is before the year 1 or after 9999.
    #[error("the date is so near the end of the calendar that it cannot be shifted")]
    Calendar,
    /// The range is none.
    #[error("dates are shifted by 1 to {DAYS_LIMIT} days at most, not by {days}")]
    Days {
        /// What was asked for.
        days: u32,
    },
}

/// What shifts the dates of one field, or of one subject in it.
pub struct ShiftKey(Hmac<Sha256>);

impl ShiftKey {
    /// Derives it from the secret of the field's only epoch, and of the subject where the field has one for each.
    pub fn derive(
        secret: &EpochSecret,
        subject: Option<(&SubjectSecret, SubjectName)>,
        app: &str,
        field: &str,
    ) -> Self {
        let mut input = Zeroizing::new([0; 64]);
        let mut parts = vec![app.as_bytes(), field.as_bytes()];
        let (front, back) = input.split_at_mut(32);
        front.copy_from_slice(secret.expose());
        let input = match &subject {
            Some((subject_secret, SubjectName(name))) => {
                back.copy_from_slice(subject_secret.expose());
                parts.push(name);
                input.as_slice()
            }
            None => front,
        };
        Self(Hmac::new(
            (&*derive::<64>(input, "field-shift", &parts)).into(),
        ))
    }

    /// By how many days the dates of a subject move: from `-days` to `days`, not 0.
    fn shift(&self, days: u32, subject: &[u8]) -> Result<i64, DateError> {
        if !(1..=DAYS_LIMIT).contains(&days) {
            return Err(DateError::Days { days });
        }
        let mut code = self.0.clone();
        code.update(&days.to_be_bytes());
        code.update(subject);
        let code: [u8; 32] = code.finalize().into_bytes().into();
        let drawn = code
            .iter()
            .take(8)
            .fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte))
            % (2 * u64::from(days));
        // From 0 to 2 days - 1: the first half goes back, the other forward.
        let drawn = i64::try_from(drawn).unwrap_or(0);
        let days = i64::from(days);
        Ok(if drawn < days {
            drawn - days
        } else {
            drawn - days + 1
        })
    }
}

impl fmt::Debug for ShiftKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShiftKey(‹64 bytes›)")
    }
}

/// Shifts a date by its subject's number of days, 1 to `days` forward or back. What stands behind the date from `T`
/// on stays.
///
/// # Errors
/// [`DateError`] when it is no date, or would leave the calendar.
pub fn shift(key: &ShiftKey, days: u32, subject: &[u8], date: &str) -> Result<String, DateError> {
    moved(date, key.shift(days, subject)?)
}

/// Shifts a date back.
///
/// # Errors
/// As [`shift`].
pub fn unshift(
    key: &ShiftKey,
    days: u32,
    subject: &[u8],
    date: &str,
) -> Result<Zeroizing<String>, DateError> {
    moved(date, -key.shift(days, subject)?).map(Zeroizing::new)
}

fn moved(text: &str, days: i64) -> Result<String, DateError> {
    let (date, time) = text.split_at_checked(LENGTH).ok_or(DateError::NoDate)?;
    let behind = time.is_empty() || time.starts_with(['T', 't']);
    let number = read(date).filter(|_| behind).ok_or(DateError::NoDate)?;
    let moved = u32::try_from(i64::from(number) + days).ok();
    let (year, month, day) = moved
        .and_then(calendar::date_of)
        .ok_or(DateError::Calendar)?;
    Ok(format!("{year:04}-{month:02}-{day:02}{time}"))
}

/// The number of a day.
fn read(date: &str) -> Option<u32> {
    let mut parts = date.split('-');
    let mut next = |length| {
        let part = parts.next().filter(|part| part.len() == length)?;
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| digits)
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    calendar::day_number(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(field: &str) -> ShiftKey {
        ShiftKey::derive(&EpochSecret::from_bytes(&[0x42; 32]), None, "crm", field)
    }

    fn subject_key(secret: u8, name: u8) -> ShiftKey {
        ShiftKey::derive(
            &EpochSecret::from_bytes(&[0x42; 32]),
            Some((
                &SubjectSecret::from_bytes(&[secret; 32]),
                SubjectName([name; 16]),
            )),
            "crm",
            "birth",
        )
    }

    #[test]
    fn no_date_is_shifted_that_is_none() {
        for text in [
            "",
            "2024-02-30",
            "2023-02-29",
            "0000-01-01",
            "2024-1-01",
            "20240101",
            "2024-01-01 10:00",
            "2024-01-01Z",
            "2024-01-0１",
            "+024-01-01",
            "2024/01/01",
            "2024-01-01-",
            "01-01-2024",
            "-024-01-01",
        ] {
            assert_eq!(
                shift(&key("birth"), 180, b"41", text),
                Err(DateError::NoDate),
                "{text}"
            );
        }
        for days in [0, DAYS_LIMIT + 1, u32::MAX] {
            assert_eq!(
                shift(&key("birth"), days, b"41", "2024-01-01"),
                Err(DateError::Days { days })
            );
        }
        let ends = ["0001-01-01", "9999-12-31"].map(|date| shift(&key("birth"), 180, b"41", date));
        assert_eq!(
            ends.iter()
                .filter(|end| **end == Err(DateError::Calendar))
                .count(),
            1
        );
    }

    #[test]
    fn fields_subjects_and_their_secrets_shift_apart() {
        let shifts = [
            key("birth"),
            key("death"),
            subject_key(1, 1),
            subject_key(2, 1),
            subject_key(1, 2),
        ]
        .map(|key| key.shift(DAYS_LIMIT, b"41").unwrap());
        for (i, one) in shifts.iter().enumerate() {
            assert!(shifts.iter().skip(i + 1).all(|other| other != one));
        }
    }

    #[test]
    fn every_shift_of_a_range_is_drawn_and_no_other() {
        let drawn: std::collections::BTreeSet<i64> = (0..400_u32)
            .map(|subject| key("birth").shift(7, &subject.to_be_bytes()).unwrap())
            .collect();
        let all: std::collections::BTreeSet<i64> = (-7..=7).filter(|days| *days != 0).collect();
        assert_eq!(drawn, all);
    }

    proptest! {
        #[test]
        fn i02_a_date_comes_back_and_intervals_stay(
            first in 40_000_u32..3_500_000, between in 0_u32..40_000, days in 1..=DAYS_LIMIT, subject: Vec<u8>,
            time in prop::sample::select(vec!["", "T10:00:00Z", "t00:00", "T23:59:59.999-05:00"]),
        ) {
            let spelled = |number| {
                let (year, month, day) = calendar::date_of(number).unwrap();
                format!("{year:04}-{month:02}-{day:02}{time}")
            };
            let dates = [spelled(first), spelled(first + between)];
            let key = key("birth");
            let shifted = dates.clone().map(|date| shift(&key, days, &subject, &date).unwrap());
            for (date, shifted) in dates.iter().zip(&shifted) {
                prop_assert_ne!(date, shifted);
                prop_assert_eq!(&*unshift(&key, days, &subject, shifted).unwrap(), date);
                prop_assert!(shifted.ends_with(time));
                let moved = read(&shifted[..LENGTH]).unwrap().abs_diff(read(&date[..LENGTH]).unwrap());
                prop_assert!((1..=days).contains(&moved));
            }
            let [one, other] = shifted.map(|date| read(&date[..LENGTH]).unwrap());
            prop_assert_eq!(other - one, between);
        }

        #[test]
        fn any_text_is_a_date_or_refused(text in "\\PC{0,24}", near in "[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?") {
            for text in [text, near] {
                if let Ok(shifted) = shift(&key("birth"), 180, b"41", &text) {
                    prop_assert_eq!(&*unshift(&key("birth"), 180, b"41", &shifted).unwrap(), &text);
                }
            }
        }
    }
}
