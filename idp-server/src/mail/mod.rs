//! Mail to people: written into the outbox by the transaction that has something to tell, sealed
//! while it waits, worded when it is sent, and handed to a mail server over TLS.
//!
//! A mail may carry a code, and a code is a secret. So what waits in the outbox is sealed under the
//! master key and erased when it is settled; what stays is that a mail of this name was sent.

mod post;
mod tell;
mod transport;

pub use post::{Addressed, NewMail, Post, Recipient};
pub use tell::{Extras, Reader};
pub use transport::{NotSent, Transport, TransportError};
