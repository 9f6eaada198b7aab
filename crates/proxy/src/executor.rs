//! Where tasks run: each is tracked, so that a shutdown can wait for all of them.

use std::future::Future;

use hyper::rt::Executor;
use tokio_util::task::TaskTracker;

/// Spawns tracked tasks.
#[derive(Clone, Debug, Default)]
pub struct Tracked(TaskTracker);

impl Tracked {
    /// Spawns a task.
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn(future);
    }

    /// Waits until every task has ended.
    pub async fn ended(&self) {
        self.0.close();
        self.0.wait().await;
    }
}

impl<F> Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}
