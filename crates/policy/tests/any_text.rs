//! Whatever stands in a file, compiling it ends in a plan or in faults that point into it.

use policy::{Severity, Source, compile};
use proptest::prelude::*;

const POLICY: &str = include_str!("../../../policies/fhir.toml");

fn check(text: &str) {
    let source = Source::new("any.toml", text);
    let faults = match compile(std::slice::from_ref(&source)) {
        Ok(compiled) => compiled.warnings,
        Err(faults) => {
            assert!(faults.iter().any(|fault| fault.severity == Severity::Error));
            faults
        }
    };
    for fault in faults {
        assert!(fault.line() >= 1 && fault.column() >= 1);
        assert!(
            !fault.message.is_empty() && !fault.help.is_empty(),
            "{fault}"
        );
        if let Some(span) = fault.span {
            assert!(text.get(span).is_some(), "a span outside the text");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_damage_to_a_policy_is_answered(at in 0..POLICY.len(), length in 0usize..40, patch in "[\\PC\n]{0,8}") {
        let start = (0..=at).rev().find(|at| POLICY.is_char_boundary(*at)).unwrap();
        let end = (at + length..).find(|at| *at >= POLICY.len() || POLICY.is_char_boundary(*at)).unwrap();
        let end = end.min(POLICY.len());
        check(&format!("{}{patch}{}", &POLICY[..start], &POLICY[end..]));
    }

    #[test]
    fn any_value_of_any_key_is_answered(
        key in prop_oneof![
            Just("app"), Just("app.id"), Just("app.hosts"), Just("app.operator"), Just("app.unmatched"), Just("app.overrides"),
            Just("fields"), Just("fields.a"), Just("fields.a.max"), Just("fields.a.treatment"), Just("fields.a.normalise"),
            Just("routes"), Just("tests"),
        ],
        value in prop_oneof![
            Just("1"), Just("-1"), Just("0x1_0"), Just("99999999999999999999"), Just("1.5"), Just("nan"), Just("true"), Just("''"), Just("'*'"),
            Just("[]"), Just("[1]"), Just("['']"), Just("{}"), Just("[{}]"), Just("[{match = 'GET /', path = [{at = '{**}', field = ''}]}]"),
            Just("1979-05-27"), Just("{ a = {} }"), Just("[[['x']]]"),
        ],
    ) {
        check(&format!("{key} = {value}\n"));
    }
}
