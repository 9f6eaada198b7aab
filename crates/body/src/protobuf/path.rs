//! Paths of field numbers: `1.3.2`.

use std::collections::BTreeMap;

use crate::edit::PlaceId;
use crate::plan::Selected;
use crate::selector::{Reason, SelectorError, Which};

/// The largest field number (29 bits).
const MOST: u32 = (1 << 29) - 1;
const EXPECTED: &str = "a field number, from 1 to 536870911,";

/// What is known of a field: it is a value, or a message some fields of which are.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) place: Option<PlaceId>,
    fields: BTreeMap<u32, Node>,
}

impl Node {
    /// What is known of a field of this message.
    pub(super) fn field(&self, number: u32) -> Option<&Self> {
        self.fields.get(&number)
    }
}

/// Reads the paths of one message.
pub(super) fn read(selected: &[Selected<'_>]) -> Result<Node, (usize, SelectorError)> {
    let mut root = Node::default();
    for (index, place) in selected.iter().enumerate() {
        add(&mut root, place).map_err(|error| (index, error))?;
    }
    Ok(root)
}

fn add(root: &mut Node, selected: &Selected<'_>) -> Result<(), SelectorError> {
    let alone = |text: &str, which| {
        let reason = Reason::Unsupported {
            what: "another value beside a field of a message",
            remedy: "take `subject` from the path or the field, and leave a companion out",
        };
        SelectorError::new(reason, 0..text.len()).of(which)
    };
    if let Some(text) = selected.beside.first() {
        return Err(alone(text, Which::Beside(0)));
    }
    if let Some((text, _)) = selected.companion {
        return Err(alone(text, Which::CompanionAt));
    }
    let whole = 0..selected.at.len();
    let mut node = root;
    let mut start = 0;
    for step in selected.at.split('.') {
        let at = start..start + step.len();
        start = at.end + 1;
        let number = number(step);
        let number = number.ok_or_else(|| {
            SelectorError::new(Reason::Expected { expected: EXPECTED }, at.clone())
        })?;
        if node.place.is_some() {
            return Err(SelectorError::new(Reason::Nested, whole));
        }
        node = node.fields.entry(number).or_default();
    }
    if node.place.is_some() {
        return Err(SelectorError::new(Reason::Twice, whole));
    }
    if !node.fields.is_empty() {
        return Err(SelectorError::new(Reason::Nested, whole));
    }
    node.place = Some(selected.place);
    Ok(())
}

fn number(step: &str) -> Option<u32> {
    let plain = step.bytes().all(|byte| byte.is_ascii_digit()) && !step.starts_with('0');
    let number = step.parse().ok().filter(|_| plain)?;
    (number <= MOST).then_some(number)
}
