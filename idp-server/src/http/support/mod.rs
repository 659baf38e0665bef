//! `/support`: the support desk's console, one file for each area.

mod agreements;
mod audit;
mod closings;
mod first_administrator;
mod further_numbers;
mod home;
mod organizations;
mod people;
mod promotions;
mod registrations;
mod search;
mod tax_ids;
mod tickets;

use actix_web::{http::StatusCode, web};
use idp_core::community::permission::Denied;
use serde::Deserialize;

use super::{error::PageError, visit::Visit};
use crate::community::{
    Office,
    looking::{self, Look},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(agreements::routes)
        .configure(audit::routes)
        .configure(closings::routes)
        .configure(further_numbers::routes)
        .configure(home::routes)
        .configure(organizations::routes)
        .configure(people::routes)
        .configure(promotions::routes)
        .configure(registrations::routes)
        .configure(search::routes)
        .configure(tax_ids::routes)
        .configure(tickets::routes);
}

/// What a page is told of the form before it.
#[derive(Debug, Default, Deserialize)]
struct Done {
    done: Option<String>,
}

impl Done {
    const fn is_some(&self) -> bool {
        self.done.is_some()
    }
}

/// What came of a form.
struct Outcome {
    status: StatusCode,
    /// Why nothing happened.
    problem: Option<String>,
    /// What happened.
    done: Option<&'static str>,
    /// A code to hand over, which is shown this once.
    code: Option<String>,
}

impl Default for Outcome {
    fn default() -> Self {
        Self { status: StatusCode::OK, problem: None, done: None, code: None }
    }
}

impl Outcome {
    /// What was typed is wrong.
    fn wrong(why: String) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, problem: Some(why), ..Self::default() }
    }

    /// The rules say no, and nothing has happened.
    fn refused(why: String) -> Self {
        Self { status: StatusCode::CONFLICT, problem: Some(why), ..Self::default() }
    }
}

/// Writes down what somebody at the desk is about to be shown.
///
/// # Errors
/// [`PageError`] if it is not for them, or the database is out of reach: then it is not shown.
async fn note(visit: &Visit, office: &Office, look: Look) -> Result<(), PageError> {
    let office = office.clone();
    let noted = visit.db.write(move |conn| looking::note(conn, &office, &look)).await?;
    noted.map_err(problem)
}

/// The page of what is not for somebody.
const fn problem(denied: Denied) -> PageError {
    match denied {
        Denied::Forbidden => PageError::Forbidden,
        Denied::NotFound => PageError::NotFound,
    }
}

/// What was typed into a field of several lines, as one line.
fn one_line(typed: &str) -> String {
    typed.split_whitespace().collect::<Vec<_>>().join(" ")
}
