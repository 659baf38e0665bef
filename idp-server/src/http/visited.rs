//! What the audit record is told when a site was given something, whatever protocol it speaks.

use std::collections::BTreeSet;

use idp_core::{
    audit::Event,
    community::{affiliation::Affiliation, site::ReleasePolicy},
    ids::EventId,
    oidc::{grant::Grant, scope::Scope},
    release::tax_ids_shown,
    sign_on::Released,
};
use serde_json::json;

use crate::random::Random;

/// What a site was given.
#[derive(Clone, Copy, Debug)]
pub struct Visited<'a> {
    pub grant: &'a Grant,
    pub scopes: &'a BTreeSet<Scope>,
    pub released: &'a Released,
    pub release: &'a ReleasePolicy,
}

impl Visited<'_> {
    /// `event` as it is written down: once for each organization for which the person came, so that
    /// each finds the visits of its own people, and with which of its Tax IDs, and of no other one's
    /// (security 20.1). Somebody who came for none is told of once, in no organization's record.
    pub fn events(&self, event: Event, random: &Random) -> Vec<Event> {
        let affiliations: &[Affiliation] = match self.released {
            Released::All(all) => all,
            Released::None => &[],
            Released::One(one) => std::slice::from_ref(&**one),
        };
        let Some((first, others)) = affiliations.split_first() else {
            let (grant, scopes) = (&self.grant.id, self.scopes);
            return vec![event.after(json!({ "grant": grant, "scopes": scopes }))];
        };
        let more = others.iter().map(|affiliation| {
            let id = EventId::from_random(random.bytes());
            self.of(Event { id, ..event.clone() }, affiliation)
        });
        let mut events: Vec<Event> = more.collect();
        events.insert(0, self.of(event, first));
        events
    }

    fn of(&self, event: Event, affiliation: &Affiliation) -> Event {
        event.on_behalf_of(affiliation.organization.id.clone()).after(json!({
            "grant": self.grant.id,
            "scopes": self.scopes,
            "affiliation": affiliation.id,
            "tax_ids": tax_ids_shown(affiliation, self.scopes, self.release),
        }))
    }
}
