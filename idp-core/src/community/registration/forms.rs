//! What a registrant types, judged field by field (R64).

use serde::{Deserialize, Serialize};

use crate::community::{
    field::{LONGEST_NAME, LONGEST_NOTE, Objections, line, optional_line, phone},
    npi::Npi,
    subscriber::EmailAddress,
};

/// Who registers an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// The address that the link goes to.
    pub email: EmailAddress,
    /// The work number, at which Support calls back.
    pub phone: String,
    /// The language of the page on which they began (BCP 47), and of what is mailed to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The form of a [`Contact`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ContactForm<'a> {
    /// First name.
    pub given_name: &'a str,
    /// Last name.
    pub family_name: &'a str,
    /// E-mail.
    pub email: &'a str,
    /// Work telephone.
    pub phone: &'a str,
}

impl ContactForm<'_> {
    /// Reads the form.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self) -> Result<Contact, Objections> {
        let mut found = Objections::default();
        let given_name = found.take("given_name", line(self.given_name, LONGEST_NAME));
        let family_name = found.take("family_name", line(self.family_name, LONGEST_NAME));
        let email = found.take("email", self.email.parse::<EmailAddress>());
        let phone = found.take("phone", phone(self.phone));
        let contact = || {
            Some(Contact {
                given_name: given_name?,
                family_name: family_name?,
                email: email?,
                phone: phone?,
                language: None,
            })
        };
        found.unless_any(contact())
    }
}

/// An organization's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Its name.
    pub name: String,
    /// Its postal address, in one line.
    pub address: String,
    /// Its telephone number, as public directories list it.
    pub phone: String,
    /// Its own NPI, if it has one.
    pub npi: Option<Npi>,
}

/// The form of [`Details`].
#[derive(Clone, Copy, Debug, Default)]
pub struct DetailsForm<'a> {
    /// Name.
    pub name: &'a str,
    /// Postal address.
    pub address: &'a str,
    /// Telephone.
    pub phone: &'a str,
    /// NPI; empty if it has none.
    pub npi: &'a str,
}

impl DetailsForm<'_> {
    /// Reads the form.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self) -> Result<Details, Objections> {
        let mut found = Objections::default();
        let name = found.take("name", line(self.name, LONGEST_NAME));
        let address = found.take("address", line(self.address, LONGEST_NOTE));
        let phone = found.take("phone", phone(self.phone));
        let typed = found.take("npi", optional_line(self.npi, 40)).flatten();
        let npi = typed.and_then(|text| found.take("npi", text.parse::<Npi>()));
        let details =
            || Some(Details { name: name?, address: address?, phone: phone?, npi: npi.clone() });
        found.unless_any(details())
    }
}

/// Who signs, and declares to be allowed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signatory {
    /// Full name.
    pub name: String,
    /// Position in the organization.
    pub title: String,
}

/// The form of a [`Signatory`].
#[derive(Clone, Copy, Debug, Default)]
pub struct SignatoryForm<'a> {
    /// Full name.
    pub name: &'a str,
    /// Position.
    pub title: &'a str,
    /// Whether "I have the authority to sign for this organization" is ticked.
    pub authority: bool,
    /// Whether "I accept the agreement" is ticked.
    pub accepts: bool,
    /// Whether "I have read what an Administrator does, and will do it" is ticked.
    pub takes_duties: bool,
}

impl SignatoryForm<'_> {
    /// Reads the form: there is no [`Signatory`] without the three ticks (R5, R20, R21).
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self) -> Result<Signatory, Objections> {
        let mut found = Objections::default();
        let name = found.take("name", line(self.name, LONGEST_NAME));
        let title = found.take("title", line(self.title, LONGEST_NAME));
        if !self.authority {
            found.object("authority", "only somebody with the authority to sign can go on");
        }
        if !self.accepts {
            found.object("accepts", "the organization can only take part by this agreement");
        }
        if !self.takes_duties {
            found.object("takes_duties", "only somebody who takes these duties on can go on");
        }
        let signatory = || Some(Signatory { name: name?, title: title? });
        found.unless_any(signatory())
    }
}
