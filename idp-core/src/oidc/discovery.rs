//! What Hilum says about itself (OIDC Discovery §3, RFC 8414 §2).

use serde_json::{Value, json};

use super::{jose::SigningAlgorithm, scope::Scope};
use crate::authentication::assurance::{Assurance, REFEDS_MFA};

/// The claims that some scope or the ID token can carry.
const CLAIMS: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "jti",
    "nonce",
    "at_hash",
    "sid",
    "auth_time",
    "acr",
    "amr",
    "session_expires_at",
    "last_login",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "address",
    "affiliations",
    "selected_affiliation",
    "npi",
    "azp",
];

/// The metadata of the issuer at `issuer`, which has no trailing slash.
#[must_use]
pub fn document(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    let algorithms = SigningAlgorithm::ALL.map(SigningAlgorithm::as_str);
    let acr: Vec<&str> =
        Assurance::ALL.into_iter().map(Assurance::acr).chain([REFEDS_MFA]).collect();
    let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
    let confidential = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "introspection_endpoint": at("/introspect"),
        "revocation_endpoint": at("/revoke"),
        "end_session_endpoint": at("/end-session"),
        "scopes_supported": Scope::STANDARD.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "acr_values_supported": acr,
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "claims_supported": CLAIMS,
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": false,
        "ui_locales_supported": ["en"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "authorization_response_iss_parameter_supported": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_default_to_true_is_denied_and_what_every_site_needs_is_named() {
        let document = document("https://id.example");
        assert_eq!(document["request_uri_parameter_supported"], false);
        assert_eq!(document["request_parameter_supported"], false);
        assert!(
            document["id_token_signing_alg_values_supported"]
                .as_array()
                .unwrap()
                .contains(&json!("RS256"))
        );
        assert!(
            document["grant_types_supported"].as_array().unwrap().contains(&json!("refresh_token"))
        );
        assert_eq!(document["token_endpoint"], "https://id.example/token");
    }
}
