//! The request whose values are met: the message's own, or one that stands inside its body (a batch).

use std::ops::Range;

use policy::Place;

use crate::border::Inner;
use crate::memory::Memory;
use crate::value::Parameters;

/// What a request's values are treated by.
pub(crate) struct Under {
    pub route: usize,
    /// By which of the route's patterns it was found.
    pub pattern: usize,
    pub memory: Memory,
    pub parameters: Parameters,
    /// Which places a value was met at.
    seen: Vec<bool>,
    /// The places that may be asked for in this message.
    expected: Range<usize>,
}

impl Under {
    pub fn new(
        border: &Inner,
        app: usize,
        (route, pattern): (usize, usize),
        memory: Memory,
        parameters: Parameters,
    ) -> Self {
        let places = border.route(app, route);
        let count = places.map_or(0, |route| route.places.len());
        Self {
            route,
            pattern,
            memory,
            parameters,
            seen: vec![false; count],
            expected: 0..count,
        }
    }

    /// A value stands at the place of this index.
    pub fn see(&mut self, place: usize) {
        if let Some(seen) = self.seen.get_mut(place) {
            *seen = true;
        }
    }

    /// Says which of the route's places this message may have.
    pub fn expect(&mut self, places: Range<usize>) {
        self.expected = places;
    }

    /// The first place that must be there and was not.
    pub fn missing<'a>(&self, border: &'a Inner, app: usize) -> Option<&'a Place> {
        let route = border.route(app, self.route)?;
        let seen = self.seen.get(self.expected.clone())?;
        let mut places = seen.iter().zip(route.places.get(self.expected.clone())?);
        let missing = places.find(|(seen, place)| place.required && !**seen)?;
        Some(missing.1)
    }
}
