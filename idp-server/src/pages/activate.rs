//! Taking a User ID over: the code, then password, secret questions and agreement, then what next.

use askama::Template;
use idp_core::{
    authentication::{
        password_policy::{Objection, PasswordPolicy},
        secret_questions::{Objection as QuestionObjection, Question},
    },
    community::agreement::Block,
};

use super::{AgreementView, Frame, password, wording};

/// Posts `code` and `form_token` to the address that it came from. The same for every link.
#[derive(Debug, Template)]
#[template(path = "activate.html")]
pub struct ActivatePage<'a> {
    pub frame: Frame<'a>,
    pub link: &'a str,
    pub form_token: &'a str,
    pub problem: Option<ActivateProblem>,
}

/// Why the code did not lead on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivateProblem {
    FormExpired,
    Throttled,
    WrongCode,
}

/// Posts `code`, `password`, `repeated`, `question1`, `answer1` …, `agreements`, `agreed` and
/// `form_token`.
#[derive(Debug, Template)]
#[template(path = "activate_account.html")]
pub struct ActivateAccountPage<'a> {
    pub frame: Frame<'a>,
    pub link: &'a str,
    pub form_token: &'a str,
    /// As it was typed.
    pub code: &'a str,
    pub name: &'a str,
    pub user_id: &'a str,
    pub organization: &'a str,
    pub policy: PasswordPolicy,
    pub agreements: Vec<AgreementView<'a>>,
    /// Their identifiers, so that nobody agrees to what was not on the page.
    pub shown: &'a str,
    /// Which question is chosen in each row. Answers are never shown again.
    pub chosen: [Option<Question>; 3],
    pub wrong: Wrong,
}

/// What is wrong with what was typed.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    pub password: Vec<Objection>,
    /// The two passwords differ.
    pub differ: bool,
    pub questions: Vec<QuestionObjection>,
    /// The agreement was not accepted.
    pub agreement: bool,
    /// Another text is in force than the one that was on the page: send it with 409.
    pub agreement_changed: bool,
    /// Too many people at once: send it with 503.
    pub busy: bool,
}

/// It is theirs. Nobody is signed in by it.
#[derive(Debug, Template)]
#[template(path = "activated.html")]
pub struct ActivatedPage<'a> {
    pub frame: Frame<'a>,
    /// It could not be made theirs: somebody else has the address, the number or the name.
    pub conflict: bool,
}

impl Wrong {
    /// Whether there is anything.
    pub fn is_any(&self) -> bool {
        !self.password.is_empty()
            || self.differ
            || !self.questions.is_empty()
            || self.agreement
            || self.agreement_changed
            || self.busy
    }
}

impl ActivatedPage<'_> {
    const fn title(&self) -> &'static str {
        let words = &self.frame.text.activate;
        if self.conflict { words.conflict } else { words.done }
    }
}

impl ActivatePage<'_> {
    fn sentence(&self) -> Option<String> {
        let words = &self.frame.text.activate;
        self.problem.map(|problem| match problem {
            ActivateProblem::FormExpired => words.form_expired.to_owned(),
            ActivateProblem::Throttled => words.throttled(self.frame.support.phone).to_string(),
            ActivateProblem::WrongCode => words.wrong_code(self.frame.support.phone).to_string(),
        })
    }
}

impl ActivateAccountPage<'_> {
    fn rules(&self) -> Vec<String> {
        password::rules(self.frame.text, &self.policy)
    }

    fn options(&self) -> Vec<(Question, &'static str)> {
        let text = self.frame.text;
        Question::ALL.into_iter().map(|q| (q, wording::question(text, q))).collect()
    }

    /// The rows: number, whether it has to be filled, and what is chosen in it.
    fn rows(&self) -> Vec<(usize, bool, Option<Question>)> {
        (1..).zip(self.chosen).map(|(number, chosen)| (number, number == 1, chosen)).collect()
    }

    fn sentences(&self) -> Vec<String> {
        let text = self.frame.text;
        let mut all = password::objections(text, &self.wrong.password);
        all.extend(self.wrong.differ.then(|| text.forgot.new_differ.to_owned()));
        let objection = |objection: &QuestionObjection| {
            wording::question_objection(text, *objection).to_owned()
        };
        all.extend(self.wrong.questions.iter().map(objection));
        all.extend(self.wrong.agreement.then(|| text.activate.agreement_due.to_owned()));
        all.extend(
            self.wrong.agreement_changed.then(|| text.activate.agreement_changed.to_owned()),
        );
        all.extend(self.wrong.busy.then(|| text.forgot.problem_busy.to_owned()));
        all
    }
}
