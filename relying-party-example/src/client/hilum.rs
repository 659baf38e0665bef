//! What a system says to Hilum: its public key, once, and who it is, for each token (RFC 7523, RFC 6749 §4.4).

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relying_party_example::shelf::random;
use serde_json::{Value, json};
use url::{Host, Url};

use crate::{
    key::{KeyError, KeyPair},
    system::System,
};

/// How long an assertion may be used: the time of one call.
const ASSERTION_LASTS: TimeDelta = TimeDelta::minutes(1);

/// Hilum, by its address.
pub(crate) struct Hilum {
    issuer: Url,
    http: reqwest::Client,
}

/// Why Hilum gave nothing, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HilumError {
    /// It does not answer, or not as it should.
    #[error("{issuer} cannot be reached: {cause}\nIs the address right, and is Hilum running?")]
    Call {
        /// Its address.
        issuer: Url,
        /// What happened.
        cause: reqwest::Error,
    },
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The system no longer acts.
    #[error(
        "Hilum does not know this system, or it does not act any more ({why}).\nIt may have expired or been stopped: \
         ask an Administrator of your organization for a renewal, or for another code and set it up again."
    )]
    NotActing {
        /// What Hilum said.
        why: String,
    },
    /// Its address is not one that keeps the code and the tokens secret on the way.
    #[error(
        "the issuer has to be https: over http anybody on the way reads the code and the tokens"
    )]
    Plain,
    /// Hilum said no for another reason.
    #[error("Hilum refused: {why}")]
    Refused {
        /// What it said.
        why: String,
    },
    /// The answer holds not what it should.
    #[error("{0} is not in Hilum's answer: is this the address of Hilum?")]
    Strange(&'static str),
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(reqwest::Error),
    /// The code was refused.
    #[error(
        "Hilum refused the code: {why}.\nA code works once, for seven days: ask an Administrator of your \
         organization for another."
    )]
    WrongCode {
        /// What it said.
        why: String,
    },
}

/// The client for all calls: it follows no redirect, which could lead a call anywhere.
///
/// # Errors
/// If no TLS could be set up.
pub(crate) fn http() -> Result<reqwest::Client, reqwest::Error> {
    let redirect = reqwest::redirect::Policy::none();
    reqwest::Client::builder().timeout(Duration::from_secs(10)).redirect(redirect).build()
}

/// Whether an address never leaves this machine.
fn is_this_machine(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl Hilum {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// [`HilumError::Plain`]; [`HilumError::Tls`] if no TLS could be set up.
    pub(crate) fn new(issuer: Url) -> Result<Self, HilumError> {
        if issuer.scheme() != "https" && !is_this_machine(&issuer) {
            return Err(HilumError::Plain);
        }
        Ok(Self { issuer, http: http().map_err(HilumError::Tls)? })
    }

    /// Brings the public keys of the system `id`.
    ///
    /// # Errors
    /// [`HilumError`].
    pub(crate) async fn set_up(
        &self,
        id: &str,
        code: &str,
        jwks: &Value,
    ) -> Result<System, HilumError> {
        let mut address = self.issuer.clone();
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().extend(["systems", id, "set-up"]);
        }
        let sent = json!({ "code": code.trim(), "jwks": jwks });
        let (status, answer) = self.call(self.http.post(address).json(&sent)).await?;
        if status.is_success() {
            return serde_json::from_value(answer).map_err(|_| HilumError::Strange("client_id"));
        }
        let why = description(&answer);
        match error(&answer) {
            "invalid_grant" => Err(HilumError::WrongCode { why }),
            _ => Err(HilumError::Refused { why }),
        }
    }

    /// A token for `scope`, or for all that the system has.
    ///
    /// # Errors
    /// [`HilumError`].
    pub(crate) async fn token(
        &self,
        system: &System,
        key: &KeyPair,
        scope: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<String, HilumError> {
        let mut discovery = self.issuer.clone();
        if let Ok(mut path) = discovery.path_segments_mut() {
            path.pop_if_empty().extend([".well-known", "oauth-authorization-server"]);
        }
        let (_, metadata) = self.call(self.http.get(discovery)).await?;
        let text = |document: &Value, name: &'static str| {
            let text = document.get(name).and_then(Value::as_str).map(str::to_owned);
            text.ok_or(HilumError::Strange(name))
        };
        let endpoint = text(&metadata, "token_endpoint")?;
        // The audience is the issuer's own name, as it says it: an assertion for one is good for no other.
        let claims = json!({
            "iss": system.client_id, "sub": system.client_id, "aud": text(&metadata, "issuer")?,
            "jti": random(), "iat": now.timestamp(), "exp": (now + ASSERTION_LASTS).timestamp(),
        });
        let assertion = key.sign(&claims)?;
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ];
        form.extend(scope.map(|scope| ("scope", scope)));
        let (status, answer) = self.call(self.http.post(endpoint).form(&form)).await?;
        if status.is_success() {
            return text(&answer, "access_token");
        }
        let why = description(&answer);
        match error(&answer) {
            "invalid_client" => Err(HilumError::NotActing { why }),
            _ => Err(HilumError::Refused { why }),
        }
    }

    async fn call(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<(reqwest::StatusCode, Value), HilumError> {
        let failed = |cause| HilumError::Call { issuer: self.issuer.clone(), cause };
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        Ok((status, answer.json().await.map_err(failed)?))
    }
}

/// The code of an error (RFC 6749 §5.2).
fn error(answer: &Value) -> &str {
    answer.get("error").and_then(Value::as_str).unwrap_or_default()
}

/// What there is to say about it.
fn description(answer: &Value) -> String {
    let said = answer.get("error_description").and_then(Value::as_str);
    said.unwrap_or("no reason was given").to_owned()
}
