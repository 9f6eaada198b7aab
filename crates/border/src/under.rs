//! The request whose values are met: the message's own, or one that stands inside its body (a batch).

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
        Self {
            route,
            pattern,
            memory,
            parameters,
            seen: vec![false; places.map_or(0, |route| route.places.len())],
        }
    }

    /// A value stands at the place of this index.
    pub fn see(&mut self, place: usize) {
        if let Some(seen) = self.seen.get_mut(place) {
            *seen = true;
        }
    }

    /// The first place that must be there and was not.
    pub fn missing<'a>(&self, border: &'a Inner, app: usize) -> Option<&'a Place> {
        let route = border.route(app, self.route)?;
        let mut places = self.seen.iter().zip(&route.places);
        let missing = places.find(|(seen, place)| place.required && !**seen)?;
        Some(missing.1)
    }
}
