//! The framing `aws-chunked` (docs.aws.amazon.com, "Transferring Payload in Multiple Chunks" and "Trailing Headers"):
//! a body in chunks of its own, whatever HTTP does beneath, with signatures and trailing checksums.
//!
//! What comes is decoded as a stream by [`Decoder`]: the chunks' signatures are verified where the secret is known, and
//! the trailing checksums always. What leaves is framed by [`Encoder`], with the same checksums of what leaves and no
//! signatures of chunks: the head that leaves is signed, its bytes go over TLS, and the provider takes
//! `STREAMING-UNSIGNED-PAYLOAD-TRAILER` for it.

mod decoder;
mod encoder;
mod framing;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use framing::{ChunkError, Framing};
