//! "Please give me access": what somebody without a User ID asks an organization for (R18, R88,
//! R89).
//!
//! It makes no account: a User ID comes by nomination only (R32). The request waits for the
//! organization's Administrators for 30 days; what they do with it is a nomination like any other,
//! with its search for known persons and its check of who it is. The page answers alike whether
//! there is such an organization or not, and shows nobody's contact.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    actor::Actor,
    affiliation::AccessLevel,
    field::{LONGEST_NAME, LONGEST_NOTE, Objections, line, phone},
    news::{News, Recipient},
    outcome::Outcome,
    permission::{Action, Denied, Target, may},
    subscriber::{EmailAddress, UserId},
};
use crate::{
    audit::Kind,
    ids::{AccessRequestId, NominationId, OrganizationId},
};

/// How long a request waits. Then it is over by date, and what was typed is erased.
pub const LASTS: TimeDelta = TimeDelta::days(30);

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// E-mail.
    pub email: EmailAddress,
    /// Telephone.
    pub phone: String,
    /// Postal address.
    pub address: String,
    /// The User ID that they would like.
    pub user_id: Option<UserId>,
    /// How much of the community they want to use.
    pub access_level: AccessLevel,
    /// The language of the page on which they asked (BCP 47), and of what is mailed to them.
    pub language: Option<String>,
}

/// The form of a [`Wish`].
#[derive(Clone, Copy, Debug, Default)]
pub struct WishForm<'a> {
    /// First name.
    pub given_name: &'a str,
    /// Last name.
    pub family_name: &'a str,
    /// E-mail.
    pub email: &'a str,
    /// Telephone.
    pub phone: &'a str,
    /// Postal address.
    pub address: &'a str,
    /// Wanted User ID; empty if it is all the same to them.
    pub user_id: &'a str,
    /// The code of an [`AccessLevel`].
    pub access_level: &'a str,
}

impl WishForm<'_> {
    /// Reads the form. Whether the User ID is free is not looked up (security 17.1).
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self) -> Result<Wish, Objections> {
        let mut found = Objections::default();
        let given_name = found.take("given_name", line(self.given_name, LONGEST_NAME));
        let family_name = found.take("family_name", line(self.family_name, LONGEST_NAME));
        let email = found.take("email", self.email.parse::<EmailAddress>());
        let phone = found.take("phone", phone(self.phone));
        let address = found.take("address", line(self.address, LONGEST_NOTE));
        let user_id = match self.user_id.trim() {
            "" => None,
            wanted => found.take("user_id", wanted.parse::<UserId>()),
        };
        let level = AccessLevel::ALL.into_iter().find(|level| level.code() == self.access_level);
        if level.is_none() {
            found.object("access_level", "please choose one of the three levels");
        }
        let wish = || {
            Some(Wish {
                given_name: given_name?,
                family_name: family_name?,
                email: email?,
                phone: phone?,
                address: address?,
                user_id,
                access_level: level?,
                language: None,
            })
        };
        found.unless_any(wish())
    }
}

/// A request for access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRequest {
    /// Which.
    pub id: AccessRequestId,
    /// To which organization.
    pub organization: OrganizationId,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// How far it is.
    pub state: State,
}

/// How far a request is. What somebody typed is kept no longer than it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// An Administrator said no.
    Declined,
    /// Nobody answered.
    Expired,
    /// An Administrator nominated them; `None`: asked them, because they have a User ID.
    Nominated(Option<NominationId>),
    /// It waits for an Administrator.
    Waiting(Box<Wish>),
}

/// What somebody does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say no.
    Decline,
    /// Bring it to an end, because the organization is closed.
    Dissolve,
    /// Note that nobody answered.
    Expire,
    /// Nominate them, by this nomination; `None`: ask them, because they have a User ID.
    Nominate(Option<NominationId>),
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It was answered, or waits no longer, or still does.
    #[error("this request was answered already, or is too old")]
    OutOfOrder,
}

