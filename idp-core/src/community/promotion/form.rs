//! "Our Administrator has left": the form, and what Support does with it (R46–R48).

use crate::community::{
    field::{LONGEST_NAME, LONGEST_NOTE, LineError, Objections, line, phone},
    subscriber::{EmailAddress, UserId},
};

/// The form that asks for a colleague to become an Administrator: these fields and no others (R48).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdministratorLeft {
    /// The organization's name.
    pub organization_name: String,
    /// Its address.
    pub organization_address: String,
    /// Who is to become its Administrator.
    pub person_name: String,
    /// Their User ID.
    pub user_id: UserId,
    /// Their work telephone.
    pub work_phone: String,
    /// Their work e-mail.
    pub work_email: EmailAddress,
}

/// The form of an [`AdministratorLeft`].
#[derive(Clone, Copy, Debug, Default)]
pub struct AdministratorLeftForm<'a> {
    /// The organization's name.
    pub organization_name: &'a str,
    /// Its address.
    pub organization_address: &'a str,
    /// Name.
    pub person_name: &'a str,
    /// User ID.
    pub user_id: &'a str,
    /// Work telephone.
    pub work_phone: &'a str,
    /// Work e-mail.
    pub work_email: &'a str,
}

impl AdministratorLeftForm<'_> {
    /// Reads the form. Whether there is such an organization or person is not looked up: the answer
    /// is the same for all (R73).
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self) -> Result<AdministratorLeft, Objections> {
        let mut found = Objections::default();
        let name = found.take("organization_name", line(self.organization_name, LONGEST_NAME));
        let address = line(self.organization_address, LONGEST_NOTE);
        let address = found.take("organization_address", address);
        let person = found.take("person_name", line(self.person_name, LONGEST_NAME));
        let user_id = found.take("user_id", self.user_id.parse::<UserId>());
        let work_phone = found.take("work_phone", phone(self.work_phone));
        let work_email = found.take("work_email", self.work_email.parse::<EmailAddress>());
        let form = || {
            Some(AdministratorLeft {
                organization_name: name?,
                organization_address: address?,
                person_name: person?,
                user_id: user_id?,
                work_phone: work_phone?,
                work_email: work_email?,
            })
        };
        found.unless_any(form())
    }
}

/// How Support reached the organization: at the number on file, never at one from the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallBack {
    spoke_with: String,
    said: String,
}

impl CallBack {
    /// Notes whom Support spoke with at the organization's listed number, and what they said.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn noted(spoke_with: &str, said: &str) -> Result<Self, LineError> {
        Ok(Self { spoke_with: line(spoke_with, LONGEST_NAME)?, said: line(said, LONGEST_NOTE)? })
    }

    /// Whom.
    #[must_use]
    pub fn spoke_with(&self) -> &str {
        &self.spoke_with
    }

    /// What they said.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }
}
