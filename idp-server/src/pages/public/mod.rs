//! The public pages: what anybody may read, and the forms that anybody may send.

mod article;
mod ask;
mod ticket;

pub use article::{
    Article, ArticlePage, BrowserTestPage, ListedSite, PublicAgreementPage, PublicAgreementsPage,
    SitesPage, StatusPage,
};
pub use ask::{AskPage, Asked, AskedPage};
pub use ticket::{RequesterTicketPage, SaidView};
