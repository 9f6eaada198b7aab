//! What must hold of stand-ins: they come back equal, they look like what they stand for, and what is no value of
//! the shape is refused without being told. The rules are checked by code of this file, not by the product's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use proptest::prelude::*;
use seal::EpochSecret;
use seal::format::{CardKeeps, FormatError, FormatKey, Shape, ShapeError, open, seal};

fn key(shape: &str) -> FormatKey {
    let secret = EpochSecret::from_bytes(&[0x42; 32]);
    FormatKey::derive(&secret, "crm", "field", Shape::parse(shape).unwrap())
}

/// Seals, opens, and gives the stand-in.
fn exchanged(shape: &str, value: &str, tweak: &[u8]) -> String {
    let key = key(shape);
    let stand_in = seal(&key, value, tweak).unwrap_or_else(|error| panic!("{shape}: {error}"));
    assert_eq!(*open(&key, &stand_in, tweak).unwrap(), value, "{shape}");
    stand_in
}

/// Each character's class: what stands between symbols is its own.
fn classes(value: &str) -> Vec<char> {
    let class = |character: char| match character {
        '0'..='9' => '9',
        'a'..='z' => 'a',
        'A'..='Z' => 'A',
        other => other,
    };
    value.chars().map(class).collect()
}

fn symbols(value: &str) -> String {
    let kept = value.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|character| character.to_ascii_uppercase())
        .collect()
}

fn digits(value: &str) -> Vec<u32> {
    value.chars().filter_map(|c| c.to_digit(10)).collect()
}

