//! The secret questions: set up, or set up anew.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::authentication::secret_questions::{Objection, Question};

use super::AccountNav;
use crate::pages::{Frame, wording};

/// Posts `question1`, `answer1` … and `form_token` to `/account/questions`.
#[derive(Debug, Template)]
#[template(path = "account_questions.html")]
pub struct QuestionsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    /// When the ones that there are were set up.
    pub set_at: Option<DateTime<Utc>>,
    /// Which question is chosen in each row. Answers are never shown again.
    pub chosen: [Option<Question>; 3],
    pub objections: Vec<Objection>,
    /// Too many people at once: send it with 503.
    pub busy: bool,
    pub done: bool,
}

impl QuestionsPage<'_> {
    fn options(&self) -> Vec<(Question, &'static str)> {
        let text = self.frame.text;
        Question::ALL.into_iter().map(|q| (q, wording::question(text, q))).collect()
    }

    /// The rows: number, whether it has to be filled, and what is chosen in it.
    fn rows(&self) -> Vec<(usize, bool, Option<Question>)> {
        (1..).zip(self.chosen).map(|(number, chosen)| (number, number == 1, chosen)).collect()
    }

    fn sentences(&self) -> Vec<&'static str> {
        let text = self.frame.text;
        let objection = |objection: &Objection| wording::question_objection(text, *objection);
        let busy = self.busy.then_some(self.frame.text.forgot.problem_busy);
        self.objections.iter().map(objection).chain(busy).collect()
    }
}
