//! What people change about themselves: the work telephone number, and the language of their mails.
//!
//! Names and NPI are not among it: an Administrator compared them with a document, and sites rely on
//! them. The mail address has a change of its own, which both mailboxes hear of
//! ([`crate::authentication::email_change`]).

use std::{collections::BTreeSet, str::FromStr};

use chrono::{DateTime, Utc};

use super::{
    actor::Actor,
    field::{InvalidPhone, Objections, phone},
    news::{News, Recipient},
    outcome::Outcome,
    permission::{Action, Denied, Target, may},
    subscriber::{Profile, Subscriber},
};
use crate::audit::Kind;

/// A language that mails are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
}

/// It is no language that mails are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose one of the languages")]
pub struct UnknownLanguage;

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Its tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The language in which somebody with this `locale` is written to (OIDC Core §5.1: a BCP 47
    /// tag, of which the first part counts here).
    #[must_use]
    pub fn of_locale(locale: Option<&str>) -> Self {
        let primary = locale.and_then(|tag| tag.split(['-', '_']).next()).unwrap_or_default();
        let spoken = Self::ALL.into_iter().find(|it| it.tag().eq_ignore_ascii_case(primary));
        spoken.unwrap_or(Self::English)
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL.into_iter().find(|it| it.tag() == text).ok_or(UnknownLanguage)
    }
}

/// What a person may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalData {
    /// The work telephone number, if there is to be one.
    pub phone: Option<String>,
    /// The language of mails.
    pub language: Language,
}

/// The form as it was filled in.
#[derive(Clone, Copy, Debug)]
pub struct PersonalDataForm<'a> {
    /// Telephone; empty for none.
    pub phone: &'a str,
    /// The tag of a language.
    pub language: &'a str,
}

impl PersonalDataForm<'_> {
    /// Reads the form.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&self) -> Result<PersonalData, Objections> {
        let mut found = Objections::default();
        let number = match self.phone.trim() {
            "" => Ok::<_, InvalidPhone>(None),
            typed => phone(typed).map(Some),
        };
        let phone = found.take("phone", number);
        let language = found.take("language", self.language.parse());
        let read = phone.zip(language).map(|(phone, language)| PersonalData { phone, language });
        found.unless_any(read)
    }
}

/// The person with the new data; `None` where nothing is different. A new number is not proved.
///
/// # Errors
/// [`Denied`] unless it is their own.
pub fn change(
    person: Subscriber,
    new: PersonalData,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Option<Outcome<Subscriber>>, Denied> {
    may(
        actor,
        Action::ChangeOwnData,
        Target::Person { id: &person.id, acts_for: &BTreeSet::new() },
    )?;
    let same_number = person.phone_number == new.phone;
    let same_language = Language::of_locale(person.profile.locale.as_deref()) == new.language;
    if same_number && same_language {
        return Ok(None);
    }
    let locale = match person.profile.locale {
        // Somebody who has chosen Spanish goes on reading that of Mexico.
        Some(finer) if same_language => Some(finer),
        None if same_language => None,
        Some(_) | None => Some(new.language.tag().to_owned()),
    };
    let told = Recipient::Subscriber(person.id.clone());
    let changed = Subscriber {
        phone_number: new.phone,
        phone_number_verified: same_number && person.phone_number_verified,
        profile: Profile { locale, ..person.profile },
        updated_at: now,
        ..person
    };
    let outcome = Outcome::new(changed, Kind::PersonChanged);
    // Support calls back at this number: whoever has it hears of a new one by mail.
    let changed_number = (!same_number).then_some(News::TelephoneChanged);
    Ok(Some(match changed_number {
        Some(news) => outcome.telling(told, news),
        None => outcome,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::{
        actor::testing,
        subscriber::tests::{at, subscriber},
    };

    fn ana(locale: Option<&str>) -> Subscriber {
        Subscriber {
            phone_number: Some("360 555 0111".into()),
            phone_number_verified: true,
            profile: Profile { locale: locale.map(Into::into), ..Profile::default() },
            ..subscriber("ana")
        }
    }

    #[test]
    fn the_form_says_all_that_is_wrong_with_it() {
        let read = |phone, language| PersonalDataForm { phone, language }.read();
        let good = read("(360) 555-0199", "es").unwrap();
        assert_eq!(good.phone.as_deref(), Some("(360) 555-0199"));
        assert_eq!(read(" ", "en").unwrap().phone, None);
        let wrong = read("911", "tlh").unwrap_err();
        assert_eq!(wrong.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["language", "phone"]);
    }

    #[test]
    fn a_new_number_is_not_proved_and_a_language_is_kept_as_fine_as_it_was() {
        use Language::{English, Spanish};
        // what is on file, what is wanted, and what is on file then
        for (locale, phone, language, expected) in [
            (None, Some("360 555 0111"), English, None),
            (None, Some("360 555 0111"), Spanish, Some((true, Some("es")))),
            (Some("es-MX"), None, Spanish, Some((false, Some("es-MX")))),
            (Some("es_MX"), Some("360 555 0111"), Spanish, None),
            (Some("fr"), Some("360 555 0112"), English, Some((false, Some("fr")))),
            (Some("es"), Some("360 555 0111"), English, Some((true, Some("en")))),
        ] {
            let new = PersonalData { phone: phone.map(Into::into), language };
            let actor = testing::person("ana");
            let outcome = change(ana(locale), new, &actor, at(1)).unwrap();
            let found = outcome.map(|outcome| {
                assert_eq!(outcome.audit, [Kind::PersonChanged]);
                let same = outcome.state.phone_number == ana(None).phone_number;
                assert_eq!(outcome.letters.is_empty(), same, "a new number is told by mail");
                assert_eq!(outcome.state.phone_number.as_deref(), phone);
                assert_eq!(outcome.state.updated_at, at(1));
                (outcome.state.phone_number_verified, outcome.state.profile.locale)
            });
            let expected = expected.map(|(proved, locale)| (proved, locale.map(str::to_owned)));
            assert_eq!(found, expected, "{locale:?} {phone:?} {language:?}");
        }
    }

    #[test]
    fn nobody_changes_the_data_of_somebody_else() {
        for actor in [testing::person("ben"), testing::administrator("ben", "a"), Actor::Nobody] {
            let new = PersonalData { phone: None, language: Language::Spanish };
            assert!(change(ana(None), new, &actor, at(1)).is_err(), "{actor:?}");
        }
    }
}
