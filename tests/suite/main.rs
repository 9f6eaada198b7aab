//! The end-to-end suite: one module a subject.
#![expect(
    clippy::expect_used,
    reason = "tests stop at what they did not foresee"
)]

mod clients;
mod command;
mod common;
mod demo;
mod durable;
mod erase;
mod exit;
mod files;
mod grpc;
mod keys;
mod memory;
mod protect;
mod refuse;
mod reload;
mod reveal;
mod roots;
mod seal;
mod secrecy;
mod signing;
mod treatments;
mod tunnel;
mod websocket;
mod wire;
