//! Discovery, the key set and the roles, read by a library that nobody here wrote.

use hilum_tests::{Fresh, Person, Shared, Tokens, header_of, on_every_store};
use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};
use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

on_every_store![
    the_metadata_is_what_openidconnect_understands,
    the_key_set_verifies_what_was_signed_and_holds_no_private_key,
    public_documents_may_be_kept_and_asked_for_again,
    the_role_catalogue_is_public,
    a_new_key_appears_and_the_old_one_stays,
];

async fn fetch(idp: &hilum_tests::TestIdp, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let (status, headers, body) = idp.call(Method::GET, path).send().await;
    (status.as_u16(), headers, body)
}

/// RFC 8414, OIDC Discovery, RP-Initiated and Back-Channel Logout, RFC 9207.
const KNOWN_MEMBERS: &[&str] = &[
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "introspection_endpoint",
    "revocation_endpoint",
    "end_session_endpoint",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "code_challenge_methods_supported",
    "display_values_supported",
    "claim_types_supported",
    "claims_supported",
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "ui_locales_supported",
    "prompt_values_supported",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "authorization_response_iss_parameter_supported",
    "service_documentation",
    "op_policy_uri",
    "op_tos_uri",
];

async fn the_metadata_is_what_openidconnect_understands(idp: Shared) {
    let (status, headers, body) = fetch(idp, "/.well-known/openid-configuration").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/json"));
    let metadata: CoreProviderMetadata = serde_json::from_slice(&body).unwrap();
    assert_eq!(metadata.issuer().as_str(), idp.origin);
    let document: Value = serde_json::from_slice(&body).unwrap();
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("userinfo_endpoint", "/userinfo"),
        ("jwks_uri", "/jwks"),
        ("introspection_endpoint", "/introspect"),
        ("revocation_endpoint", "/revoke"),
        ("end_session_endpoint", "/end-session"),
    ] {
        assert_eq!(document[name], format!("{}{path}", idp.origin));
    }
    // Conformance "Discovery": what would default to something untrue is said.
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["claims_parameter_supported"], true);
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    for (name, value) in [
        ("id_token_signing_alg_values_supported", "RS256"),
        ("grant_types_supported", "refresh_token"),
        ("token_endpoint_auth_methods_supported", "private_key_jwt"),
        ("subject_types_supported", "pairwise"),
        ("scopes_supported", "affiliations"),
        ("claims_supported", "affiliations"),
        ("acr_values_supported", "urn:hilum:acr:password"),
    ] {
        assert!(document[name].as_array().unwrap().contains(&json!(value)), "{name}");
    }
    let unknown: Vec<&String> = document
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| !KNOWN_MEMBERS.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let (status, _, other) = fetch(idp, "/.well-known/oauth-authorization-server").await;
    assert_eq!((status, serde_json::from_slice::<Value>(&other).unwrap()), (200, document));
}

async fn the_key_set_verifies_what_was_signed_and_holds_no_private_key(idp: Shared) {
    let (status, headers, body) = fetch(idp, "/jwks").await;
    assert_eq!(status, 200);
    assert!(headers["content-type"].to_str().unwrap().contains("json"));
    let _: CoreJsonWebKeySet = serde_json::from_slice(&body).unwrap();
    let document: Value = serde_json::from_slice(&body).unwrap();
    let keys = document["keys"].as_array().unwrap();
    for key in keys {
        for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert_eq!(key[member], Value::Null, "{member}");
        }
        assert_eq!(key["use"], "sig");
        assert!(key["kid"].is_string() && key["alg"].is_string(), "{key}");
    }
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        assert!(keys.iter().any(|key| key["alg"] == algorithm), "{algorithm} in {document}");
    }
    let set: JwkSet = serde_json::from_slice(&body).unwrap();
    for client in ["alpha", "beta", "poster", "keyed"] {
        let tokens =
            idp.site(client).sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
        verifies(&set, &tokens.id, client);
        verifies(&set, &tokens.access, &idp.origin);
    }
}

async fn public_documents_may_be_kept_and_asked_for_again(idp: Shared) {
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/hilum-roles",
        "/jwks",
    ] {
        let (status, headers, body) = fetch(idp, path).await;
        assert_eq!(status, 200, "{path}");
        assert!(headers["cache-control"].to_str().unwrap().contains("max-age="), "{path}");
        assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
        assert!(!body.is_empty());
        let tag = headers["etag"].to_str().unwrap();
        let (status, _, body) =
            idp.call(Method::GET, path).header("If-None-Match", tag).send().await;
        assert_eq!((status.as_u16(), body.len()), (304, 0), "{path}");
        assert_eq!(idp.call(Method::POST, path).send().await.0, 405, "{path}");
    }
}

/// Domain section 5
async fn the_role_catalogue_is_public(idp: Shared) {
    let (_, _, body) = fetch(idp, "/.well-known/hilum-roles").await;
    let document: Value = serde_json::from_slice(&body).unwrap();
    let text = document.to_string();
    for role in [
        "licensed-practitioner",
        "medical-director",
        "billing-specialist",
        "eft-administrator",
        "quality-reports-data-entry",
    ] {
        assert!(text.contains(role), "{role}");
    }
    for right in ["support-agent", "operator", "site-developer"] {
        assert!(!text.contains(right), "{right} is Hilum's own staff's");
    }
}

/// 8.4
async fn a_new_key_appears_and_the_old_one_stays(idp: Fresh) {
    let site = idp.site("alpha");
    let before = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
    let (_, _, old) = fetch(&idp, "/jwks").await;
    idp.must(&["keys", "rotate"]);
    let kid = header_of(&before.id)["kid"].clone();
    let after = hilum_tests::eventually("a token under the new key", || async {
        let tokens = site.sign_on(&mut idp.browser(), &Person::new("practitioner")).await;
        (header_of(&tokens.id)["kid"] != kid).then_some(tokens)
    })
    .await;
    let (_, _, new) = fetch(&idp, "/jwks").await;
    let (old, new): (JwkSet, JwkSet) =
        (serde_json::from_slice(&old).unwrap(), serde_json::from_slice(&new).unwrap());
    for key in &old.keys {
        assert!(
            new.find(key.common.key_id.as_deref().unwrap()).is_some(),
            "the old keys stay published"
        );
    }
    for tokens in [&before, &after] {
        verifies(&new, &tokens.id, "alpha");
        assert_eq!(site.userinfo(&tokens.access).await.status, 200, "no valid token is refused");
    }
    let refreshed = Tokens::of(&site.refresh(before.refresh.as_deref().unwrap()).await);
    verifies(&new, &refreshed.id, "alpha");
    let listed = idp.must(&["keys", "list"]).stdout;
    assert!(listed.contains(kid.as_str().unwrap()), "{listed}");
}

/// Checks signature, issuer and audience with the key that the header names.
fn verifies(set: &JwkSet, token: &str, audience: &str) {
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = set.find(header.kid.as_deref().unwrap()).expect("the key is published");
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let key = DecodingKey::from_jwk(key).unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
}
