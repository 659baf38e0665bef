//! What an Administrator types to nominate somebody (R10, R13, R64, R78).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    community::{
        field::{LONGEST_NAME, LONGEST_NOTE, Objections, line, optional_line},
        npi::Npi,
        rights::{Circumstances, HasNpi, Rights, RightsForm},
        subscriber::{EmailAddress, UserId},
        tax_id::TaxId,
    },
    ids::SubscriberId,
};

/// A person who is to become a Subscriber. There is no field for a Social Security number (R34).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nominee {
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// The address that the link goes to.
    pub email: EmailAddress,
    /// NPI, if they have one.
    pub npi: Option<Npi>,
    /// The User ID that is wished for; `None`: the first proposal that is free.
    pub user_id: Option<UserId>,
    /// What they are to do.
    pub rights: Rights,
    /// How the Administrator knows who they are.
    pub identity: IdentityCheck,
}

/// How an Administrator made sure who somebody is (R13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityCheck {
    /// How.
    pub by: VerifiedBy,
    /// What there is to say about it, such as the kind of the document. Never its number.
    pub note: Option<String>,
    /// Who made sure.
    pub checked_by: SubscriberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// How an Administrator knows who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedBy {
    /// By the record of the human resources department.
    HrRecord,
    /// They know each other.
    KnownInPerson,
    /// By an official document with a picture.
    PhotoId,
}

impl VerifiedBy {
    /// Every way there is.
    pub const ALL: [Self; 3] = [Self::HrRecord, Self::KnownInPerson, Self::PhotoId];

    /// Its code, in forms and rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::HrRecord => "hr-record",
            Self::KnownInPerson => "known-in-person",
            Self::PhotoId => "photo-id",
        }
    }
}

/// The form of a [`Nominee`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NomineeForm<'a> {
    /// First name.
    pub given_name: &'a str,
    /// Last name.
    pub family_name: &'a str,
    /// E-mail.
    pub email: &'a str,
    /// NPI; empty if there is none.
    pub npi: &'a str,
    /// Wanted User ID; empty for a proposal.
    pub user_id: &'a str,
    /// Roles and what goes with them.
    pub rights: RightsForm<'a>,
    /// The code of a [`VerifiedBy`].
    pub verified_by: &'a str,
    /// A note about the check.
    pub verification_note: &'a str,
}

impl NomineeForm<'_> {
    /// Reads the form of an Administrator, at `now`.
    ///
    /// # Errors
    /// All that is wrong with it, the fields of [`RightsForm::read`] included.
    pub fn read(
        self,
        tax_ids: &[TaxId],
        administrator: &SubscriberId,
        now: DateTime<Utc>,
    ) -> Result<Nominee, Objections> {
        let mut found = Objections::default();
        let given_name = found.take("given_name", line(self.given_name, LONGEST_NAME));
        let family_name = found.take("family_name", line(self.family_name, LONGEST_NAME));
        let email = found.take("email", self.email.parse::<EmailAddress>());
        let npi = self.optional("npi", self.npi, &mut found);
        let user_id = self.optional("user_id", self.user_id, &mut found);
        let held = BTreeSet::new();
        let npi_known = if self.npi.trim().is_empty() { HasNpi::No } else { HasNpi::Yes };
        let rights = match self.rights.read(Circumstances { tax_ids, held: &held, npi: npi_known })
        {
            Ok(rights) => Some(rights),
            Err(objections) => {
                for (field, why) in objections.iter() {
                    found.object(field, why);
                }
                None
            }
        };
        let by = VerifiedBy::ALL.into_iter().find(|by| by.code() == self.verified_by);
        if by.is_none() {
            found.object("verified_by", "please say how you made sure who this person is");
        }
        let note = optional_line(self.verification_note, LONGEST_NOTE);
        let note = found.take("verification_note", note).flatten();
        let checked_by = administrator.clone();
        let identity = by.map(|by| IdentityCheck { by, note, checked_by, at: now });
        let nominee = || {
            Some(Nominee {
                given_name: given_name?,
                family_name: family_name?,
                email: email?,
                npi,
                user_id,
                rights: rights?,
                identity: identity?,
            })
        };
        found.unless_any(nominee())
    }

    /// A field that may be empty.
    fn optional<T: std::str::FromStr<Err: std::fmt::Display>>(
        self,
        field: &'static str,
        text: &str,
        found: &mut Objections,
    ) -> Option<T> {
        let text = text.trim();
        if text.is_empty() { None } else { found.take(field, text.parse()) }
    }
}
