//! By what name a site knows a person (domain 3.5; SAML Core §8.3).

use serde::{Deserialize, Serialize};

use super::{
    names::name_id_format as format,
    service_provider::{EntityId, NameIdKind, ServiceProvider},
};
use crate::{community::subscriber::Subscriber, release::Naming};

/// A name as it stands in an assertion, and as the site gives it back at logout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameId {
    /// Which kind.
    pub kind: NameIdKind,
    /// The name.
    pub value: String,
}

impl NameIdKind {
    /// The URI of the kind.
    #[must_use]
    pub const fn format(self) -> &'static str {
        match self {
            Self::Email => format::EMAIL,
            Self::Persistent => format::PERSISTENT,
            Self::Transient => format::TRANSIENT,
            Self::UserId => format::UNSPECIFIED,
        }
    }
}

/// What a request says about names (SAML Core §3.4.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy<'a> {
    /// `Format`.
    pub format: Option<&'a str>,
    /// `SPNameQualifier`.
    pub qualifier: Option<&'a str>,
}

/// A name that the site may not have. It is told `InvalidNameIDPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the site is not approved for names of this kind")]
pub struct NotApproved;

/// The kind of name that the site gets for a request with this policy.
///
/// # Errors
/// [`NotApproved`]: none.
pub fn choose(provider: &ServiceProvider, policy: Policy<'_>) -> Result<NameIdKind, NotApproved> {
    let of_this_site = |qualifier: &str| qualifier == provider.entity_id.as_str();
    if !policy.qualifier.is_none_or(of_this_site) {
        return Err(NotApproved);
    }
    let kind = match policy.format {
        None | Some(format::UNSPECIFIED) => return Ok(provider.policy.name_id),
        Some(format::EMAIL) => NameIdKind::Email,
        Some(format::PERSISTENT) => NameIdKind::Persistent,
        Some(format::TRANSIENT) => NameIdKind::Transient,
        Some(_) => return Err(NotApproved),
    };
    let approved = kind == provider.policy.name_id
        || kind == NameIdKind::Transient
        || provider.policy.name_ids_allowed.contains(&kind);
    if approved { Ok(kind) } else { Err(NotApproved) }
}

/// The name itself. `random` is for a name that is used once.
///
/// # Errors
/// [`NotApproved`] if the person has no such name.
pub fn name(
    kind: NameIdKind,
    person: &Subscriber,
    naming: &Naming,
    random: &str,
) -> Result<NameId, NotApproved> {
    let value = match kind {
        NameIdKind::Email => person.email.as_ref().ok_or(NotApproved)?.as_str().to_owned(),
        NameIdKind::Persistent => naming.subject(&person.id),
        NameIdKind::Transient => format!("_{random}"),
        NameIdKind::UserId => person.user_id.to_string(),
    };
    Ok(NameId { kind, value })
}

/// The attributes of a `NameID` element: a persistent name says between whom it holds (SAML Core
/// §8.3.7).
#[must_use]
pub fn attributes<'a>(
    name: &NameId,
    issuer: &'a str,
    site: &'a EntityId,
) -> Vec<(&'static str, &'a str)> {
    let mut attributes = vec![("Format", name.kind.format())];
    if name.kind == NameIdKind::Persistent {
        attributes.push(("NameQualifier", issuer));
        attributes.push(("SPNameQualifier", site.as_str()));
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::judge::tests::provider;

    #[test]
    fn a_site_gets_its_own_kind_a_transient_one_or_what_it_is_approved_for() {
        use NameIdKind as K;
        let other = Some("https://other.example/sp");
        let own = Some("https://sp.example/sp");
        for (default, allowed, format, qualifier, expected) in [
            (K::Persistent, vec![], None, None, Ok(K::Persistent)),
            (K::Persistent, vec![], Some(format::UNSPECIFIED), None, Ok(K::Persistent)),
            (K::Persistent, vec![], Some(format::PERSISTENT), own, Ok(K::Persistent)),
            (K::Persistent, vec![], Some(format::PERSISTENT), other, Err(NotApproved)),
            (K::Persistent, vec![], Some(format::TRANSIENT), None, Ok(K::Transient)),
            (K::Persistent, vec![], Some(format::EMAIL), None, Err(NotApproved)),
            (K::Persistent, vec![K::Email], Some(format::EMAIL), None, Ok(K::Email)),
            (K::Email, vec![], Some(format::EMAIL), None, Ok(K::Email)),
            (K::Email, vec![], Some(format::PERSISTENT), None, Err(NotApproved)),
            (K::UserId, vec![], None, None, Ok(K::UserId)),
            (K::Persistent, vec![], Some(format::ENTITY), None, Err(NotApproved)),
            (K::Persistent, vec![], Some("urn:x"), None, Err(NotApproved)),
        ] {
            let mut provider = provider();
            provider.policy.name_id = default;
            provider.policy.name_ids_allowed = allowed;
            let found = choose(&provider, Policy { format, qualifier });
            assert_eq!(found, expected, "{default:?} {format:?} {qualifier:?}");
        }
    }
}
