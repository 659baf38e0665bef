//! The community file: organizations, people, affiliations and sites in one TOML text.
//!
//! [`read`] turns the text into entries that keep every rule of the community, or lists all that is
//! wrong with it, each mistake with its line. An entry says what somebody or something shall be;
//! `applied_to` says what becomes of what is there already, which is itself if nothing changes. So
//! a file can be loaded again and again.

mod fields;
mod reading;
#[cfg(test)]
mod tests;
mod together;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

pub use fields::Mistake;
pub use reading::read;

use super::{
    affiliation::{AccessLevel, AffiliationStatus},
    npi::Npi,
    organization::Organization,
    role::Role,
    site::{ClientAuthentication, Site},
    subscriber::{AccountStatus, EmailAddress, Profile, Subscriber, UserId},
    tax_id::TaxIdNumber,
};
use crate::{
    authentication::{password_policy::Password, totp::Seed},
    ids::{AffiliationId, OrganizationId, SiteId, SubscriberId},
    secret::Secret,
};

/// A community file without a mistake.
pub struct CommunityFile {
    /// Whether everything in it belongs to a demo and is refused outside one.
    pub demo: bool,
    /// Organizations, each behind the one that it is a part of.
    pub organizations: Vec<OrganizationEntry>,
    /// People with their affiliations.
    pub subscribers: Vec<SubscriberEntry>,
    /// Sites.
    pub sites: Vec<SiteEntry>,
    /// What is allowed and still deserves a second look.
    pub remarks: Vec<String>,
}

/// An organization of the file.
pub struct OrganizationEntry {
    /// Where it stands.
    pub line: usize,
    /// What it shall be.
    pub organization: Organization,
    /// All of its Tax IDs, exactly one of them the main one.
    pub tax_ids: Vec<TaxIdEntry>,
    /// All the sites that it has switched on; `None`: left as they are.
    pub sites: Option<BTreeSet<SiteId>>,
}

/// A Tax ID of the file.
pub struct TaxIdEntry {
    /// Where it stands.
    pub line: usize,
    /// The number.
    pub number: TaxIdNumber,
    /// Whether it is the organization's main one.
    pub primary: bool,
}

/// A person of the file. What is `None` is left as it is.
pub struct SubscriberEntry {
    /// Where it stands.
    pub line: usize,
    /// The identifier, if the file gives one; it counts for a new person only.
    pub id: Option<SubscriberId>,
    /// The login name: who is meant.
    pub user_id: UserId,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// The mail address.
    pub email: Option<EmailAddress>,
    /// Whether the mailbox was proved.
    pub email_verified: Option<bool>,
    /// The work number.
    pub phone_number: Option<String>,
    /// Whether the number was proved.
    pub phone_number_verified: Option<bool>,
    /// The person's own NPI.
    pub npi: Option<Npi>,
    /// The rest of the standard claims.
    pub profile: Option<Profile>,
    /// Whether the account may be used.
    pub status: Option<AccountStatus>,
    /// When it was activated.
    pub activated_at: Option<DateTime<Utc>>,
    /// The last successful sign-in. It counts for a new person only.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// What somebody who has no password yet gets.
    pub password: Option<PasswordEntry>,
    /// The seed of an authenticator app for somebody who has none: in a demo only.
    pub totp_seed: Option<Seed>,
    /// Whether it is a demo account.
    pub demo: bool,
    /// For whom the person acts.
    pub affiliations: Vec<AffiliationEntry>,
}

/// A password of the file.
pub enum PasswordEntry {
    /// In clear: in a demo only.
    Clear(Password),
    /// An Argon2id hash as a PHC string.
    Hash(String),
}

/// An affiliation of the file.
pub struct AffiliationEntry {
    /// Where it stands.
    pub line: usize,
    /// The identifier, if the file gives one; it counts for a new affiliation only.
    pub id: Option<AffiliationId>,
    /// The organization.
    pub organization: OrganizationId,
    /// Whether it may be used.
    pub status: AffiliationStatus,
    /// What the person does there.
    pub roles: BTreeSet<Role>,
    /// Professions or duties within the roles.
    pub role_details: BTreeSet<String>,
    /// Whether the person is an Administrator there.
    pub administrator: bool,
    /// How much of the community the person may use.
    pub access_level: AccessLevel,
    /// The organization's numbers that the person may use; `None`: all of them.
    pub tax_ids: Option<Vec<TaxIdNumber>>,
    /// Since when; a new one without it begins on the day of the import.
    pub since: Option<NaiveDate>,
}

