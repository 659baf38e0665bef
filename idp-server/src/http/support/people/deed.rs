//! What the desk wants with a person, as its forms say.

use std::collections::BTreeMap;

use idp_core::{
    community::{
        account_life::Command,
        caller_check::{Answer, Purpose, Question},
        field::{LONGEST_NOTE, line},
    },
    ids::OrganizationId,
    oidc::params::Params,
};

use crate::{
    community::help::Help,
    http::{error::PageError, support::one_line},
};

/// What the desk wants with a person.
#[derive(Clone)]
pub(super) enum Deed {
    Ask(Purpose),
    Change(Command, String),
    Check(Purpose, BTreeMap<Question, Answer>),
    Demote(OrganizationId, String),
    EndAffiliation(OrganizationId, String),
    Help(Help),
}

pub(super) fn purpose(code: &str) -> Result<Purpose, PageError> {
    let found = Purpose::ALL.into_iter().find(|purpose| purpose.code() == code);
    found.ok_or(PageError::NotUnderstood)
}

/// What somebody wants; the inner error says what is wrong with what they typed.
pub(super) fn understand(posted: &Params) -> Result<Result<Deed, String>, PageError> {
    let field = |name| posted.find(name).unwrap_or_default();
    let change = |command| {
        let reason = line(&one_line(field("reason")), LONGEST_NOTE);
        reason.map(|reason| Deed::Change(command, reason)).map_err(|why| why.to_string())
    };
    Ok(match field("deed") {
        "ask" => Ok(Deed::Ask(purpose(field("purpose"))?)),
        "check" => Ok(Deed::Check(purpose(field("purpose"))?, answers(posted)?)),
        "close" => change(Command::Close),
        "code" => Ok(Deed::Help(Help::Code)),
        "demote" => in_organization(posted, Deed::Demote)?,
        "email" => {
            let new = field("address").parse();
            new.map(|new| Deed::Help(Help::Email(new))).map_err(|why| format!("{why}"))
        }
        "end-affiliation" => in_organization(posted, Deed::EndAffiliation)?,
        "lost-factor" => Ok(Deed::Help(Help::LostFactor)),
        "resume" => change(Command::Resume),
        "stop-removal" => Ok(Deed::Help(Help::StopRemoval)),
        "suspend" => change(Command::Suspend),
        "terminate" => change(Command::Terminate),
        "unlock" => Ok(Deed::Help(Help::Unlock)),
        _ => return Err(PageError::NotUnderstood),
    })
}

/// A deed about what somebody has in one organization, with the reason.
fn in_organization(
    posted: &Params,
    deed: fn(OrganizationId, String) -> Deed,
) -> Result<Result<Deed, String>, PageError> {
    let field = |name| posted.find(name).unwrap_or_default();
    let of = field("organization").parse().map_err(|_| PageError::NotUnderstood)?;
    let reason = line(&one_line(field("reason")), LONGEST_NOTE);
    Ok(reason.map(|reason| deed(of, reason)).map_err(|why| why.to_string()))
}

fn answers(posted: &Params) -> Result<BTreeMap<Question, Answer>, PageError> {
    let mut answers = BTreeMap::new();
    for question in Question::ALL {
        let given = posted.find(question.code()).unwrap_or_default();
        let answer = Answer::ALL.into_iter().find(|answer| answer.code() == given);
        match answer {
            Some(answer) => drop(answers.insert(question, answer)),
            None if given.is_empty() => {}
            None => return Err(PageError::NotUnderstood),
        }
    }
    Ok(answers)
}
