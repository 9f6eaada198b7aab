//! The text of a policy: it is compiled, or every fault points into it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Source, compile};

fuzz_target!(|text: &str| {
    let faults = match compile(&[Source::new("fuzzed.toml", text)]) {
        Ok(compiled) => compiled.warnings,
        Err(faults) => {
            assert!(!faults.is_empty(), "what is refused is explained");
            faults
        }
    };
    for fault in faults {
        assert!(!fault.to_string().is_empty());
        assert!(fault.line() <= text.lines().count().max(1) + 1, "{fault}");
    }
});
