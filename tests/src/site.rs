//! A participating site: what it sends, and what it makes of the answers.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use aws_lc_rs::{digest, rand};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::{
    browser::{Browser, Person},
    claims::now,
    http::{Json, Outgoing},
    standing::SITE_KEY,
};

/// How a site proves who it is.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// `client_secret_basic`.
    Basic(String),
    /// `private_key_jwt`, with the key of the standing sites.
    Key,
    /// `none`.
    None,
    /// `client_secret_post`.
    Post(String),
}

/// A participating site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Hilum's issuer identifier.
    pub issuer: String,
    /// The node that it calls.
    pub address: SocketAddr,
    /// Its name at Hilum.
    pub client_id: String,
    /// Where answers go.
    pub redirect_uri: String,
    /// What it asks for.
    pub scope: String,
    /// How it proves who it is.
    pub authentication: Authentication,
}

/// An authorization request, and what belongs to it.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    issuer: String,
    /// Its parameters, in their order.
    pub parameters: Vec<(String, String)>,
    /// What PKCE asks for at the token endpoint.
    pub verifier: String,
    /// What comes back with the answer.
    pub state: String,
    /// What comes back in the ID token.
    pub nonce: String,
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For userinfo.
    pub access: String,
    /// Who signed in.
    pub id: String,
    /// For the next tokens.
    pub refresh: Option<String>,
    /// What was granted.
    pub scope: String,
}

impl Tokens {
    /// Reads a good answer.
    #[must_use]
    pub fn of(answer: &Json) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let text = |name: &str| answer.body[name].as_str().map(str::to_owned);
        Self {
            access: text("access_token").expect("an access token"),
            id: text("id_token").unwrap_or_default(),
            refresh: text("refresh_token"),
            scope: text("scope").unwrap_or_default(),
        }
    }
}

/// A random text that stands in addresses as it is.
fn random() -> String {
    let mut octets = [0_u8; 32];
    rand::fill(&mut octets).expect("randomness");
    URL_SAFE_NO_PAD.encode(octets)
}

impl AuthorizeRequest {
    /// The same with a parameter set to `value`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.parameters.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => value.clone_into(own),
            None => self.parameters.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The same without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(own, _)| own != name);
        self
    }

    /// The same without PKCE.
    #[must_use]
    pub fn without_pkce(self) -> Self {
        self.without("code_challenge").without("code_challenge_method")
    }

    /// Where the browser is sent.
    #[must_use]
    pub fn url(&self) -> Url {
        let mut url = Url::parse(&format!("{}/authorize", self.issuer)).expect("an address");
        url.query_pairs_mut().extend_pairs(&self.parameters);
        url
    }

    /// The form that redeems a code of this request.
    #[must_use]
    pub fn redemption(&self, code: &str) -> Vec<(String, String)> {
        let redirect_uri = self.parameters.iter().find(|(name, _)| name == "redirect_uri");
        let redirect_uri = redirect_uri.map(|(_, value)| value.clone()).unwrap_or_default();
        let mut form = vec![
            ("grant_type".to_owned(), "authorization_code".to_owned()),
            ("code".to_owned(), code.to_owned()),
            ("redirect_uri".to_owned(), redirect_uri),
        ];
        if self.parameters.iter().any(|(name, _)| name == "code_challenge") {
            form.push(("code_verifier".to_owned(), self.verifier.clone()));
        }
        form
    }
}

impl Site {
    /// The same site, calling another node.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same site, asking for other scopes.
    #[must_use]
    pub fn asking(&self, scope: &str) -> Self {
        Self { scope: scope.to_owned(), ..self.clone() }
    }

