//! Codes of the community in the words of the page's language.

use idp_core::{
    authentication::secret_questions::{Objection, Question},
    community::{affiliation::AccessLevel, registration::Work},
};

use super::messages::Messages;

/// The name of a role of the catalogue. A code that we do not know is shown as it is.
pub(super) fn role<'a>(text: &'static Messages, code: &'a str) -> &'a str {
    let role = &text.role;
    match code {
        "billing-specialist" => role.billing_specialist,
        "credentialing-manager" => role.credentialing_manager,
        "eft-administrator" => role.eft_administrator,
        "licensed-nurse" => role.licensed_nurse,
        "licensed-practitioner" => role.licensed_practitioner,
        "medical-assistant" => role.medical_assistant,
        "medical-director" => role.medical_director,
        "office-manager" => role.office_manager,
        "office-worker" => role.office_worker,
        "other-service-provider" => role.other_service_provider,
        "quality-report-manager" => role.quality_report_manager,
        "quality-reports-data-entry" => role.quality_reports_data_entry,
        "quality-reports-view-only" => role.quality_reports_view_only,
        "referral-coordinator" => role.referral_coordinator,
        _ => code,
    }
}

/// The names of several roles.
pub(super) fn roles<'a>(text: &'static Messages, codes: &[&'a str]) -> Vec<&'a str> {
    codes.iter().map(|code| role(text, code)).collect()
}

/// What somebody does at an organization: the roles, with the professions within them.
pub fn work_words(text: &'static Messages, work: &Work) -> String {
    let codes: Vec<&str> = work.roles().iter().map(|role| role.code()).collect();
    let roles = roles(text, &codes).join(", ");
    if work.role_details().is_empty() {
        return roles;
    }
    let details: Vec<String> = work.role_details().iter().map(|code| detail(code)).collect();
    format!("{roles} ({})", details.join(", "))
}

/// A profession or duty as people read it.
pub(super) fn detail(code: &str) -> String {
    if code.len() <= 4 { code.to_uppercase() } else { code.replace('-', " ") }
}

/// What an Administrator takes on (R5).
pub(super) const fn duties(text: &'static Messages) -> [&'static str; 5] {
    let words = &text.promotion;
    [words.duty_identity, words.duty_rights, words.duty_leave, words.duty_data, words.duty_help]
}

/// How far somebody is who is to become an Administrator, by the code of the stage.
pub fn promotion_stage(text: &'static Messages, code: &str) -> &'static str {
    let words = &text.promotion;
    match code {
        "asked" => words.stage_asked,
        "at-notary" => words.stage_at_notary,
        "done" => words.stage_done,
        "duties-due" => words.stage_duties_due,
        "proofing" => words.stage_proofing,
        _ => words.stage_over,
    }
}

/// A secret question.
pub(super) fn question(text: &'static Messages, question: Question) -> &'static str {
    let words = &text.question;
    match question {
        Question::ChildhoodFriend => words.childhood_friend,
        Question::ChildhoodStreet => words.childhood_street,
        Question::FirstConcert => words.first_concert,
        Question::FirstEmployer => words.first_employer,
        Question::FirstPet => words.first_pet,
        Question::FirstTeacher => words.first_teacher,
        Question::GrandmotherTown => words.grandmother_town,
        Question::PrimarySchool => words.primary_school,
    }
}

/// What is wrong with secret questions.
pub(super) const fn question_objection(text: &'static Messages, why: Objection) -> &'static str {
    let words = &text.account_questions;
    match why {
        Objection::AnswerTooShort => words.problem_short,
        Objection::Guessable => words.problem_same,
        Objection::Number => words.problem_none,
        Objection::Repeated => words.problem_repeated,
    }
}

/// What an access level (R89) is called.
pub(super) fn access_level<'a>(text: &'static Messages, code: &'a str) -> &'a str {
    match code {
        "community-full" => text.access_level.full,
        "community-standard" => text.access_level.standard,
        "community-view-only" => text.access_level.view_only,
        _ => code,
    }
}

/// What a scope lets a site know: a heading and an explanation.
pub(super) fn scope(text: &'static Messages, scope: &str) -> (String, &'static str) {
    let words = &text.scope;
    let (title, detail) = match scope {
        "address" => (words.address, words.address_detail),
        "affiliations" => (words.affiliations, words.affiliations_detail),
        "email" => (words.email, words.email_detail),
        "login_history" => (words.login_history, words.login_history_detail),
        "npi" => (words.npi, words.npi_detail),
        "offline_access" => (words.offline_access, words.offline_access_detail),
        "openid" => (words.openid, words.openid_detail),
        "phone" => (words.phone, words.phone_detail),
        "profile" => (words.profile, words.profile_detail),
        "tax_ids" => (words.tax_ids, words.tax_ids_detail),
        _ => return (words.other(scope).to_string(), words.other_detail),
    };
    (title.to_owned(), detail)
}

/// The same of a code that is kept.
pub(super) fn explained<'a>(text: &'static Messages, code: &'a str) -> &'a str {
    let level = AccessLevel::ALL.into_iter().find(|level| level.code() == code);
    level.map_or(code, |level| access_level_explained(text, level))
}

/// An access level with what it means (R89).
pub const fn access_level_explained(text: &'static Messages, level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::CommunityFull => text.ask.access_full,
        AccessLevel::CommunityStandard => text.ask.access_standard,
        AccessLevel::CommunityViewOnly => text.ask.access_view_only,
    }
}
