//! The pages of the account.

use idp_core::{
    audit::Kind,
    authentication::password_policy::{Objection, PasswordPolicy},
    community::{field::Objections, personal_data::PersonalDataForm},
};

use super::{Rendered, Words, at, rendered};
use crate::pages::*;

pub(super) fn pages(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let mut all = areas(frame, words);
    all.extend(promotion(frame, words));
    all.extend(ending(frame, words));
    all.extend(rehearsals(frame, words));
    all
}

fn ending(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let page = |problem| DeletePage {
        frame,
        nav: nav(Area::Overview),
        form_token: words.token,
        user_id: words.user_id,
        organizations: words.organizations.to_vec(),
        problem,
    };
    let (last, unsure) = (DeleteProblem::LastAdministrator, DeleteProblem::NotSure);
    vec![
        rendered("account-delete", &page(None)),
        rendered("account-delete-last", &page(Some(last))),
        rendered("account-delete-unsure", &page(Some(unsure))),
    ]
}

fn rehearsals(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let page = |steps, end| RehearsalPage {
        frame,
        nav: nav(Area::Sites),
        sites: vec![("credentia", words.site), ("payer", words.value)],
        site: Some(("payer", words.value)),
        needs: [
            Asks::Administrator,
            Asks::Affiliation,
            Asks::Agreement,
            Asks::Factor,
            Asks::Role(vec!["office-worker"]),
            Asks::SwitchedOn,
            Asks::TaxId,
        ]
        .into_iter()
        .enumerate()
        .map(|(number, asks)| NeedView {
            asks,
            lacks: number != 1,
            mend: (number > 1).then(|| "/account/security".to_owned()),
        })
        .collect(),
        steps,
        end,
    };
    let all = vec![RehearsalStep::Agreement, RehearsalStep::Enrolment, RehearsalStep::Factor];
    let told = |name: &str| Told { name: name.to_owned(), values: vec![words.value.to_owned()] };
    let complete = RehearsalEnd::Complete {
        acting_for: Some(words.organizations[0].to_owned()),
        told: vec![told("sub"), told("affiliations")],
    };
    let choice =
        RehearsalEnd::Choice(vec![("aff_1".to_owned(), words.organizations[0].to_owned())]);
    let refused = RehearsalEnd::Refused(RefusalReason::RoleRequired(vec!["office-worker"]));
    vec![
        rendered("account-rehearsal", &RehearsalPage { site: None, ..page(vec![], None) }),
        rendered("account-rehearsal-complete", &page(all, Some(complete))),
        rendered("account-rehearsal-choice", &page(vec![], Some(choice))),
        rendered("account-rehearsal-refused", &page(vec![], Some(refused))),
        rendered("account-rehearsal-closed", &page(vec![], Some(RehearsalEnd::NoSignIn))),
    ]
}

fn areas(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let first = OverviewPage {
        email: None,
        last_sign_in: None,
        left: true,
        console: false,
        affiliations: Vec::new(),
        sites: Vec::new(),
        ..overview(frame, words)
    };
    let alone = SessionsPage {
        sessions: sessions(frame, words).sessions.into_iter().take(1).collect(),
        done: None,
        ..sessions(frame, words)
    };
    let classes = Objection::TooFewClasses { needed: 3, found: 1 };
    let new = vec![Objection::TooShort { min: 8 }, classes, Objection::Common, Objection::OwnWord];
    let missing = PasswordProblem::Missing { current: true, new: true, again: true };
    let nist = PasswordPage { policy: PasswordPolicy::NIST_63B_4, ..password(frame, words, None) };
    let done = PasswordPage { done: true, ..password(frame, words, None) };
    let problem = |problem| password(frame, words, Some(problem));
    vec![
        rendered("account-password", &password(frame, words, None)),
        rendered("account-password-nist", &nist),
        rendered("account-password-done", &done),
        rendered("account-password-busy", &problem(PasswordProblem::Busy)),
        rendered("account-password-different", &problem(PasswordProblem::Different)),
        rendered("account-password-missing", &problem(missing)),
        rendered("account-password-new", &problem(PasswordProblem::New(new))),
        rendered("account-password-same", &problem(PasswordProblem::Same)),
        rendered("account-password-wrong", &problem(PasswordProblem::Current { lock_minutes: 10 })),
        rendered("account-activity", &activity(frame, words)),
        rendered(
            "account-activity-none",
            &ActivityPage { entries: vec![], older: None, ..activity(frame, words) },
        ),
        rendered("account", &overview(frame, words)),
        rendered("account-new", &first),
        rendered("account-sessions", &sessions(frame, words)),
        rendered("account-sessions-one", &alone),
        rendered("account-shared", &shared(frame, words)),
        rendered(
            "account-shared-none",
            &SharedPage { entries: vec![], older: None, is_older: false, ..shared(frame, words) },
        ),
        rendered("account-profile", &profile(frame, words)),
        rendered("account-profile-wrong", &refused_profile(frame, words)),
        rendered("portal", &portal(frame, words)),
        rendered(
            "portal-none",
            &PortalPage { open: vec![], closed: vec![], ..portal(frame, words) },
        ),
    ]
}

