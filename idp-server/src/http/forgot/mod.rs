//! `/forgot`: the ways back to a forgotten password and a forgotten User ID (domain 4.6).
//!
//! What a page shows follows from where the way stands and from nothing that the browser sends
//! (security 17.2), and never from whether anybody has the name that was typed (17.1): names that
//! nobody has are asked questions, too, and what is known to the database alone happens behind the
//! answer, in the outbox.

mod answers;
mod code;
mod new_password;
mod opening;
mod start;
mod user_id;
mod way;

use actix_web::web;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let password = |rest: &str| format!("/forgot/password{rest}");
    config
        .service(web::resource(password("")).get(start::show).post(start::begin))
        .service(web::resource("/forgot/user-id").get(user_id::show).post(user_id::ask))
        .service(web::resource("/forgot/done").get(new_password::done))
        .service(web::resource(password("/{handle}")).get(way::show))
        .service(web::resource(password("/{handle}/answers")).post(answers::check))
        .service(web::resource(password("/{handle}/handed-over")).post(code::check_handed_over))
        .service(web::resource(password("/{handle}/code")).post(code::check_mailed))
        .service(web::resource(password("/{handle}/mail-again")).post(code::mail_again))
        .service(web::resource(password("/{handle}/new")).post(new_password::set));
}
