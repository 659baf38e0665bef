//! Who asks somebody the questions that prove who they are (R35): an adapter for an outside
//! provider, and one that only plays at it.
//!
//! The last four digits of the Social Security number go to the provider and nowhere else: they
//! stand in no row, no log and no page.

use std::{future::Future, pin::Pin};

use idp_core::community::identity_proof::{Examinee, LastFour, TestResult};
use serde::{Deserialize, Serialize};

use crate::{config::IdentityProof, random::Random};

/// What a provider answers in the end.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A question, and the answers of which one is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What may be answered.
    pub options: Vec<String>,
}

/// A test that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// What the provider calls it.
    pub reference: String,
    /// What it asks.
    pub questions: Vec<Question>,
}

/// A provider of knowledge tests.
pub trait KnowledgeTest: Send + Sync {
    /// Whether it only plays at it, which its pages say.
    fn is_simulated(&self) -> bool;

    /// Begins a test about a person.
    ///
    /// # Errors
    /// The result without one: the provider knows too little about them, or cannot be reached.
    fn begin<'a>(
        &'a self,
        person: &'a Examinee<'a>,
        last_four: LastFour,
    ) -> Answer<'a, Result<Test, TestResult>>;

    /// Judges the answers: for each question the place of the one that was chosen.
    fn judge<'a>(&'a self, test: &'a Test, answers: &'a [Option<usize>]) -> Answer<'a, TestResult>;
}

/// The provider that the configuration names; `None`: only a notary proves who somebody is.
#[must_use]
pub fn provider(chosen: IdentityProof, random: &Random) -> Option<Box<dyn KnowledgeTest>> {
    match chosen {
        IdentityProof::None => None,
        IdentityProof::Simulated => Some(Box::new(Simulated { random: random.clone() })),
    }
}

/// Asks about an invented life, in which the second answer is always right. Nobody is known whose
/// number ends in `9999`, and with `9998` the provider cannot be reached.
struct Simulated {
    random: Random,
}

const RIGHT: usize = 1;
const UNKNOWN: &str = "9999";
const AWAY: &str = "9998";

impl KnowledgeTest for Simulated {
    fn is_simulated(&self) -> bool {
        true
    }

    fn begin<'a>(
        &'a self,
        _person: &'a Examinee<'a>,
        last_four: LastFour,
    ) -> Answer<'a, Result<Test, TestResult>> {
        let begun = match last_four.expose() {
            UNKNOWN => Err(TestResult::NoQuestions),
            AWAY => Err(TestResult::Unavailable),
            _ => Ok(self.test()),
        };
        Box::pin(std::future::ready(begun))
    }

    fn judge<'a>(&'a self, test: &'a Test, answers: &'a [Option<usize>]) -> Answer<'a, TestResult> {
        let all = answers.len() == test.questions.len();
        let right = all && answers.iter().all(|answer| *answer == Some(RIGHT));
        let result = if right {
            TestResult::Passed { reference: test.reference.clone() }
        } else {
            TestResult::Failed
        };
        Box::pin(std::future::ready(result))
    }
}

impl Simulated {
    fn test(&self) -> Test {
        let question = |text: &str, options: [&str; 4]| Question {
            text: text.to_owned(),
            options: options.map(str::to_owned).into(),
        };
        Test {
            reference: format!("simulated-{}", self.random.reference()),
            questions: vec![
                question(
                    "On which of these streets have you lived?",
                    ["Alder Court", "Maple Street", "Harbor Way", "None of these"],
                ),
                question(
                    "In which year did you buy your car?",
                    ["2014", "2018", "2021", "None of these"],
                ),
                question(
                    "Which of these banks gave you a loan?",
                    ["Cascade Savings", "Lakeside Credit Union", "First Sound", "None of these"],
                ),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_simulation_knows_right_from_wrong() {
        let simulated = Simulated { random: Random::new() };
        let test = simulated.test();
        for (answers, passes) in [
            (vec![Some(1); 3], true),
            (vec![Some(1); 2], false),
            (vec![Some(1), Some(1), Some(0)], false),
            (vec![Some(1), None, Some(1)], false),
            (vec![], false),
        ] {
            let result = simulated.judge(&test, &answers).await;
            assert_eq!(matches!(result, TestResult::Passed { .. }), passes, "{answers:?}");
        }
    }
}
