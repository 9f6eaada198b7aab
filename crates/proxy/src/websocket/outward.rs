//! From the client to the origin: messages that the policy names places in are held whole and protected; of one that
//! is refused nothing leaves.

use body::websocket::{Control, Event, Opcode};
use border::{Flow, Passage, Progress, Refusal};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use super::sink::Sink;
use super::source::Source;
use super::{Crossing, Ended};
use crate::message::{away, busy};
use crate::tunnel::Direction;

/// Carries what the client says, until its sender's close frame has gone on.
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
    let socket = &crossing.socket;
    let mut passage = Passage::Through;
    let mut whole = BytesMut::new();
    let mut held = crossing.held();
    loop {
        to.flush().await.map_err(|_| Ended::Lost)?;
        let event = from.next().await?;
        crossing.watch.moved(Direction::Outward);
        match event {
            Event::Frame { kind, head } => {
                if head.opcode != Opcode::Continuation {
                    passage = socket.passage(kind).map_err(Ended::Refused)?;
                }
                match passage {
                    Passage::Through => to.begin(head.opcode, head.last, head.length),
                    Passage::Whole(most) => {
                        let room = most.saturating_sub(whole.len()) as u64;
                        if head.length > room {
                            return Err(Ended::Refused(socket.too_long()));
                        }
                    }
                }
            }
            Event::Payload(bytes) => match passage {
                Passage::Through => to.payload(bytes),
                Passage::Whole(_) => {
                    whole.unsplit(bytes);
                    if !held.set(whole.len()) {
                        return Err(Ended::Refused(Box::new(busy())));
                    }
                }
            },
            Event::End { last } => {
                if last && passage != Passage::Through {
                    let message = std::mem::take(&mut whole).freeze();
                    let pieces = protect(message, crossing).await.map_err(Ended::Refused)?;
                    to.frame(Opcode::Text, true, pieces);
                    held.set(0);
                }
            }
            Event::Control(control) => {
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

/// What leaves of a message.
async fn protect(message: Bytes, crossing: &Crossing) -> Result<Vec<Bytes>, Box<Refusal>> {
    let chance = crossing.shared.home().chance();
    let Some(mut flow) = crossing.socket.protect(&message, chance)? else {
        return Ok(vec![message]);
    };
    let step = flow.push(message)?;
    settle(&mut *flow, step, crossing).await?;
    let step = flow.finish()?;
    settle(&mut *flow, step, crossing).await?;
    Ok(std::iter::from_fn(|| flow.take()).collect())
}

/// Has the asks of a step answered.
async fn settle(
    flow: &mut dyn Flow,
    mut progress: Progress,
    crossing: &Crossing,
) -> Result<(), Box<Refusal>> {
    while let Progress::Need(asks) = progress {
        let answers = crossing.shared.home().answer(asks).await;
        let answers = answers.map_err(|_| Box::new(away()))?;
        progress = flow.answer(answers)?;
    }
    Ok(())
}
