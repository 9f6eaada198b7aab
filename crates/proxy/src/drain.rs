//! Reads and throws away what a client still sends of a refused request, within a bound of bytes and time: a client
//! that does not listen while it sends would otherwise not see the answer.

use std::future::poll_fn;
use std::pin::Pin;

use hyper::body::{Body, Incoming};

use crate::lane::Lane;
use crate::upstream::Protocol;

/// Drains the rest of a body beside its answer.
pub fn drain(lane: &Lane, mut rest: Incoming) {
    // HTTP/2 can reset the stream after the answer (RFC 9113 §8.1).
    if lane.protocol == Protocol::Http2 {
        return;
    }
    let settings = lane.upstream.settings();
    let (longest, most) = (settings.timeouts.drain, settings.drain);
    lane.shared.executor().spawn(async move {
        let reading = async {
            let mut read = 0;
            while read < most {
                match poll_fn(|cx| Pin::new(&mut rest).poll_frame(cx)).await {
                    Some(Ok(frame)) => read += frame.data_ref().map_or(0, |data| data.len()),
                    Some(Err(_)) | None => return,
                }
            }
        };
        // Whether it ended, or too much came, or too slowly: the client has had its chance.
        let _ = tokio::time::timeout(longest, reading).await;
    });
}
