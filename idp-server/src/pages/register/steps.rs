//! The steps, with what each shows.

use chrono::{DateTime, Utc};
use idp_core::community::{
    registration::Seat,
    tax_id_registry::{Ground, dialogue::End},
};

use crate::pages::{agreement::AgreementView, challenge::ChallengeView, frame::Frame};

/// What is asked about a number that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberQuestion {
    /// Nothing yet.
    None,
    /// It is a personal number: the risk is told, and a tick goes on (R16).
    Personal,
    /// No number starts so, as far as we know: a tick says that it stands so on the IRS letter.
    UnlistedPrefix,
    /// Nine bare digits: a business number, or a personal one?
    Which,
}

/// Whether the questions of the knowledge test are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnlineTest {
    /// There is no provider.
    Absent,
    /// They are. `simulated`: by Hilum itself, about an invented life.
    Offered {
        /// Whether this installation only plays at it.
        simulated: bool,
    },
    /// They were failed as often as they may be.
    UsedUp,
}

/// A question of the knowledge test: the answers are numbered from 0.
#[derive(Clone, Debug)]
pub struct TestQuestion<'a> {
    pub text: &'a str,
    pub options: &'a [String],
}

/// The work contact of an Administrator (R45).
#[derive(Clone, Copy, Debug)]
pub struct ShownContact<'a> {
    pub name: &'a str,
    pub email: Option<&'a str>,
    pub phone: Option<&'a str>,
}

/// What is to be looked at once more: a label and what was typed.
pub type Checked<'a> = (&'static str, &'a str);

/// A step.
#[derive(Clone, Debug)]
pub enum RegisterStep<'a> {
    /// Posts `name`, `title`, `authority`, `accepts` and `agreement`. `None`: there is none in force.
    Agreement { agreement: Option<(&'a str, AgreementView<'a>)>, facts: Vec<Checked<'a>> },
    /// The organization takes part.
    Approved(Seat),
    /// The form for the notary is waited for.
    AtNotary { reference: &'a str, until: DateTime<Utc> },
    /// What was typed, to be looked at once more (R93). Posts it again with `checked`, or `change`.
    Check { facts: Vec<Checked<'a>>, doubt: Option<String> },
    /// The code, once. There is no second look at it.
    Code { code: &'a str, email: &'a str, in_mailbox: bool },
    /// Posts who registers, and a challenge.
    Contact { challenge: Option<ChallengeView>, signed_in: Option<&'a str> },
    /// Posts `code` to the address of the link in the mail.
    Enter { key: &'a str },
    /// Posts `last_four`; or goes to the notary.
    Identity { online: OnlineTest, facts: Vec<Checked<'a>> },
    /// Posts the organization's data and `number`.
    Organization { number: NumberQuestion },
    /// Posts `answer1` …
    Questions { questions: Vec<TestQuestion<'a>>, simulated: bool },
    /// It leads elsewhere.
    Referred(End),
    /// Support refused it.
    Rejected,
    /// Support looks at it.
    Review,
    /// Posts `answer` (`still-there` or `left`), and a challenge. `None`: there is nobody to show.
    StillThere { contact: Option<ShownContact<'a>>, challenge: Option<ChallengeView> },
    /// Posts `number` again.
    TypeAgain,
    /// The number was asked for.
    Waiting(Ground),
    /// Posts `answer` (`our-own`, `works-for-us` or `unknown`), and a challenge.
    Whose { challenge: Option<ChallengeView> },
    /// The registrant took it back.
    Withdrawn,
    /// Posts the boxes `role.…` and `detail.…`, `reason` and `npi`.
    Work,
}

impl RegisterStep<'_> {
    /// Heading and lead.
    pub(super) fn words(&self, frame: &Frame<'_>) -> (&'static str, &'static str) {
        let words = &frame.text.register;
        match self {
            Self::Agreement { .. } => (words.agreement, words.agreement_lead),
            Self::Approved(Seat::Taken) => (words.approved, words.approved_account),
            Self::Approved(Seat::Missed) => (words.approved, words.approved_missed),
            Self::Approved(Seat::Waits) => (words.approved, words.approved_lead),
            Self::AtNotary { .. } => (words.notary, words.notary_lead),
            Self::Check { .. } => (words.check, words.check_lead),
            Self::Code { .. } => (words.code, words.code_lead),
            Self::Contact { .. } => (words.contact, words.contact_lead),
            Self::Enter { .. } => (words.enter, words.enter_lead),
            Self::Identity { .. } => (words.identity, words.identity_lead),
            Self::Organization { number: NumberQuestion::Personal } => {
                (words.personal, words.personal_lead)
            }
            Self::Organization { .. } => (words.organization, words.organization_lead),
            Self::Questions { .. } => (words.questions, words.questions_lead),
            Self::Referred(End::NominationAsked) => (words.referred, words.referred_nomination),
            Self::Referred(End::PromotionAsked) => (words.referred, words.referred_promotion),
            Self::Referred(
                End::AnotherNumber | End::Disputed | End::HolderAsked | End::ReleaseAsked,
            ) => (words.referred, words.waiting_lead),
            Self::Rejected => (words.rejected, words.rejected_lead),
            Self::Review => (words.review, words.review_lead),
            Self::StillThere { .. } => (words.still_there, words.still_there_lead),
            Self::TypeAgain => (words.type_again, words.type_again_lead),
            Self::Waiting(Ground::Disputed) => (words.waiting, words.waiting_disputed),
            Self::Waiting(Ground::NobodyLeft) => (words.waiting, words.waiting_nobody_left),
            Self::Waiting(Ground::WorksForUs) => (words.waiting, words.waiting_works_for_us),
            Self::Whose { .. } => (words.whose, words.whose_lead),
            Self::Withdrawn => (words.withdrawn, words.withdrawn_lead),
            Self::Work => (words.work, words.work_lead),
        }
    }

    /// Where on the list of six it stands; nowhere once it is over.
    pub(super) const fn place(&self) -> Option<usize> {
        match self {
            Self::Code { .. } | Self::Contact { .. } | Self::Enter { .. } => Some(0),
            Self::Check { .. }
            | Self::Organization { .. }
            | Self::StillThere { .. }
            | Self::TypeAgain
            | Self::Waiting(_)
            | Self::Whose { .. } => Some(1),
            Self::Work => Some(2),
            Self::Agreement { .. } => Some(3),
            Self::AtNotary { .. } | Self::Identity { .. } | Self::Questions { .. } => Some(4),
            Self::Review => Some(5),
            Self::Approved(_) | Self::Referred(_) | Self::Rejected | Self::Withdrawn => None,
        }
    }

    /// Whether it can be taken back from here.
    pub(super) const fn can_be_withdrawn(&self) -> bool {
        self.place().is_some()
            && !matches!(self, Self::Code { .. } | Self::Contact { .. } | Self::Enter { .. })
    }
}
