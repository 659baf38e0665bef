//! What a command acts in the community with: the keys, the settings and the clock of a configuration.

use std::sync::Arc;

use idp_core::community::{actor::Actor, subscriber::AccountRules};

use super::Failure;
use crate::{
    app, clock,
    community::{Office, Registry},
    config::Config,
    keys::{sealing::Sealer, sub_keys::SubKeys},
    mail::Post,
    random::Random,
};

/// Somebody who acts now, neither in a session nor from an address.
pub(super) fn office(config: &Config, actor: Actor) -> Result<Office, Failure> {
    let (sealer, keys, random) = sealer(config)?;
    let sealer = Arc::new(sealer);
    Ok(Office {
        actor,
        session: None,
        address: None,
        language: None,
        now: clock::clock(&config.clock).now(),
        rules: rules(config),
        open_ssn: app::open_ssn(Arc::clone(&sealer)),
        post: Post::new(Arc::clone(&sealer), &keys, random.clone()),
        registry: Arc::new(Registry::new(&keys, sealer, &config.tax_ids)),
        random,
    })
}

/// Writes mails and makes codes.
pub(super) fn post(config: &Config) -> Result<Post, Failure> {
    let (sealer, keys, random) = sealer(config)?;
    Ok(Post::new(Arc::new(sealer), &keys, random))
}

/// When an account may be used.
pub(super) fn rules(config: &Config) -> AccountRules {
    AccountRules { dormant_after: config.session.dormant_after, demo: config.demo }
}

/// What opens that which is sealed in the database.
pub(super) fn sealer(config: &Config) -> Result<(Sealer, SubKeys, Random), Failure> {
    let unusable = |error: String| Failure::new(error, "Nothing was changed.");
    let keys =
        SubKeys::derive(&config.secrets.master_key).map_err(|error| unusable(error.to_string()))?;
    let random = Random::new();
    let sealer = Sealer::new(&keys, random.clone()).map_err(|error| unusable(error.to_string()))?;
    Ok((sealer, keys, random))
}