/// Somebody asks an organization for access, behind a challenge.
///
/// # Errors
/// [`Denied`].
pub fn ask(
    id: AccessRequestId,
    organization: OrganizationId,
    wish: Wish,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<AccessRequest>, Denied> {
    may(actor, Action::AskForAccess, Target::Organization(&organization))?;
    let administrators = Recipient::AdministratorsOf(organization.clone());
    let news = News::AccessAskedFor { request: id.clone() };
    let state = State::Waiting(Box::new(wish));
    let request = AccessRequest { id, organization, asked_at: now, state };
    Ok(Outcome::new(request, Kind::AccessAskedFor).telling(administrators, news))
}

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    request: AccessRequest,
    command: Command,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<AccessRequest>, Refusal> {
    let action = match command {
        Command::Decline | Command::Nominate(_) => Action::Nominate,
        Command::Dissolve => Action::Dissolve,
        Command::Expire => Action::Expire,
    };
    may(actor, action, Target::Organization(&request.organization))?;
    let late = request.asked_at + LASTS <= now;
    let asker = Recipient::Asker(request.id.clone());
    if !matches!(request.state, State::Waiting(_)) {
        return Err(Refusal::OutOfOrder);
    }
    match command {
        Command::Nominate(nomination) if !late => {
            let state = State::Nominated(nomination);
            Ok(Outcome::new(AccessRequest { state, ..request }, Kind::AccessAnswered))
        }
        Command::Decline if !late => {
            let declined = AccessRequest { state: State::Declined, ..request };
            Ok(Outcome::new(declined, Kind::AccessAnswered).telling(asker, News::AccessDeclined))
        }
        // Not to answer and to say no look alike.
        Command::Dissolve => {
            let declined = AccessRequest { state: State::Declined, ..request };
            Ok(Outcome::new(declined, Kind::AccessAnswered).telling(asker, News::AccessDeclined))
        }
        Command::Expire if late => {
            let expired = AccessRequest { state: State::Expired, ..request };
            Ok(Outcome::new(expired, Kind::AccessAnswered).telling(asker, News::AccessDeclined))
        }
        Command::Decline | Command::Expire | Command::Nominate(_) => Err(Refusal::OutOfOrder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::actor::testing::{JOB, administrator, agent};

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    const FORM: WishForm<'static> = WishForm {
        given_name: "Ana",
        family_name: "Rivera",
        email: "ana@x.example",
        phone: "360 555 0111",
        address: "1 Main St, Cedar Falls",
        user_id: "",
        access_level: "community-view-only",
    };

    fn asked() -> AccessRequest {
        let (id, organization) = ("req_1".parse().unwrap(), "org_a".parse().unwrap());
        let outcome = ask(id, organization, FORM.read().unwrap(), &Actor::Nobody, at(0)).unwrap();
        assert_eq!(outcome.letters.len(), 1, "the Administrators are told");
        outcome.state
    }

    #[test]
    fn a_request_is_answered_once_within_thirty_days_by_an_administrator() {
        let adam = administrator("adam", "a");
        let nominate = || Command::Nominate(Some("nom_1".parse().unwrap()));
        let nominated = || State::Nominated(Some("nom_1".parse().unwrap()));
        for (command, actor, day, expected) in [
            (nominate(), &adam, 29, Ok(nominated())),
            (nominate(), &adam, 30, Err(Refusal::OutOfOrder)),
            (Command::Decline, &adam, 1, Ok(State::Declined)),
            (Command::Expire, &JOB, 29, Err(Refusal::OutOfOrder)),
            (Command::Expire, &JOB, 30, Ok(State::Expired)),
            (nominate(), &agent("sam"), 1, Err(Refusal::Denied(Denied::Forbidden))),
            (nominate(), &administrator("eve", "b"), 1, Err(Refusal::Denied(Denied::NotFound))),
            (Command::Dissolve, &JOB, 1, Ok(State::Declined)),
            (Command::Dissolve, &adam, 1, Err(Refusal::Denied(Denied::Forbidden))),
            (Command::Decline, &Actor::Nobody, 1, Err(Refusal::Denied(Denied::NotFound))),
        ] {
            let found = decide(asked(), command.clone(), actor, at(day));
            assert_eq!(found.map(|o| o.state.state), expected, "{command:?} by {actor:?}");
        }
        let over = AccessRequest { state: State::Declined, ..asked() };
        assert_eq!(decide(over, nominate(), &adam, at(1)), Err(Refusal::OutOfOrder));
    }

    #[test]
    fn the_form_says_all_that_is_wrong_with_it() {
        assert_eq!(FORM.read().unwrap().access_level, AccessLevel::CommunityViewOnly);
        let wrong = WishForm { user_id: "a", access_level: "all", phone: "", ..FORM };
        let objections = wrong.read().unwrap_err();
        let fields: Vec<_> = objections.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["access_level", "phone", "user_id"]);
    }
}
