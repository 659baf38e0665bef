//! What ends for which cause (R8, R31; domain, decision 8).
//!
//! There is one operation that ends access, and every path that ends something uses it. What the
//! operation does follows from its cause by one table, so that no path can forget the remembered
//! browsers or leave a code behind that opens the account again. It is one transaction; the sites
//! are told behind it, and [`Receipts`] sums up what became of that.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ids::{AffiliationId, OrganizationId, SiteId, SubscriberId, SystemClientId, TaxIdId};

/// What is to end, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whose access.
    pub whose: Whose,
    /// Why.
    pub cause: Cause,
}

/// Whose access ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// What a person has by one affiliation.
    Affiliation(AffiliationId),
    /// What anybody has by an affiliation with this organization.
    Organization(OrganizationId),
    /// The same at one site.
    OrganizationAtSite(OrganizationId, SiteId),
    /// All that a person has.
    Subscriber(SubscriberId),
    /// What a system has.
    SystemClient(SystemClientId),
    /// What anybody has by an affiliation of this organization that carries this number.
    TaxId(OrganizationId, TaxIdId),
}

/// Why access ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The account is closed for good.
    AccountClosed,
    /// The account has not been used for 200 days (R28).
    AccountDormant,
    /// The account is stopped for now.
    AccountSuspended,
    /// The account is ended (R31).
    AccountTerminated,
    /// The affiliation ended.
    AffiliationEnded,
    /// The affiliation is stopped for now.
    AffiliationSuspended,
    /// The organization left.
    OrganizationClosed,
    /// The organization is stopped for now.
    OrganizationSuspended,
    /// The affiliation carries less than before: a role, a number or the Administrator's flag is
    /// gone. More than before ends nothing.
    RightsReduced,
    /// The organization switched the site off.
    SiteSwitchedOff,
    /// The system was not renewed in time.
    SystemExpired,
    /// The system was stopped for good.
    SystemRevoked,
    /// The organization no longer has the number.
    TaxIdReleased,
}

/// Something that opens a door, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Codes that open something: mailed, handed over, for activation. Codes that *stop* something
    /// stay: whoever got into an account must not take them out of its owner's mailbox.
    Codes,
    /// What sites were given, with every token of it.
    Grants,
    /// Codes that this organization's Administrators handed over.
    HandedOverCodes,
    /// Nominations and proposals that wait.
    Pending,
    /// Browsers that stand in for a second factor.
    RememberedBrowsers,
    /// Signed-in browsers.
    Sessions,
    /// Systems that act for the organization.
    SystemClients,
}

impl Cause {
    /// Every cause there is.
    pub const ALL: [Self; 13] = [
        Self::AccountClosed,
        Self::AccountDormant,
        Self::AccountSuspended,
        Self::AccountTerminated,
        Self::AffiliationEnded,
        Self::AffiliationSuspended,
        Self::OrganizationClosed,
        Self::OrganizationSuspended,
        Self::RightsReduced,
        Self::SiteSwitchedOff,
        Self::SystemExpired,
        Self::SystemRevoked,
        Self::TaxIdReleased,
    ];

    /// How it is spelt in rows and audit events, for good.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccountClosed => "account-closed",
            Self::AccountDormant => "account-dormant",
            Self::AccountSuspended => "account-suspended",
            Self::AccountTerminated => "account-terminated",
            Self::AffiliationEnded => "affiliation-ended",
            Self::AffiliationSuspended => "affiliation-suspended",
            Self::OrganizationClosed => "organization-closed",
            Self::OrganizationSuspended => "organization-suspended",
            Self::RightsReduced => "rights-reduced",
            Self::SiteSwitchedOff => "site-switched-off",
            Self::SystemExpired => "system-expired",
            Self::SystemRevoked => "system-revoked",
            Self::TaxIdReleased => "tax-id-released",
        }
    }

    /// What ends with it, all in one transaction.
    ///
    /// A person who only loses an affiliation stays signed in, since they may act for others
    /// (R70); what sites were given by it ends, and the sites are told.
    #[must_use]
    pub const fn ends(self) -> &'static [Access] {
        use Access::*;
        match self {
            Self::AccountClosed | Self::AccountTerminated => {
                &[Codes, Grants, HandedOverCodes, Pending, RememberedBrowsers, Sessions]
            }
            Self::AccountDormant | Self::AccountSuspended => {
                &[Codes, Grants, HandedOverCodes, RememberedBrowsers, Sessions]
            }
            Self::AffiliationEnded | Self::AffiliationSuspended => &[Grants, HandedOverCodes],
            Self::OrganizationClosed => &[Grants, HandedOverCodes, Pending, SystemClients],
            Self::OrganizationSuspended => &[Grants, HandedOverCodes, SystemClients],
            Self::RightsReduced
            | Self::SiteSwitchedOff
            | Self::SystemExpired
            | Self::SystemRevoked
            | Self::TaxIdReleased => &[Grants],
        }
    }

    /// Whether the sites concerned hear of it at once. A system has no session at a site: its
    /// tokens are refused where they are checked.
    #[must_use]
    pub const fn tells_sites(self) -> bool {
        !matches!(self, Self::SystemExpired | Self::SystemRevoked)
    }
}

/// What became of telling one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It confirmed.
    Confirmed {
        /// When.
        at: DateTime<Utc>,
    },
    /// It could not be told, and is not tried again.
    Failed,
    /// It has no address to be told at: it notices when its tokens are refused.
    Silent,
    /// It is being tried.
    Waiting,
}

