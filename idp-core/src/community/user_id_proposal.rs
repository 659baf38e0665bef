//! User IDs that are proposed for a person (R33, R59): the name, in letters that every keyboard has.
//!
//! A User ID is for life, so it holds no organization and no role, and a number only where the
//! name alone is taken. Nothing else tells who has which: the first that is free is offered.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::subscriber::UserId;

/// How many proposals there are.
const MOST: u32 = 1000;
/// How long a part of the name may be, so that both and a number fit into a User ID.
const LONGEST_PART: usize = 28;

/// Proposals, best liked first: `ana.rivera`, `a.rivera`, `ana.rivera2`, `ana.rivera3` …
pub fn proposals(given_name: &str, family_name: &str) -> impl Iterator<Item = UserId> {
    let (given, family) = (plain(given_name), plain(family_name));
    let initial: String = given.chars().take(1).collect();
    let base = match (given.is_empty(), family.is_empty()) {
        (false, false) => format!("{given}.{family}"),
        (true, true) => "subscriber".to_owned(), // a name in a script without Latin letters
        (true, false) | (false, true) => format!("{given}{family}"),
    };
    let short = (given.len() > 1 && !family.is_empty()).then(|| format!("{initial}.{family}"));
    let numbered = (2..=MOST).map({
        let base = base.clone();
        move |number| format!("{base}{number}")
    });
    std::iter::once(base).chain(short).chain(numbered).filter_map(|text| text.parse().ok())
}

/// The Latin letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    let spelt = name.chars().flat_map(|c| {
        // What has no base letter to fall back to.
        let spelling = match c {
            '\u{df}' => "ss",
            '\u{e6}' | '\u{c6}' => "ae",
            '\u{f8}' | '\u{d8}' => "o",
            '\u{153}' | '\u{152}' => "oe",
            '\u{142}' | '\u{141}' => "l",
            '\u{111}' | '\u{110}' | '\u{f0}' | '\u{d0}' => "d",
            '\u{fe}' | '\u{de}' => "th",
            '\u{131}' => "i",
            _ => "",
        };
        spelling.chars().chain(spelling.is_empty().then_some(c)).collect::<Vec<_>>()
    });
    let folded: String =
        spelt.collect::<String>().nfkd().filter(|c| !is_combining_mark(*c)).collect();
    let letters = folded.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).take(LONGEST_PART).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_user_id_is_the_name_in_plain_letters() {
        for (given, family, expected) in [
            ("Ana", "Rivera", "ana.rivera a.rivera ana.rivera2"),
            (
                "Jos\u{e9} Luis",
                "N\u{fa}\u{f1}ez-Ortiz",
                "joseluis.nunezortiz j.nunezortiz joseluis.nunezortiz2",
            ),
            ("S\u{f8}ren", "Stra\u{df}er", "soren.strasser s.strasser soren.strasser2"),
            ("\u{674e}", "\u{4f1f}", "subscriber subscriber2 subscriber3"),
            ("Cher", "", "cher cher2 cher3"),
            ("X", "Li", "x.li x.li2 x.li3"),
        ] {
            let found: Vec<_> = proposals(given, family).take(3).map(String::from).collect();
            assert_eq!(found.join(" "), expected, "{given} {family}");
        }
    }

    proptest! {
        #[test]
        fn there_is_always_another_proposal(given: String, family: String) {
            let found: std::collections::BTreeSet<_> = proposals(&given, &family).collect();
            prop_assert!(found.len() > 900, "{} for {given:?} {family:?}", found.len());
        }
    }
}
