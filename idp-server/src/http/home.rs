//! The start page and the files that pages refer to.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
    },
    web::{self, Path},
};

use super::{
    error::PageError,
    sign_out::current,
    visit::{Visit, page},
};
use crate::pages::{ASSETS, HomePage};

/// The routes, and the page for every address that has none.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").get(home))
        .service(web::resource("/assets/{name}").get(asset))
        .default_service(web::to(not_found));
}

async fn home(visit: Visit) -> HttpResponse {
    let outcome = current(&visit).await.map(|person| {
        let signed_in_as = person.as_ref().map(|person| person.subscriber.user_id.as_str());
        page(StatusCode::OK, &HomePage { frame: visit.frame(), signed_in_as })
    });
    visit.answer(outcome)
}

async fn asset(request: HttpRequest, visit: Visit, name: Path<String>) -> HttpResponse {
    let Some(asset) = ASSETS.find(&name) else { return visit.answer(Err(PageError::NotFound)) };
    let tag = format!("\"{}\"", asset.hash);
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // The address carries the hash of the content, so the content at an address never changes.
    answer
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((ETAG, tag));
    if known { answer.finish() } else { answer.content_type(asset.content_type).body(asset.bytes) }
}

async fn not_found(visit: Visit) -> HttpResponse {
    visit.answer(Err(PageError::NotFound))
}
