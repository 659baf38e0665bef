//! What Hilum says about a person, as far as this site reads it. What the claims mean: Hilum's guide, "Claims".

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The claims of the ID token beyond those that the `openidconnect` crate judges.
#[derive(Clone, Debug, Deserialize)]
pub struct IdClaims {
    /// The person, as this site and no other knows them.
    pub sub: String,
    /// The sign-on session; a logout token names it.
    pub sid: Option<String>,
    /// How strongly the person signed on.
    pub acr: Option<String>,
    /// With what (RFC 8176).
    #[serde(default)]
    pub amr: Vec<String>,
    /// When the person signed in; later than that only a second factor may have been proved.
    #[serde(default, with = "chrono::serde::ts_seconds_option")]
    pub auth_time: Option<DateTime<Utc>>,
    /// When the session ends for good.
    #[serde(default, with = "chrono::serde::ts_seconds_option")]
    pub session_expires_at: Option<DateTime<Utc>>,
    /// When the person signed on before this time; absent at the first time.
    #[serde(default, with = "chrono::serde::ts_seconds_option")]
    pub last_login: Option<DateTime<Utc>>,
    /// The affiliation that the person chose for this site.
    pub selected_affiliation: Option<String>,
    /// The chosen affiliation itself.
    #[serde(default)]
    pub affiliations: Vec<Affiliation>,
}

/// The claims of the userinfo endpoint.
#[derive(Clone, Debug, Deserialize)]
pub struct UserClaims {
    /// The full name.
    pub name: Option<String>,
    /// The work e-mail.
    pub email: Option<String>,
    /// The National Provider Identifier of a clinician.
    pub npi: Option<String>,
    /// Every affiliation that this site may see.
    #[serde(default)]
    pub affiliations: Vec<Affiliation>,
}

/// For which organization, with which Tax IDs and roles, a person acts.
///
/// They stand together because they belong together: a role in one organization is never good for the Tax ID
/// of another.
#[derive(Clone, Debug, Deserialize)]
pub struct Affiliation {
    /// The identifier of the affiliation.
    pub id: String,
    /// The organization.
    pub organization: Organization,
    /// The Tax IDs that the person may use there.
    #[serde(default)]
    pub tax_ids: Vec<TaxId>,
    /// The codes of the roles there.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Whether the person administers the organization's account.
    #[serde(default)]
    pub administrator: bool,
    /// How much the person may see and do, such as `community-standard`.
    pub access_level: Option<String>,
}

/// A registered organization.
#[derive(Clone, Debug, Deserialize)]
pub struct Organization {
    /// The identifier, stable when the name changes.
    pub id: String,
    /// The name.
    pub name: String,
}

/// A taxpayer identification number.
#[derive(Clone, Debug, Deserialize)]
pub struct TaxId {
    /// The number as it is written, with its hyphen.
    pub value: String,
    /// Whether it is the organization's main one.
    #[serde(default)]
    pub primary: bool,
}

impl Affiliation {
    /// Whether this affiliation carries any one of the roles; where none is asked for, every affiliation will do.
    pub fn has_any_role(&self, required: &[String]) -> bool {
        required.is_empty() || self.roles.iter().any(|role| required.contains(role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn affiliation(roles: &[&str]) -> Affiliation {
        serde_json::from_value(json!({
            "id": "aff_1", "organization": {"id": "org_1", "name": "Cedar Falls"}, "roles": roles
        }))
        .unwrap()
    }

    #[test]
    fn any_one_of_the_required_roles_opens_the_site() {
        for (held, required, opens) in [
            (vec!["licensed-practitioner"], vec!["licensed-practitioner"], true),
            (
                vec!["office-worker", "credentialing-manager"],
                vec!["licensed-practitioner", "credentialing-manager"],
                true,
            ),
            (vec!["billing-specialist"], vec!["licensed-practitioner"], false),
            (vec!["licensed-practitioner-x"], vec!["licensed-practitioner"], false),
            (vec![], vec!["licensed-practitioner"], false),
            (vec![], vec![], true),
        ] {
            let required: Vec<String> = required.into_iter().map(str::to_owned).collect();
            assert_eq!(affiliation(&held).has_any_role(&required), opens, "{held:?} {required:?}");
        }
    }

    #[test]
    fn the_id_token_of_hilums_guide_is_understood() {
        let claims: IdClaims = serde_json::from_value(json!({
            "iss": "https://id.hilum.example", "aud": "credentia", "sub": "Zk3v9QmT7cB1xH0e", "sid": "s_8fK2",
            "session_expires_at": 1_790_014_380, "last_login": 1_789_913_580,
            "selected_affiliation": "aff_5TN2",
            "affiliations": [{
                "id": "aff_5TN2",
                "organization": {"id": "org_7Q2M", "name": "Cedar Falls", "parent_id": null, "npi": "1999999984"},
                "tax_ids": [{"value": "91-1234567", "type": "ein", "primary": true}],
                "roles": ["licensed-practitioner"], "role_details": ["arnp"], "administrator": false,
                "access_level": "community-standard", "since": "2024-03-11"
            }]
        }))
        .unwrap();
        assert_eq!(claims.affiliations[0].tax_ids[0].value, "91-1234567");
        assert_eq!(claims.last_login.unwrap().timestamp(), 1_789_913_580);
    }

    #[test]
    fn a_first_sign_on_has_no_earlier_one() {
        let claims: IdClaims = serde_json::from_value(json!({"sub": "s"})).unwrap();
        assert!(claims.last_login.is_none() && claims.affiliations.is_empty());
    }
}
