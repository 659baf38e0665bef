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
const PASSWORD: &str = "Hilum-demo-2026";
/// What a second factor in the browser is called.
const SECOND_FACTOR: &str = "urn:hilum:acr:browser-second-factor";

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

/// A form of a page, ready to be sent.
pub struct Ready {
    /// Where it goes.
    pub action: String,
    /// Who pressed the button last must show that the page was theirs.
    pub form_token: String,
}

/// Where a sign-on stands after a page was answered.
enum Course {
    /// At the site, with its answer.
    Answered(String),
    /// At the page of the second factor.
    SecondFactor(Ready),
}

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

    /// Signs the practitioner on in `browser`, by whatever pages come, and takes the code.
    pub fn sign_on(&self, wire: &mut Wire, browser: &mut Browser) -> Outcome<Code> {
        let verifier = random()?;
        let target = Self::request(&verifier, &[])?;
        match self.walk(wire, browser, &target, "practitioner")? {
            Course::Answered(location) => {
                let parsed = Url::parse(&location)?;
                let code = parsed.query_pairs().find(|(name, _)| name == "code");
                let code = code.ok_or_else(|| format!("no code in {location}"))?.1.into_owned();
                Ok(Code { code, verifier })
            }
            Course::SecondFactor(_) => Err("nobody asked for a second factor".into()),
        }
    }

    /// Signs somebody on up to the page that asks for the code of their app.
    pub fn to_second_factor(
        &self,
        wire: &mut Wire,
        browser: &mut Browser,
        user_id: &str,
    ) -> Outcome<Ready> {
        let target = Self::request(&random()?, &[("acr_values", SECOND_FACTOR)])?;
        match self.walk(wire, browser, &target, user_id)? {
            Course::SecondFactor(ready) => Ok(ready),
            Course::Answered(location) => Err(format!("no second factor, but {location}").into()),
        }
    }

    /// The page on which somebody signs in.
    pub fn to_sign_in(&self, wire: &mut Wire, browser: &mut Browser) -> Outcome<Page> {
        let location = browser.follow(wire, "GET", &Self::request(&random()?, &[])?, "")?;
        browser.open(wire, self.path(&location))
    }

    fn request(verifier: &str, more: &[(&str, &str)]) -> Outcome<String> {
        let challenge = digest::digest(&digest::SHA256, verifier.as_bytes());
        let (state, nonce) = (random()?, random()?);
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let mut fields = vec![
            ("client_id", ID),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        fields.extend(more);
        Ok(format!("/authorize?{}", form(&fields)))
    }

    fn walk(
        &self,
        wire: &mut Wire,
        browser: &mut Browser,
        target: &str,
        user_id: &str,
    ) -> Outcome<Course> {
        let mut location = browser.follow(wire, "GET", target, "")?;
        // The password, the affiliation and the notice at most.
        for _ in 0..6 {
            if location.starts_with(CALLBACK) {
                return Ok(Course::Answered(location));
            }
            let page = browser.open(wire, self.path(&location))?;
            let mut fields = Vec::new();
            let ready = if page.has("login-submit") {
                fields.extend([("username", user_id), ("password", PASSWORD)]);
                page.form("/password")?
            } else if page.has("consent-allow") {
                page.form("/notice")?
            } else {
                return Ok(Course::SecondFactor(page.form("/factor/totp")?));
            };
            location = browser.send(wire, &ready, &fields)?;
        }
        Err(format!("the sign-on does not end: {location}").into())
    }

    /// The path of an address of Hilum.
    pub fn path<'a>(&self, location: &'a str) -> &'a str {
        location.strip_prefix(&self.issuer()).unwrap_or(location)
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

/// A page of Hilum.
pub struct Page(String);

impl Page {
    /// Whether it has an element with this `id`.
    pub fn has(&self, id: &str) -> bool {
        self.0.contains(&format!("id=\"{id}\""))
    }

    /// The form that goes to an address with this end: each form has a token of its own.
    pub fn form(&self, end: &str) -> Outcome<Ready> {
        let missing = || format!("no form to {end}: {}", self.0);
        let (before, form) = self.0.split_once(&format!("{end}\"")).ok_or_else(missing)?;
        let (_, start) = before.rsplit_once("action=\"").ok_or_else(missing)?;
        let form_token = between(form, "name=\"form_token\" value=\"", "\"")?.to_owned();
        Ok(Ready { action: format!("{start}{end}"), form_token })
    }
}

impl Browser {
    /// Opens a page.
    pub fn open(&mut self, wire: &mut Wire, path: &str) -> Outcome<Page> {
        let answer = wire.expect(200, ("GET", path, &self.header(), ""))?;
        self.keep(&answer.headers);
        Ok(Page(String::from_utf8(answer.body)?))
    }

    /// Sends a form that is answered by a redirect.
    pub fn send(
        &mut self,
        wire: &mut Wire,
        ready: &Ready,
        fields: &[(&str, &str)],
    ) -> Outcome<String> {
        let mut all = vec![("form_token", &*ready.form_token)];
        all.extend(fields);
        self.follow(wire, "POST", &ready.action, &form(&all))
    }

    /// Sends a form that is answered by a page.
    pub fn send_for_page(
        &mut self,
        wire: &mut Wire,
        ready: &Ready,
        fields: &[(&str, &str)],
    ) -> Outcome<Page> {
        let mut all = vec![("form_token", &*ready.form_token)];
        all.extend(fields);
        let answer = wire.expect(200, ("POST", &ready.action, &self.header(), &form(&all)))?;
        self.keep(&answer.headers);
        Ok(Page(String::from_utf8(answer.body)?))
    }

    /// Asks, as the page's script does, for a question to a passkey: its name, and the options.
    pub fn question(&mut self, wire: &mut Wire, ready: &Ready) -> Outcome<(String, Value)> {
        let target = format!("{}/options", ready.action);
        let body = form(&[("form_token", &ready.form_token)]);
        let answer = wire.expect(200, ("POST", &target, &self.header(), &body))?;
        let body: Value = serde_json::from_slice(&answer.body)?;
        let options = body.get("options").ok_or("no options")?.clone();
        Ok((answer.text("question")?, options))
    }

    /// Its cookies, as a header's line.
    pub fn header(&self) -> String {
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

/// A text that nobody guesses.
pub fn random() -> Outcome<String> {
    let mut octets = [0_u8; 32];
    rand::fill(&mut octets)?;
    Ok(URL_SAFE_NO_PAD.encode(octets))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Outcome<&'a str> {
    let (_, rest) = text.split_once(before).ok_or_else(|| format!("no {before} in {text}"))?;
    Ok(rest.split_once(after).ok_or("no end")?.0)
}
