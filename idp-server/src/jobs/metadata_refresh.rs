//! Keeps the metadata of SAML sites fresh whose record says where they are published (security 14.4,
//! 14.5).
//!
//! What the site itself has signed and what changes nobody's addresses counts at once; everything
//! else waits for somebody to accept it by `hilum site refresh`. The last good copy stays meanwhile.

use std::{future::pending, sync::Arc, time::Duration};

use chrono::TimeDelta;
use idp_core::{
    audit::{Actor, Event, Kind},
    community::{site::Front, site_registration::saml::contradictions},
    ids::{EventId, SiteId},
    saml::{
        metadata::refresh::{self, Refresh, Verdict},
        service_provider::MetadataSource,
    },
};
use serde_json::json;
use tokio::sync::watch;

use super::rounds::{self, Report};
use crate::{
    app::App,
    site_metadata::{self, Fetched},
    store::{AnyConn, StoreError, audit, lease, site},
};

/// How often a node looks whether something is due.
const PERIOD: Duration = Duration::from_secs(60);
/// The lease and how long it is held: longer than a round may take.
const LEASE: (&str, TimeDelta) = ("metadata-refresh", TimeDelta::minutes(30));

/// Refreshes until the process stops.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let holder = app.random.reference();
    let mut report = Report::of("metadata refresh");
    while rounds::next(PERIOD, &mut stopped, pending()).await {
        report.round(round(&app, &holder).await);
    }
}

/// Fetches what is due, one site after the other.
pub(super) async fn round(app: &App, holder: &str) -> Result<(), StoreError> {
    let sites: Vec<SiteId> = app.sites.with_metadata_source();
    if sites.is_empty() {
        return Ok(());
    }
    let ((name, lasts), holder, now) = (LEASE, holder.to_owned(), app.clock.now());
    let taken = app.db.write(move |conn| lease::try_acquire(conn, name, &holder, now, now + lasts));
    if !taken.await? {
        return Ok(());
    }
    for id in sites {
        // One that cannot be read keeps no other from being fetched.
        if let Err(error) = look_at(app, id.clone()).await {
            tracing::error!(site = %id, %error, "metadata could not be looked at");
        }
    }
    Ok(())
}

/// Fetches the metadata of one site, if they are due.
async fn look_at(app: &App, id: SiteId) -> Result<(), StoreError> {
    let Some(known) = app.db.read(move |conn| site::find(conn, &id)).await? else { return Ok(()) };
    let now = app.clock.now();
    let Some(provider) = known.service_provider() else { return Ok(()) };
    let Some(source) = provider.source.clone() else { return Ok(()) };
    if provider.refresh.due_at.is_some_and(|due_at| now < due_at) {
        return Ok(());
    }
    let fetched = site_metadata::fetch(&app.outgoing, provider, &source, now).await;
    let outcome = fetched.map_err(|why| why.to_string());
    if let Err(why) = &outcome {
        tracing::warn!(site = %known.id, why, "metadata could not be fetched; the last copy stays");
    }
    let note = Note {
        site: known.id.clone(),
        source,
        outcome,
        interval: app.metadata_refresh,
        event: Event::new(
            EventId::from_random(app.random.bytes()),
            now,
            Kind::SiteMetadataRefreshed,
            Actor::Job("metadata-refresh".to_owned()),
        ),
    };
    app.db.write(move |conn| note.write(conn)).await
}

/// What is written down after an attempt.
struct Note {
    site: SiteId,
    source: MetadataSource,
    outcome: Result<Fetched, String>,
    interval: TimeDelta,
    event: Event,
}

impl Note {
    /// Judges what was fetched against what is registered now.
    fn write(&self, conn: &mut AnyConn) -> Result<(), StoreError> {
        let now = self.event.at;
        let Some(mut found) = site::load_for_update(conn, &self.site)? else { return Ok(()) };
        let release = found.release.clone();
        let Front::Saml(provider) = &mut found.front else { return Ok(()) };
        if provider.source.as_ref() != Some(&self.source) {
            // It was registered anew meanwhile.
            return Ok(());
        }
        let fetched = match &self.outcome {
            Ok(fetched) => fetched,
            Err(why) => {
                provider.refresh.due_at = Some(refresh::next_attempt(now, self.interval));
                provider.refresh.problem = Some(why.clone());
                return site::remark(conn, &found);
            }
        };
        let new = &fetched.described.metadata;
        let mut changes = site_metadata::changes(provider, &fetched.described);
        let old = std::mem::replace(&mut provider.metadata, new.clone());
        let contradiction = contradictions(provider, &release).into_iter().next();
        let verdict = match contradiction {
            Some((_, why)) => {
                changes.push(format!("! {why}"));
                Verdict::Hold
            }
            None => refresh::judge(&old, new),
        };
        let until = if verdict == Verdict::Hold { old.valid_until } else { new.valid_until };
        let due_at = refresh::next_fetch(now, self.interval, fetched.keep_for, until);
        let next = Refresh { due_at: Some(due_at), ..Refresh::default() };
        match verdict {
            Verdict::Take => {
                provider.refresh = next;
                site::update(conn, &found, now)?;
                self.record(conn, Kind::SiteMetadataRefreshed, &changes)
            }
            Verdict::Unchanged => {
                provider.refresh = next;
                site::remark(conn, &found)
            }
            Verdict::Hold => {
                let is_news = provider.refresh.held != changes;
                provider.metadata = old;
                provider.refresh = Refresh { held: changes.clone(), ..next };
                site::remark(conn, &found)?;
                if is_news {
                    tracing::warn!(site = %self.site, "new metadata wait for somebody to accept them");
                    self.record(conn, Kind::SiteMetadataHeld, &changes)?;
                }
                Ok(())
            }
        }
    }

    fn record(&self, conn: &mut AnyConn, kind: Kind, changes: &[String]) -> Result<(), StoreError> {
        let event = Event { kind, ..self.event.clone() }.at_site(self.site.clone());
        audit::record(conn, &[event.after(json!({ "changes": changes }))])
    }
}
