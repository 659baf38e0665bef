//! How strongly a site wants a person to have signed in (SAML Core §3.3.2.2.1), and what it is told.
//!
//! A stronger sign-in satisfies a weaker demand, and the demanded name goes back (domain 3.2). So
//! every comparison becomes a list of acceptable rungs, best liked first, that the engine works on.

use super::{names::context, xml::Node};
use crate::{
    authentication::assurance::{Assurance, REFEDS_MFA},
    saml::names::ns,
    sign_on::{AcrValue, AssuranceDemand},
};

/// The most contexts that are looked at in one request.
const MOST: usize = 20;

/// How the demanded contexts are meant (SAML Core §3.3.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Stronger than each of them.
    Better,
    /// One of them.
    Exact,
    /// As strong as possible, and not stronger than the strongest of them.
    Maximum,
    /// At least as strong as one of them.
    Minimum,
}

impl Comparison {
    /// Reads `Comparison`, which is `exact` where it is left out.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            None | Some("exact") => Some(Self::Exact),
            Some("better") => Some(Self::Better),
            Some("maximum") => Some(Self::Maximum),
            Some("minimum") => Some(Self::Minimum),
            Some(_) => None,
        }
    }
}

/// The rung that a context names: one of Hilum's own, REFEDS', or a class of the standard.
#[must_use]
pub fn rung(name: &str) -> Option<Assurance> {
    match name {
        context::PASSWORD
        | context::PASSWORD_PROTECTED
        | context::REFEDS_SFA
        | context::UNSPECIFIED => Some(Assurance::Password),
        other => Assurance::from_acr(other),
    }
}

/// What a site is told of a sign-in for which it demanded nothing in particular.
#[must_use]
pub const fn class(rung: Assurance) -> &'static str {
    match rung {
        Assurance::BrowserSecondFactor => REFEDS_MFA,
        Assurance::EmailCode | Assurance::PhishingResistant => rung.acr(),
        Assurance::Password => context::PASSWORD_PROTECTED,
    }
}

/// The class for what the engine says: a demanded spelling goes back unchanged, a rung of our own
/// that nobody demanded in the words of the standard.
#[must_use]
pub fn class_for(acr: &str, demand: &AssuranceDemand) -> String {
    let demanded = demand.values.iter().any(|value| value.spelling == acr);
    match Assurance::from_acr(acr) {
        Some(rung) if !demanded => class(rung).to_owned(),
        Some(_) | None => acr.to_owned(),
    }
}

/// `RequestedAuthnContext` is not as in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RequestedAuthnContext has an unknown Comparison or too many contexts")]
pub struct InvalidContext;

/// Reads `RequestedAuthnContext`.
///
/// # Errors
/// [`InvalidContext`].
pub fn read(element: Node<'_>) -> Result<AssuranceDemand, InvalidContext> {
    let comparison = Comparison::parse(element.attribute("Comparison")).ok_or(InvalidContext)?;
    let classes: Vec<String> =
        element.children(ns::ASSERTION, "AuthnContextClassRef").map(Node::text).collect();
    if classes.len() > MOST {
        return Err(InvalidContext);
    }
    Ok(demand(comparison, &classes))
}

/// What the engine must reach for these contexts. A demand without a context that we know cannot be
/// met.
#[must_use]
pub fn demand(comparison: Comparison, classes: &[String]) -> AssuranceDemand {
    let known = classes
        .iter()
        .filter_map(|class| rung(class).map(|rung| AcrValue { rung, spelling: class.clone() }));
    let known: Vec<AcrValue> = known.collect();
    let weakest = known.iter().min_by_key(|value| value.rung);
    let strongest = known.iter().max_by_key(|value| value.rung);
    let values = match comparison {
        Comparison::Exact => known,
        Comparison::Minimum => weakest.cloned().into_iter().collect(),
        Comparison::Better => {
            let above = |rung: &Assurance| strongest.is_some_and(|known| *rung > known.rung);
            let next = Assurance::ALL.into_iter().find(above);
            next.map(named).into_iter().collect()
        }
        // The strongest that may be, then whatever is below it.
        Comparison::Maximum => {
            let below = |rung: &Assurance| strongest.is_some_and(|known| *rung < known.rung);
            let weaker = Assurance::ALL.into_iter().rev().filter(below).map(|rung| {
                known
                    .iter()
                    .find(|value| value.rung == rung)
                    .cloned()
                    .unwrap_or_else(|| named(rung))
            });
            strongest.cloned().into_iter().chain(weaker).collect()
        }
    };
    AssuranceDemand { values, essential: true }
}

