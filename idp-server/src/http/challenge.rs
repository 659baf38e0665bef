//! The challenge before public forms, and before sign-ins that keep failing (security 15.6, 22.2).
//!
//! It is made without keeping anything, so that asking for it costs us nothing; only one that
//! comes back with a right solution, or after the wait of a browser without scripts, leaves a mark,
//! by which it counts once over all nodes. Where marks cannot be left, nothing passes.

use chrono::TimeDelta;
use idp_core::{
    authentication::{
        proof_of_work::{self, Challenge, LASTS, Verdict},
        throttle::Network,
    },
    oidc::params::Params,
    secret::Secret,
};

use super::{browser, client_address::ClientAddress, error::PageError, visit::Visit};
use crate::{
    ephemeral::Key,
    pages::{ChallengeProblem, ChallengeView},
};

/// What became of the challenge in a form.
#[derive(Debug)]
pub enum Passed {
    /// It counts, and will not again.
    Yes,
    /// It does not: the page with this challenge is to be shown again.
    No(ChallengeView),
}

/// A challenge for `form`, in the browser that is given.
pub fn fresh(visit: &Visit, browser: &Secret, form: &str) -> ChallengeView {
    view(visit, &new(visit, browser, form), None)
}

fn new(visit: &Visit, browser: &Secret, form: &str) -> Challenge {
    let key = visit.sub_keys.challenge.expose();
    let nonce = visit.random.bytes();
    let now = visit.clock.now();
    Challenge::new(key, (form, browser.expose()), nonce, visit.challenge.bits, now)
}

fn view(visit: &Visit, challenge: &Challenge, problem: Option<ChallengeProblem>) -> ChallengeView {
    ChallengeView {
        token: challenge.to_string(),
        wait_seconds: visit.challenge.wait.num_seconds(),
        problem,
    }
}

/// Judges the challenge that came with a form.
///
/// # Errors
/// [`PageError`] if short-lived state is out of reach: then nothing passes.
pub async fn judge(visit: &Visit, posted: &Params, form: &str) -> Result<Passed, PageError> {
    // The form was ours, so the browser has its name.
    let Some(browser) = browser::browser_secret(&visit.request) else {
        return Err(PageError::Interrupted);
    };
    let again = |problem| Passed::No(view(visit, &new(visit, &browser, form), Some(problem)));
    let Some(text) = posted.find("challenge") else { return Ok(again(ChallengeProblem::Due)) };
    if posted.find("new_challenge").is_some() {
        return Ok(Passed::No(fresh(visit, &browser, form)));
    }
    let Ok(challenge) = text.parse::<Challenge>() else {
        return Ok(again(ChallengeProblem::Spent));
    };
    let key = visit.sub_keys.challenge.expose();
    let solution = posted.find("solution").unwrap_or_default();
    let now = visit.clock.now();
    match challenge.judge(key, (form, browser.expose()), solution, now) {
        Verdict::Unfit => return Ok(again(ChallengeProblem::Spent)),
        Verdict::Solved => {}
        Verdict::Unsolved => {
            let left = left_to_wait(visit, &challenge).await?;
            if left > TimeDelta::zero() {
                let seconds = left.num_seconds().saturating_add(1);
                let problem = Some(ChallengeProblem::NotYet { seconds });
                // The same challenge: its wait goes on.
                return Ok(Passed::No(view(visit, &challenge, problem)));
            }
        }
    }
    let mark = Key::challenge(challenge.nonce());
    if visit.ephemeral.put_if_absent(&mark, b"", ttl()).await? {
        Ok(Passed::Yes)
    } else {
        Ok(again(ChallengeProblem::Spent))
    }
}

/// How much longer a browser without scripts has to wait. The first wait is the same for everybody;
/// who has waited it out is counted among the passes of their network, once for each challenge, and
/// each pass waits longer than the one before.
async fn left_to_wait(visit: &Visit, challenge: &Challenge) -> Result<TimeDelta, PageError> {
    let (age, step) = (challenge.age(visit.clock.now()), visit.challenge.wait);
    if age < step {
        return Ok(step - age);
    }
    let place = Key::challenge_pass(challenge.nonce());
    let pass = match visit.ephemeral.get(&place).await? {
        Some(bytes) => bytes.first_chunk().map_or(u64::MAX, |octets| u64::from_be_bytes(*octets)),
        None => {
            let network = Network::of(ClientAddress::of(&visit.request).0).to_string();
            let counter = Key::throttle("challenge-pass", &[network]);
            let pass = visit.ephemeral.count(&counter, ttl()).await?.hits;
            visit.ephemeral.put_if_absent(&place, &pass.to_be_bytes(), ttl()).await?;
            pass
        }
    };
    Ok(proof_of_work::wait(pass, step) - age)
}

fn ttl() -> std::time::Duration {
    LASTS.to_std().unwrap_or_default()
}
