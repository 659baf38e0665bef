//! The public pages: what anybody may read, and the forms that anybody may send.
//!
//! What somebody sends is the same to them whether or not it is about something that there is: no
//! form of these tells who is in the community (security 17.1).

mod administrator_left;
mod contact;
mod existing_id;
mod form;
mod reading;
mod request_access;
mod ticket;

use actix_web::web;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(administrator_left::routes)
        .configure(contact::routes)
        .configure(existing_id::routes)
        .configure(reading::routes)
        .configure(request_access::routes)
        .configure(ticket::routes);
}
