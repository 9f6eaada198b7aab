//! Where a file's name ends and its extension begins.
//!
//! Apps choose what to do with a file by its extension, so that one is left outside the place. Only well-known
//! extensions are: in `lettre.Tremblay` what follows the dot is a name.

/// The part of a file's name that is personal: all but a well-known extension.
pub(super) fn stem(name: &[u8]) -> usize {
    let Some(dot) = memchr::memrchr(b'.', name).filter(|dot| *dot > 0) else {
        return name.len();
    };
    let extension = name.get(dot + 1..).unwrap_or_default();
    let mut known = EXTENSIONS.iter();
    if known.any(|known| extension.eq_ignore_ascii_case(known.as_bytes())) {
        dot
    } else {
        name.len()
    }
}

/// Extensions that say what kind of file it is and nothing else.
const EXTENSIONS: [&str; 60] = [
    "7z", "aac", "avi", "bmp", "bz2", "csv", "dcm", "doc", "docm", "docx", "dot", "dotx", "eml",
    "eps", "epub", "gif", "gz", "heic", "hl7", "htm", "html", "ics", "jpeg", "jpg", "json", "key",
    "log", "m4a", "md", "mov", "mp3", "mp4", "mpeg", "msg", "odp", "ods", "odt", "ogg", "pages",
    "pdf", "png", "ppt", "pptx", "ps", "rtf", "svg", "tar", "tif", "tiff", "tsv", "txt", "vcf",
    "wav", "webm", "webp", "xls", "xlsm", "xlsx", "xml", "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_extensions_are_left_out() {
        for (name, length) in [
            ("Tremblay-labo.pdf", 13),
            ("Tremblay.labo.PDF", 13),
            ("lettre.Tremblay", 15),
            ("Tremblay", 8),
            (".pdf", 4),
            ("Tremblay.", 9),
        ] {
            assert_eq!(stem(name.as_bytes()), length, "{name}");
        }
    }
}
