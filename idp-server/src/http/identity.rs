//! The questions that prove who somebody is, wherever they are asked (R35): of whoever registers an
//! organization, and of whoever is to become an Administrator.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    authentication::inquiry,
    community::identity_proof::{Examinee, InvalidLastFour, LastFour, Proofing, TESTS, TestResult},
    oidc::params::Params,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{client_address::ClientAddress, error::PageError, visit::Visit};
use crate::{
    ephemeral::Key,
    identity_test::{KnowledgeTest, Test},
    pages::{OnlineTest, TestQuestion},
};

/// How long somebody may think about the questions.
const LIFE: Duration = Duration::from_secs(15 * 60);
const THINKING: TimeDelta = TimeDelta::minutes(15);
/// How long it is known that somebody was asked and has not answered: as long as a registration or a
/// promotion waits for them.
const ASKED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Somebody who is to prove who they are.
pub struct Proving<'a> {
    /// Under what their questions wait; nobody else knows or may use it.
    pub key: &'a str,
    /// What their tests are counted by, whoever's browser they come from.
    pub counted_by: &'a str,
    /// How far they are.
    pub proofing: Option<&'a Proofing>,
    /// Who they say they are.
    pub person: Examinee<'a>,
}

/// What came of beginning.
pub enum Begun {
    /// There is nothing to ask now.
    NotDue,
    /// These questions wait for their answers.
    Questions(Test),
    /// The provider has its answer without any.
    Result(TestResult),
    /// Too many were begun.
    Throttled,
    /// What was typed is not four digits.
    Wrong(InvalidLastFour),
}

impl Proving<'_> {
    /// Begins the questions. The four digits go to the provider and are kept nowhere.
    ///
    /// # Errors
    /// [`PageError`] if something that we need is out of reach.
    pub async fn begin(&self, visit: &Visit, form: &Params) -> Result<Begun, PageError> {
        let Some(provider) = self.provider(visit) else { return Ok(Begun::NotDue) };
        let last_four: LastFour = match form.find("last_four").unwrap_or_default().parse() {
            Ok(last_four) => last_four,
            Err(why) => return Ok(Begun::Wrong(why)),
        };
        // Questions about a person are not for anybody to leaf through: whoever comes back reads those
        // that wait, and a test that was left unanswered is one that was failed.
        let (waiting, asked) = (Key::identity_test(self.key), Key::identity_asked(self.counted_by));
        let now = visit.clock.now();
        if let Some(until) = visit.ephemeral.get(&asked).await? {
            if let Some(bytes) = visit.ephemeral.get(&waiting).await?
                && now < read::<DateTime<Utc>>(&until)?
            {
                return Ok(Begun::Questions(read(&bytes)?));
            }
            let unanswered = visit.ephemeral.take(&asked).await?;
            return Ok(unanswered.map_or(Begun::NotDue, |_| Begun::Result(TestResult::Failed)));
        }
        let address = ClientAddress::of(&visit.request).0;
        let about = format!("test {}", self.counted_by);
        let caps = inquiry::caps(address, &about, visit.inquiries_per_hour);
        if !visit.throttle.admits(&caps).await {
            return Ok(Begun::Throttled);
        }
        let test = match provider.begin(&self.person, last_four).await {
            Ok(test) => test,
            Err(result) => return Ok(Begun::Result(result)),
        };
        let bytes = bytes_of(&test)?;
        let until = bytes_of(&(now + THINKING))?;
        visit.ephemeral.put(&asked, &until, ASKED_FOR).await?;
        visit.ephemeral.put(&waiting, &bytes, LIFE).await?;
        Ok(Begun::Questions(test))
    }

    /// Judges the answers: once. `None`: there was nothing to answer.
    ///
    /// # Errors
    /// [`PageError`] if something that we need is out of reach.
    pub async fn judge(
        &self,
        visit: &Visit,
        form: &Params,
    ) -> Result<Option<TestResult>, PageError> {
        let Some(provider) = self.provider(visit) else { return Ok(None) };
        let waiting = visit.ephemeral.take(&Key::identity_test(self.key)).await?;
        let asked = visit.ephemeral.take(&Key::identity_asked(self.counted_by)).await?;
        let Some(until) = asked else { return Ok(None) };
        let Some(bytes) = waiting else { return Ok(Some(TestResult::Failed)) };
        if read::<DateTime<Utc>>(&until)? <= visit.clock.now() {
            return Ok(Some(TestResult::Failed)); // they thought about it for too long
        }
        let test: Test = read(&bytes)?;
        let answer = |number: usize| {
            form.find(&format!("answer{number}")).and_then(|text| text.parse::<usize>().ok())
        };
        let answers: Vec<Option<usize>> = (1..=test.questions.len()).map(answer).collect();
        Ok(Some(provider.judge(&test, &answers).await))
    }

    /// The provider, while they may still be asked.
    fn provider<'a>(&self, visit: &'a Visit) -> Option<&'a dyn KnowledgeTest> {
        match self.proofing {
            Some(Proofing::Due { failed }) if *failed < TESTS => visit.identity_test.as_deref(),
            Some(Proofing::AtNotary { .. } | Proofing::Due { .. } | Proofing::Proved(_)) | None => {
                None
            }
        }
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PageError> {
    serde_json::from_slice(bytes).map_err(|error| PageError::unexpected(&error))
}

fn bytes_of(value: &impl Serialize) -> Result<Vec<u8>, PageError> {
    serde_json::to_vec(value).map_err(|error| PageError::unexpected(&error))
}

/// Whether the questions are offered to somebody who failed so many tests.
pub fn online(visit: &Visit, failed: u32) -> OnlineTest {
    match &visit.identity_test {
        None => OnlineTest::Absent,
        Some(_) if failed >= TESTS => OnlineTest::UsedUp,
        Some(provider) => OnlineTest::Offered { simulated: provider.is_simulated() },
    }
}

/// Whether the provider only plays at it, which its pages say.
pub fn is_simulated(visit: &Visit) -> bool {
    visit.identity_test.as_deref().is_some_and(KnowledgeTest::is_simulated)
}

/// The questions as a page shows them.
pub fn questions(test: &Test) -> Vec<TestQuestion<'_>> {
    test.questions
        .iter()
        .map(|question| TestQuestion { text: &question.text, options: &question.options })
        .collect()
}
