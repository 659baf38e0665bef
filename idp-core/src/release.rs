//! Minimum-necessary release: what a site may learn about a sign-on (domain 3.1, 3.3).
//!
//! Deny by default. A claim leaves only if the site's record allows its scope *and* the request
//! asked for it, by that scope or by name. A role never leaves without its organization, and a
//! Tax ID of type SSN never without the site's explicit acceptance.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::{
    authentication::session::Session,
    community::{
        affiliation::Affiliation,
        role::RoleGroup,
        site::{ReleasePolicy, SubjectType, TaxIdRelease},
        subscriber::Subscriber,
        tax_id::{TaxId, TaxIdNumber},
    },
    ids::{AffiliationId, SessionId, SubscriberId, TaxIdId},
    oidc::{claims_request::ClaimsRequest, pairwise::pairwise, scope::Scope},
    sign_on::Released,
};

/// How many affiliations an ID token carries at most in mode `all`.
const MOST_IN_ID_TOKEN: usize = 5;

/// By which names a site knows people, sessions and affiliations (OIDC Core §8.1).
#[derive(Clone)]
pub enum Naming {
    /// By names of its group's own.
    Pairwise {
        /// The key from which the names are computed.
        key: [u8; 32],
        /// The group.
        sector: String,
    },
    /// By Hilum's own identifiers.
    Public,
}

impl std::fmt::Debug for Naming {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pairwise { sector, .. } => write!(f, "Pairwise({sector})"),
            Self::Public => f.write_str("Public"),
        }
    }
}

impl Naming {
    /// How a site with this record names things.
    #[must_use]
    pub fn of(subject_type: SubjectType, sector: &str, key: &[u8; 32]) -> Self {
        match subject_type {
            SubjectType::Pairwise => Self::Pairwise { key: *key, sector: sector.to_owned() },
            SubjectType::Public => Self::Public,
        }
    }

    fn name(&self, local: &str) -> String {
        match self {
            Self::Pairwise { key, sector } => pairwise(key, sector, local),
            Self::Public => local.to_owned(),
        }
    }

    /// `sub`.
    #[must_use]
    pub fn subject(&self, id: &SubscriberId) -> String {
        self.name(id.as_str())
    }

    /// `sid`.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> String {
        self.name(id.as_str())
    }

    /// An affiliation's `id`.
    #[must_use]
    pub fn affiliation(&self, id: &AffiliationId) -> String {
        self.name(id.as_str())
    }
}

/// The facts of a sign-on, of which a site learns a part.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The person.
    pub subscriber: &'a Subscriber,
    /// The session.
    pub session: &'a Session,
    /// The sign-in before this session's: what `last_login` tells (R61).
    pub last_login: Option<DateTime<Utc>>,
    /// The `acr` that was promised to the site.
    pub acr: &'a str,
    /// The affiliations that fit the site.
    pub affiliations: &'a Released,
    /// The site's names for all of this.
    pub naming: &'a Naming,
}

/// What was asked, already cut down to what the site's record allows.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The granted scopes.
    pub scopes: &'a BTreeSet<Scope>,
    /// Claims asked by name for this place (ID token or userinfo).
    pub names: &'a BTreeSet<String>,
}

/// The scopes of `requested` that the site may have.
#[must_use]
pub fn grantable(requested: &BTreeSet<Scope>, release: &ReleasePolicy) -> BTreeSet<Scope> {
    requested.intersection(&release.allowed_scopes).cloned().collect()
}

/// What an ID token says beyond `iss`, `aud`, `iat`, `exp`, `jti`, `nonce` and `at_hash`.
#[must_use]
pub fn id_token_claims(
    facts: Facts<'_>,
    asked: Asked<'_>,
    release: &ReleasePolicy,
) -> Map<String, Value> {
    let mut claims = session_claims(facts);
    if asked.scopes.contains(&Scope::LoginHistory) {
        insert(&mut claims, "last_login", facts.last_login.map(|at| at.timestamp()));
    }
    if asked.scopes.contains(&Scope::Affiliations) {
        match facts.affiliations {
            Released::One(_) => affiliation_claims(&mut claims, facts, asked, release),
            Released::All(all)
                if release.affiliations_in_id_token && all.len() <= MOST_IN_ID_TOKEN =>
            {
                affiliation_claims(&mut claims, facts, asked, release);
            }
            Released::All(_) | Released::None => {}
        }
    }
    named_claims(&mut claims, facts, asked, release);
    claims
}

