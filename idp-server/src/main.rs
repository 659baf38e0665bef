//! Hilum's shell: HTTP, storage, keys, jobs and the command line around `idp-core`.

#![forbid(unsafe_code)]
#![expect(unreachable_pub, reason = "in a program, `pub` says what a room offers the other rooms")]

mod clock;
mod config;
mod random;

fn main() {}
