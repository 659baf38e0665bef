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
        certificate::Certificate,
        metadata::read::{self, Described, MetadataError},
        service_provider::{EntityId, ProviderMetadata, ServiceProvider},
        signature::VerificationKeys,
        xml::Xml,
    },
};
use serde_json::{Value, json};

use super::{Desk, unknown};
use crate::{
    cli::{Failure, database::failed},
    config::Config,
    outgoing::Outgoing,
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

fn read_file(file: &Path) -> Result<String, Failure> {
    let unreadable = |error: io::Error| {
        Failure::new(format!("{}: {error}", file.display()), "Nothing was changed.")
    };
    fs::read_to_string(file).map_err(unreadable)
}

/// Fetches the metadata from where the site's record says. They count only signed by whom it says:
/// the connection alone proves nothing about who wrote them (security 14.4).
async fn fetch(config: &Config, site: &Site, now: DateTime<Utc>) -> Result<Described, Failure> {
    let failed = |why: String| Failure::new(why, "Nothing was changed; the last good copy stays.");
    let provider = site.service_provider();
    let source = provider.and_then(|provider| Some((provider, provider.source.as_ref()?)));
    let Some((provider, source)) = source else {
        return Err(failed(format!("{} has no metadata_source: name a FILE", site.id)));
    };
    let outgoing = Outgoing::new(&config.outgoing).map_err(|error| failed(error.to_string()))?;
    let answer = outgoing.get(&source.url).await.map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8(answer.body).map_err(|_| failed("not text in UTF-8".into()))?;
    if answer.status != 200 {
        return Err(failed(format!("{} answers with status {}", source.url, answer.status)));
    }
    fetched(&text, provider, &source.signed_by, now).map_err(|error| failed(error.to_string()))
}

/// What fetched metadata say of the site, if they are signed by one of `signed_by`.
fn fetched(
    text: &str,
    provider: &ServiceProvider,
    signed_by: &[Certificate],
    now: DateTime<Utc>,
) -> Result<Described, MetadataError> {
    let xml = Xml::parse(text)?;
    read::check_signature(&xml, &VerificationKeys::of(signed_by))?;
    read::one(&xml, Some(&provider.entity_id), now)
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
    use idp_core::{
        oidc::jose::SigningAlgorithm,
        saml::signature::{Signer as _, sign_enveloped},
    };

    use super::*;
    use crate::keys::saml_keys::SamlSigner;

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
    fn fetched_metadata_count_only_signed_by_whom_the_record_says() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
        let text = metadata("sp.example", "acs");
        let site = saml::read(described(&text), None, circumstances).unwrap();
        let provider = site.service_provider().unwrap();
        let [good, other] = [(); 2].map(|()| SamlSigner::of_partner(SigningAlgorithm::Es256, now));
        let trusted = [Certificate::from_base64(good.certificate()).unwrap()];
        let canonical = |text: &str| text.replace(" entityID", " ID=\"_m\" entityID");
        let signed = |text: &str, by: &SamlSigner| {
            let text = canonical(text).replace("/></SPSS", "></AssertionConsumerService></SPSS");
            let text = text.replace(
                "<AssertionConsumerService index=\"0\" Location=\"https://sp.example/acs\" \
                 Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\">",
                "<AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
                 Location=\"https://sp.example/acs\" index=\"0\">",
            );
            let at = text.find("<SPSSODescriptor").unwrap();
            sign_enveloped(&text, at, "_m", by).unwrap()
        };
        let found = fetched(&signed(&text, &good), provider, &trusted, now);
        assert_eq!(found.unwrap(), described(&text));
        for (text, name) in [
            (text.clone(), "unsigned"),
            (signed(&text, &other), "by somebody else"),
            (signed(&text, &good).replace("/acs", "/evil"), "changed"),
            (signed(&text.replace("/sp\"", "/other\""), &good), "of another entity"),
        ] {
            assert!(fetched(&text, provider, &trusted, now).is_err(), "{name}");
        }
        assert!(fetched(&signed(&text, &good), provider, &[], now).is_err(), "nobody is trusted");
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
