//! What crossed, without what it said.
