//! What the page of a person shows, and what it leaves out.

use actix_web::HttpResponse;
use idp_core::community::{
    actor::{Actor, Rank},
    caller_check::{Answer, Purpose, Question},
    field::LONGEST_NOTE,
    subscriber::Standing,
};

use super::Outcome;
use crate::{
    community::desk::person::{ActsFor, Disclosed, Seen},
    http::{
        console::{self, AtWork},
        visit::{Visit, page},
    },
    pages::{CasePage, DeedView, Fact, FieldView, Messages, Section, SupportArea, SupportNav},
};

const NAV: SupportNav = SupportNav { area: SupportArea::Search };

/// The page of a person.
pub(super) fn page_of(
    seen: &Seen,
    visit: &Visit,
    desk: &AtWork,
    purpose: Option<Purpose>,
    outcome: Outcome,
) -> HttpResponse {
    let frame = visit.frame();
    let (form_token, cookie) = console::form_token(visit);
    let on_file = purpose.map(|purpose| (purpose, on_file(seen, frame.text, purpose)));
    let mut deeds = Vec::new();
    if !seen.own {
        deeds.extend(helps(seen, frame.text));
        match &on_file {
            Some((purpose, on_file)) => deeds.push(check(frame.text, *purpose, on_file)),
            None => deeds.push(ask(frame.text)),
        }
        deeds.extend(changes(seen, frame.text, desk));
    }
    let content = CasePage {
        frame,
        nav: NAV,
        form_token: &form_token,
        title: seen.name(),
        action: format!("/support/people/{}", seen.id()),
        problem: outcome.problem,
        done: outcome.done,
        code: outcome.code,
        sections: sections(seen, frame.text),
        deeds,
    };
    console::with_form(page(outcome.status, &content), cookie)
}

fn sections(seen: &Seen, text: &'static Messages) -> Vec<Section<'static>> {
    let words = &text.desk;
    let mut facts = vec![Fact::text(words.account, standing(text, seen.standing))];
    for of in &seen.organizations {
        let label = if of.administrator { words.administrator_of } else { words.acts_for };
        let address = format!("/support/organizations/{}", of.id);
        facts.push(Fact::link(label, &*of.name, address));
    }
    let lead = seen.own.then_some(words.own_matter);
    let person = Section { id: "person", heading: words.person, lead, facts };
    let disclosed = seen.disclosed().map(|disclosed| told(text, &disclosed));
    [person].into_iter().chain(disclosed).collect()
}

/// What may be said to who has shown who they are.
fn told(text: &'static Messages, disclosed: &Disclosed<'_>) -> Section<'static> {
    let words = &text.desk;
    let mut facts = vec![
        Fact::text(words.verified_for, purpose_words(text, disclosed.verified.purpose())),
        Fact::at(words.verified_until, disclosed.verified.until()),
    ];
    let named = disclosed.administrators.iter();
    facts.extend(named.map(|(name, of)| Fact::text(words.administrator, format!("{name}, {of}"))));
    facts.extend(disclosed.user_id.map(|user_id| Fact::text(words.user_id, user_id.as_str())));
    facts.extend(disclosed.email.map(|email| Fact::text(words.email, email.as_str())));
    facts.extend(disclosed.factors.map(|count| Fact::text(words.factors, count.to_string())));
    Section { id: "verified", heading: words.verified_heading, lead: None, facts }
}

/// What is on file, to compare with what the caller says.
fn on_file(seen: &Seen, text: &'static Messages, purpose: Purpose) -> Vec<(Question, String)> {
    let or_nothing =
        |found: Option<String>| found.unwrap_or_else(|| text.desk.nothing_on_file.to_owned());
    let asked = seen.questions(purpose).into_iter();
    asked.map(|(question, found)| (question, or_nothing(found))).collect()
}

