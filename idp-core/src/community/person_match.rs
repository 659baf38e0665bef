//! Whether a person who is to be nominated is known already (R10, R24, R70; security 20.9).
//!
//! Each person has one User ID for life. A mail address or an NPI that somebody has says who it is;
//! a similar name only says so among the organization's own people. What an Administrator is told
//! never depends on anybody else's organization or state: a person who works elsewhere is asked, and
//! answers for themselves. An NPI is public, and people give their own: where only the number is
//! somebody's and the name is quite another, somebody is mistaken, and Support finds out who.

use std::collections::BTreeSet;

use super::{
    field::folded,
    npi::Npi,
    subscriber::{AccountStatus, EmailAddress},
};
use crate::ids::SubscriberId;

/// Who is sought, as the nomination names them.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// First name.
    pub given_name: &'a str,
    /// Last name.
    pub family_name: &'a str,
    /// Mail address.
    pub email: &'a EmailAddress,
    /// NPI, if the nomination has one.
    pub npi: Option<&'a Npi>,
}

/// Somebody who may be meant: whoever has the address or the number, wherever they work, and the
/// organization's own people of a similar name.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Who.
    pub id: &'a SubscriberId,
    /// First name.
    pub given_name: &'a str,
    /// Last name.
    pub family_name: &'a str,
    /// The address on file.
    pub email: Option<&'a EmailAddress>,
    /// The NPI on file.
    pub npi: Option<&'a Npi>,
    /// What was decided about the account.
    pub status: AccountStatus,
    /// Whether they act for the organization that nominates.
    pub here: Here,
}

/// Whether somebody acts for the organization that nominates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// They have an affiliation with it that has not ended.
    Member,
    /// They have not.
    Stranger,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Somebody has this address or number. They are asked to accept an affiliation; nothing of
    /// theirs is shown before they do.
    Affiliate(SubscriberId),
    /// They act for the organization already.
    AlreadyHere(SubscriberId),
    /// Nobody has the address or the number.
    Nobody {
        /// People of the organization with a similar name: is it one of them?
        similar_here: Vec<SubscriberId>,
    },
    /// Their account was terminated: the same User ID comes back by this nomination (domain 4.5).
    Revive(SubscriberId),
    /// Only Support can tell: the account is closed for good, or address and number belong to two
    /// people. The Administrator is told no more than that.
    SeeSupport,
}

/// Looks for the person among those who may be meant.
#[must_use]
pub fn find(sought: Sought<'_>, known: &[Known<'_>]) -> Finding {
    let has_address = |known: &&Known<'_>| {
        known.email.is_some_and(|email| email.normalized() == sought.email.normalized())
    };
    let has_number = |known: &&Known<'_>| sought.npi.is_some() && known.npi == sought.npi;
    let (by_address, by_number) = (known.iter().find(has_address), known.iter().find(has_number));
    let found = match (by_address, by_number) {
        (Some(one), Some(other)) if one.id != other.id => return Finding::SeeSupport,
        (None, Some(one))
            if !similar_names(
                (sought.given_name, sought.family_name),
                (one.given_name, one.family_name),
            ) =>
        {
            return Finding::SeeSupport;
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => {
            let similar = |known: &&Known<'_>| {
                known.here == Here::Member
                    && similar_names(
                        (sought.given_name, sought.family_name),
                        (known.given_name, known.family_name),
                    )
            };
            let similar: BTreeSet<_> = known.iter().filter(similar).map(|k| k.id.clone()).collect();
            return Finding::Nobody { similar_here: similar.into_iter().collect() };
        }
    };
    let id = found.id.clone();
    match (found.status, found.here) {
        (AccountStatus::Closed, _) => Finding::SeeSupport,
        // A number can be looked up by anybody: it alone brings no User ID back, for whoever nominates
        // with a mailbox of their own would take it over.
        (AccountStatus::Terminated, _) if by_address.is_none() => Finding::SeeSupport,
        (AccountStatus::Terminated, _) => Finding::Revive(id),
        (
            AccountStatus::Active | AccountStatus::Dormant | AccountStatus::Suspended,
            Here::Member,
        ) => Finding::AlreadyHere(id),
        (
            AccountStatus::Active | AccountStatus::Dormant | AccountStatus::Suspended,
            Here::Stranger,
        ) => Finding::Affiliate(id),
    }
}

/// Who is meant by a User ID (R71).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByUserId {
    /// They act for the organization already, or were asked to.
    AlreadyHere,
    /// They are asked.
    Ask,
    /// There is nobody who could be asked. The Administrator is told what they are told otherwise.
    Nobody,
}

/// Whom a User ID leads to: somebody with an account, of whom the status and the place are known, or
/// nobody. A User ID alone brings no account back, and whoever has not taken theirs over has none.
#[must_use]
pub const fn by_user_id(known: Option<(AccountStatus, Here)>) -> ByUserId {
    match known {
        None | Some((AccountStatus::Closed | AccountStatus::Terminated, _)) => ByUserId::Nobody,
        Some((
            AccountStatus::Active | AccountStatus::Dormant | AccountStatus::Suspended,
            Here::Member,
        )) => ByUserId::AlreadyHere,
        Some((
            AccountStatus::Active | AccountStatus::Dormant | AccountStatus::Suspended,
            Here::Stranger,
        )) => ByUserId::Ask,
    }
}

