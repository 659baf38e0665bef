//! The pages of a registration, and an organization's Tax IDs.

use idp_core::community::{
    registration::Seat,
    tax_id_registry::{Ground, Stage, dialogue::End},
};

use super::{Rendered, Words, agreement::view, at, rendered};
use crate::pages::*;

pub(super) fn pages(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let typed = RegisterTyped::filled([
        ("name", words.organizations[0]),
        ("address", words.value),
        ("number", words.value),
        ("given_name", words.person),
    ]);
    let options: Vec<String> = words.organizations.map(str::to_owned).into();
    let facts = || vec![("Name", words.organizations[0]), ("Tax ID", words.value)];
    let page = |name, step: RegisterStep<'_>, problem| {
        let handle = "handle";
        let form_token = words.token;
        let content = RegisterPage { frame, handle, form_token, step, typed: &typed, problem };
        rendered(name, &content)
    };
    let challenge = || {
        let token = words.token.to_owned();
        Some(ChallengeView { token, wait_seconds: 20, problem: None })
    };
    let contact =
        ShownContact { name: words.person, email: Some(words.email), phone: Some(words.value) };
    let question = || TestQuestion { text: words.value, options: &options };
    let until = at(720);
    let mut all = vec![
        page(
            "register",
            RegisterStep::Contact { challenge: challenge(), signed_in: Some(words.person) },
            Some(RegisterProblem::Challenge),
        ),
        page(
            "register-code",
            RegisterStep::Code { code: "1234 5678 9012", email: words.email, in_mailbox: true },
            None,
        ),
        page(
            "register-enter",
            RegisterStep::Enter { key: words.token },
            Some(RegisterProblem::WrongCode),
        ),
        page(
            "register-organization",
            RegisterStep::Organization { number: NumberQuestion::None },
            None,
        ),
        page("register-which", RegisterStep::Organization { number: NumberQuestion::Which }, None),
        page(
            "register-unlisted",
            RegisterStep::Organization { number: NumberQuestion::UnlistedPrefix },
            None,
        ),
        page(
            "register-personal",
            RegisterStep::Organization { number: NumberQuestion::Personal },
            None,
        ),
        page(
            "register-check",
            RegisterStep::Check { facts: facts(), doubt: Some(words.value.to_owned()) },
            None,
        ),
        page(
            "register-whose",
            RegisterStep::Whose { challenge: challenge() },
            Some(RegisterProblem::ClaimedAlready),
        ),
        page(
            "register-still-there",
            RegisterStep::StillThere { contact: Some(contact), challenge: challenge() },
            None,
        ),
        page("register-type-again", RegisterStep::TypeAgain, None),
        page("register-work", RegisterStep::Work, None),
        page(
            "register-agreement",
            RegisterStep::Agreement { agreement: Some(("agr_1", view(words))), facts: facts() },
            Some(RegisterProblem::AgreementChanged),
        ),
        page(
            "register-identity",
            RegisterStep::Identity {
                online: OnlineTest::Offered { simulated: true },
                facts: facts(),
            },
            Some(RegisterProblem::TestFailed),
        ),
        page(
            "register-used-up",
            RegisterStep::Identity { online: OnlineTest::UsedUp, facts: facts() },
            None,
        ),
        page(
            "register-questions",
            RegisterStep::Questions { questions: vec![question(), question()], simulated: true },
            None,
        ),
        page("register-notary", RegisterStep::AtNotary { reference: "7Q2M-4XK9", until }, None),
        page("register-waiting", RegisterStep::Waiting(Ground::WorksForUs), None),
        page("register-review", RegisterStep::Review, None),
        page("register-referred", RegisterStep::Referred(End::NominationAsked), None),
        page("register-rejected", RegisterStep::Rejected, None),
        page("register-withdrawn", RegisterStep::Withdrawn, None),
        page("register-approved", RegisterStep::Approved(Seat::Taken), None),
    ];
    for (name, purpose) in [
        ("register-notary-form", NotaryPurpose::Registration),
        ("account-promotion-form", NotaryPurpose::Promotion),
    ] {
        let form = NotaryFormPage {
            frame,
            purpose,
            reference: "7Q2M-4XK9",
            person: words.person,
            organization: words.organizations[0],
            address: words.value,
            until,
        };
        all.push(rendered(name, &form));
    }
    all.push(tax_ids(frame, words));
    all
}

fn tax_ids(frame: Frame<'static>, words: &'static Words) -> Rendered {
    let claim = ClaimView {
        by: words.organizations[1].to_owned(),
        ground: Ground::WorksForUs,
        stage: Stage::Asked,
        answer_due_at: at(240),
    };
    let own = |id: &str, primary, claim| TaxIdView {
        id: id.to_owned(),
        shown: "91-1234567".to_owned(),
        primary,
        representatives: vec![("org_other".to_owned(), words.organizations[2].to_owned())],
        claim,
    };
    let typed = RegisterTyped::filled([("number", words.value)]);
    let nav = OrganizationNav {
        id: "org_7Q2M",
        name: words.organizations[0],
        area: OrganizationArea::TaxIds,
    };
    let content = OrganizationTaxIdsPage {
        frame,
        nav,
        form_token: words.token,
        own: vec![own("tin_1", true, Some(claim)), own("tin_2", false, None)],
        asked_for: vec![AskedForView {
            id: "tin_4".to_owned(),
            shown: "12-3400001".to_owned(),
            asked_at: at(1),
        }],
        represented: vec![RepresentedView {
            id: "tin_3".to_owned(),
            owner: words.organizations[2].to_owned(),
        }],
        typed: &typed,
        question: NumberQuestion::Which,
        outcome: Some(TaxIdOutcome::LastNumber),
    };
    rendered("organization-tax-ids", &content)
}
