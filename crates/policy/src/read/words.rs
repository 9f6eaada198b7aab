//! Names that become part of keys and of files: an app's id, a field's name.

/// Whether `name` is lower-case letters, digits and hyphens, a letter first, at most 64.
pub(crate) fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= 64
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last() != Some(&b'-')
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// What [`is_name`] asks for.
pub(crate) fn name_help() -> &'static str {
    "write lower-case letters, digits and hyphens, a letter first, at most 64 characters"
}
