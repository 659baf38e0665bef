//! What sites speak to.

mod authorize;
mod authorize_answers;
mod client_authentication;
mod discovery;
mod end_session;
mod introspect;
mod prompt;
mod refresh;
mod revoke;
mod token;
mod userinfo;
