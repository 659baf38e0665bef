//! `GET /saml/metadata`: what partners must know of us, signed.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web::Data};

use crate::app::App;

/// Sends the document. It was made when the keys last changed.
pub async fn metadata(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/samlmetadata+xml")
        // Less than the document's own cacheDuration: whoever asks is shown a new key soon.
        .insert_header((CACHE_CONTROL, "public, max-age=900"))
        .body(app.saml.metadata())
}