impl Receipt {
    /// What became of a site that knew of several sessions: the worst of it, because as long as one is
    /// open there, somebody may go on working in it.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Waiting, _) | (_, Self::Waiting) => Self::Waiting,
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Silent, _) | (_, Self::Silent) => Self::Silent,
            (Self::Confirmed { at }, Self::Confirmed { at: other }) => {
                Self::Confirmed { at: at.max(other) }
            }
        }
    }
}

/// What became of telling all of them: "3 of 4 confirmed in 2 s".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Sites that confirmed.
    pub confirmed: usize,
    /// Sites that could not be told.
    pub failed: usize,
    /// Sites that have no address to be told at.
    pub silent: usize,
    /// Sites that are being tried.
    pub waiting: usize,
    /// How long the slowest of those that confirmed took.
    pub slowest: Option<TimeDelta>,
}

impl Receipts {
    /// Sums up what became of telling the sites about what ended at `ended_at`.
    #[must_use]
    pub fn sum(receipts: impl IntoIterator<Item = Receipt>, ended_at: DateTime<Utc>) -> Self {
        receipts.into_iter().fold(Self::default(), |sum, receipt| match receipt {
            Receipt::Confirmed { at } => {
                // Two machines' clocks may differ; nobody confirms before there is something to.
                let took = (at - ended_at).max(TimeDelta::zero());
                let slowest = sum.slowest.map_or(took, |slowest| slowest.max(took));
                Self { confirmed: sum.confirmed + 1, slowest: Some(slowest), ..sum }
            }
            Receipt::Failed => Self { failed: sum.failed + 1, ..sum },
            Receipt::Silent => Self { silent: sum.silent + 1, ..sum },
            Receipt::Waiting => Self { waiting: sum.waiting + 1, ..sum },
        })
    }

    /// How many sites there were to tell.
    #[must_use]
    pub const fn told(&self) -> usize {
        self.confirmed + self.failed + self.waiting
    }

    /// Whether nothing more will come.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.waiting == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn a_site_has_confirmed_when_it_has_for_each_session() {
        let (early, late) = (Receipt::Confirmed { at: at(1) }, Receipt::Confirmed { at: at(9) });
        for (one, other, both) in [
            (early, late, late),
            (late, Receipt::Silent, Receipt::Silent),
            (Receipt::Silent, Receipt::Failed, Receipt::Failed),
            (Receipt::Failed, Receipt::Waiting, Receipt::Waiting),
            (early, Receipt::Waiting, Receipt::Waiting),
        ] {
            assert_eq!((one.with(other), other.with(one)), (both, both), "{one:?} {other:?}");
            assert_eq!(one.with(one), one);
        }
    }

    #[test]
    fn nothing_of_a_stopped_account_opens_anything() {
        for cause in [
            Cause::AccountClosed,
            Cause::AccountDormant,
            Cause::AccountSuspended,
            Cause::AccountTerminated,
        ] {
            let ended: BTreeSet<Access> = cause.ends().iter().copied().collect();
            let doors = [
                Access::Codes,
                Access::Grants,
                Access::HandedOverCodes,
                Access::RememberedBrowsers,
                Access::Sessions,
            ];
            assert!(ended.is_superset(&doors.into()), "{cause:?} leaves a door open: {ended:?}");
        }
    }

    #[test]
    fn whatever_ends_takes_its_tokens_with_it() {
        for cause in Cause::ALL {
            assert!(cause.ends().contains(&Access::Grants), "{cause:?}");
        }
    }

    #[test]
    fn losing_one_affiliation_never_signs_a_person_out_who_acts_for_another() {
        for cause in [
            Cause::AffiliationEnded,
            Cause::AffiliationSuspended,
            Cause::OrganizationClosed,
            Cause::OrganizationSuspended,
            Cause::RightsReduced,
            Cause::SiteSwitchedOff,
            Cause::TaxIdReleased,
        ] {
            let spared = [Access::Sessions, Access::RememberedBrowsers, Access::Codes];
            assert!(!cause.ends().iter().any(|access| spared.contains(access)), "{cause:?}");
            assert!(cause.tells_sites());
        }
    }

    #[test]
    fn the_receipts_say_three_of_four_in_two_seconds() {
        let confirmed = |second| Receipt::Confirmed { at: at(second) };
        for (receipts, expected) in [
            (vec![], (0, 0, None, true)),
            (
                vec![confirmed(11), confirmed(12), confirmed(10), Receipt::Failed],
                (3, 4, Some(2), true),
            ),
            (vec![confirmed(11), Receipt::Waiting], (1, 2, Some(1), false)),
            (vec![Receipt::Silent], (0, 0, None, true)),
            (vec![confirmed(9)], (1, 1, Some(0), true)),
        ] {
            let sum = Receipts::sum(receipts.clone(), at(10));
            let slowest = sum.slowest.map(|took| took.num_seconds());
            let told = (sum.confirmed, sum.told(), slowest, sum.is_final());
            assert_eq!(told, expected, "{receipts:?}");
        }
    }

    proptest! {
        #[test]
        fn every_site_is_counted_once(
            confirmed in 0_usize..5, failed in 0_usize..5, silent in 0_usize..5, waiting in 0_usize..5,
        ) {
            let receipts = [
                vec![Receipt::Confirmed { at: at(1) }; confirmed],
                vec![Receipt::Failed; failed],
                vec![Receipt::Silent; silent],
                vec![Receipt::Waiting; waiting],
            ];
            let sum = Receipts::sum(receipts.concat(), at(0));
            prop_assert_eq!(sum.told() + sum.silent, confirmed + failed + silent + waiting);
            prop_assert_eq!(sum.slowest.is_some(), confirmed > 0);
        }
    }
}
