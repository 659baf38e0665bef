//! From the text to entries, each table by itself.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::{
    AffiliationEntry, CommunityFile, Mistake, OrganizationEntry, PasswordEntry, SiteEntry,
    SubscriberEntry, TaxIdEntry,
    fields::{Fields, Reader},
    together::{
        affiliations_fit, all_different, parents_first, practitioners_have_an_npi, remarks,
        switched_on_sites_exist,
    },
};
use crate::{
    authentication::{password_policy::Password, totp::Seed},
    community::{
        affiliation::{AccessLevel, AffiliationStatus},
        organization::{Organization, OrganizationStatus},
        role::{CATALOGUE, Role},
        site_registration::{self, Circumstances},
        subscriber::Profile,
        tax_id::{Ein, Ssn, TaxIdError, TaxIdNumber},
    },
};

/// Reads a community file. `random` is asked for 32 bytes for each site whose secret is to be made.
///
/// # Errors
/// Every mistake, in the order of the file. Where the text is no TOML, those places alone.
pub fn read(
    text: &str,
    mut random: impl FnMut() -> [u8; 32],
) -> Result<CommunityFile, Vec<Mistake>> {
    let mut reader = Reader::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map_or(1, |span| reader.line_of(span.start));
        reader.mistake(line, format!("this is not valid TOML: {}", error.message()));
    }
    if reader.mistakes.is_empty() {
        let file = file(table.into_inner(), &mut reader, &mut random);
        if reader.mistakes.is_empty() {
            return Ok(file);
        }
    }
    reader.mistakes.sort_by_key(|mistake| mistake.line);
    Err(reader.mistakes)
}

fn file(
    table: DeTable<'_>,
    reader: &mut Reader,
    random: &mut dyn FnMut() -> [u8; 32],
) -> CommunityFile {
    let mut fields = Fields::new(table, 1, reader);
    let demo = fields.flag("demo", reader).unwrap_or(false);
    let tables = fields.tables("organization", reader);
    let organization_tables = tables.len();
    let organizations: Vec<OrganizationEntry> =
        tables.into_iter().filter_map(|table| organization(table, reader)).collect();
    let subscribers: Vec<SubscriberEntry> = fields
        .tables("subscriber", reader)
        .into_iter()
        .filter_map(|table| subscriber(table, demo, reader))
        .collect();
    let tables = fields.tables("site", reader);
    let site_tables = tables.len();
    let sites: Vec<SiteEntry> =
        tables.into_iter().filter_map(|table| site(table, demo, random(), reader)).collect();
    fields.finish(reader);

    all_different(&organizations, &subscribers, &sites, reader);
    practitioners_have_an_npi(&subscribers, reader);
    // What leads to a table with a mistake of its own would only look like a second mistake.
    if sites.len() == site_tables {
        switched_on_sites_exist(&organizations, &sites, reader);
    }
    if organizations.len() < organization_tables {
        return CommunityFile { demo, organizations, subscribers, sites, remarks: Vec::new() };
    }
    let organizations = parents_first(organizations, reader);
    affiliations_fit(&organizations, &subscribers, reader);
    let remarks = remarks(&organizations, &subscribers);
    CommunityFile { demo, organizations, subscribers, sites, remarks }
}

fn organization(mut fields: Fields<'_>, reader: &mut Reader) -> Option<OrganizationEntry> {
    let line = fields.line;
    let id = fields.required("id", reader);
    let name = fields.required_text("name", reader);
    let npi = fields.parsed("npi", reader);
    let parent = fields.parsed("parent", reader);
    let status = fields.word("status", reader).unwrap_or(OrganizationStatus::Active);
    let sites = fields.list("sites", reader);
    let tables = fields.tables("tax_ids", reader);
    let has_tables = !tables.is_empty();
    let mut tax_ids: Vec<TaxIdEntry> =
        tables.into_iter().filter_map(|table| tax_id(table, reader)).collect();
    fields.finish(reader);
    match tax_ids.iter().filter(|tax_id| tax_id.primary).count() {
        0 => {
            if let Some(first) = tax_ids.first_mut() {
                first.primary = true;
            } else if parent.is_none() && !has_tables {
                // R22. A part may act under the numbers of the whole.
                reader.mistake(line, "an organization needs at least one entry in tax_ids");
            }
        }
        1 => {}
        _ => reader.mistake(line, "only one of the tax_ids can be the primary one"),
    }
    Some(OrganizationEntry {
        line,
        organization: Organization {
            id: id?.1,
            name: name?.1,
            parent: parent.map(|(_, parent)| parent),
            npi: npi.map(|(_, npi)| npi),
            status,
        },
        tax_ids,
        sites: sites.map(|(_, sites)| sites.into_iter().collect()),
    })
}

