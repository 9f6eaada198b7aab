//! `application/x-www-form-urlencoded` (WHATWG URL §5).

mod name;

pub use name::{Name, Names};
