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
        metadata::read::{self, Described, MetadataError},
        service_provider::{EntityId, ProviderMetadata, ServiceProvider},
        xml::Xml,
    },
};
use serde_json::{Value, json};

use super::{Desk, unknown};
use crate::{
    cli::{Failure, database::failed},
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
    id: SiteId,
    file: &Path,
    accept: bool,
) -> Result<(), Failure> {
    let unreadable = |error: io::Error| {
        Failure::new(format!("{}: {error}", file.display()), "Nothing was changed.")
    };
    let text = fs::read_to_string(file).map_err(unreadable)?;
    let now = desk.ending.now;
    let event = desk.event(Kind::SiteMetadataRefreshed, &id);
    let wanted = id.clone();
    let known = desk.db.read({
        let wanted = wanted.clone();
        move |conn| site::find(conn, &wanted)
    });
    let known = known.await.map_err(|error| failed(&error))?.ok_or_else(|| unknown(&id))?;
    let entity_id = known.service_provider().map(|provider| provider.entity_id.clone());
    let described = describe(file, &text, entity_id.as_ref(), now)?;
    let write = move |conn: &mut AnyConn| {
        let Some(mut found) = site::find(conn, &wanted)? else { return Ok(Refreshed::Unknown) };
        let release = found.release.clone();
        let Front::Saml(provider) = &mut found.front else { return Ok(Refreshed::OtherSite) };
        if provider.entity_id != described.entity_id {
            return Ok(Refreshed::OtherSite);
        }
        let changes = changes(provider, &described);
        provider.metadata = described.metadata.clone();
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

/// What becomes other by new metadata, a line each, for a person to review. Keys are named by their
/// fingerprints, which can be compared on the telephone.
pub(super) fn changes(old: &ServiceProvider, new: &Described) -> Vec<String> {
    let (before, after) = (&old.metadata, &new.metadata);
    let mut lines = Vec::new();
    let consumers = |metadata: &ProviderMetadata| -> Vec<String> {
        let consumers = metadata.assertion_consumers.iter();
        consumers.map(|acs| format!("assertions to {} ({:?})", acs.location, acs.binding)).collect()
    };
    let logout = |metadata: &ProviderMetadata| -> Vec<String> {
        let endpoints = metadata.logout.iter();
        endpoints.map(|slo| format!("logout at {} ({:?})", slo.location, slo.binding)).collect()
    };
    let signing = |metadata: &ProviderMetadata| -> Vec<String> {
        let keys = metadata.signing.iter();
        keys.map(|key| format!("signature key {}", key.fingerprint())).collect()
    };
    let encryption = |metadata: &ProviderMetadata| -> Vec<String> {
        let keys = metadata.encryption.iter();
        keys.map(|key| {
            format!("encryption key {} ({:?})", key.certificate.fingerprint(), key.cipher)
        })
        .collect()
    };
    compare(&mut lines, &consumers(before), &consumers(after));
    compare(&mut lines, &logout(before), &logout(after));
    compare(&mut lines, &signing(before), &signing(after));
    compare(&mut lines, &encryption(before), &encryption(after));
    if before.authn_requests_signed != after.authn_requests_signed {
        let signs = if after.authn_requests_signed { "now" } else { "no longer" };
        lines.push(format!("~ it {signs} signs all its requests"));
    }
    lines
}

fn compare(lines: &mut Vec<String>, before: &[String], after: &[String]) {
    lines.extend(before.iter().filter(|old| !after.contains(old)).map(|old| format!("- {old}")));
    lines.extend(after.iter().filter(|new| !before.contains(new)).map(|new| format!("+ {new}")));
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn metadata(host: &str, path: &str) -> String {
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             entityID=\"https://sp.example/sp\"><SPSSODescriptor \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <AssertionConsumerService index=\"0\" Location=\"https://{host}/{path}\" \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"/>\
             </SPSSODescriptor></EntityDescriptor>"
        )
    }

    fn described(text: &str) -> Described {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        read::one(&Xml::parse(text).unwrap(), None, now).unwrap()
    }

    #[test]
    fn a_person_is_shown_each_change_before_it_counts() {
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        let old = described(&metadata("sp.example", "acs"));
        let site = saml::read(old, None, circumstances).unwrap();
        let provider = site.service_provider().unwrap();
        assert!(changes(provider, &described(&metadata("sp.example", "acs"))).is_empty());
        assert_eq!(
            changes(provider, &described(&metadata("evil.example", "acs"))),
            [
                "- assertions to https://sp.example/acs (Post)",
                "+ assertions to https://evil.example/acs (Post)",
            ]
        );
    }

    #[test]
    fn metadata_are_known_by_their_first_character() {
        for (text, expected) in
            [("<a/>", true), ("\u{feff}\n <?xml version='1.0'?>", true), ("{}", false), ("", false)]
        {
            assert_eq!(is_metadata(text), expected, "{text}");
        }
    }
}
