//! The Gregorian calendar from 0001-01-01 to 9999-12-31, days counted from 1 for the first.

/// The number of the last day.
pub(crate) const LAST_DAY: u32 = 3_652_059;

/// The number of the first of January of a year from 1 on.
pub(crate) fn first_day(year: u32) -> u32 {
    let past = year.saturating_sub(1);
    past * 365 + past / 4 - past / 100 + past / 400 + 1
}

/// The number of a date; nothing when there is no such date.
pub(crate) fn day_number(year: u32, month: u32, day: u32) -> Option<u32> {
    let possible = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && day >= 1
        && day <= length(year, month);
    possible
        .then(|| first_day(year) + (1..month).map(|past| length(year, past)).sum::<u32>() + day - 1)
}

/// The date of a day: year, month, day.
pub(crate) fn date_of(number: u32) -> Option<(u32, u32, u32)> {
    if !(1..=LAST_DAY).contains(&number) {
        return None;
    }
    // A year is at most 366 days, so this is at most a few years early.
    let mut year = (number - 1) / 366 + 1;
    while first_day(year + 1) <= number {
        year += 1;
    }
    let mut day = number - first_day(year) + 1;
    let mut month = 1;
    while day > length(year, month) {
        day -= length(year, month);
        month += 1;
    }
    Some((year, month, day))
}

/// Days of a month.
fn length(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_one_date_and_they_follow_each_other() {
        let mut previous = (0, 12, 31);
        for number in 1..=LAST_DAY {
            let date = date_of(number).unwrap();
            assert!(date > previous);
            let (year, month, day) = date;
            assert_eq!(day_number(year, month, day), Some(number));
            previous = date;
        }
        assert_eq!(previous, (9999, 12, 31));
        assert_eq!(date_of(0), None);
        assert_eq!(date_of(LAST_DAY + 1), None);
    }

    #[test]
    fn there_are_no_other_dates() {
        for (year, month, day) in [
            (0, 1, 1),
            (10000, 1, 1),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
            (2023, 2, 29),
            (1900, 2, 29),
            (2024, 4, 31),
        ] {
            assert_eq!(day_number(year, month, day), None);
        }
        assert_eq!(day_number(2000, 2, 29), Some(730_179));
    }
}
