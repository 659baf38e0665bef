//! What the audit record is told by the endpoints that sites call.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    community::site::ReleasePolicy,
    ids::{EventId, SiteId},
    oidc::grant::Grant,
    sign_on::Released,
};
use serde_json::json;

use super::{client_authentication::AuthenticatedSite, token::mint::Issued};
use crate::{
    app::App,
    http::visited::Visited,
    store::{Cause, Ending},
};

/// What all events of one request have in common. The identifier is drawn before the transaction,
/// which may run more than once.
#[derive(Clone, Debug)]
pub struct Witness {
    id: EventId,
    site: SiteId,
    address: IpAddr,
    at: DateTime<Utc>,
}

impl Witness {
    pub fn of(app: &App, site: &AuthenticatedSite, at: DateTime<Utc>) -> Self {
        Self {
            id: EventId::from_random(app.random.bytes()),
            site: site.entry.site.id.clone(),
            address: site.address,
            at,
        }
    }

    /// Whether the site that asks is the one that was given this.
    pub fn is_of(&self, grant: &Grant) -> bool {
        self.site == grant.site
    }

    /// The site's doing is why something ends.
    pub fn ending(&self, cause: Cause) -> Ending {
        let actor = Actor::Site(self.site.clone());
        Ending { actor, address: Some(self.address), cause, now: self.at }
    }

    /// The site did this.
    pub fn event(&self, kind: Kind) -> Event {
        Event::new(self.id.clone(), self.at, kind, Actor::Site(self.site.clone()))
            .at_site(self.site.clone())
            .from_address(self.address)
    }

    /// The site did this to what it was given.
    pub fn about(&self, kind: Kind, grant: &Grant) -> Event {
        self.event(kind).to(grant.subscriber.clone()).in_session(grant.session.clone())
    }

    /// The site was given something.
    pub fn given(&self, app: &App, release: &ReleasePolicy, issued: &Issued) -> Vec<Event> {
        let Issued { grant, released, scopes, .. } = issued;
        let visited = Visited { grant, scopes, released, release };
        visited.events(self.about(Kind::GrantIssued, grant), &app.random)
    }

    /// The site renewed what it was given.
    pub fn renewed(&self, issued: &Issued) -> Event {
        let grant = &issued.grant;
        let event = self.about(Kind::GrantRefreshed, grant).after(json!({
            "grant": grant.id,
            "scopes": issued.scopes,
            "affiliation": grant.affiliation,
        }));
        match &issued.released {
            Released::One(affiliation) => event.on_behalf_of(affiliation.organization.id.clone()),
            Released::All(_) | Released::None => event,
        }
    }
}
