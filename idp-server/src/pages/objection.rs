//! What is wrong with a field, in the language of the page. Core says it in English, for programs
//! and the command line too; a sentence that the catalogue has is said in the page's language.

use super::messages::{Filled, Messages, Objection};

/// Stands where a value does, to find it in a sentence.
const VALUE: &str = "\u{0}";

/// What core objects to a field, as a sentence of the page.
pub(super) fn objection(text: &'static Messages, why: &str) -> String {
    let (english, own) = (&Messages::english().objection, &text.objection);
    let plain = sentences(english).into_iter().zip(sentences(own));
    if let Some((_, own)) = plain.into_iter().find(|(english, _)| *english == why) {
        return sentence(own);
    }
    for (known, own) in TEMPLATES.map(|(known, own)| (known(english, VALUE), own)) {
        let value = known.to_string().split_once(VALUE).and_then(|(before, after)| {
            Some(why.strip_prefix(before)?.strip_suffix(after)?.to_owned())
        });
        if let Some(value) = value {
            return sentence(&own(&text.objection, &value).to_string());
        }
    }
    sentence(why)
}

/// A sentence with one value.
type Template = fn(&Objection, &str) -> Filled;

/// Those sentences, to be recognised and to be said.
const TEMPLATES: [(Template, Template); 6] = [
    (too_long, too_long),
    (one_of, one_of),
    (from, from),
    (double_email, double_email),
    (double_npi, double_npi),
    (double_user_id, double_user_id),
];

fn too_long(words: &Objection, most: &str) -> Filled {
    words.too_long(most)
}

fn one_of(words: &Objection, choices: &str) -> Filled {
    words.one_of(choices)
}

fn from(words: &Objection, choices: &str) -> Filled {
    words.from(choices)
}

fn double_email(words: &Objection, line: &str) -> Filled {
    words.roster_double_email(line)
}

fn double_npi(words: &Objection, line: &str) -> Filled {
    words.roster_double_npi(line)
}

fn double_user_id(words: &Objection, line: &str) -> Filled {
    words.roster_double_user_id(line)
}

/// All sentences without a value, in one order for every language.
const fn sentences(words: &Objection) -> [&'static str; 41] {
    [
        words.accepts,
        words.access_level,
        words.authority,
        words.choose,
        words.duties,
        words.email,
        words.empty,
        words.language,
        words.npi_check,
        words.npi_differs,
        words.npi_kept,
        words.npi_length,
        words.npi_needed,
        words.npi_start,
        words.npi_unneeded,
        words.npi_unusable,
        words.one_line,
        words.own_tax_ids,
        words.phone,
        words.purpose,
        words.purposes,
        words.reference,
        words.reference_check,
        words.role,
        words.role_unknown,
        words.roster_asked,
        words.roster_excess,
        words.roster_nominated,
        words.roster_own,
        words.roster_similar,
        words.roster_support,
        words.ssn,
        words.ssn_digits,
        words.tax_id,
        words.tax_id_counts,
        words.tax_id_prefix,
        words.tax_id_same,
        words.tax_id_unlisted,
        words.user_id,
        words.user_id_taken,
        words.verified_by,
    ]
}

/// With a capital letter at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use idp_core::community::{
        field::{InvalidPhone, LineError},
        npi::Npi,
        personal_data::PersonalDataForm,
        registration::{SignatoryForm, WorkForm},
        subscriber::{EmailAddress, UserId},
        tax_id::Ein,
        tax_id_entry::Doubt,
    };

    use super::*;

    fn refused<T>(read: Result<T, impl ToString>) -> String {
        read.err().map(|why| why.to_string()).expect("is refused")
    }

    #[test]
    fn what_core_objects_to_is_said_in_spanish() {
        let spanish = Messages::for_language("es").expect("is there");
        let language = PersonalDataForm { phone: "", language: "tlh" }.read().unwrap_err();
        let other = "1999999984".parse::<Npi>().expect("is one");
        let own_npi = WorkForm { npi: "1234567893", ..WorkForm::default() };
        let own_npi = own_npi.read(Some(&other)).unwrap_err();
        let unticked = SignatoryForm::default().read().unwrap_err();
        let whys = [
            LineError::Control.to_string(),
            LineError::Empty.to_string(),
            LineError::TooLong(100).to_string(),
            InvalidPhone.to_string(),
            language.of("language").expect("is wrong").to_owned(),
            refused("x".parse::<EmailAddress>()),
            refused("!".parse::<UserId>()),
            refused("1".parse::<Npi>()),
            refused("3999999984".parse::<Npi>()),
            refused("1999999985".parse::<Npi>()),
            refused("1".parse::<Ein>()),
            refused("00-1234567".parse::<Ein>()),
            "please choose one of these".to_owned(),
            crate::community::nomination::USER_ID_TAKEN.to_owned(),
            "please choose from: hie/pmp.query".to_owned(),
            "please choose a role: most people need exactly one".to_owned(),
            Doubt::UnlistedPrefix.to_string(),
            own_npi.of("npi").expect("is wrong").to_owned(),
            unticked.of("takes_duties").expect("is wrong").to_owned(),
        ];
        for why in whys {
            let said = objection(spanish, &why);
            assert_ne!(said, sentence(&why), "{why}");
            let english = objection(Messages::english(), &why);
            assert_eq!(english, sentence(&why));
        }
        assert!(objection(spanish, "at most 100 characters").contains("100"));
        assert_eq!(objection(spanish, "no such thing"), "No such thing");
    }
}
