//! The site of the benchmark, and the browsers of its people.

use std::collections::BTreeMap;

use aws_lc_rs::{digest, rand};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::{Outcome, wire::Wire};

const ID: &str = "bench";
const SECRET: &str = "bench-secret-0123456789-0123456789-abcdef";
const CALLBACK: &str = "https://bench.example/callback";
const SCOPE: &str = "openid profile email affiliations tax_ids offline_access";
const USER_ID: &str = "practitioner";
const PASSWORD: &str = "Hilum-demo-2026";

/// A confidential site that signs by ES256 and knows its people's affiliation.
#[derive(Clone, Debug)]
pub struct Site {
    /// The host of the issuer.
    pub host: String,
}

/// A code and what redeems it.
pub struct Code {
    code: String,
    verifier: String,
}

/// A person's browser: its cookies by name.
#[derive(Clone, Debug, Default)]
pub struct Browser(BTreeMap<String, String>);

impl Site {
    /// What the site is known by.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Its registration (RFC 7591).
    pub fn registration(&self) -> Value {
        json!({
            "client_id": ID,
            "client_name": "Benchmark",
            "client_secret": SECRET,
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic",
            "id_token_signed_response_alg": "ES256",
            "access_token_signed_response_alg": "ES256",
            "scope": format!("{SCOPE} bench/read"),
            "release": { "affiliation_mode": "one", "tax_id_release": "all" },
        })
    }

    /// The header that authenticates it.
    pub fn credentials() -> String {
        let encoded = STANDARD.encode(format!("{ID}:{SECRET}"));
        format!("authorization: Basic {encoded}\r\n")
    }

    /// Signs the person on in `browser`, by whatever pages come, and takes the code.
    pub fn sign_on(&self, wire: &mut Wire, browser: &mut Browser) -> Outcome<Code> {
        let verifier = random()?;
        let challenge = digest::digest(&digest::SHA256, verifier.as_bytes());
        let query = form(&[
            ("client_id", ID),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("state", &random()?),
            ("nonce", &random()?),
            ("code_challenge", &URL_SAFE_NO_PAD.encode(challenge)),
            ("code_challenge_method", "S256"),
        ]);
        let mut location = browser.follow(wire, "GET", &format!("/authorize?{query}"), "")?;
        // The password, the affiliation and the notice at most.
        for _ in 0..6 {
            if location.starts_with(CALLBACK) {
                let parsed = Url::parse(&location)?;
                let code = parsed.query_pairs().find(|(name, _)| name == "code");
                let code = code.ok_or_else(|| format!("no code in {location}"))?.1.into_owned();
                return Ok(Code { code, verifier });
            }
            location = self.answer_page(wire, browser, &location)?;
        }
        Err(format!("the sign-on does not end: {location}").into())
    }

    fn answer_page(
        &self,
        wire: &mut Wire,
        browser: &mut Browser,
        location: &str,
    ) -> Outcome<String> {
        let path = location.strip_prefix(&self.issuer()).unwrap_or(location);
        let page = wire.expect(200, ("GET", path, &browser.header(), ""))?;
        browser.keep(&page.headers);
        let page = String::from_utf8(page.body)?;
        let step = if page.contains("id=\"login-submit\"") {
            "password"
        } else if page.contains("id=\"consent-allow\"") {
            "notice"
        } else {
            return Err(format!("an unknown page: {page}").into());
        };
        // Each form of the page has a token of its own.
        let (_, form_of_step) = page.split_once(&format!("/{step}\"")).ok_or("no form")?;
        let token = between(form_of_step, "name=\"form_token\" value=\"", "\"")?;
        let mut fields = vec![("form_token", token)];
        if step == "password" {
            fields.extend([("username", USER_ID), ("password", PASSWORD)]);
        }
        let body = form(&fields);
        browser.follow(wire, "POST", &format!("{path}/{step}"), &body)
    }

    /// Redeems a code; the answer has the tokens.
    pub fn redeem(&self, wire: &mut Wire, code: &Code) -> Outcome<Tokens> {
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("code", &code.code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", &code.verifier),
        ]);
        Self::tokens(wire, &body)
    }

    /// Asks for the next tokens.
    pub fn refresh(&self, wire: &mut Wire, refresh_token: &str) -> Outcome<Tokens> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        Self::tokens(wire, &form(&fields))
    }

    fn tokens(wire: &mut Wire, body: &str) -> Outcome<Tokens> {
        let answer = wire.expect(200, ("POST", "/token", &Self::credentials(), body))?;
        Ok(Tokens {
            access_token: answer.text("access_token")?,
            refresh_token: answer.text("refresh_token")?,
        })
    }
}

/// What a sign-on gave.
pub struct Tokens {
    /// For userinfo.
    pub access_token: String,
    /// For the next tokens.
    pub refresh_token: String,
}

impl Browser {
    fn header(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let cookies: Vec<_> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("cookie: {}\r\n", cookies.join("; "))
    }

    fn keep(&mut self, headers: &[(String, String)]) {
        for (_, value) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = value.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Sends a request that is answered by a redirect.
    fn follow(
        &mut self,
        wire: &mut Wire,
        method: &str,
        target: &str,
        body: &str,
    ) -> Outcome<String> {
        let answer = wire.expect(303, (method, target, &self.header(), body))?;
        self.keep(&answer.headers);
        Ok(answer.header("location").ok_or("a redirect to nowhere")?.to_owned())
    }
}

/// A form's fields as they are sent.
pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn random() -> Outcome<String> {
    let mut octets = [0_u8; 32];
    rand::fill(&mut octets)?;
    Ok(URL_SAFE_NO_PAD.encode(octets))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Outcome<&'a str> {
    let (_, rest) = text.split_once(before).ok_or_else(|| format!("no {before} in {text}"))?;
    Ok(rest.split_once(after).ok_or("no end")?.0)
}