    /// A good authorization request.
    #[must_use]
    pub fn request(&self) -> AuthorizeRequest {
        let (verifier, state, nonce) = (random(), random(), random());
        let challenge = digest::digest(&digest::SHA256, verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let parameters = [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", "code"),
            ("scope", &self.scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let parameters =
            parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        AuthorizeRequest { issuer: self.issuer.clone(), parameters, verifier, state, nonce }
    }

    /// Signs `person` on in `browser` and redeems the code.
    pub async fn sign_on(&self, browser: &mut Browser, person: &Person) -> Tokens {
        let request = self.request();
        let code = self.code(browser, person, &request).await;
        Tokens::of(&self.redeem(&request, &code).await)
    }

    /// Signs `person` on in `browser` and returns the code.
    pub async fn code(
        &self,
        browser: &mut Browser,
        person: &Person,
        request: &AuthorizeRequest,
    ) -> String {
        let page = browser.sign_on(&request.url(), person).await;
        let answer = page.answer();
        assert_eq!(answer.state.as_deref(), Some(request.state.as_str()), "{answer:?}");
        answer
            .code
            .unwrap_or_else(|| panic!("no code: {:?} {:?}", answer.error, answer.description))
    }

    /// Redeems a code.
    pub async fn redeem(&self, request: &AuthorizeRequest, code: &str) -> Json {
        self.token(&request.redemption(code)).await
    }

    /// Asks for new tokens.
    pub async fn refresh(&self, token: &str) -> Json {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Asks for a token of its own.
    pub async fn client_credentials(&self) -> Json {
        self.token(&[("grant_type", "client_credentials")]).await
    }

    /// Calls the token endpoint.
    pub async fn token<N: AsRef<str>, V: AsRef<str>>(&self, form: &[(N, V)]) -> Json {
        self.post("/token", form).await
    }

    /// Asks about a token.
    pub async fn introspect(&self, token: &str) -> Json {
        self.post("/introspect", &[("token", token)]).await
    }

    /// Gives a token back.
    pub async fn revoke(&self, token: &str) -> Json {
        self.post("/revoke", &[("token", token)]).await
    }

    /// Posts a form to one of Hilum's endpoints, with authentication.
    pub async fn post<N: AsRef<str>, V: AsRef<str>>(&self, path: &str, form: &[(N, V)]) -> Json {
        Json::of(self.authenticated(path, form).send().await)
    }

    /// The request that [`Self::post`] sends.
    #[must_use]
    pub fn authenticated<N: AsRef<str>, V: AsRef<str>>(
        &self,
        path: &str,
        form: &[(N, V)],
    ) -> Outgoing {
        let mut form: Vec<(String, String)> = form
            .iter()
            .map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()))
            .collect();
        let mut add = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        let mut header = None;
        match &self.authentication {
            Authentication::Basic(secret) => header = Some(basic(&self.client_id, secret)),
            Authentication::Key => {
                add("client_assertion_type", ASSERTION_TYPE);
                add("client_assertion", &SITE_KEY.sign(&self.assertion()));
            }
            Authentication::None => add("client_id", &self.client_id),
            Authentication::Post(secret) => {
                add("client_id", &self.client_id);
                add("client_secret", secret);
            }
        }
        let request = self.call(Method::POST, path).form(&form);
        match header {
            Some(header) => request.header("Authorization", &header),
            None => request,
        }
    }

    /// A bare request to one of Hilum's endpoints.
    #[must_use]
    pub fn call(&self, method: Method, path: &str) -> Outgoing {
        let url = Url::parse(&format!("{}{path}", self.issuer)).expect("an address");
        Outgoing::new(method, &url, self.address)
    }

    /// The claims of a good assertion of this site (RFC 7523 §3).
    #[must_use]
    pub fn assertion(&self) -> Value {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        json!({
            "iss": self.client_id, "sub": self.client_id, "aud": self.issuer,
            "iat": now(), "exp": now() + 60, "jti": format!("{}-{number}", random()),
        })
    }

    /// Asks who the person of a token is.
    pub async fn userinfo(&self, token: &str) -> Json {
        let request = self.call(Method::GET, "/userinfo");
        Json::of(request.header("Authorization", &format!("Bearer {token}")).send().await)
    }
}

/// The value of `client_assertion_type` (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The header of `client_secret_basic` (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &str) -> String {
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret))))
}