/// A site of the file.
pub struct SiteEntry {
    /// Where it stands.
    pub line: usize,
    site: Site,
    new_secret: Option<Secret>,
}

impl SubscriberEntry {
    /// What becomes of `existing`, or of nobody, when this entry is loaded at `now`. `new_id` is
    /// for a new person without an identifier in the file.
    #[must_use]
    pub fn applied_to(
        &self,
        existing: Option<&Subscriber>,
        new_id: SubscriberId,
        now: DateTime<Utc>,
    ) -> Subscriber {
        let blank = || Subscriber {
            id: self.id.clone().unwrap_or(new_id),
            user_id: self.user_id.clone(),
            given_name: String::new(),
            family_name: String::new(),
            email: None,
            email_verified: false,
            phone_number: None,
            phone_number_verified: false,
            npi: None,
            profile: Profile::default(),
            status: AccountStatus::Active,
            activated_at: now,
            last_sign_in_at: self.last_sign_in_at,
            updated_at: now,
            demo: self.demo,
        };
        let base = existing.cloned().unwrap_or_else(blank);
        let applied = Subscriber {
            given_name: self.given_name.clone(),
            family_name: self.family_name.clone(),
            email: self.email.clone().or_else(|| base.email.clone()),
            email_verified: self.email_verified.unwrap_or(base.email_verified),
            phone_number: self.phone_number.clone().or_else(|| base.phone_number.clone()),
            phone_number_verified: self.phone_number_verified.unwrap_or(base.phone_number_verified),
            npi: self.npi.clone().or_else(|| base.npi.clone()),
            profile: self.profile.clone().unwrap_or_else(|| base.profile.clone()),
            status: self.status.unwrap_or(base.status),
            activated_at: self.activated_at.unwrap_or(base.activated_at),
            demo: self.demo,
            ..base.clone()
        };
        if existing == Some(&applied) { applied } else { Subscriber { updated_at: now, ..applied } }
    }
}

impl SiteEntry {
    /// The site's `client_id`.
    #[must_use]
    pub const fn id(&self) -> &SiteId {
        &self.site.id
    }

    /// What becomes of `existing`, or of nothing, when this entry is loaded.
    ///
    /// A site that is stopped stays so. Its secrets stay unless the file names another one: a
    /// secret that was rotated since is not taken back by a file that names none.
    #[must_use]
    pub fn applied_to(&self, existing: Option<&Site>) -> Site {
        let Some(existing) = existing else { return self.site.clone() };
        let mut site = self.site.clone();
        site.status = existing.status;
        let kept = existing.client().and_then(|client| secrets(&client.authentication));
        let named = site.client_mut().and_then(|client| secrets_mut(&mut client.authentication));
        if let Some(named) = named {
            let names_another = self.new_secret.is_none()
                && !named.iter().all(|secret| kept.is_some_and(|kept| kept.contains(secret)));
            if let Some(kept) = kept.filter(|_| !names_another) {
                named.clone_from(kept);
            }
        }
        site
    }

    /// The secret that was made for a new site because the file names none. To be shown once.
    #[must_use]
    pub const fn new_secret(&self) -> Option<&Secret> {
        self.new_secret.as_ref()
    }
}

type Secrets = Vec<crate::secret::SecretDigest>;

const fn secrets(authentication: &ClientAuthentication) -> Option<&Secrets> {
    match authentication {
        ClientAuthentication::ClientSecretBasic { secrets }
        | ClientAuthentication::ClientSecretPost { secrets } => Some(secrets),
        ClientAuthentication::None | ClientAuthentication::PrivateKeyJwt { .. } => None,
    }
}

const fn secrets_mut(authentication: &mut ClientAuthentication) -> Option<&mut Secrets> {
    match authentication {
        ClientAuthentication::ClientSecretBasic { secrets }
        | ClientAuthentication::ClientSecretPost { secrets } => Some(secrets),
        ClientAuthentication::None | ClientAuthentication::PrivateKeyJwt { .. } => None,
    }
}
