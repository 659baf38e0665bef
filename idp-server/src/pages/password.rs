//! What a new password must be, in the words of the page's language: wherever one is chosen.

use idp_core::authentication::password_policy::{Objection, PasswordPolicy};

use super::messages::Messages;

/// The rules of a policy, one sentence each.
pub(super) fn rules(text: &'static Messages, policy: &PasswordPolicy) -> Vec<String> {
    let words = &text.password;
    let mut rules = vec![words.length(policy.max, policy.min).to_string()];
    if policy.classes > 0 {
        rules.push(words.classes(policy.classes).to_string());
    }
    rules.push(words.not_common.to_owned());
    rules.push(words.not_own.to_owned());
    rules
}

/// What to say of a password while somebody types it.
pub fn hints(text: &'static Messages, found: &[Objection]) -> Vec<String> {
    if found.is_empty() { vec![text.password.good.to_owned()] } else { objections(text, found) }
}

/// What is wrong with a password, one sentence each.
pub(super) fn objections(text: &'static Messages, objections: &[Objection]) -> Vec<String> {
    let words = &text.password;
    let sentence = |objection: &Objection| match *objection {
        Objection::Common => words.common.to_owned(),
        Objection::OwnWord => words.own_word.to_owned(),
        Objection::TooFewClasses { needed, .. } => words.too_few_classes(needed).to_string(),
        Objection::TooLong { max } => words.too_long(max).to_string(),
        Objection::TooShort { min } => words.too_short(min).to_string(),
    };
    objections.iter().map(sentence).collect()
}
