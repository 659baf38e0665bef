//! How strong a sign-in must be, and what is asked of whoever has not proved enough: only the step
//! that is missing.

use chrono::{DateTime, Duration, Utc};

use super::{Person, Policy, Refusal, SignInReason, SignOnRequest, Step};
use crate::authentication::{
    assurance::{Assurance, Method},
    factor::Holdings,
    gate::{CHANGE_WITHIN, Level},
    mailed_code::CodePurpose,
};

/// Whether second factors can matter for this sign-on, so that the shell loads what the person has.
#[must_use]
pub fn may_ask_for_factors(request: &SignOnRequest, policy: Policy<'_>) -> bool {
    policy.level != Level::SignedIn
        || policy.release.is_some_and(|release| release.min_acr > Assurance::Password)
        || request.assurance.values.iter().any(|value| value.rung > Assurance::Password)
}

/// Whether the sign-in is strong enough, and the `acr` to return.
pub(super) fn strong_enough(
    request: &SignOnRequest,
    person: &Person,
    policy: Policy<'_>,
    now: DateTime<Utc>,
) -> Result<String, Box<Step>> {
    own_page(person, policy.level)?;
    let asked = &request.assurance.values;
    if asked.is_empty() && request.assurance.essential {
        return Err(Box::new(Step::Refuse(Refusal::AssuranceUnmet)));
    }
    // A remembered browser meets what the site always demands. It does not meet what a request
    // names, nor one that wants a fresh sign-in: that asks what is in the person's hand now.
    let fresh = request.force || request.max_age_seconds.is_some();
    let accept_remembered =
        !fresh && policy.release.is_some_and(|release| release.accept_remembered_browser);
    let reached = person.session.assurance(accept_remembered);
    let proved = person.session.assurance(false);
    let minimum = minimum(policy);
    let met = asked.iter().find(|value| value.rung <= proved);
    let missing = if reached < minimum {
        Some((minimum, true))
    } else if met.is_none() {
        let lowest = asked.iter().map(|value| value.rung).min();
        lowest.map(|rung| (rung, request.assurance.essential))
    } else {
        None
    };
    let Some((rung, essential)) = missing else {
        return Ok(met.map_or_else(|| reached.acr().to_owned(), |value| value.spelling.clone()));
    };
    let methods = fitting(person, |method| reaches(method) >= rung);
    // Whoever used a recovery code has lost what would be asked for.
    let can_be_asked = !methods.is_empty() && !person.session.has_proved(Method::RecoveryCode);
    if !essential && (request.passive || !can_be_asked) {
        Ok(reached.acr().to_owned())
    } else if can_be_asked {
        Err(ask(methods, CodePurpose::SignIn))
    } else {
        Err(enrol(person, rung, now))
    }
}

/// The methods by which somebody may take `step` who holds this, best first.
#[must_use]
pub fn ways(step: &Step, holdings: &Holdings) -> Vec<Method> {
    let held = holdings.methods();
    let mut ways = match step {
        Step::AskSecondFactor { methods, .. } => methods.clone(),
        // Whoever came here by a recovery code may still find the phone.
        Step::EnrollSecondFactor(_) => {
            held.iter().copied().filter(|method| method.is_own_factor()).collect()
        }
        Step::AcceptAgreement(_)
        | Step::AskPassword(_)
        | Step::ChooseAffiliation { .. }
        | Step::Complete(_)
        | Step::Refuse(_)
        | Step::ShowNotice(_) => Vec::new(),
    };
    // In place of a factor that was asked for and is lost.
    let asks_own = ways.iter().any(|method| method.is_own_factor());
    let stands_in = Method::RecoveryCode;
    if asks_own && held.contains(&stands_in) && !ways.contains(&stands_in) {
        ways.push(stands_in);
    }
    ways
}

/// What the page or the site demands of everybody.
fn minimum(policy: Policy<'_>) -> Assurance {
    let of_page = match policy.level {
        Level::Rung(rung) => rung,
        Level::Enrolment | Level::OwnFactor | Level::SignedIn => Assurance::Password,
    };
    policy.release.map_or(of_page, |release| release.min_acr.max(of_page))
}

/// Whether the person may see a page of our own.
fn own_page(person: &Person, level: Level) -> Result<(), Box<Step>> {
    match level {
        Level::Rung(_) | Level::SignedIn => Ok(()),
        Level::OwnFactor => own_factor(person),
        Level::Enrolment => may_set_up(person),
    }
}

/// Whoever has a factor proves it.
fn own_factor(person: &Person) -> Result<(), Box<Step>> {
    let stands_in = |method: Method| method.is_own_factor() || method == Method::RecoveryCode;
    if !person.has_own_factor || person.session.has_proved_own_factor() {
        return Ok(());
    }
    Err(ask(fitting(person, stands_in), CodePurpose::SignIn))
}

/// Whoever has none shows that the mailbox is theirs (security 18.5).
fn may_set_up(person: &Person) -> Result<(), Box<Step>> {
    own_factor(person)?;
    if person.session.assurance(false) >= Assurance::EmailCode {
        return Ok(());
    }
    let methods = fitting(person, |method| method == Method::EmailCode);
    Err(ask(methods, CodePurpose::ConfirmMailbox))
}

/// Where nothing could be asked for, nobody gets on.
fn ask(methods: Vec<Method>, mailed: CodePurpose) -> Box<Step> {
    Box::new(if methods.is_empty() {
        Step::Refuse(Refusal::AssuranceUnmet)
    } else {
        Step::AskSecondFactor { methods, mailed }
    })
}

/// Leads the person through setting up a factor, as carefully as their own page does.
fn enrol(person: &Person, rung: Assurance, now: DateTime<Utc>) -> Box<Step> {
    if person.may_enrol < Some(rung) {
        return Box::new(Step::Refuse(Refusal::AssuranceUnmet));
    }
    // A few milliseconds may lie between two nodes' clocks.
    let age = (now - person.session.auth_time()).max(Duration::zero());
    if age > CHANGE_WITHIN {
        return Box::new(Step::AskPassword(SignInReason::TooOld));
    }
    may_set_up(person).err().unwrap_or_else(|| Box::new(Step::EnrollSecondFactor(rung)))
}

fn fitting(person: &Person, fits: impl Fn(Method) -> bool) -> Vec<Method> {
    person.factors.iter().copied().filter(|method| fits(*method)).collect()
}

/// The rung that `method` reaches beside a password.
pub(super) const fn reaches(method: Method) -> Assurance {
    match method {
        // Nobody is asked for a password or a remembered browser here.
        Method::Password | Method::RememberedBrowser => Assurance::Password,
        Method::EmailCode | Method::RecoveryCode => Assurance::EmailCode,
        Method::Passkey | Method::Totp => Assurance::BrowserSecondFactor,
        Method::PasskeyWithUserVerification => Assurance::PhishingResistant,
    }
}
