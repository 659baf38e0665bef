//! Speaking HTTP to one node, whatever name the node goes by.

use std::{net::SocketAddr, sync::LazyLock, time::Duration};

use reqwest::{
    Client, Method, StatusCode,
    header::{HOST, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde_json::Value;
use url::Url;

/// One client for all tests: it follows no redirect and keeps no cookie.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    // Only a second call could fail.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(60))
        .build()
        .expect("a client can be built")
});

/// The client, for libraries that want one.
#[must_use]
pub fn client() -> Client {
    CLIENT.clone()
}

/// A request on its way to one node.
pub struct Outgoing {
    address: SocketAddr,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Outgoing {
    /// A request for `url` that is sent to `address`, as a load balancer would send it.
    #[must_use]
    pub fn new(method: Method, url: &Url, address: SocketAddr) -> Self {
        Self { address, method, url: url.clone(), headers: HeaderMap::new(), body: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        self.headers.append(name, HeaderValue::from_str(value).expect("a header's value"));
        self
    }

    /// Sends these fields as a form.
    #[must_use]
    pub fn form<N: AsRef<str>, V: AsRef<str>>(self, fields: &[(N, V)]) -> Self {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            body.append_pair(name.as_ref(), value.as_ref());
        }
        self.header("Content-Type", "application/x-www-form-urlencoded").body(body.finish())
    }

    /// Sends these octets.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it; `Err` if no answer came.
    ///
    /// # Errors
    /// What kept the answer from coming.
    pub async fn try_send(self) -> Result<(StatusCode, HeaderMap, Vec<u8>), reqwest::Error> {
        let mut target = self.url.clone();
        target.set_scheme("http").expect("a scheme");
        target.set_host(Some(&self.address.ip().to_string())).expect("a host");
        target.set_port(Some(self.address.port())).expect("a port");
        let port = self.url.port().map_or_else(String::new, |port| format!(":{port}"));
        let host = format!("{}{port}", self.url.host_str().unwrap_or_default());
        let request = client()
            .request(self.method, target)
            .header(HOST, host)
            .headers(self.headers)
            .body(self.body);
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok((status, headers, answer.bytes().await?.to_vec()))
    }

    /// Sends it.
    pub async fn send(self) -> (StatusCode, HeaderMap, Vec<u8>) {
        let what = format!("{} {}", self.method, self.url);
        self.try_send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }
}

/// An answer in JSON.
#[derive(Clone, Debug)]
pub struct Json {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The document; `Null` if it is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Json {
    /// Reads an answer.
    #[must_use]
    pub fn of((status, headers, body): (StatusCode, HeaderMap, Vec<u8>)) -> Self {
        let text = String::from_utf8_lossy(&body).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status: status.as_u16(), headers, body, text }
    }

    /// Status and error code, to be compared at once.
    #[must_use]
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    /// A header's text, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
