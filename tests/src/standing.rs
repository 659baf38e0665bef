//! The sites that every test finds registered, beside those of the demo community.
//!
//! Nobody listens at their addresses: where Hilum sends a browser is read from its answer.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::{keys::TestKey, site::Authentication};

/// The key of the site `keyed`.
pub static SITE_KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::new("keyed-1"));

/// The secret of a site here.
#[must_use]
pub fn secret_of(id: &str) -> String {
    format!("{id}-secret-of-the-tests-0123456789abcdef")
}

/// A registration with the usual fields (RFC 7591), and `more` over them.
#[must_use]
pub fn registration(id: &str, more: &Value) -> Value {
    let mut document = json!({
        "client_id": id,
        "client_name": format!("Test site {id}"),
        "redirect_uris": [format!("https://{id}.example/callback")],
        "post_logout_redirect_uris": [format!("https://{id}.example/signed-out")],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic",
        "client_secret": secret_of(id),
        "scope": "openid profile email offline_access",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        document[name] = value.clone();
        if value.is_null() {
            document.as_object_mut().expect("an object").remove(name);
        }
    }
    document
}

/// The registrations of all standing sites.
#[must_use]
pub fn registrations() -> Vec<Value> {
    let everything =
        "openid profile email phone affiliations tax_ids npi login_history offline_access";
    let release = |mode: &str| json!({ "affiliation_mode": mode, "tax_id_release": "all", "release_user_id": true });
    vec![
        registration("alpha", &json!({})),
        registration("beta", &json!({ "id_token_signed_response_alg": "ES256" })),
        registration(
            "poster",
            &json!({
                "token_endpoint_auth_method": "client_secret_post",
                "id_token_signed_response_alg": "PS256",
            }),
        ),
        registration(
            "keyed",
            &json!({
                "token_endpoint_auth_method": "private_key_jwt", "client_secret": null,
                "jwks": SITE_KEY.jwks(), "id_token_signed_response_alg": "EdDSA",
                "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            }),
        ),
        registration("one", &json!({ "scope": everything, "release": release("one") })),
        registration("all", &json!({ "scope": everything, "release": release("all") })),
        registration("lax", &json!({ "require_pkce": false })),
        registration(
            "director",
            &json!({ "release": { "affiliation_mode": "one", "required_roles": ["medical-director"] } }),
        ),
        registration(
            "native",
            &json!({
                "token_endpoint_auth_method": "none", "client_secret": null,
                "redirect_uris": ["http://127.0.0.1/callback"], "sector": "native",
            }),
        ),
        registration(
            "addresses",
            &json!({ "redirect_uris": [
                "https://addresses.example/callback?tenant=1", "https://addresses.example/Other",
            ] }),
        ),
        registration("queries", &json!({ "response_modes": ["query"] })),
        registration(
            "strong",
            &json!({ "release": {
            "min_acr": "urn:hilum:acr:browser-second-factor",
        } }),
        ),
        registration("codes-only", &json!({ "grant_types": ["authorization_code"] })),
    ]
}

/// How a standing site, or one of the demo community, speaks to Hilum.
#[must_use]
pub fn known(id: &str) -> (String, String, Authentication) {
    let local = |port: u16, path: &str| format!("http://localhost:{port}{path}");
    let demo = |secret: &str| Authentication::Basic(secret.to_owned());
    let full = "openid profile email affiliations tax_ids npi login_history";
    match id {
        "credentia" => (local(8091, "/callback"), full.to_owned(), demo("credentia-demo-secret")),
        "payer" => (local(8094, "/callback"), full.to_owned(), demo("payer-demo-secret")),
        "playground" => (
            local(8091, "/playground/callback"),
            "openid profile email phone address offline_access".to_owned(),
            Authentication::None,
        ),
        "hie-gateway" => (
            local(8093, "/callback"),
            "openid profile hie/pmp.report".to_owned(),
            demo("hie-gateway-demo-secret"),
        ),
        "machine" => (String::new(), String::new(), demo("machine-demo-secret")),
        _ => {
            let all = registrations();
            let found = all.iter().find(|document| document["client_id"] == id);
            described(found.unwrap_or_else(|| panic!("there is no site {id}")))
        }
    }
}

/// Redirect URI, scope and authentication of a registration.
#[must_use]
pub fn described(document: &Value) -> (String, String, Authentication) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let secret = text(&document["client_secret"]);
    let authentication = match document["token_endpoint_auth_method"].as_str() {
        Some("none") => Authentication::None,
        Some("client_secret_post") => Authentication::Post(secret),
        Some("private_key_jwt") => Authentication::Key,
        _ => Authentication::Basic(secret),
    };
    (text(&document["redirect_uris"][0]), text(&document["scope"]), authentication)
}