/// What userinfo says.
#[must_use]
pub fn userinfo_claims(
    facts: Facts<'_>,
    asked: Asked<'_>,
    release: &ReleasePolicy,
) -> Map<String, Value> {
    let mut claims = Map::new();
    insert(&mut claims, "sub", Some(facts.naming.subject(&facts.subscriber.id)));
    for scope in asked.scopes {
        scope_claims(&mut claims, scope, facts, asked, release);
    }
    named_claims(&mut claims, facts, asked, release);
    claims
}

/// The claims that every ID token carries about the session.
fn session_claims(facts: Facts<'_>) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(facts.naming.subject(&facts.subscriber.id)));
    claims.insert("sid".to_owned(), json!(facts.naming.session(&facts.session.id)));
    claims.insert("auth_time".to_owned(), json!(facts.session.auth_time().timestamp()));
    claims.insert("acr".to_owned(), json!(facts.acr));
    claims.insert("amr".to_owned(), json!(facts.session.amr()));
    claims.insert("session_expires_at".to_owned(), json!(facts.session.expires_at.timestamp()));
    claims
}

/// The claims that were asked by name, as far as the site's record allows their scope.
fn named_claims(
    claims: &mut Map<String, Value>,
    facts: Facts<'_>,
    asked: Asked<'_>,
    release: &ReleasePolicy,
) {
    for name in asked.names {
        let Some(scope) = scope_of(name).filter(|scope| release.allowed_scopes.contains(scope))
        else {
            continue;
        };
        let mut whole = session_claims(facts);
        scope_claims(&mut whole, &scope, facts, asked, release);
        if let Some(value) = whole.remove(name) {
            claims.insert(name.clone(), value);
        }
    }
}

/// What kinds of facts a grant with these scopes let a site know, told by their scopes: those that
/// were granted, and those of the claims asked by name that the site may have.
#[must_use]
pub fn kinds(
    granted: &BTreeSet<Scope>,
    by_name: &ClaimsRequest,
    release: &ReleasePolicy,
) -> BTreeSet<Scope> {
    let names = by_name.id_token.iter().chain(&by_name.userinfo);
    let allowed = |scope: &Scope| release.allowed_scopes.contains(scope);
    let asked = names.filter_map(|name| scope_of(name)).filter(allowed);
    granted.iter().cloned().chain(asked).collect()
}

/// The scope under which a claim is released.
fn scope_of(claim: &str) -> Option<Scope> {
    Some(match claim {
        "sub" | "sid" | "auth_time" | "acr" | "amr" | "session_expires_at" => Scope::OpenId,
        "name" | "given_name" | "family_name" | "middle_name" | "nickname"
        | "preferred_username" | "profile" | "picture" | "website" | "gender" | "birthdate"
        | "zoneinfo" | "locale" | "updated_at" => Scope::Profile,
        "email" | "email_verified" => Scope::Email,
        "phone_number" | "phone_number_verified" => Scope::Phone,
        "address" => Scope::Address,
        "affiliations" | "selected_affiliation" => Scope::Affiliations,
        "npi" => Scope::Npi,
        "last_login" => Scope::LoginHistory,
        _ => return None,
    })
}

/// Adds the claims of one scope. A claim without a value is left out: a blank or null one is an
/// error in a site's eyes.
fn scope_claims(
    claims: &mut Map<String, Value>,
    scope: &Scope,
    facts: Facts<'_>,
    asked: Asked<'_>,
    release: &ReleasePolicy,
) {
    let person = facts.subscriber;
    match scope {
        Scope::Profile => profile_claims(claims, person, release),
        Scope::Email => {
            let address = person.email.as_ref();
            insert(claims, "email", address.map(|email| email.as_str().to_owned()));
            insert(claims, "email_verified", address.map(|_| person.email_verified));
        }
        Scope::Phone => {
            let number = person.phone_number.clone();
            insert(
                claims,
                "phone_number_verified",
                number.as_ref().map(|_| person.phone_number_verified),
            );
            insert(claims, "phone_number", number);
        }
        Scope::Address => {
            let address = person.profile.address.as_ref();
            insert(
                claims,
                "address",
                address.and_then(|address| serde_json::to_value(address).ok()),
            );
        }
        Scope::Affiliations => affiliation_claims(claims, facts, asked, release),
        Scope::Npi => {
            let clinician =
                |a: &Affiliation| a.roles.iter().any(|role| role.group() == RoleGroup::Clinician);
            let is_clinician = released(facts.affiliations).iter().copied().any(clinician);
            insert(
                claims,
                "npi",
                person.npi.as_ref().filter(|_| is_clinician).map(ToString::to_string),
            );
        }
        Scope::LoginHistory => {
            insert(claims, "last_login", facts.last_login.map(|at| at.timestamp()))
        }
        Scope::OfflineAccess | Scope::OpenId | Scope::Other(_) | Scope::TaxIds => {}
    }
}