fn shared(frame: Frame<'static>, words: &'static Words) -> SharedPage<'static> {
    let entry = |organization, scopes: &[&'static str]| SharedEntry {
        site: words.site,
        at: at(0),
        organization,
        scopes: scopes.iter().copied().collect(),
    };
    SharedPage {
        frame,
        nav: nav(Area::Shared),
        entries: vec![
            entry(Some(words.organizations[0]), &["openid", "profile", "tax_ids", "npi"]),
            entry(Some(words.organizations[1]), &["openid", words.value]),
            entry(None, &["openid"]),
        ],
        is_older: true,
        older: Some("1795000000000-grt_a"),
    }
}

fn profile(frame: Frame<'static>, words: &'static Words) -> ProfilePage<'static> {
    ProfilePage {
        frame,
        nav: nav(Area::Profile),
        form_token: words.token,
        name: words.person,
        user_id: words.user_id,
        npi: Some("1999999984"),
        phone: words.value,
        language: "es",
        done: true,
        objections: Objections::default(),
    }
}

fn refused_profile(frame: Frame<'static>, words: &'static Words) -> ProfilePage<'static> {
    let typed = PersonalDataForm { phone: words.value, language: "tlh" };
    let objections = typed.read().unwrap_err();
    ProfilePage { done: false, language: typed.language, objections, ..profile(frame, words) }
}

/// The way to becoming an Administrator, step by step.
fn promotion(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let wrong = {
        let mut wrong = Objections::default();
        wrong.object("last_four", words.description);
        RegisterTyped::default().with(&wrong)
    };
    let fine = RegisterTyped::default();
    let page = |step, typed, problem| PromotionPage {
        frame,
        nav: nav(Area::Offers),
        form_token: words.token,
        id: "pro_1",
        organization: words.organizations[0],
        organization_id: "org_1",
        step,
        typed,
        problem,
    };
    let online = OnlineTest::Offered { simulated: true };
    let options = vec![words.value.to_owned(), "Maple Street".to_owned()];
    let question = || TestQuestion { text: words.description, options: Vec::leak(options.clone()) };
    let questions = vec![question(), question()];
    let failed = Some(RegisterProblem::TestFailed);
    let used_up = PromotionStep::Identity { online: OnlineTest::UsedUp };
    vec![
        rendered(
            "account-promotion-identity",
            &page(PromotionStep::Identity { online }, &wrong, None),
        ),
        rendered("account-promotion-used-up", &page(used_up, &fine, failed)),
        rendered(
            "account-promotion-questions",
            &page(PromotionStep::Questions { questions, simulated: true }, &fine, None),
        ),
        rendered(
            "account-promotion-notary",
            &page(PromotionStep::AtNotary { reference: "7Q2M-4XK9", until: at(9) }, &fine, None),
        ),
        rendered(
            "account-promotion-factor",
            &page(PromotionStep::Duties { has_factor: false }, &fine, None),
        ),
        rendered(
            "account-promotion-duties",
            &page(PromotionStep::Duties { has_factor: true }, &fine, None),
        ),
        rendered("account-promotion-done", &page(PromotionStep::Done, &fine, None)),
        rendered("account-promotion-over", &page(PromotionStep::Over, &fine, None)),
    ]
}

