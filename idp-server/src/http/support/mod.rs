//! `/support`: the support desk's console, one file for each area.

mod home;
mod tickets;

use actix_web::web;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.configure(home::routes).configure(tickets::routes);
}
