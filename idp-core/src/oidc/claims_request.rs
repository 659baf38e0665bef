//! The `claims` parameter (OIDC Core §5.5): single claims, asked by name.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{authentication::assurance::Assurance, sign_on::AcrValue};

/// The most characters of a `claims` parameter that are read.
const MAX_LENGTH: usize = 8 * 1024;

/// What was asked by name. Which of it is released is the release policy's matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// Names asked for the ID token.
    pub id_token: BTreeSet<String>,
    /// Names asked for userinfo.
    pub userinfo: BTreeSet<String>,
}

/// What `claims` says beyond names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsDemand {
    /// The names.
    pub names: ClaimsRequest,
    /// `acr` values of the ID token.
    pub acr_values: Vec<AcrValue>,
    /// Whether one of them must be met (OIDC Core §5.5.1.1).
    pub acr_essential: bool,
    /// `sub` with a value: the person must be this one.
    pub sub: Option<String>,
    /// `selected_affiliation` with a value.
    pub selected_affiliation: Option<String>,
}

/// A `claims` parameter that is not as OIDC Core §5.5 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("claims is not a JSON object as in OIDC Core 5.5")]
pub struct InvalidClaims;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    id_token: BTreeMap<String, Option<Member>>,
    #[serde(default)]
    userinfo: BTreeMap<String, Option<Member>>,
}

#[derive(Deserialize)]
struct Member {
    #[serde(default)]
    essential: bool,
    value: Option<Value>,
    values: Option<Vec<Value>>,
}

impl Member {
    /// The texts that the member would accept.
    fn texts(&self) -> impl Iterator<Item = &str> {
        self.value.iter().chain(self.values.iter().flatten()).filter_map(Value::as_str)
    }
}

impl ClaimsDemand {
    /// Reads the parameter. Unknown members and unknown `acr` values are passed over.
    ///
    /// # Errors
    /// [`InvalidClaims`] if it is no JSON of the right shape, or overlong.
    pub fn parse(text: &str) -> Result<Self, InvalidClaims> {
        // An object, because serde would also read a struct from an array.
        if text.len() > MAX_LENGTH || !text.trim_start().starts_with('{') {
            return Err(InvalidClaims);
        }
        let document: Document = serde_json::from_str(text).map_err(|_| InvalidClaims)?;
        let member = |name: &str| document.id_token.get(name).and_then(Option::as_ref);
        let either = |name: &str| {
            let userinfo = || document.userinfo.get(name).and_then(Option::as_ref);
            member(name).or_else(userinfo).and_then(|m| m.texts().next()).map(str::to_owned)
        };
        let acr = member("acr");
        let acr_values = acr.map(|m| m.texts().filter_map(acr_value).collect()).unwrap_or_default();
        Ok(Self {
            acr_values,
            acr_essential: acr.is_some_and(|m| m.essential && m.texts().next().is_some()),
            sub: either("sub"),
            selected_affiliation: either("selected_affiliation"),
            names: ClaimsRequest {
                id_token: document.id_token.into_keys().collect(),
                userinfo: document.userinfo.into_keys().collect(),
            },
        })
    }
}

/// An `acr` value that Hilum knows, in the spelling of the request.
#[must_use]
pub fn acr_value(spelling: &str) -> Option<AcrValue> {
    Assurance::from_acr(spelling).map(|rung| AcrValue { rung, spelling: spelling.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_values_and_essential_are_read_and_strange_members_passed_over() {
        let demand = ClaimsDemand::parse(
            r#"{"userinfo":{"email":null,"name":{"essential":true},"selected_affiliation":{"value":"aff_a"}},
                "id_token":{"auth_time":{"essential":true,"odd":1},"sub":{"value":"s"},
                "acr":{"essential":true,"values":["urn:hilum:acr:browser-second-factor","x"]}},"other":1}"#,
        )
        .unwrap();
        assert!(
            demand.names.userinfo.contains("email") && demand.names.id_token.contains("auth_time")
        );
        assert_eq!(demand.acr_values.len(), 1);
        assert!(demand.acr_essential);
        assert_eq!(
            (demand.sub.as_deref(), demand.selected_affiliation.as_deref()),
            (Some("s"), Some("aff_a"))
        );
    }

    #[test]
    fn what_is_no_claims_object_is_refused() {
        for wrong in [
            "",
            "[]",
            "1",
            "{\"userinfo\":1}",
            "{\"id_token\":{\"sub\":1}}",
            "{",
            &"{".repeat(9000),
        ] {
            assert_eq!(ClaimsDemand::parse(wrong), Err(InvalidClaims), "{wrong:.20}");
        }
        assert!(ClaimsDemand::parse("{}").is_ok());
    }
}
