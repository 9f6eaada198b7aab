//! Waiting for something to become true, with a deadline.

use std::time::{Duration, Instant};

/// Asks `ready` again and again until it gives a value; gives up, naming `what`, after `seconds`.
///
/// # Panics
/// At the deadline.
pub fn until<T>(seconds: u64, what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
