//! The Luhn digit (ISO/IEC 7812-1, annex B).

/// What the digits of an even place from the right, counted from 1, count for: twice themselves, digits added.
const DOUBLED: [u8; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];

/// Whether the sum over all digits is a multiple of ten.
pub(crate) fn is_valid(digits: &[u8]) -> bool {
    sum(digits) == 0
}

/// Sets the digit at `at` so that the sum over all of them is a multiple of ten. One digit always does.
pub(crate) fn complete(digits: &mut [u8], at: usize) {
    for digit in b'0'..=b'9' {
        if let Some(place) = digits.get_mut(at) {
            *place = digit;
        }
        if is_valid(digits) {
            return;
        }
    }
}

fn sum(digits: &[u8]) -> u32 {
    let counted = digits.iter().rev().enumerate().map(|(from_right, digit)| {
        let value = digit.wrapping_sub(b'0');
        let doubled = DOUBLED.get(usize::from(value)).copied().unwrap_or(0);
        u32::from(if from_right % 2 == 0 { value } else { doubled })
    });
    counted.sum::<u32>() % 10
}
