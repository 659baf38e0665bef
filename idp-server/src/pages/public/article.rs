//! Pages to read: privacy, cookies, help, status, the guide for Administrators; the sites, and the
//! agreements.

use askama::Template;
use idp_core::community::agreement::Block;

use crate::pages::{Frame, SiteView, agreement::AgreementView, browser, wording};

/// A page to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Article {
    /// What an Administrator does (R5, R6, R68).
    Administrators,
    /// Which cookies there are, and why (R69).
    Cookies,
    /// What often goes wrong, and what to do (R92).
    Help,
    /// How to show who one is before a notary (R36).
    Notary,
    /// What is kept about people (R63).
    Privacy,
}

impl Article {
    /// Every one there is.
    pub const ALL: [Self; 5] =
        [Self::Administrators, Self::Cookies, Self::Help, Self::Notary, Self::Privacy];

    /// Its address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Administrators => "/guides/administrator",
            Self::Cookies => "/cookies",
            Self::Help => "/help",
            Self::Notary => "/notary",
            Self::Privacy => "/privacy",
        }
    }
}

/// The page of an article.
#[derive(Debug, Template)]
#[template(path = "article.html")]
pub struct ArticlePage<'a> {
    pub frame: Frame<'a>,
    pub article: Article,
}

impl ArticlePage<'_> {
    fn title(&self) -> &'static str {
        let words = &self.frame.text.article;
        match self.article {
            Article::Administrators => words.administrators_title,
            Article::Cookies => words.cookies_title,
            Article::Help => words.help_title,
            Article::Notary => words.notary_title,
            Article::Privacy => words.privacy_title,
        }
    }

    /// Headings, and what stands below them.
    fn parts(&self) -> Vec<(&'static str, &'static str)> {
        let words = &self.frame.text.article;
        match self.article {
            Article::Administrators => vec![
                (words.administrators_who, words.administrators_who_text),
                (words.administrators_nominate, words.administrators_nominate_text),
                (words.administrators_rights, words.administrators_rights_text),
                (words.administrators_leave, words.administrators_leave_text),
                (words.administrators_help, words.administrators_help_text),
                (words.administrators_second, words.administrators_second_text),
                (words.administrators_yearly, words.administrators_yearly_text),
            ],
            Article::Cookies => vec![
                (words.cookies_which, words.cookies_which_text),
                (words.cookies_why, words.cookies_why_text),
                (words.cookies_off, words.cookies_off_text),
            ],
            Article::Help => vec![
                (words.help_password, words.help_password_text),
                (words.help_locked, words.help_locked_text),
                (words.help_code, words.help_code_text),
                (words.help_factor, words.help_factor_text),
                (words.help_site, words.help_site_text),
                (words.help_shared, words.help_shared_text),
                (words.help_browser, words.help_browser_text),
                (words.help_new, words.help_new_text),
            ],
            Article::Notary => vec![
                (words.notary_who, words.notary_who_text),
                (words.notary_form, words.notary_form_text),
                (words.notary_bring, words.notary_bring_text),
                (words.notary_after, words.notary_after_text),
                (words.notary_where, words.notary_where_text),
            ],
            Article::Privacy => vec![
                (words.privacy_what, words.privacy_what_text),
                (words.privacy_why, words.privacy_why_text),
                (words.privacy_who, words.privacy_who_text),
                (words.privacy_how_long, words.privacy_how_long_text),
                (words.privacy_yours, words.privacy_yours_text),
            ],
        }
    }

    /// Whether the address of the support desk stands below it.
    fn has_address(&self) -> bool {
        self.article == Article::Notary
    }

    /// Where to go from here: text and address.
    fn links(&self) -> Vec<(&'static str, &'static str)> {
        let words = &self.frame.text.article;
        match self.article {
            Article::Administrators => vec![(words.to_console, "/organization")],
            Article::Cookies => vec![(words.to_browser_test, "/browser-test")],
            Article::Help => vec![
                (words.to_forgot, "/forgot/password"),
                (words.to_existing, "/existing-id"),
                (self.frame.text.home.to_request_access, "/request-access"),
                (self.frame.text.home.to_register, "/register"),
                (words.to_notary, "/notary"),
                (words.to_left, "/administrator-left"),
                (words.to_browser_test, "/browser-test"),
                (words.to_status, "/status"),
                (words.to_contact, "/contact"),
            ],
            Article::Notary => vec![
                (self.frame.text.home.to_register, "/register"),
                (words.to_contact, "/contact"),
            ],
            Article::Privacy => vec![
                (words.to_cookies, "/cookies"),
                (words.to_sites, "/sites"),
                (words.to_agreements, "/agreements"),
            ],
        }
    }
}

/// The sites that take part, with what each receives (R3).
#[derive(Debug, Template)]
#[template(path = "sites.html")]
pub struct SitesPage<'a> {
    pub frame: Frame<'a>,
    pub sites: Vec<ListedSite<'a>>,
}

/// A site that takes part.
#[derive(Clone, Debug)]
pub struct ListedSite<'a> {
    pub id: &'a str,
    pub view: SiteView<'a>,
    /// Its own page.
    pub home: Option<&'a str>,
    /// Where its own help desk answers.
    pub help_phone: Option<&'a str>,
    pub help_email: Option<&'a str>,
    /// The scopes that it may ask for.
    pub receives: Vec<&'a str>,
    /// One of these roles is needed; empty: none is.
    pub roles: Vec<&'a str>,
    /// Whether one must be an Administrator.
    pub administrator: bool,
    /// Whether a second factor is needed.
    pub second_factor: bool,
    /// Whether the organization must switch it on.
    pub switched_on: bool,
}

impl ListedSite<'_> {
    fn received(&self, frame: &Frame<'_>) -> Vec<String> {
        self.receives.iter().map(|scope| wording::scope(frame.text, scope).0).collect()
    }

    fn needed_roles(&self, frame: &Frame<'_>) -> String {
        wording::roles(frame.text, &self.roles).join(", ")
    }

    fn home(&self) -> Option<&str> {
        self.home
            .filter(|address| address.starts_with("https://") || address.starts_with("http://"))
    }

    fn needs_nothing(&self) -> bool {
        self.roles.is_empty() && !self.administrator && !self.second_factor && !self.switched_on
    }
}

/// The agreements in force (R19, R20): title, version and address.
#[derive(Debug, Template)]
#[template(path = "agreements.html")]
pub struct PublicAgreementsPage<'a> {
    pub frame: Frame<'a>,
    pub agreements: Vec<(&'a str, &'a str, String)>,
}

/// One of them.
#[derive(Debug, Template)]
#[template(path = "public_agreement.html")]
pub struct PublicAgreementPage<'a> {
    pub frame: Frame<'a>,
    pub agreement: AgreementView<'a>,
}

/// Whether the browser does what Hilum needs. Without scripts: the page sets a cookie and asks the
/// browser to come back with it.
#[derive(Debug, Template)]
#[template(path = "browser_test.html")]
pub struct BrowserTestPage<'a> {
    pub frame: Frame<'a>,
    /// What the browser calls itself.
    pub user_agent: &'a str,
    /// Whether the cookie came back; `None` before the test.
    pub cookies: Option<bool>,
}

impl BrowserTestPage<'_> {
    fn browser(&self) -> String {
        browser::describe(self.frame.text, self.user_agent)
    }
}

/// Whether Hilum works now.
#[derive(Debug, Template)]
#[template(path = "status.html")]
pub struct StatusPage<'a> {
    pub frame: Frame<'a>,
    pub works: bool,
}
