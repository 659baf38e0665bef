//! SAML metadata as the command line takes them: registered, and taken over anew.

use std::{fs, io, path::Path};

use chrono::{DateTime, Utc};
use idp_core::{
    audit::Kind,
    community::{
        site::{Front, Site},
        site_registration::{Circumstances, FieldError, saml},
    },
    ids::SiteId,
    saml::{
        metadata::{
            read::{self, Described, MetadataError},
            refresh::Refresh,
        },
        service_provider::EntityId,
        xml::Xml,
    },
};
use serde_json::{Value, json};

use super::{Desk, unknown};
use crate::{
    cli::{Failure, database::failed},
    config::Config,
    outgoing::Outgoing,
    site_metadata::{self, changes},
    store::{AnyConn, audit, site},
};

/// Whether a file is metadata rather than a registration in JSON.
pub(super) fn is_metadata(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

/// The site that metadata describe.
pub(super) fn describe(
    file: &Path,
    text: &str,
    wanted: Option<&EntityId>,
    now: DateTime<Utc>,
) -> Result<Described, Failure> {
    let read = || read::one(&Xml::parse(text)?, wanted, now);
    read().map_err(|error: MetadataError| {
        let next = if error == MetadataError::Several {
            "Nothing was changed. Name one of them with --entity-id."
        } else {
            "Nothing was changed."
        };
        Failure::new(format!("{}: {error}", file.display()), next)
    })
}

/// The site to register, with everything that is wrong with what was decided about it.
pub(super) fn register(
    described: Described,
    decisions: Option<&Path>,
    circumstances: Circumstances,
) -> Result<Result<Site, Vec<FieldError>>, Failure> {
    let decisions = decisions.map(read_decisions).transpose()?;
    Ok(saml::read(described, decisions.as_ref(), circumstances))
}

fn read_decisions(file: &Path) -> Result<Value, Failure> {
    let unreadable =
        |why: String| Failure::new(format!("{}: {why}", file.display()), "Nothing was changed.");
    let text = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unreadable(format!("not JSON: {error}")))
}

/// What became of new metadata.
enum Refreshed {
    /// They are in force, or would be: a line for each change.
    Changes(Vec<String>),
    /// They contradict what was decided about the site.
    Contradiction(&'static str),
    /// They are somebody else's, or the site does not speak SAML.
    OtherSite,
    Unknown,
}

/// Takes over new metadata of a site, or shows what they would change.
pub(super) async fn refresh(
    desk: Desk,
    config: &Config,
    id: SiteId,
    file: Option<&Path>,
    accept: bool,
) -> Result<(), Failure> {
    let now = desk.ending.now;
    let event = desk.event(Kind::SiteMetadataRefreshed, &id);
    let wanted = id.clone();
    let known = desk.db.read({
        let wanted = wanted.clone();
        move |conn| site::find(conn, &wanted)
    });
    let known = known.await.map_err(|error| failed(&error))?.ok_or_else(|| unknown(&id))?;
    let entity_id = known.service_provider().map(|provider| provider.entity_id.clone());
    let described = match file {
        Some(file) => describe(file, &read_file(file)?, entity_id.as_ref(), now)?,
        None => fetch(config, &known, now).await?,
    };
    let write = move |conn: &mut AnyConn| {
        let Some(mut found) = site::load_for_update(conn, &wanted)? else {
            return Ok(Refreshed::Unknown);
        };
        let release = found.release.clone();
        let Front::Saml(provider) = &mut found.front else { return Ok(Refreshed::OtherSite) };
        if provider.entity_id != described.entity_id {
            return Ok(Refreshed::OtherSite);
        }
        let changes = changes(provider, &described);
        provider.metadata = described.metadata.clone();
        // Whoever accepts has looked; what was waiting waits no longer.
        provider.refresh = Refresh { due_at: provider.refresh.due_at, ..Refresh::default() };
        if let Some((_, why)) = saml::contradictions(provider, &release).into_iter().next() {
            return Ok(Refreshed::Contradiction(why));
        }
        if accept {
            site::update(conn, &found, now)?;
            audit::record(conn, &[event.clone().after(json!({ "changes": changes }))])?;
        }
        Ok(Refreshed::Changes(changes))
    };
    let nothing = "Nothing was changed.";
    match desk.db.write(write).await.map_err(|error| failed(&error))? {
        Refreshed::Changes(changes) => {
            if changes.is_empty() {
                println!("The metadata say what is known already.");
            }
            for change in &changes {
                println!("{change}");
            }
            eprintln!(
                "{}",
                if accept { "In force within a second." } else { "Not in force: add --accept." }
            );
            Ok(())
        }
        Refreshed::Contradiction(why) => {
            Err(Failure::new(format!("the new metadata do not do: {why}"), nothing))
        }
        Refreshed::OtherSite => {
            Err(Failure::new(format!("the metadata are not those of {id}"), nothing))
        }
        Refreshed::Unknown => Err(unknown(&id)),
    }
}

fn read_file(file: &Path) -> Result<String, Failure> {
    let unreadable = |error: io::Error| {
        Failure::new(format!("{}: {error}", file.display()), "Nothing was changed.")
    };
    fs::read_to_string(file).map_err(unreadable)
}

/// Fetches the metadata from where the site's record says (security 14.4).
async fn fetch(config: &Config, site: &Site, now: DateTime<Utc>) -> Result<Described, Failure> {
    let failed = |why: String| Failure::new(why, "Nothing was changed; the last good copy stays.");
    let provider = site.service_provider();
    let source = provider.and_then(|provider| Some((provider, provider.source.as_ref()?)));
    let Some((provider, source)) = source else {
        return Err(failed(format!("{} has no metadata_source: name a FILE", site.id)));
    };
    let outgoing = Outgoing::new(&config.outgoing).map_err(|error| failed(error.to_string()))?;
    let fetched = site_metadata::fetch(&outgoing, provider, source, now).await;
    Ok(fetched.map_err(|error| failed(error.to_string()))?.described)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_known_by_their_first_character() {
        for (text, expected) in
            [("<a/>", true), ("\u{feff}\n <?xml version='1.0'?>", true), ("{}", false), ("", false)]
        {
            assert_eq!(is_metadata(text), expected, "{text}");
        }
    }
}
