//! From the origin to the client: texts are revealed, all else passes. Nothing is refused here.
//!
//! A short text is revealed whole and leaves as one frame. A longer one is not held: what is revealed of it leaves in
//! fragments, as it comes (RFC 6455 §5.4).

use body::websocket::{Control, Event, Kind, Opcode};
use border::{Flow, Progress};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use super::sink::Sink;
use super::source::Source;
use super::{Crossing, Ended};
use crate::message::gone;
use crate::tunnel::Direction;

/// A text up to this is revealed whole.
const WHOLE: usize = 64 << 10;

/// A text on its way.
#[derive(Default)]
struct Text {
    /// What has come and is not revealed.
    waits: BytesMut,
    /// Once it is too long to wait for.
    flow: Option<Box<dyn Flow>>,
    /// Whether its first fragment has left.
    begun: bool,
}

/// Carries what the origin says, until its sender's close frame has gone on.
///
/// # Errors
/// Why it ended otherwise.
pub(super) async fn run<R, W>(
    from: &mut Source<R>,
    to: &mut Sink<W>,
    crossing: &Crossing,
) -> Result<(), Ended>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut kind = Kind::Binary;
    let mut text = Text::default();
    let mut held = crossing.held();
    loop {
        to.flush().await.map_err(|_| Ended::Lost)?;
        let event = from.next().await?;
        crossing.watch.moved(Direction::Inward);
        match (event, kind) {
            (Event::Frame { kind: of, head }, _) => {
                kind = of;
                if kind == Kind::Binary {
                    to.begin(head.opcode, head.last, head.length);
                }
            }
            (Event::Payload(bytes), Kind::Binary) => to.payload(bytes),
            (Event::Payload(bytes), Kind::Text) => {
                text.waits.unsplit(bytes);
                if text.flow.is_some() || text.waits.len() > WHOLE {
                    let pieces = text.reveal(false, crossing).await?;
                    text.send(false, pieces, to);
                }
                // The answers of a gateway that holds all it may are still revealed.
                held.set(text.held());
            }
            (Event::End { last: true }, Kind::Text) => {
                let pieces = text.reveal(true, crossing).await?;
                text.send(true, pieces, to);
                text = Text::default();
                held.set(0);
            }
            (Event::End { .. }, _) => {}
            (Event::Control(control), _) => {
                let closes = matches!(control, Control::Close(_));
                let (opcode, payload) = control.into_parts();
                to.frame(opcode, true, vec![payload]);
                if closes {
                    return to.flush().await.map_err(|_| Ended::Lost);
                }
            }
        }
    }
}

impl Text {
    /// Reveals what waits, and the end.
    async fn reveal(&mut self, last: bool, crossing: &Crossing) -> Result<Vec<Bytes>, Ended> {
        let socket = &crossing.socket;
        let bytes = std::mem::take(&mut self.waits).freeze();
        let flow = self.flow.get_or_insert_with(|| socket.reveal(&bytes));
        let mut pieces = Vec::new();
        let mut progress = flow.push(bytes);
        let mut finished = false;
        loop {
            // Nothing fails here but for a coding, and a message has none.
            match progress.map_err(|_| Ended::Lost)? {
                Progress::Need(asks) => {
                    let asked: Vec<_> = asks.iter().map(|ask| ask.id).collect();
                    let answers = crossing.shared.home().answer(asks).await;
                    progress = flow.answer(answers.unwrap_or_else(|_| gone(&asked)));
                }
                Progress::More if last && !finished => {
                    finished = true;
                    progress = flow.finish();
                }
                Progress::More => break,
            }
        }
        // Before the bytes leave: what they show may come back at once.
        for memory in socket.memories() {
            crossing.shared.home().note(memory);
        }
        pieces.extend(std::iter::from_fn(|| flow.take()));
        Ok(pieces)
    }

    fn send<W: AsyncWrite>(&mut self, last: bool, pieces: Vec<Bytes>, to: &mut Sink<W>) {
        if pieces.is_empty() && !last {
            return;
        }
        let opcode = if self.begun {
            Opcode::Continuation
        } else {
            Opcode::Text
        };
        self.begun = true;
        to.frame(opcode, last, pieces);
    }

    fn held(&self) -> usize {
        self.waits.len() + self.flow.as_ref().map_or(0, |flow| flow.held())
    }
}
