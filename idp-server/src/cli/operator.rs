//! Who runs a command, for the audit record.

use std::env;

use idp_core::audit::Actor;

/// The operator, by the name that the machine knows them by. It is what the environment says:
/// whoever can run these commands can read the master key and could write anything.
pub(super) fn operator() -> Actor {
    let name = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| env::var(name).ok());
    Actor::Operator(name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned()))
}