const fn nav(area: Area) -> AccountNav {
    AccountNav { area, has_questions: true }
}

fn overview(frame: Frame<'static>, words: &'static Words) -> OverviewPage<'static> {
    let affiliation = |number: usize, roles: &[&'static str], administrator| AffiliationView {
        id: ["aff_1", "aff_2", "aff_3"][number],
        organization: words.organizations[number],
        roles: roles.to_vec(),
        tax_ids: vec!["91-1234567", "***-**-1234"],
        administrator,
        access_level: "community-standard",
        stopped: [None, Some(Stopped::Organization), Some(Stopped::Affiliation)][number],
    };
    OverviewPage {
        frame,
        nav: nav(Area::Overview),
        name: words.person,
        user_id: words.user_id,
        email: Some(words.email),
        signed_in_at: at(0),
        ends_at: at(4),
        last_sign_in: Some(at(-26)),
        left: false,
        console: true,
        affiliations: vec![
            affiliation(0, &["licensed-practitioner"], false),
            affiliation(1, &["medical-director", words.value], true),
            affiliation(2, &[], false),
        ],
        promotions: vec![Invitation {
            id: "pro_1".to_owned(),
            organization: words.organizations[0].to_owned(),
        }],
        sites: vec![
            SiteVisit {
                name: words.site,
                first_at: at(0),
                scopes: vec!["openid", "profile", "affiliations", "tax_ids", words.value],
            },
            SiteVisit { name: "Payer", first_at: at(-26), scopes: Vec::new() },
        ],
    }
}

fn activity(frame: Frame<'static>, words: &'static Words) -> ActivityPage<'static> {
    let kinds = [Kind::LoginSucceeded, Kind::GrantIssued, Kind::LoginFailed, Kind::FactorAdded];
    let entry = |(number, kind): (i64, Kind)| {
        let (what, is_warning) = activity_words(frame.text, kind, None).expect("is told");
        ActivityEntry {
            what: what.to_owned(),
            at: at(-number),
            address: Some("203.0.113.24".to_owned()),
            site: (kind == Kind::GrantIssued).then_some(words.site),
            by: (kind == Kind::FactorAdded).then_some(ActivityActor::SomebodyElse),
            is_warning,
        }
    };
    ActivityPage {
        frame,
        nav: nav(Area::Activity),
        entries: (0..).zip(kinds).map(entry).collect(),
        is_older: true,
        older: Some("1795000000000-evt_1"),
    }
}

fn password(
    frame: Frame<'static>,
    words: &'static Words,
    problem: Option<PasswordProblem>,
) -> PasswordPage<'static> {
    PasswordPage {
        frame,
        nav: nav(Area::Password),
        form_token: words.token,
        user_id: words.user_id,
        policy: PasswordPolicy::COMMUNITY,
        problem,
        done: false,
    }
}

fn sessions(frame: Frame<'static>, words: &'static Words) -> SessionsPage<'static> {
    let session = |id, current, browser: usize, address, started| SessionView {
        id,
        current,
        user_agent: words.user_agents[browser],
        address,
        started_at: at(started),
        ends_at: at(started + 4),
    };
    SessionsPage {
        frame,
        nav: nav(Area::Sessions),
        form_token: words.token,
        sessions: vec![
            session("ses_1", true, 0, "203.0.113.24", 0),
            session("ses_2", false, 1, "2001:db8:85a3::8a2e:370:7334", -2),
            session("ses_3", false, 2, "198.51.100.7", -3),
        ],
        done: Some(SessionsDone::SessionEnded),
    }
}

fn portal(frame: Frame<'static>, words: &'static Words) -> PortalPage<'static> {
    let site = |name, opening| PortalSite { id: "site_1", name, opening };
    let roles = vec!["credentialing-manager", "licensed-practitioner"];
    PortalPage {
        frame,
        nav: nav(Area::Sites),
        open: vec![
            site(words.site, PortalOpening::At("/saml/start/passage".to_owned())),
            PortalSite { id: "site_2", ..site("Playground", PortalOpening::Unknown) },
        ],
        closed: vec![
            site("Payer", PortalOpening::Refused(RefusalReason::RoleRequired(roles))),
            site(words.organizations[3], PortalOpening::Expired),
        ],
    }
}
