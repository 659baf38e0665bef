//! Becoming an Administrator, as the candidate sees it.

use askama::Template;
use chrono::{DateTime, Utc};

use super::AccountNav;
use crate::pages::{Frame, OnlineTest, RegisterProblem, RegisterTyped, TestQuestion, wording};

/// A step. Posts `form_token` and the step's own fields to `/account/promotions/{id}/{step}`.
#[derive(Debug, Template)]
#[template(path = "account_promotion.html")]
pub struct PromotionPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    pub id: &'a str,
    pub organization: &'a str,
    pub organization_id: &'a str,
    pub step: PromotionStep<'a>,
    pub typed: &'a RegisterTyped,
    pub problem: Option<RegisterProblem>,
}

/// How far somebody is on the way to the console.
#[derive(Clone, Debug)]
pub enum PromotionStep<'a> {
    /// The form for the notary is waited for.
    AtNotary { reference: &'a str, until: DateTime<Utc> },
    /// They are an Administrator.
    Done,
    /// Posts nothing but that the duties are read. Without a second factor that is not to be had yet.
    Duties { has_factor: bool },
    /// Posts `last_four`; or goes to the notary.
    Identity { online: OnlineTest },
    /// It came to nothing.
    Over,
    /// Posts `answer1` …
    Questions { questions: Vec<TestQuestion<'a>>, simulated: bool },
}

impl PromotionPage<'_> {
    fn action(&self, step: &str) -> String {
        format!("/account/promotions/{}/{step}", self.id)
    }

    fn has_problem(&self) -> bool {
        self.problem.is_some() || !self.typed.objections().is_empty()
    }

    fn sentence(&self) -> Option<&'static str> {
        self.problem.as_ref().map(|problem| problem.sentence(&self.frame))
    }

    fn lead(&self) -> &'static str {
        let words = &self.frame.text.promotion;
        match self.step {
            PromotionStep::AtNotary { .. } => words.at_notary_lead,
            PromotionStep::Done => words.done_lead,
            PromotionStep::Duties { .. } => words.duties_lead,
            PromotionStep::Identity { .. } => words.identity_lead,
            PromotionStep::Over => words.over_lead,
            PromotionStep::Questions { .. } => self.frame.text.register.questions_lead,
        }
    }

    fn duties(&self) -> [&'static str; 5] {
        wording::duties(self.frame.text)
    }

    /// What is done, what is at hand, and what comes; nothing once it is over.
    fn progress(&self) -> Vec<(&'static str, bool)> {
        let words = &self.frame.text.promotion;
        let here = match self.step {
            PromotionStep::AtNotary { .. }
            | PromotionStep::Identity { .. }
            | PromotionStep::Questions { .. } => 0,
            PromotionStep::Duties { has_factor: false } => 1,
            PromotionStep::Duties { has_factor: true } => 2,
            PromotionStep::Done | PromotionStep::Over => return Vec::new(),
        };
        let names = [words.progress_identity, words.progress_factor, words.progress_duties];
        names.into_iter().enumerate().map(|(at, name)| (name, at == here)).collect()
    }
}
