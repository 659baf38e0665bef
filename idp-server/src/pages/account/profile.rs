//! A person's own data: what is on file, and what they may change of it.

use askama::Template;
use idp_core::community::{field::Objections, personal_data::Language};

use super::AccountNav;
use crate::pages::Frame;

/// Posts `phone` and `language` with `form_token` to `/account/profile`.
#[derive(Debug, Template)]
#[template(path = "account_profile.html")]
pub struct ProfilePage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    pub name: &'a str,
    pub user_id: &'a str,
    pub npi: Option<&'a str>,
    /// The telephone number on file, or as it was typed.
    pub phone: &'a str,
    /// The tag of the language of mails.
    pub language: &'a str,
    pub done: bool,
    pub objections: Objections,
}

impl ProfilePage<'_> {
    fn objection(&self, field: &str) -> Option<String> {
        self.objections.of(field).map(|why| self.frame.objection(why))
    }

    /// The languages with their own names.
    fn languages(&self) -> [(&'static str, &'static str); 2] {
        let words = &self.frame.text.account_profile;
        Language::ALL.map(|language| match language {
            Language::English => (language.tag(), words.english),
            Language::Spanish => (language.tag(), words.spanish),
        })
    }
}
