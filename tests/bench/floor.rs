//! The floor: what no implementation can leave out, on the same web framework.
//!
//! A document is handed out as octets that were ready before. A form is parsed, and where the
//! answer is signed, it is signed once, with a parsed key. Nobody is authenticated, nothing is
//! looked up and nothing is kept.

use std::{collections::HashMap, fs, path::Path};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{Bytes, Data, Form, get, post},
};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::Outcome;

struct Floor {
    discovery: Bytes,
    jwks: Bytes,
    key: EcdsaKeyPair,
    random: SystemRandom,
}

/// Serves the documents in `folder`, and the rest, at `address`.
pub fn serve(address: &str, folder: &Path) -> Outcome<()> {
    let floor = Data::new(Floor {
        discovery: fs::read(folder.join("discovery"))?.into(),
        jwks: fs::read(folder.join("jwks"))?.into(),
        key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?,
        random: SystemRandom::new(),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(floor.clone())
            .route("/.well-known/openid-configuration", get().to(discovery))
            .route("/jwks", get().to(jwks))
            .route("/token", post().to(token))
            .route("/introspect", post().to(introspect))
            .route("/userinfo", get().to(userinfo))
    });
    let server = server.workers(1).bind(address)?.run();
    Ok(actix_web::rt::System::new().block_on(server)?)
}

async fn discovery(floor: Data<Floor>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(floor.discovery.clone())
}

async fn jwks(floor: Data<Floor>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(floor.jwks.clone())
}

async fn token(
    floor: Data<Floor>,
    request: HttpRequest,
    form: Form<HashMap<String, String>>,
) -> HttpResponse {
    let client = authorization(&request).and_then(|given| {
        let given = STANDARD.decode(given.strip_prefix("Basic ")?).ok()?;
        Some(String::from_utf8(given).ok()?.split_once(':')?.0.to_owned())
    });
    let (Some(client), true) = (client, form.contains_key("grant_type")) else {
        return HttpResponse::BadRequest().finish();
    };
    let now = 1_800_000_000;
    let token = floor.sign(&json!({
        "iss": "http://localhost:8080", "aud": "http://localhost:8080", "sub": client,
        "client_id": client, "iat": now, "exp": now + 300, "scope": "openid",
    }));
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 300 }))
}

async fn introspect(request: HttpRequest, form: Form<HashMap<String, String>>) -> HttpResponse {
    if authorization(&request).is_none() || !form.contains_key("token") {
        return HttpResponse::BadRequest().finish();
    }
    HttpResponse::Ok().json(json!({ "active": true, "client_id": "bench" }))
}

async fn userinfo(request: HttpRequest) -> HttpResponse {
    if authorization(&request).is_none() {
        return HttpResponse::Unauthorized().finish();
    }
    HttpResponse::Ok().json(json!({ "sub": "practitioner", "name": "A. Practitioner" }))
}

fn authorization(request: &HttpRequest) -> Option<&str> {
    request.headers().get("authorization")?.to_str().ok()
}

impl Floor {
    fn sign(&self, claims: &Value) -> Option<String> {
        let header = r#"{"alg":"ES256","kid":"0123456789abcdef","typ":"at+jwt"}"#;
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.key.sign(&self.random, token.as_bytes()).ok()?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Some(token)
    }
}
