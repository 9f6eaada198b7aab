//! What the border asks of the world, carried out by whoever holds vault and journal.

use std::future::Future;
use std::pin::Pin;

use border::{Answer, Ask, Effect};

/// A future that a body can keep between two chunks.
pub type HomeFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers on their way.
pub type Answering = HomeFuture<Result<Vec<Answer>, Away>>;

/// Vault or journal cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("vault or journal cannot be reached")]
pub struct Away;

/// Where values and the record of what crossed are kept.
pub trait Home: Send + Sync + 'static {
    /// Answers a batch of asks: what is to be kept is durable when the future ends (I11).
    fn answer(&self, asks: Vec<Ask>) -> Answering;

    /// Carries out effects that must be durable before bytes leave.
    fn settle(&self, effects: Vec<Effect>) -> HomeFuture<Result<(), Away>>;

    /// Takes an effect that may become durable within the journal's grouping time. Never blocks.
    fn note(&self, effect: Effect);

    /// Chance for the tokens of one exchange.
    fn chance(&self) -> Box<dyn seal::Chance + Send>;
}