fn luhn(value: &str) -> bool {
    let digits = digits(value);
    let parity = digits.len() % 2;
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(i, digit)| {
            let twice = digit * (1 + u32::from(i % 2 == parity));
            twice / 10 + twice % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

fn with_luhn(head: &str, tail: &str) -> String {
    (0..10)
        .map(|digit| format!("{head}{digit}{tail}"))
        .find(|value| luhn(value))
        .unwrap()
}

/// The check of 49 CFR 565.15, letters looked up in the rule's own table.
fn vin_digit(vin: &str) -> char {
    const TABLE: &str = "A1B2C3D4E5F6G7H8J1K2L3M4N5P7R9S2T3U4V5W6X7Y8Z9";
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |c: char| {
        c.to_digit(10).unwrap_or_else(|| {
            let at = TABLE.find(c).unwrap();
            TABLE[at + 1..=at + 1].parse().unwrap()
        })
    };
    let sum: u32 = vin.chars().zip(weights).map(|(c, w)| value(c) * w).sum();
    char::from_digit(sum % 11, 10).unwrap_or('X')
}

fn leap(year: u32) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

fn is_date(year: u32, month: u32, day: u32) -> bool {
    let lengths = [
        31,
        28 + u32::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    (1..=12).contains(&month) && day >= 1 && day <= lengths[month as usize - 1]
}

/// The check digit that RAMQ's rule gives a number whose holder was born in this century.
fn ramq_digit(number: &str, century: u32) -> u32 {
    let month: u32 = number[6..8].parse().unwrap();
    let (sex, month) = if month > 50 {
        ('F', month - 50)
    } else {
        ('M', month)
    };
    let text = format!(
        "{}{century}{}{sex}{month:02}{}",
        &number[..4],
        &number[4..6],
        &number[8..11]
    );
    let code = |c: char| match c {
        'A'..='I' => c as u32 - 'A' as u32 + 193,
        'J'..='R' => c as u32 - 'J' as u32 + 209,
        'S'..='Z' => c as u32 - 'S' as u32 + 226,
        _ => c as u32 - '0' as u32 + 240,
    };
    let weights = [1, 3, 7, 9, 1, 7, 1, 3, 4, 5, 7, 6, 9, 1];
    text.chars()
        .zip(weights)
        .map(|(c, w)| code(c) * w)
        .sum::<u32>()
        % 10
}

/// The year of birth of a valid number.
fn ramq_year(value: &str) -> Option<u32> {
    let number = symbols(value);
    let formed = number.len() == 12
        && number[..4].chars().all(|c| c.is_ascii_uppercase())
        && number[4..].chars().all(|c| c.is_ascii_digit())
        && &number[10..11] != "0";
    let years = [19, 20].into_iter().filter(|century| {
        let year = century * 100 + number[4..6].parse::<u32>().unwrap();
        let month: u32 = number[6..8].parse().unwrap();
        let month = if month > 50 { month - 50 } else { month };
        is_date(year, month, number[8..10].parse().unwrap())
            && number.ends_with(&ramq_digit(&number, *century).to_string())
    });
    let years: Vec<u32> = years
        .map(|c| c * 100 + number[4..6].parse::<u32>().unwrap())
        .collect();
    assert!(years.len() < 2, "a number says its century");
    years.first().copied().filter(|_| formed)
}

fn is_nanp(ten: &str) -> bool {
    let code = |code: &str| code.starts_with(|c| ('2'..='9').contains(&c)) && !code.ends_with("11");
    ten.len() == 10 && code(&ten[..3]) && code(&ten[3..6])
}

fn postal_alphabet(value: &str) -> bool {
    let allowed = |(i, c): (usize, char)| match i {
        0 => "ABCEGHJKLMNPRSTVXY".contains(c),
        2 | 4 => "ABCEGHJKLMNPRSTVWXYZ".contains(c),
        _ => c.is_ascii_digit(),
    };
    symbols(value).chars().enumerate().all(allowed)
}

/// Separators as people type them, in every gap of `groups`.
fn grouped(text: &str, groups: &[usize], between: &str) -> String {
    let mut rest = text;
    let mut parts = Vec::new();
    for &length in groups {
        let (part, after) = rest.split_at(length.min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts.join(between)
}

fn separator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ", "-", ".", "\u{a0}", "\u{2011}"])
}

fn tweak() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..40)
}

#[test]
fn what_is_published_as_valid_is_exchanged() {
    let published: [(&str, &[&str]); 12] = [
        ("sin", &["193-456-787", "123456782"]),
        (
            "ramq",
            &[
                "TEST 5412 2816",
                "EXEM 8501 1511",
                "FICT 9256 0419",
                "fict-9256-0419",
            ],
        ),
        (
            "vin",
            &[
                "1M8GDM9AXKP042788",
                "5GZCZ43D13S812715",
                "11111111111111111",
                "1m8gdm9axkp042788",
            ],
        ),
        (
            "card",
            &[
                "4111 1111 1111 1111",
                "2223003122003222",
                "3782 822463 10005",
                "1234567812345670",
            ],
        ),
        (
            "card:bin",
            &[
                "4111 1111 1111 1111",
                "2223003122003222",
                "3782-822463-10005",
            ],
        ),
        (
            "card:last4",
            &[
                "4111 1111 1111 1111",
                "2223003122003222",
                "3782 822463 10005",
            ],
        ),
        ("postal", &["G1R 4P5", "H2X1Y4", "J8X-3X7", "h2x 1y4"]),
        (
            "phone",
            &[
                "418 555-0123",
                "+15145550199",
                "(819) 555-0100 poste 12",
                "1-418-555-0123",
                "418.555.0123 x7",
                "+1 (418) 555-0123 ext. 4",
                "+33 6 12 34 56 78",
                "+44 (0)20 7946 0000",
                "+390612345678",
                "+71234567",
                "(+33) 6 12 34 56 78",
            ],
        ),
        (
            "plate",
            &[
                "E45 ABC", "01A AAA", "ABC 12D", "123 ABC", "ABC-123", "F123456", "ROYAL1",
            ],
        ),
        (
            "number",
            &[
                "1234567",
                "-98765432.10",
                "12345.678",
                "0.00012345678",
                "1234567.00",
                "999999999999999",
            ],
        ),
        (
            "digits",
            &["123456", "0000-0002-1825-0097", "20261124 12:45:00"],
        ),
        (
            "alnum",
            &[
                "P-123456",
                "Dossier 2026/00417-B",
                "ABCDE",
                "123e4567-e89b-42d3-a456-426614174000",
            ],
        ),
    ];
    for (shape, values) in published {
        for value in values {
            let stand_in = exchanged(shape, value, b"");
            assert_ne!(stand_in, *value);
            assert_eq!(stand_in.chars().count(), value.chars().count(), "{shape}");
            assert!(value.len() >= Shape::parse(shape).unwrap().shortest());
        }
    }
}

#[test]
fn what_is_no_value_of_the_shape_is_refused_with_its_reason() {
    use FormatError as E;
    let small = |error: &E| *error == E::SmallDomain;
    let check = |error: &E| *error == E::Check;
    let symbol = |error: &E| matches!(error, E::Symbol { .. } | E::Place { .. });
    let built = |error: &E| matches!(error, E::Structure { .. } | E::Length { .. });
    type Expected = fn(&FormatError) -> bool;
    let cases: [(&str, &[&str], Expected); 22] = [
        ("sin", &["046 454 287", "111 111 111"], check),
        ("sin", &["12345678", "", "04645428a"], built),
        // Of no person.
        ("sin", &["046 454 286", "800 000 002", "000000000"], symbol),
        ("ramq", &["TEST54122815", "FICT 9256 0410"], check),
        (
            "ramq",
            &[
                "TEST54132816",
                "TES154122816",
                "TEST 5412 281",
                "TEST54122806",
            ],
            built,
        ),
        ("vin", &["1M8GDM9A1KP042788", "5GZCZ43D23S812715"], check),
        (
            "vin",
            &["1M8GDM9AXKPO42788", "1M8GDM9AXKP04278", "1M8GDM9AxKP042788"],
            built,
        ),
        ("card", &["4111111111111112"], check),
        ("card", &["41111111111", "4111 1111 1111 111x"], built),
        ("card:bin", &["411111111117"], small),
        ("card:last4", &["378282246313"], small),
        ("postal", &["D1A 1A1", "H2O 1Y4", "Z9Z 9Z9"], symbol),
        ("postal", &["H2X 1Y", "H2X 1Y44"], built),
        (
            "phone",
            &[
                "018 555-0123",
                "418 155-0123",
                "411 555 0123",
                "418 911 5555",
            ],
            symbol,
        ),
        (
            "phone",
            &[
                "41855501",
                "+1 418 555",
                "+1234567890123456",
                "418 555-0123 maison",
                "+",
            ],
            built,
        ),
        ("phone", &["+298 123456"], small),
        (
            "plate",
            &["AB1 2CD", "123 45A", "A1B 2C3", "", "ABCDEFGH"],
            built,
        ),
        ("plate", &["1ROY", "L12345"], small),
        ("number", &["123456", "0", "-12.5", "0.10"], small),
        (
            "number",
            &[
                "1e9",
                "01234567",
                "+1234567",
                "1234567.",
                ".1234567",
                "1 234 567",
                "",
                "1234567890123456",
            ],
            built,
        ),
        ("digits", &["12345", ""], small),
        ("alnum", &["AB12", "", "----", "ABCD"], small),
    ];
    for (shape, values, expected) in cases {
        for value in values {
            let Err(error) = seal(&key(shape), value, b"") else {
                panic!("{shape} {value}");
            };
            assert!(expected(&error), "{shape} {value}: {error:?}");
            assert!(value.len() < 3 || !error.to_string().contains(value));
            assert!(open(&key(shape), value, b"").is_err());
        }
    }
    for value in ["1234567é", "１２３４５６", "12345\n678"] {
        assert!(matches!(
            seal(&key("alnum"), value, b""),
            Err(E::Symbol { .. })
        ));
    }
    assert!(seal(&key("digits"), &"9".repeat(57), b"").is_err());
    assert_eq!(seal(&key("alnum"), &"Z".repeat(60), b""), Err(E::TooLong));
    assert_eq!(seal(&key("alnum"), &"Z".repeat(6000), b""), Err(E::TooLong));
    assert_eq!(
        seal(&key("digits"), "123456", &[0; 65_536]),
        Err(E::Tweak { found: 65_536 })
    );
}

#[test]
fn shapes_are_read_as_they_are_written_and_say_what_they_cannot_be() {
    for name in Shape::NAMES {
        let shape = Shape::parse(name).unwrap();
        assert_eq!(shape.to_string(), name);
        assert_eq!(shape.fits(shape.shortest()), Ok(()));
        assert!(matches!(
            shape.fits(shape.shortest() - 1),
            Err(ShapeError::SmallDomain { .. })
        ));
    }
    assert_eq!(Shape::parse("iban"), Err(ShapeError::Unknown));
    assert_eq!(Shape::parse("card:bin+last4"), Err(ShapeError::BothEnds));
    assert_eq!(Shape::parse("card:bin"), Ok(Shape::Card(CardKeeps::Bin)));
    for error in [ShapeError::Unknown, ShapeError::BothEnds] {
        assert!(!error.to_string().ends_with('.'));
    }
}

/// An eleventh of the smallest domain there is: no two share a stand-in, and no value is its own by habit.
#[test]
fn every_value_of_a_small_domain_has_a_stand_in_of_its_own() {
    let key = key("digits");
    let mut seen = vec![false; 1_000_000];
    let mut same = 0;
    for number in (0..1_000_000_usize).step_by(11) {
        let stand_in: usize = seal(&key, &format!("{number:06}"), b"")
            .unwrap()
            .parse()
            .unwrap();
        assert!(!std::mem::replace(&mut seen[stand_in], true));
        same += usize::from(stand_in == number);
    }
    // An eleventh of one is expected in a random permutation.
    assert!(same < 8, "{same}");
}

/// Values that differ by one are exchanged over the whole domain: the radix-two halves of a rank are not left apart.
#[test]
fn neighbours_are_strangers() {
    let postal: HashSet<String> = (0..10)
        .map(|last| exchanged("postal", &format!("H2X 1Y{last}"), b"")[..1].to_owned())
        .collect();
    assert!(postal.len() > 3);
}

#[test]
fn fields_shapes_lengths_and_siblings_are_apart() {
    let secret = EpochSecret::from_bytes(&[0x42; 32]);
    let value = "4111111111111111";
    let mut seen = HashSet::new();
    for (app, field, shape) in [
        ("crm", "field", "digits"),
        ("crm", "other", "digits"),
        ("fhir", "field", "digits"),
        ("crm", "field", "card"),
        ("crm", "field", "alnum"),
        ("crm", "field", "card:bin"),
        ("crm", "field", "card:last4"),
    ] {
        let key = FormatKey::derive(&secret, app, field, Shape::parse(shape).unwrap());
        assert!(!format!("{key:?}").contains("42"));
        for tweak in [&b""[..], b"a", b"b"] {
            assert!(seen.insert(seal(&key, value, tweak).unwrap()));
        }
    }
    // What a card keeps is part of its tweak.
    let middle = |card: &str| exchanged("card:bin", card, b"")[6..12].to_owned();
    assert_ne!(
        middle("4111111111111111"),
        middle(&with_luhn("411112111111111", ""))
    );
}

fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(200)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn i02_digits(value in "[0-9]{6,56}", at in 1_usize..6, between in separator(), tweak in tweak()) {
        let value = grouped(&value, &[at], between);
        let stand_in = exchanged("digits", &value, &tweak);
        prop_assert_eq!(classes(&stand_in), classes(&value));
    }

    #[test]
    fn i02_letters_and_digits_keep_class_and_case(value in "[0-9a-zA-Z]{6,32}", between in separator(), tweak in tweak()) {
        let value = grouped(&value, &[2, 3], between);
        let stand_in = exchanged("alnum", &value, &tweak);
        prop_assert_eq!(classes(&stand_in), classes(&value));
    }

    #[test]
    fn i02_numbers_stay_numbers_of_their_size(
        sign in "-?",
        whole in "[1-9][0-9]{6,11}",
        fraction in prop_oneof![Just(String::new()), "\\.[0-9]{1,3}"],
        small in "0\\.0{0,3}[1-9][0-9]{5,9}[1-9]0{0,2}",
        tweak in tweak(),
    ) {
        for value in [format!("{sign}{whole}{fraction}"), format!("{sign}{small}")] {
            let stand_in = exchanged("number", &value, &tweak);
            prop_assert_eq!(classes(&stand_in), classes(&value));
            let read: serde_json::Value = serde_json::from_str(&stand_in).unwrap();
            prop_assert!(read.is_number());
            // An app that reads it as a double and writes it again has not lost a digit that counts.
            let again = stand_in.parse::<f64>().unwrap().to_string();
            let opened = open(&key("number"), &again, &tweak).unwrap();
            prop_assert_eq!(opened.parse::<f64>().unwrap(), value.parse::<f64>().unwrap());
            let magnitude = |text: &str| text.parse::<f64>().unwrap().abs().log10().floor();
            prop_assert_eq!(magnitude(&stand_in), magnitude(&value));
        }
    }

    #[test]
    fn i02_insurance_numbers_stay_valid(head in "[1-79][0-9]{7}", between in separator(), tweak in tweak()) {
        let value = grouped(&with_luhn(&head, ""), &[3, 3], between);
        let stand_in = exchanged("sin", &value, &tweak);
        prop_assert_eq!(classes(&stand_in), classes(&value));
        prop_assert!(luhn(&stand_in));
        prop_assert!(stand_in.starts_with(|c| "12345679".contains(c)));
    }

    #[test]
    fn i02_cards_stay_valid_and_keep_one_end_at_most(
        head in prop_oneof![
            "4[0-9]{11,17}", "5[1-5][0-9]{10,13}", "222[1-9][0-9]{11}", "3[47][0-9]{12}", "6011[0-9]{11}", "62[0-9]{13}",
            "9[0-9]{14}", "36[0-9]{11}",
        ],
        between in separator(),
        tweak in tweak(),
    ) {
        let value = grouped(&with_luhn(&head, ""), &[4, 4, 4], between);
        for shape in ["card", "card:bin", "card:last4"] {
            let stand_in = exchanged(shape, &value, &tweak);
            prop_assert_eq!(classes(&stand_in), classes(&value));
            prop_assert!(luhn(&stand_in));
            let (was, is) = (symbols(&value), symbols(&stand_in));
            let network = |card: &str| match card[..6].parse::<u32>().unwrap() {
                400_000..=499_999 => 1,
                510_000..=559_999 | 222_100..=272_099 => 2,
                340_000..=349_999 | 370_000..=379_999 => 3,
                601_100..=601_199 | 644_000..=659_999 => 4,
                620_000..=629_999 => 5,
                352_800..=358_999 => 6,
                300_000..=305_999 | 360_000..=369_999 | 380_000..=399_999 => 7,
                _ => 0,
            };
            prop_assert_eq!(network(&is), network(&was));
            if shape == "card:bin" {
                prop_assert_eq!(&is[..6], &was[..6]);
            }
            if shape == "card:last4" {
                prop_assert_eq!(&is[is.len() - 4..], &was[was.len() - 4..]);
            }
        }
    }

    #[test]
    fn i02_health_numbers_stay_valid(
        letters in "[A-Z]{4}", year in 1900_u32..2100, month in 1_u32..13, day in 1_u32..32, woman: bool,
        sequence in 1_u32..10, between in separator(), lower: bool, tweak in tweak(),
    ) {
        prop_assume!(is_date(year, month, day));
        let month = if woman { month + 50 } else { month };
        let head = format!("{letters}{:02}{month:02}{day:02}{sequence}", year % 100);
        let value = format!("{head}{}", ramq_digit(&format!("{head}0"), year / 100));
        prop_assert_eq!(ramq_year(&value), Some(year));
        let value = grouped(&value, &[4, 4], between);
        let value = if lower { value.to_lowercase() } else { value };
        let stand_in = exchanged("ramq", &value, &tweak);
        prop_assert_eq!(classes(&stand_in), classes(&value));
        let born = ramq_year(&stand_in).unwrap();
        if year <= 2025 {
            prop_assert!((1900..=2025).contains(&born));
        } else {
            prop_assert_eq!(born, year);
        }
    }

    #[test]
    fn i02_vehicles_stay_valid(
        front in "[A-HJ-NPR-Z0-9]{8}", year in "[A-HJ-NPRSTVWXY1-9]", rest in "[A-HJ-NPR-Z0-9]{7}",
        lower: bool, tweak in tweak(),
    ) {
        let digit = vin_digit(&format!("{front}0{year}{rest}"));
        let value = format!("{front}{digit}{year}{rest}");
        let has_letter = format!("{front}{year}{rest}").contains(|c: char| c.is_ascii_alphabetic());
        let value = if lower && has_letter { value.to_lowercase() } else { value };
        let stand_in = exchanged("vin", &value, &tweak);
        let upper = stand_in.to_uppercase();
        prop_assert_eq!(vin_digit(&upper), upper.chars().nth(8).unwrap());
        prop_assert!(!"IOQUZ0".contains(upper.chars().nth(9).unwrap()));
        prop_assert!(!upper.contains(['I', 'O', 'Q']));
        for (i, (is, was)) in classes(&stand_in).into_iter().zip(classes(&value)).enumerate() {
            prop_assert!(i == 8 || is == was);
        }
        let cases = [stand_in.to_lowercase(), stand_in.to_uppercase()];
        prop_assert!(cases.contains(&stand_in), "one case, as the value");
    }

    #[test]
    fn i02_postal_codes_stay_valid(
        value in "[ABCEGHJ-NPRSTVXYa][0-9][ABCEGHJ-NPRSTV-Zh][0-9][ABCEGHJ-NPRSTV-Zz][0-9]",
        between in separator(), tweak in tweak(),
    ) {
        let value = grouped(&value, &[3], between);
        let stand_in = exchanged("postal", &value, &tweak);
        prop_assert_eq!(classes(&stand_in), classes(&value));
        prop_assert!(postal_alphabet(&stand_in));
    }

    #[test]
    fn i02_phones_stay_valid(
        area in "[2-9][0-9]{2}", exchange in "[2-9][0-9]{2}", line in "[0-9]{4}", between in separator(),
        trunk in prop::sample::select(vec!["", "1", "+1"]),
        extension in prop::sample::select(vec!["", " poste 12", " x7", "ext. 123456"]),
        abroad in "\\+(33|7|352|44|590)[0-9]{7,10}", tweak in tweak(),
    ) {
        prop_assume!(!area.ends_with("11") && !exchange.ends_with("11"));
        let value = format!("{trunk}{}{extension}", grouped(&format!("{area}{exchange}{line}"), &[3, 3], between));
        let stand_in = exchanged("phone", &value, &tweak);
        prop_assert_eq!(classes(&stand_in), classes(&value));
        prop_assert!(stand_in.starts_with(trunk) && stand_in.ends_with(extension));
        let number = stand_in.strip_prefix(trunk).unwrap().strip_suffix(extension).unwrap();
        prop_assert!(is_nanp(&symbols(number)));

        let stand_in = exchanged("phone", &abroad, &tweak);
        let country = ["+33", "+7", "+352", "+44", "+590"].into_iter().find(|code| abroad.starts_with(code)).unwrap();
        let first = |text: &str| text.chars().nth(country.len()) == Some('0');
        prop_assert!(stand_in.starts_with(country));
        prop_assert_eq!(first(&stand_in), first(&abroad));
        prop_assert_eq!(stand_in.len(), abroad.len());
    }

    #[test]
    fn i02_plates_keep_their_pattern(
        value in prop_oneof![
            "[A-Z][0-9]{2}[A-Z]{3}", "[0-9]{2}[A-Z]{4}", "[A-Z]{3}[0-9]{2}[A-Z]", "[0-9]{3}[A-Z]{3}", "[A-Z]{3}[0-9]{3}",
            "[A-Z][0-9]{6}", "[A-Z]{2}[0-9]{5,6}", "[A-Z]{5,7}", "[a-z]{5}[0-9]",
        ],
        between in separator(), tweak in tweak(),
    ) {
        let value = grouped(&value, &[3], between);
        let stand_in = exchanged("plate", &value, &tweak);
        prop_assert_eq!(classes(&stand_in), classes(&value));
        let trade = |text: &str| text.starts_with(['C', 'F', 'L', 'R', 'T', 'V']);
        if classes(&symbols(&value)).starts_with(&['A', '9']) {
            prop_assert_eq!(trade(&stand_in), trade(&value));
        }
    }

    #[test]
    fn whatever_is_given_is_exchanged_or_refused_and_comes_back(value in "\\PC{0,24}", number in "[-+0-9a-z. ]{0,20}", tweak in tweak()) {
        let shapes = Shape::NAMES.map(key);
        for (key, value) in shapes.iter().flat_map(|key| [(key, &value), (key, &number)]) {
            if let Ok(stand_in) = seal(key, value, &tweak) {
                prop_assert_eq!(&*open(key, &stand_in, &tweak).unwrap(), value);
            }
            if let Ok(opened) = open(key, value, &tweak) {
                prop_assert_eq!(&seal(key, &opened, &tweak).unwrap(), value);
            }
        }
    }
}