/// Whether two names, each a first and a last name, may be one person's: spelt alike but for
/// accents, signs and a slip of the finger; a first name cut short; first and last name swapped.
#[must_use]
pub fn similar_names(one: (&str, &str), other: (&str, &str)) -> bool {
    ComparedName::new(one.0, one.1).is_similar(&ComparedName::new(other.0, other.1))
}

/// A first and a last name as they are compared, made once for many comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedName {
    given: Vec<char>,
    family: Vec<char>,
}

impl ComparedName {
    /// This first and last name.
    #[must_use]
    pub fn new(given: &str, family: &str) -> Self {
        Self { given: letters(given), family: letters(family) }
    }

    /// Whether both may be one person's, as [`similar_names`] says.
    #[must_use]
    pub fn is_similar(&self, other: &Self) -> bool {
        let given_alike = |one: &[char], other: &[char]| near(one, other) || shortened(one, other);
        let straight = near(&self.family, &other.family) && given_alike(&self.given, &other.given);
        // Either of them may have been typed the wrong way round, so the given names, of which one is
        // perhaps shortened, are either of the crossed pairs.
        let (one, two) = ((&self.given, &other.family), (&self.family, &other.given));
        let crossed = near(one.0, one.1) && given_alike(two.0, two.1)
            || near(two.0, two.1) && given_alike(one.0, one.1);
        straight || crossed
    }
}