fn tax_id(mut fields: Fields<'_>, reader: &mut Reader) -> Option<TaxIdEntry> {
    let line = fields.line;
    let written = fields.required_text("number", reader);
    let kind = fields.text("type", reader);
    let primary = fields.flag("primary", reader).unwrap_or(false);
    fields.finish(reader);
    let (at, written) = written?;
    let number = match kind.as_ref().map(|(_, kind)| kind.as_str()) {
        None | Some("ein") => written.parse::<Ein>().map(TaxIdNumber::Ein),
        Some("ssn") => written.parse::<Ssn>().map(TaxIdNumber::Ssn),
        Some(_) => {
            reader.mistake(kind.map_or(line, |(line, _)| line), "type must be \"ein\" or \"ssn\"");
            return None;
        }
    };
    match number {
        Ok(number) => Some(TaxIdEntry { line, number, primary }),
        Err(error) => {
            reader.mistake(at, format!("number: {error}"));
            None
        }
    }
}

fn subscriber(mut fields: Fields<'_>, demo: bool, reader: &mut Reader) -> Option<SubscriberEntry> {
    let line = fields.line;
    let id = fields.parsed("id", reader);
    let user_id = fields.required("user_id", reader);
    let given_name = fields.required_text("given_name", reader);
    let family_name = fields.required_text("family_name", reader);
    let email = fields.parsed("email", reader);
    let email_verified = fields.flag("email_verified", reader);
    let phone_number = fields.text("phone_number", reader);
    let phone_number_verified = fields.flag("phone_number_verified", reader);
    let npi = fields.parsed("npi", reader);
    let status = fields.word("status", reader);
    let activated_at = fields.time("activated_at", reader);
    let last_sign_in_at = fields.time("last_sign_in_at", reader);
    let profile: Option<Profile> = fields.record("profile", reader);
    let password = password(&mut fields, demo, reader);
    let totp_seed = totp_seed(&mut fields, demo, reader);
    let affiliations = fields
        .tables("affiliation", reader)
        .into_iter()
        .filter_map(|table| affiliation(table, reader))
        .collect();
    fields.finish(reader);
    Some(SubscriberEntry {
        line,
        id: id.map(|(_, id)| id),
        user_id: user_id?.1,
        given_name: given_name?.1,
        family_name: family_name?.1,
        email: email.map(|(_, email)| email),
        email_verified,
        phone_number: phone_number.map(|(_, number)| number),
        phone_number_verified,
        npi: npi.map(|(_, npi)| npi),
        profile,
        status,
        activated_at,
        last_sign_in_at,
        password,
        totp_seed,
        demo,
        affiliations,
    })
}

fn password(fields: &mut Fields<'_>, demo: bool, reader: &mut Reader) -> Option<PasswordEntry> {
    let clear = fields.text("password", reader);
    let hash = fields.text("password_hash", reader);
    match (clear, hash) {
        (Some((line, _)), Some(_)) => {
            reader.mistake(line, "password and password_hash cannot stand side by side");
            None
        }
        (Some((line, _)), None) if !demo => {
            let message = "a password in clear is for demo files only: let the person choose one, \
                           or give password_hash";
            reader.mistake(line, message);
            None
        }
        (Some((line, text)), None) => {
            let password = Password::typed(&text);
            if password.is_none() {
                reader.mistake(line, "nobody could type this password");
            }
            password.map(PasswordEntry::Clear)
        }
        (None, Some((line, hash))) if !hash.starts_with("$argon2id$") => {
            reader.mistake(line, "password_hash must be an Argon2id hash: $argon2id$v=19$...");
            None
        }
        (None, hash) => hash.map(|(_, hash)| PasswordEntry::Hash(hash)),
    }
}

