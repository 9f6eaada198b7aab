//! The command: reads configuration, wires the crates, nothing else.
fn main() {}
