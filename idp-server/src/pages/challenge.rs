//! The challenge in a form: a piece of other pages, whose `head` block loads its script.

use super::frame::Frame;

/// Posts `challenge`, `solution` and, to get another one, `new_challenge` with the form it is in.
#[derive(Clone, Debug)]
pub struct ChallengeView {
    /// The challenge.
    pub token: String,
    /// How long a browser without scripts waits before it may send the form.
    pub wait_seconds: i64,
    /// Why the last one did not count.
    pub problem: Option<ChallengeProblem>,
}

/// Why a challenge did not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeProblem {
    /// There was none yet: now one is asked for.
    Due,
    /// The browser has not waited long enough; the form may be sent again in so many seconds.
    NotYet {
        /// How many are left.
        seconds: i64,
    },
    /// It was too old, or was used before.
    Spent,
}

impl ChallengeView {
    pub(super) fn problem_text(&self, frame: &Frame<'_>) -> Option<String> {
        let words = &frame.text.challenge;
        self.problem.map(|problem| match problem {
            ChallengeProblem::Due => words.due.to_owned(),
            ChallengeProblem::NotYet { seconds } => words.not_yet(seconds).to_string(),
            ChallengeProblem::Spent => words.spent.to_owned(),
        })
    }
}