/// A second factor that everybody knows, like the passwords beside it.
fn totp_seed(fields: &mut Fields<'_>, demo: bool, reader: &mut Reader) -> Option<Seed> {
    let (line, text) = fields.text("totp_seed", reader)?;
    let seed = Seed::from_base32(&text);
    if !demo {
        let message = "a totp_seed is for demo files only: let the person set up a second factor";
        reader.mistake(line, message);
    } else if seed.is_none() {
        reader.mistake(line, "totp_seed must be 32 letters and digits of base 32");
    }
    seed.filter(|_| demo)
}

fn affiliation(mut fields: Fields<'_>, reader: &mut Reader) -> Option<AffiliationEntry> {
    let line = fields.line;
    let id = fields.parsed("id", reader);
    let organization = fields.required("organization", reader);
    let status = fields.word("status", reader).unwrap_or(AffiliationStatus::Active);
    let roles = fields.list::<Role>("roles", reader);
    let details = fields.list::<String>("role_details", reader);
    let administrator = fields.flag("administrator", reader).unwrap_or(false);
    let access_level = fields.word("access_level", reader);
    let numbers = fields.list::<String>("tax_ids", reader);
    let since = fields.day("since", reader);
    fields.finish(reader);

    let roles: BTreeSet<Role> =
        roles.map(|(_, roles)| roles).unwrap_or_default().into_iter().collect();
    let (details_line, details) = details.unwrap_or_default();
    let within = |entry: &&crate::community::role::RoleEntry| roles.contains(&entry.code);
    let known: Vec<&str> =
        CATALOGUE.iter().filter(within).flat_map(|entry| entry.details).copied().collect();
    for detail in details.iter().filter(|detail| !known.contains(&detail.as_str())) {
        let message = format!("{detail:?} is no detail of these roles; there are {known:?}");
        reader.mistake(details_line, message);
    }
    let tax_ids = numbers.map(|(line, numbers)| {
        let number = |written: String| match either_number(&written) {
            Ok(number) => Some(number),
            Err(error) => {
                reader.mistake(line, format!("tax_ids: {error}"));
                None
            }
        };
        numbers.into_iter().filter_map(number).collect()
    });
    Some(AffiliationEntry {
        line,
        id: id.map(|(_, id)| id),
        organization: organization?.1,
        status,
        roles,
        role_details: details.into_iter().collect(),
        administrator,
        access_level: access_level.unwrap_or(AccessLevel::CommunityStandard),
        tax_ids,
        since,
    })
}

/// A number as an affiliation refers to it: by its spelling, since its type is told elsewhere.
fn either_number(written: &str) -> Result<TaxIdNumber, TaxIdError> {
    match written.parse() {
        Err(TaxIdError::SsnShaped) => written.parse().map(TaxIdNumber::Ssn),
        ein => ein.map(TaxIdNumber::Ein),
    }
}

fn site(
    mut fields: Fields<'_>,
    demo: bool,
    secret: [u8; 32],
    reader: &mut Reader,
) -> Option<SiteEntry> {
    let line = fields.line;
    let (document, lines) = fields.rest();
    if !lines.contains_key("client_id") {
        // A generated one would make another site at each import.
        reader.mistake(line, "client_id is missing");
    }
    // The identifier is given, so that no random one is needed.
    match site_registration::read(&document, Circumstances { id: [0; 16], secret, demo }) {
        Ok(registration) => {
            Some(SiteEntry { line, site: registration.site, new_secret: registration.new_secret })
        }
        Err(errors) => {
            for error in errors {
                let line = lines.get(&error.field).copied().unwrap_or(line);
                reader.mistake(line, format!("{} {}", error.field, error.message));
            }
            None
        }
    }
}
