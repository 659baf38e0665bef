//! The choice of the organization that a person acts for (`domain.md` 3.4).

use askama::Template;

use super::frame::{Frame, SiteView};
use super::wording;

/// With more choices than this the page has a search box.
const SEARCH_ABOVE: usize = 5;

/// Posts `affiliation` (its id) and `form_token` to `/sign-on/{handle}/affiliation`. The search is
/// a GET of `/sign-on/{handle}` with `find`.
#[derive(Debug, Template)]
#[template(path = "affiliation.html")]
pub struct AffiliationPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    pub site: SiteView<'a>,
    /// The User ID.
    pub person: &'a str,
    /// All that the site would accept, whatever is looked for.
    pub choices: Vec<AffiliationChoice<'a>>,
    /// What the person looks for.
    pub find: Option<&'a str>,
    /// Whether what was posted is not among the choices.
    pub unknown_choice: bool,
}

/// One affiliation that the site would accept.
#[derive(Clone, Debug)]
pub struct AffiliationChoice<'a> {
    pub id: &'a str,
    pub organization: &'a str,
    /// Role codes.
    pub roles: Vec<&'a str>,
    /// As they may be shown: a personal number is masked already.
    pub tax_ids: Vec<&'a str>,
    pub administrator: bool,
    /// Chosen for this site before.
    pub last_used: bool,
}

impl<'a> AffiliationPage<'a> {
    fn page_title(&self) -> String {
        let words = &self.frame.text.frame;
        let page = self.frame.text.affiliation.title;
        if self.unknown_choice { words.title_with_problem(page) } else { words.title(page) }
            .to_string()
    }

    fn searchable(&self) -> bool {
        self.choices.len() > SEARCH_ABOVE
    }

    /// The words that the person looks for.
    fn wanted(&self) -> Option<&'a str> {
        self.find.map(str::trim).filter(|words| !words.is_empty())
    }

    /// The choices to show, the one used last before the others.
    fn matches(&self) -> Vec<&AffiliationChoice<'a>> {
        let wanted = self.wanted().unwrap_or_default().to_lowercase();
        let fits = |choice: &&AffiliationChoice<'_>| choice.matches(&self.frame, &wanted);
        let mut matches: Vec<_> = self.choices.iter().filter(fits).collect();
        matches.sort_by_key(|choice| !choice.last_used);
        matches
    }

    /// How many organizations match, when something was looked for.
    fn found(&self, count: usize) -> Option<String> {
        let (words, total) = (&self.frame.text.affiliation, self.choices.len());
        self.wanted().map(|wanted| match count {
            0 => words.matches_none(total, wanted).to_string(),
            1 => words.matches_one(total, wanted).to_string(),
            _ => words.matches_many(count, total, wanted).to_string(),
        })
    }
}

impl AffiliationChoice<'_> {
    /// Whether the name, a Tax ID (with or without its hyphens) or a role contains `wanted`, which
    /// is in lower case.
    fn matches(&self, frame: &Frame<'_>, wanted: &str) -> bool {
        let contains = |field: &str| field.to_lowercase().contains(wanted);
        let plain = |number: &str| number.replace('-', "");
        contains(self.organization)
            || self.tax_ids.iter().any(|number| contains(number) || contains(&plain(number)))
            || self.role_names(frame).into_iter().any(contains)
    }

    fn role_names(&self, frame: &Frame<'_>) -> Vec<&str> {
        wording::roles(frame.text, &self.roles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{Messages, Support};

    fn found(find: &str) -> Vec<String> {
        let choice = |organization, tax_id, role, last_used| AffiliationChoice {
            id: "aff_1",
            organization,
            roles: vec![role],
            tax_ids: vec![tax_id],
            administrator: false,
            last_used,
        };
        let choices = vec![
            choice("Cedar Falls", "91-1234567", "billing-specialist", false),
            choice("Éclair Clinic", "91-7654321", "licensed-nurse", true),
        ];
        let frame = Frame::new(
            Messages::english(),
            Support { phone: "1", email: None, address: "1 Main Street" },
        );
        let site = SiteView { name: "Site", logo_uri: None, policy_uri: None, tos_uri: None };
        let page = AffiliationPage {
            frame,
            handle: "h",
            form_token: "t",
            site,
            person: "biller",
            choices,
            find: Some(find),
            unknown_choice: false,
        };
        page.matches().into_iter().map(|choice| choice.organization.to_owned()).collect()
    }

    #[test]
    fn a_search_looks_at_names_numbers_and_roles_and_ignores_case() {
        for (find, expected) in [
            ("", vec!["Éclair Clinic", "Cedar Falls"]),
            ("  ", vec!["Éclair Clinic", "Cedar Falls"]),
            ("cedar", vec!["Cedar Falls"]),
            ("éCLAIR", vec!["Éclair Clinic"]),
            ("91-76", vec!["Éclair Clinic"]),
            ("911234567", vec!["Cedar Falls"]),
            ("nurse", vec!["Éclair Clinic"]),
            ("%", vec![]),
        ] {
            assert_eq!(found(find), expected, "{find}");
        }
    }
}
