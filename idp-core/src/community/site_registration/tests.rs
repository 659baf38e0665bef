use serde_json::json;

use super::*;

fn read(document: &Value) -> Result<Registration, Vec<FieldError>> {
    super::read(document, Circumstances { id: [1; 16], secret: [2; 32], demo: false })
}

fn with(field: &str, value: Value) -> Value {
    let mut document =
        json!({ "client_name": "Site", "redirect_uris": ["https://site.example/cb"] });
    document[field] = value;
    document
}

#[test]
fn a_short_registration_gets_the_strict_defaults_and_a_secret() {
    let registration = read(&with("client_id", json!("site"))).unwrap();
    let site = registration.site;
    let pkce = site.client().map(|client| client.pkce);
    assert_eq!(
        (site.id.as_str(), pkce, site.sector()),
        ("site", Some(Pkce::Required), "site.example")
    );
    assert_eq!(site.release, ReleasePolicy::default());
    assert_eq!(registration.new_secret.unwrap().expose().len(), 43);
}

#[test]
fn the_scope_of_the_support_desk_goes_to_a_program_of_its_own() {
    let program = |more: Value| {
        let mut document = with("scope", json!("openid offline_access hilum.support hilum.admin"));
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(&document)
    };
    assert!(program(json!({})).is_ok());
    for (more, field) in [
        (json!({ "scope": "openid profile hilum.support" }), "scope"),
        (json!({ "scope": "openid hie/pmp.report hilum.support" }), "scope"),
        (json!({ "release": { "allowed_scopes": ["openid", "email"] } }), "scope"),
        (json!({ "token_endpoint_auth_method": "none" }), "token_endpoint_auth_method"),
        (json!({ "resource_server": { "resource": "https://api.example" } }), "resource_server"),
        (json!({ "release": { "accept_remembered_browser": true } }), "release"),
    ] {
        let errors = program(more.clone()).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, [field], "{more}");
    }
}

#[test]
fn each_mistake_is_named_by_its_field() {
    for (document, field) in [
        (json!([]), "(document)"),
        (json!({ "redirect_uris": ["https://site.example/cb"] }), "client_name"),
        (json!({ "client_name": "Site" }), "redirect_uris"),
        (with("redirect_uris", json!(["https://*.example/cb"])), "redirect_uris"),
        (with("redirect_uris", json!(["JAVASCRIPT:alert(1)"])), "redirect_uris"),
        (with("redirect_uris", json!(["https://a.example/", "https://b.example/"])), "sector"),
        (with("redirect_uris", json!("https://site.example/cb")), "redirect_uris"),
        (with("client_secret", json!("short")), "client_secret"),
        (
            with("token_endpoint_auth_method", json!("tls_client_auth")),
            "token_endpoint_auth_method",
        ),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), "jwks"),
        (with("jwks", json!({ "keys": [] })), "jwks"),
        (with("grant_types", json!(["implicit"])), "grant_types"),
        (with("response_types", json!(["token"])), "response_types"),
        (
            with("backchannel_logout_uri", json!("http://site.example/out")),
            "backchannel_logout_uri",
        ),
        (with("release", json!({ "tax_id_relaese": "all" })), "release"),
        (with("require_pkec", json!(false)), "require_pkec"),
        (with("id_token_signed_response_alg", json!("none")), "id_token_signed_response_alg"),
        (with("id_token_signed_response_alg", json!("HS256")), "id_token_signed_response_alg"),
        (with("scope", json!("open\"id")), "scope"),
    ] {
        let errors = read(&document).unwrap_err();
        assert!(errors.iter().any(|error| error.field == field), "{document} {errors:?}");
    }
    let public = json!({ "client_name": "S", "redirect_uris": ["https://s.example/cb"],
        "token_endpoint_auth_method": "none", "require_pkce": false, "grant_types": ["authorization_code", "client_credentials"] });
    let fields: Vec<String> =
        read(&public).unwrap_err().into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["grant_types", "require_pkce"]);
}

#[test]
fn a_record_survives_being_stored() {
    let site = read(&with("scope", json!("openid profile hie/x"))).unwrap().site;
    let stored = serde_json::to_string(&site).unwrap();
    assert_eq!(serde_json::from_str::<Site>(&stored).unwrap(), site);
}

#[test]
fn a_site_tells_where_its_own_help_desk_is() {
    let links = |phone: &str, email: &str| {
        let document = serde_json::json!({
            "client_name": "A site", "token_endpoint_auth_method": "none",
            "redirect_uris": ["https://site.example/callback"],
            "help_phone": phone, "help_email": email,
        });
        read(&document).map(|found| found.site.links)
    };
    let good = links("1-800-555-0143", "help@site.example").unwrap();
    assert_eq!(good.help_phone.as_deref(), Some("1-800-555-0143"));
    assert_eq!(good.help_email.as_deref(), Some("help@site.example"));
    let wrong = links("call us", "nowhere").unwrap_err();
    let wrong: Vec<String> = wrong.into_iter().map(|wrong| wrong.field).collect();
    assert_eq!(wrong, ["help_phone", "help_email"]);
}
