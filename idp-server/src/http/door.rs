//! What every request passes on its way in, and its answer on the way out.
//!
//! In: a request that is too large, ambiguous, slow or meant for another host goes no further.
//! Out: the security headers are completed, an error that no front has worded gets a page that
//! shows a reference number and nothing else, and a panic in a handler costs that request only.

use std::{cell::Cell, io, panic::AssertUnwindSafe, rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::BoxBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::{InternalError, PayloadError},
    http::{
        Method, StatusCode,
        header::{self, ContentType, HeaderMap, HeaderValue},
    },
    middleware::Next,
};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::headers;
use crate::{metrics::Metrics, random::Random};

/// Words the page of an error that no front has worded: its status and its reference number.
pub type ErrorPage = Arc<dyn Fn(StatusCode, &str) -> String + Send + Sync>;

/// The longest address (path and query) that is read.
const MAX_ADDRESS: usize = 8 * 1024;
/// The most bytes of header names and values that are read.
const MAX_HEADERS: usize = 16 * 1024;

/// The door of one listener.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) error_page: ErrorPage,
    /// The only host served, spelt as browsers send it; `None`: any.
    pub(super) host: Option<String>,
    pub(super) is_https: bool,
    pub(super) metrics: Arc<Metrics>,
    pub(super) random: Random,
    /// How long a body may take to arrive.
    pub(super) request_time: Duration,
}

impl Door {
    /// Lets a request in, if it may, and its answer out.
    pub(super) async fn pass(
        self: Rc<Self>,
        mut request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let began = Instant::now();
        if let Some(status) = self.refuse(&request) {
            let answer = self.error(status, "");
            self.count("refused", status, began);
            return Ok(request.into_response(answer));
        }

        let late = self.hurry(&mut request, began);
        let method = request.method().clone();
        let handled = AssertUnwindSafe(next.call(request)).catch_unwind().await;
        let answered = match handled {
            Ok(Ok(answer)) => answer,
            // Handlers answer their errors themselves, so this is a part around them.
            Ok(Err(error)) => {
                let status = error.as_response_error().status_code();
                return Err(self.without_request(status, &error.to_string(), began));
            }
            Err(_) => {
                self.metrics.panics.inc();
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let cause = "a panic, which stands in the record before";
                return Err(self.without_request(status, cause, began));
            }
        };

        let route = answered.request().match_pattern().unwrap_or_else(|| "none".to_owned());
        let answered = answered.map_into_boxed_body();
        let mut answered = if late.is_some_and(|late| late.get()) {
            answered.into_response(self.error(StatusCode::REQUEST_TIMEOUT, ""))
        } else if is_unworded(&answered) {
            self.word(answered)
        } else {
            answered
        };
        headers::complete(answered.headers_mut(), self.is_https);
        let status = answered.status();
        self.count(&route, status, began);
        tracing::debug!(%method, route, status = status.as_u16(), "answered");
        Ok(answered)
    }

    fn count(&self, route: &str, status: StatusCode, began: Instant) {
        self.metrics.request(route, status.as_u16(), began.elapsed());
    }

    /// Why this request goes no further, if it does not.
    fn refuse(&self, request: &ServiceRequest) -> Option<StatusCode> {
        let headers = request.headers();
        if request
            .uri()
            .path_and_query()
            .is_some_and(|address| address.as_str().len() > MAX_ADDRESS)
        {
            Some(StatusCode::URI_TOO_LONG)
        } else if size(headers) > MAX_HEADERS {
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        } else if [header::HOST, header::AUTHORIZATION, header::CONTENT_LENGTH]
            .iter()
            .any(|name| headers.get_all(name).nth(1).is_some())
        {
            // RFC 9112 §3.2 and §6.3: two of them mean two readers may act on different ones.
            Some(StatusCode::BAD_REQUEST)
        } else {
            self.refuse_host(request)
        }
    }