/// What the check that counts now lets do.
fn helps(seen: &Seen, text: &'static Messages) -> Vec<DeedView<'static>> {
    let words = &text.desk;
    let Some(verified) = seen.verified() else { return Vec::new() };
    match verified.purpose() {
        Purpose::Code => {
            vec![DeedView::button("code", words.make_code).with_hint(words.make_code_hint).main()]
        }
        Purpose::Email => vec![
            DeedView::button("email", words.change_email)
                .with(vec![FieldView::email("address", words.new_email).filled_by("off")])
                .with_hint(words.change_email_hint)
                .main(),
        ],
        Purpose::LostFactor => vec![
            DeedView::button("lost-factor", words.remove_factors)
                .with_hint(words.remove_factors_hint)
                .main(),
        ],
        Purpose::StopRemoval => vec![
            DeedView::button("stop-removal", words.stop_removal)
                .with_hint(words.stop_removal_hint)
                .main(),
        ],
        Purpose::Unlock => {
            vec![DeedView::button("unlock", words.unlock).with_hint(words.unlock_hint).main()]
        }
        Purpose::Account
        | Purpose::Administrators
        | Purpose::Demote
        | Purpose::EndAffiliation
        | Purpose::UserId => Vec::new(),
    }
}

fn changes<'a>(seen: &'a Seen, text: &'static Messages, desk: &AtWork) -> Vec<DeedView<'a>> {
    let words = &text.desk;
    let lead = matches!(desk.office.actor, Actor::Support { rank: Rank::Lead, .. });
    let reason = || FieldView::area("reason", words.reason, LONGEST_NOTE);
    // The lead decides without a caller, and says why.
    let with_reason = |code, label| {
        let why = if lead { reason() } else { reason().with_hint(words.account_check_hint) };
        DeedView::button(code, label).with(vec![why])
    };
    let suspend = || with_reason("suspend", words.suspend).with_hint(words.suspend_hint);
    let terminate = || with_reason("terminate", words.terminate).with_hint(words.terminate_hint);
    let mut deeds = match seen.standing {
        Standing::Active | Standing::Dormant => vec![suspend(), terminate()],
        Standing::Suspended => vec![with_reason("resume", words.resume), terminate()],
        Standing::Closed | Standing::Terminated => Vec::new(),
    };
    if !seen.organizations.is_empty() {
        let of = choice(seen, words.organization, |_| true);
        deeds.push(
            DeedView::button("end-affiliation", words.end_affiliation)
                .with(vec![of, reason()])
                .with_hint(words.end_affiliation_hint),
        );
    }
    if seen.organizations.iter().any(|of| of.administrator) {
        let of = choice(seen, words.organization, |of| of.administrator);
        deeds.push(
            DeedView::button("demote", words.demote)
                .with(vec![of, reason()])
                .with_hint(words.demote_hint),
        );
    }
    if lead && seen.standing != Standing::Closed {
        deeds.push(with_reason("close", words.close).with_hint(words.close_hint));
    }
    deeds
}

/// A choice among those organizations of the person that fit.
fn choice<'a>(seen: &'a Seen, label: &'a str, fits: impl Fn(&ActsFor) -> bool) -> FieldView<'a> {
    let own = seen.organizations.iter().filter(|of| fits(of));
    let own = own.map(|of| (of.id.as_str(), of.name.as_str())).collect();
    FieldView::choice("organization", label, own)
}

/// What does the caller want?
fn ask(text: &'static Messages) -> DeedView<'static> {
    let words = &text.desk;
    let purposes = Purpose::ALL.map(|purpose| (purpose.code(), purpose_words(text, purpose)));
    DeedView::button("ask", words.check_begin)
        .with(vec![FieldView::choice("purpose", words.caller_wants, purposes.to_vec())])
        .with_hint(words.check_begin_hint)
        .main()
}

/// The list of questions.
fn check<'a>(
    text: &'static Messages,
    purpose: Purpose,
    on_file: &'a [(Question, String)],
) -> DeedView<'a> {
    let words = &text.desk;
    let given = vec![
        ("", words.not_asked),
        (Answer::Right.code(), words.answer_right),
        (Answer::Wrong.code(), words.answer_wrong),
    ];
    let wants = vec![(purpose.code(), purpose_words(text, purpose))];
    let mut fields = vec![FieldView::choice("purpose", words.caller_wants, wants)];
    fields.extend(on_file.iter().map(|(question, known)| {
        FieldView::choice(question.code(), question_words(text, *question), given.clone())
            .with_hint(known)
    }));
    let hint = if purpose.takes_call_back() { words.check_hint } else { words.check_hint_names };
    DeedView::button("check", words.check).with(fields).with_hint(hint).main()
}

const fn purpose_words(text: &'static Messages, purpose: Purpose) -> &'static str {
    let words = &text.desk;
    match purpose {
        Purpose::Account => words.wants_account,
        Purpose::Administrators => words.wants_administrators,
        Purpose::Code => words.wants_code,
        Purpose::Demote => words.wants_demote,
        Purpose::Email => words.wants_email,
        Purpose::EndAffiliation => words.wants_end_affiliation,
        Purpose::LostFactor => words.wants_lost_factor,
        Purpose::StopRemoval => words.wants_stop_removal,
        Purpose::Unlock => words.wants_unlock,
        Purpose::UserId => words.wants_user_id,
    }
}

const fn question_words(text: &'static Messages, question: Question) -> &'static str {
    let words = &text.desk;
    match question {
        Question::CalledBack => words.question_called_back,
        Question::Colleague => words.question_colleague,
        Question::Email => words.question_email,
        Question::LastSignIn => words.question_last_sign_in,
        Question::Organization => words.question_organization,
        Question::UserId => words.question_user_id,
    }
}

const fn standing(text: &'static Messages, standing: Standing) -> &'static str {
    let words = &text.desk;
    match standing {
        Standing::Active => words.account_active,
        Standing::Closed => words.account_closed,
        Standing::Dormant => words.account_dormant,
        Standing::Suspended => words.account_suspended,
        Standing::Terminated => words.account_terminated,
    }
}
