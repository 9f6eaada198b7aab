//! A coarse watch over a body: armed only while nothing comes, and set back without touching the timer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Tells when nothing has come for too long.
#[derive(Debug)]
pub struct Stall {
    longest: Duration,
    last: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    /// A watch that allows pauses up to `longest`.
    pub fn new(longest: Duration) -> Self {
        Self {
            longest,
            last: None,
            timer: None,
        }
    }

    /// Something came.
    pub fn progress(&mut self) {
        // Without a timer nobody waited yet, and the clock need not be read.
        if self.timer.is_some() {
            self.last = Some(Instant::now());
        }
    }

    /// Nothing is there at the moment: ready when that has lasted too long.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let longest = self.longest;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + longest)));
        loop {
            ready!(timer.as_mut().poll(cx));
            match self.last.take() {
                Some(last) if last + longest > Instant::now() => {
                    timer.as_mut().reset(last + longest)
                }
                _ => return Poll::Ready(()),
            }
        }
    }
}
