//! Content codings (RFC 9110 §8.4): gzip, deflate, br, zstd, by their push interfaces, within limits.