/// A name without accents, letter case and everything that is no letter or digit.
fn letters(name: &str) -> Vec<char> {
    folded(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether one is the beginning of the other: `Al` and `Alexander`, `J` and `Jane`.
fn shortened(one: &[char], other: &[char]) -> bool {
    !one.is_empty() && !other.is_empty() && (one.starts_with(other) || other.starts_with(one))
}

/// Whether two names differ by one slip at most, or by two if they are long. Short names differ by a
/// letter more or less (Ana, Anna), for with another letter they are other names (Ana, Ada).
fn near(one: &[char], other: &[char]) -> bool {
    let allowed = match one.len().min(other.len()) {
        0..=2 => 0,
        3 => usize::from(one.len() != other.len()),
        4..=8 => 1,
        _ => 2,
    };
    one.len().abs_diff(other.len()) <= allowed && distance(one, other) <= allowed
}

/// How many letters have to be put in, taken out, replaced or swapped with their neighbour
/// (optimal string alignment).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let replaced = at(&last, j) + usize::from(a != b);
            let mut best = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped =
                i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = last;
        last = row;
    }
    at(&last, other.len())
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    #[test]
    fn a_user_id_leads_to_whoever_has_an_account_and_brings_none_back() {
        use AccountStatus::{Active, Closed, Dormant, Suspended, Terminated};
        for status in [Active, Dormant, Suspended] {
            assert_eq!(by_user_id(Some((status, Here::Stranger))), ByUserId::Ask);
            assert_eq!(by_user_id(Some((status, Here::Member))), ByUserId::AlreadyHere);
        }
        for status in [Closed, Terminated] {
            for here in [Here::Stranger, Here::Member] {
                assert_eq!(by_user_id(Some((status, here))), ByUserId::Nobody, "{status:?}");
            }
        }
        assert_eq!(by_user_id(None), ByUserId::Nobody);
    }

    #[test]
    fn names_are_similar_as_people_would_say() {
        for (one, other, expected) in [
            (("Ana", "Rivera"), ("Ana", "Rivera"), true),
            (("Ana", "Rivera"), ("ANA", "rivera"), true),
            (("Jos\u{e9}", "N\u{fa}\u{f1}ez"), ("Jose", "Nunez"), true),
            (("Mary-Ann", "O'Neil"), ("Mary Ann", "ONeil"), true),
            (("Ana", "Rivera"), ("Rivera", "Ana"), true),
            (("Johnson", "Alexander"), ("Alex", "Johnson"), true),
            (("Alex", "Johnson"), ("Johnson", "Alexander"), true),
            (("Alex", "Johnson"), ("Alexander", "Johnson"), true),
            (("J", "Johnson"), ("Jane", "Johnson"), true),
            (("Ana", "Rivera"), ("Ana", "Riveira"), true),
            (("Jane", "Johnson"), ("Jane", "Jonhson"), true),
            (("Ana", "Rivera"), ("Ana", "Romero"), false),
            (("Ana", "Rivera"), ("Anna", "Rivera"), true),
            (("Ana", "Rivera"), ("Ada", "Rivera"), false),
            (("Ana", "Li"), ("Ana", "Lu"), false),
            (("Ana", "Rivera"), ("Bob", "Rivera"), false),
            (("Ana", "Rivera"), ("", "Rivera"), false),
            (("Ana", "Rivera"), ("Ana", ""), false),
        ] {
            assert_eq!(similar_names(one, other), expected, "{one:?} {other:?}");
        }
    }

    struct Person(SubscriberId, EmailAddress, Option<Npi>, AccountStatus, Here);

    fn somebody(
        id: &str,
        email: &str,
        npi: Option<&str>,
        status: AccountStatus,
        here: Here,
    ) -> Person {
        let npi = npi.map(|npi| npi.parse().unwrap());
        Person(format!("sub_{id}").parse().unwrap(), email.parse().unwrap(), npi, status, here)
    }

    fn search(people: &[Person], email: &str, npi: Option<&str>) -> Finding {
        let (email, npi) = (email.parse().unwrap(), npi.map(|npi| npi.parse().unwrap()));
        let known: Vec<Known<'_>> = people
            .iter()
            .map(|Person(id, email, npi, status, here)| Known {
                id,
                given_name: "Ana",
                family_name: "Rivera",
                email: Some(email),
                npi: npi.as_ref(),
                status: *status,
                here: *here,
            })
            .collect();
        let sought =
            Sought { given_name: "Anna", family_name: "Rivera", email: &email, npi: npi.as_ref() };
        find(sought, &known)
    }

    const NPI: &str = "1999999984";

    #[test]
    fn an_address_or_a_number_says_who_it_is() {
        use {AccountStatus::*, Here::*};
        let ana = || "sub_ana".parse().unwrap();
        let nobody = |similar: &[&str]| Finding::Nobody {
            similar_here: similar.iter().map(|id| id.parse().unwrap()).collect(),
        };
        for (status, here, email, npi, expected) in [
            (Active, Stranger, "ANA@x.example", None, Finding::Affiliate(ana())),
            (Active, Stranger, "other@x.example", Some(NPI), Finding::Affiliate(ana())),
            (Dormant, Stranger, "ana@x.example", None, Finding::Affiliate(ana())),
            (Suspended, Stranger, "ana@x.example", None, Finding::Affiliate(ana())),
            (Active, Member, "ana@x.example", None, Finding::AlreadyHere(ana())),
            (Terminated, Stranger, "ana@x.example", None, Finding::Revive(ana())),
            (Terminated, Stranger, "other@x.example", Some(NPI), Finding::SeeSupport),
            (Closed, Stranger, "ana@x.example", None, Finding::SeeSupport),
            (Active, Member, "other@x.example", None, nobody(&["sub_ana"])),
            (Active, Stranger, "other@x.example", None, nobody(&[])),
        ] {
            let people = [somebody("ana", "ana@x.example", Some(NPI), status, here)];
            assert_eq!(search(&people, email, npi), expected, "{status:?} {here:?} {email}");
        }
    }

    #[test]
    fn an_address_and_a_number_of_two_people_are_for_support() {
        use {AccountStatus::Active, Here::Stranger};
        let people = [
            somebody("ana", "ana@x.example", None, Active, Stranger),
            somebody("ben", "ben@x.example", Some(NPI), Active, Stranger),
        ];
        assert_eq!(search(&people, "ana@x.example", Some(NPI)), Finding::SeeSupport);
    }

    proptest! {
        /// Security 20.9, 20.2: whoever works elsewhere and has neither the address nor the number
        /// might as well not exist.
        #[test]
        fn strangers_of_a_similar_name_change_nothing(
            here in prop::collection::vec("[a-c]", 0..3),
            strangers in prop::collection::vec(("[d-f]", select(vec![
                AccountStatus::Active, AccountStatus::Closed, AccountStatus::Terminated,
            ])), 0..4),
        ) {
            let member = |id: &String| {
                somebody(id, &format!("{id}@x.example"), None, AccountStatus::Active, Here::Member)
            };
            let mut people: Vec<Person> = here.iter().map(member).collect();
            let alone = search(&people, "sought@x.example", Some(NPI));
            people.extend(strangers.iter().map(|(id, status)| {
                somebody(id, &format!("{id}@x.example"), None, *status, Here::Stranger)
            }));
            prop_assert_eq!(search(&people, "sought@x.example", Some(NPI)), alone);
        }

        #[test]
        fn similarity_goes_both_ways(
            // Two letters only, so that many of these names are near each other.
            a in "[ab]{0,5}", b in "[ab]{0,5}", c in "[ab]{0,5}", d in "[ab]{0,5}",
        ) {
            let (one, other) = ((a.as_str(), c.as_str()), (b.as_str(), d.as_str()));
            prop_assert_eq!(similar_names(one, other), similar_names(other, one));
        }

        #[test]
        fn a_slip_in_a_long_name_is_forgiven(name in "[a-z]{6,20}", place in 0_usize..6, letter in "[a-z]") {
            let mut slipped = name.clone();
            slipped.replace_range(place..=place, &letter);
            prop_assert!(similar_names(("ana", &name), ("ana", &slipped)));
        }
    }
}