fn profile_claims(claims: &mut Map<String, Value>, person: &Subscriber, release: &ReleasePolicy) {
    if let Ok(Value::Object(rest)) = serde_json::to_value(&person.profile) {
        claims.extend(rest.into_iter().filter(|(name, _)| name != "address"));
    }
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    insert(claims, "name", filled(&person.name()));
    insert(claims, "given_name", filled(&person.given_name));
    insert(claims, "family_name", filled(&person.family_name));
    insert(claims, "updated_at", Some(person.updated_at.timestamp()));
    insert(
        claims,
        "preferred_username",
        release.release_user_id.then(|| person.user_id.to_string()),
    );
}

fn affiliation_claims(
    claims: &mut Map<String, Value>,
    facts: Facts<'_>,
    asked: Asked<'_>,
    release: &ReleasePolicy,
) {
    let shown = released(facts.affiliations);
    if let Released::One(selected) = facts.affiliations {
        insert(claims, "selected_affiliation", Some(facts.naming.affiliation(&selected.id)));
    }
    if !matches!(facts.affiliations, Released::None) {
        let tax_ids = asked.scopes.contains(&Scope::TaxIds);
        let objects =
            shown.into_iter().map(|a| affiliation_object(a, facts.naming, tax_ids, release));
        claims.insert("affiliations".to_owned(), Value::Array(objects.collect()));
    }
}

/// The affiliations in a list, whatever the mode.
fn released(released: &Released) -> Vec<&Affiliation> {
    match released {
        Released::All(all) => all.iter().collect(),
        Released::None => Vec::new(),
        Released::One(one) => vec![one],
    }
}

/// The affiliation object of domain 3.1: roles and Tax IDs of one organization, together.
#[must_use]
pub fn affiliation_object(
    affiliation: &Affiliation,
    naming: &Naming,
    tax_ids: bool,
    release: &ReleasePolicy,
) -> Value {
    let organization = &affiliation.organization;
    let mut object = json!({
        "id": naming.affiliation(&affiliation.id),
        "organization": {
            "id": organization.id,
            "name": organization.name,
            "parent_id": organization.parent,
            "npi": organization.npi,
        },
        "roles": affiliation.roles,
        "role_details": affiliation.role_details,
        "administrator": affiliation.administrator,
        "access_level": affiliation.access_level.code(),
        "since": affiliation.since.to_string(),
    });
    if tax_ids && let Some(object) = object.as_object_mut() {
        object.insert(
            "tax_ids".to_owned(),
            Value::Array(released_tax_ids(&affiliation.tax_ids, release)),
        );
    }
    object
}

/// The Tax IDs that the site may see, of those that the person may use.
fn released_tax_ids(tax_ids: &[TaxId], release: &ReleasePolicy) -> Vec<Value> {
    let released = tax_ids.iter().filter(|tax_id| is_released(tax_id, release));
    let object = |tax_id: &TaxId| {
        let value = match &tax_id.number {
            TaxIdNumber::Ein(ein) => ein.to_string(),
            TaxIdNumber::Ssn(ssn) => ssn.expose_hyphenated(),
        };
        json!({ "value": value, "type": tax_id.number.type_code(), "primary": tax_id.primary })
    };
    released.map(object).collect()
}

/// Whether a site sees this number of somebody who may use it.
fn is_released(tax_id: &TaxId, release: &ReleasePolicy) -> bool {
    let is_sought = match release.tax_id_release {
        TaxIdRelease::All => true,
        TaxIdRelease::None => false,
        TaxIdRelease::Primary => tax_id.primary,
    };
    let is_taken = match tax_id.number {
        TaxIdNumber::Ein(_) => true,
        TaxIdNumber::Ssn(_) => release.accept_ssn_type,
    };
    is_sought && is_taken
}

/// With which of an affiliation's Tax IDs somebody comes to a site that was granted these scopes, by
/// their names in Hilum: for the audit record, which holds no numbers.
#[must_use]
pub fn tax_ids_shown(
    affiliation: &Affiliation,
    scopes: &BTreeSet<Scope>,
    release: &ReleasePolicy,
) -> Vec<TaxIdId> {
    if !scopes.contains(&Scope::Affiliations) || !scopes.contains(&Scope::TaxIds) {
        return Vec::new();
    }
    let shown = affiliation.tax_ids.iter().filter(|tax_id| is_released(tax_id, release));
    shown.map(|tax_id| tax_id.id.clone()).collect()
}

fn insert(claims: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        claims.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
pub(crate) mod tests;