fn named(rung: Assurance) -> AcrValue {
    AcrValue { rung, spelling: class(rung).to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASSWORD: &str = context::PASSWORD_PROTECTED;
    const CODE: &str = "urn:hilum:acr:email-code";
    const FACTOR: &str = "urn:hilum:acr:browser-second-factor";
    const PASSKEY: &str = "urn:hilum:acr:phishing-resistant";

    fn spellings(comparison: Comparison, classes: &[&str]) -> Vec<String> {
        let classes: Vec<String> = classes.iter().map(|&class| class.to_owned()).collect();
        let demand = demand(comparison, &classes);
        assert!(demand.essential);
        demand.values.into_iter().map(|value| value.spelling).collect()
    }

    #[test]
    fn each_comparison_becomes_the_rungs_that_would_do() {
        use Comparison as C;
        for (comparison, classes, expected) in [
            (C::Exact, vec![PASSWORD], vec![PASSWORD]),
            (C::Exact, vec![REFEDS_MFA, PASSWORD], vec![REFEDS_MFA, PASSWORD]),
            (C::Exact, vec!["urn:x", FACTOR], vec![FACTOR]),
            (C::Exact, vec!["urn:x"], vec![]),
            (C::Exact, vec![], vec![]),
            (C::Minimum, vec![FACTOR, PASSWORD], vec![PASSWORD]),
            (C::Minimum, vec![REFEDS_MFA], vec![REFEDS_MFA]),
            (C::Minimum, vec!["urn:x"], vec![]),
            (C::Better, vec![PASSWORD], vec![CODE]),
            (C::Better, vec![PASSWORD, CODE], vec![REFEDS_MFA]),
            (C::Better, vec![FACTOR], vec![PASSKEY]),
            (C::Better, vec![PASSKEY], vec![]),
            (C::Maximum, vec![PASSWORD], vec![PASSWORD]),
            (C::Maximum, vec![FACTOR], vec![FACTOR, CODE, PASSWORD]),
            (C::Maximum, vec![context::PASSWORD, CODE], vec![CODE, context::PASSWORD]),
        ] {
            assert_eq!(spellings(comparison, &classes), expected, "{comparison:?} {classes:?}");
        }
    }

    #[test]
    fn a_demanded_name_goes_back_and_another_is_said_in_the_words_of_the_standard() {
        let demanded = demand(Comparison::Exact, &[FACTOR.to_owned()]);
        let nothing = AssuranceDemand::default();
        for (acr, demand, expected) in [
            (FACTOR, &demanded, FACTOR),
            (FACTOR, &nothing, REFEDS_MFA),
            ("urn:hilum:acr:password", &nothing, PASSWORD),
            ("urn:hilum:acr:password", &demanded, PASSWORD),
            (PASSKEY, &nothing, PASSKEY),
            (context::PASSWORD, &demanded, context::PASSWORD),
        ] {
            assert_eq!(class_for(acr, demand), expected, "{acr}");
        }
    }

    proptest! {
        #[test]
        fn nothing_weaker_than_demanded_is_ever_acceptable(
            picks in prop::collection::vec(0..4_usize, 1..4), which in 0..3_usize,
        ) {
            let comparison = [Comparison::Exact, Comparison::Minimum, Comparison::Better][which];
            let classes: Vec<String> =
                picks.iter().map(|pick| Assurance::ALL[*pick].acr().to_owned()).collect();
            let weakest = picks.iter().map(|pick| Assurance::ALL[*pick]).min().unwrap();
            for value in demand(comparison, &classes).values {
                prop_assert!(value.rung >= weakest);
            }
        }
    }
}