    /// Links, cookies and the issuer are those of one host. A request for another one has come
    /// here by mistake (RFC 9110 §15.5.20) or means no good.
    fn refuse_host(&self, request: &ServiceRequest) -> Option<StatusCode> {
        let expected = self.host.as_deref()?;
        // An absolute address (HTTP/2 always has one) outranks the header; both must be ours.
        let in_address = request.uri().authority().map(|authority| Ok(authority.as_str()));
        let in_header = request.headers().get(header::HOST).map(HeaderValue::to_str);
        let mut named = in_address.into_iter().chain(in_header).peekable();
        if named.peek().is_none() {
            return Some(StatusCode::BAD_REQUEST);
        }
        named.find_map(|host| match host {
            Err(_) => Some(StatusCode::BAD_REQUEST),
            Ok(host) if !self.is_ours(host, expected) => Some(StatusCode::MISDIRECTED_REQUEST),
            Ok(_) => None,
        })
    }

    /// The port of the scheme may be spelt out or left out.
    fn is_ours(&self, host: &str, expected: &str) -> bool {
        let usual_port = if self.is_https { ":443" } else { ":80" };
        host.eq_ignore_ascii_case(expected)
            || host.strip_suffix(usual_port).is_some_and(|host| host.eq_ignore_ascii_case(expected))
    }

    /// Gives the body of a request a time by which it must have arrived. What it returns says
    /// later whether it has not.
    fn hurry(&self, request: &mut ServiceRequest, began: Instant) -> Option<Rc<Cell<bool>>> {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return None; // no handler of ours reads a body there
        }
        let late = Rc::new(Cell::new(false));
        let payload = request.take_payload();
        let state = (payload, Rc::clone(&late));
        let deadline = began + self.request_time;
        let in_time = stream::unfold(state, move |(mut payload, late)| async move {
            let part = match timeout_at(deadline, payload.next()).await {
                Ok(part) => part?,
                Err(_) => {
                    late.set(true);
                    Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))
                }
            };
            Some((part, (payload, late)))
        });
        request.set_payload(Payload::Stream { payload: Box::pin(in_time) });
        Some(late)
    }

    /// Puts our page in place of what the framework says, and keeps the status and the headers.
    fn word(&self, answered: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let status = answered.status();
        let cause = answered.response().error().map(ToString::to_string).unwrap_or_default();
        let ours = self.error(status, &cause);
        let kept: Vec<_> = answered
            .headers()
            .iter()
            .filter(|(name, _)| !ours.headers().contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut answered = answered.into_response(ours);
        for (name, value) in kept {
            answered.headers_mut().append(name, value);
        }
        answered
    }

    /// The page of an error. What went wrong on our side is in the log beside the number.
    fn error(&self, status: StatusCode, cause: &str) -> HttpResponse {
        let reference = self.random.reference();
        if status.is_server_error() {
            tracing::error!(reference, status = status.as_u16(), cause, "request failed");
        }
        let mut answer = HttpResponse::build(status)
            .content_type(ContentType::html())
            .body((self.error_page)(status, &reference));
        headers::complete(answer.headers_mut(), self.is_https);
        answer
    }

    /// An error in whose course the request was lost, so that only the framework can answer it.
    fn without_request(&self, status: StatusCode, cause: &str, began: Instant) -> Error {
        self.count("unknown", status, began);
        InternalError::from_response("answered", self.error(status, cause)).into()
    }
}

/// Whether an error says only what the framework says by itself: a plain text, or nothing at all
/// where no handler was found.
fn is_unworded(answered: &ServiceResponse<BoxBody>) -> bool {
    let status = answered.status();
    let no_handler = matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
    (status.is_client_error() || status.is_server_error())
        && match answered.headers().get(header::CONTENT_TYPE) {
            Some(kind) => kind.as_bytes().starts_with(b"text/plain"),
            None => no_handler || status == StatusCode::INTERNAL_SERVER_ERROR,
        }
}

fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
