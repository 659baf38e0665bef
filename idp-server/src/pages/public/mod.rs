//! The public pages: what anybody may read, and the forms that anybody may send.

mod ask;
mod ticket;

pub use ask::{AskPage, Asked, AskedPage};
pub use ticket::{RequesterTicketPage, SaidView};
