//! `hilum site preview`: what a site would receive for a person, by the very functions that release
//! it. It changes nothing, and stands in the audit record: the operator sees what the site would.

use std::{collections::BTreeSet, sync::Arc};

use idp_core::{
    audit::Kind,
    authentication::{
        assurance::{Method, Proof},
        factor::Holdings,
        gate::Level,
        session::Session,
    },
    community::{
        affiliation::Affiliation,
        site::{Front, Site},
        subscriber::{AccountRules, Subscriber},
    },
    ids::{AgreementId, OrganizationId, SessionId, SiteId},
    release::{Asked, Facts, Naming, id_token_claims, userinfo_claims},
    saml::{attributes, name_id, service_provider::ServiceProvider},
    sign_on::{
        Person, Policy, Released,
        rehearsal::{End, Page, Rehearsal, rehearse},
    },
};
use serde_json::{Map, Value};

use super::{Desk, unknown};
use crate::{
    agreements, app,
    cli::{Failure, database::failed},
    config::Config,
    keys::{saml_keys::Addresses, sealing::Sealer, sub_keys::SubKeys},
    passkeys::Passkeys,
    store::{
        AnyConn, StoreError, agreement, audit, factor, organization, person, site, subscriber,
    },
};

/// For whom a sign-on is looked at.
pub(super) struct Wanted {
    /// The site.
    pub(super) site: SiteId,
    /// The User ID.
    pub(super) person: String,
    /// An affiliation, or the organization of one.
    pub(super) affiliation: Option<String>,
}

/// What is known of the two.
struct Known {
    site: Site,
    subscriber: Subscriber,
    affiliations: Vec<Affiliation>,
    enabled_at: Vec<OrganizationId>,
    holdings: Holdings,
    agreement_due: Option<AgreementId>,
}

/// Prints it.
pub(super) async fn show(desk: Desk, config: &Config, wanted: Wanted) -> Result<(), Failure> {
    let unusable = |why: String| Failure::new(why, "Nothing was shown.");
    let keys = SubKeys::derive(&config.secrets.master_key);
    let keys = keys.map_err(|_| unusable("keys cannot be derived from the master key".into()))?;
    let sealer = Sealer::new(&keys, desk.random.clone());
    let sealer = sealer.map_err(|error| unusable(error.to_string()))?;
    let known = load(&desk, &wanted, app::open_ssn(Arc::new(sealer))).await?;
    let (site, now) = (&known.site, desk.ending.now);
    let naming =
        Naming::of(site.release.subject_type, site.sector(), keys.pairwise_subject.expose());
    let session = Session::begin(
        SessionId::from_random(desk.random.bytes()),
        known.subscriber.id.clone(),
        Proof { method: Method::Password, at: now },
        &config.session.rules,
    );
    let rules = AccountRules { dormant_after: config.session.dormant_after, demo: config.demo };
    let without_passkeys = !Passkeys::new(&config.public_origin).are_available();
    let holdings = Holdings { without_passkeys, ..known.holdings.clone() };
    let person = Person {
        session,
        standing: known.subscriber.standing(&rules, now),
        affiliations: known.affiliations.clone(),
        enabled_at: known.enabled_at.clone(),
        factors: holdings.methods(),
        has_own_factor: holdings.has_own_factor(),
        may_enrol: holdings.may_enrol(),
        agreement_due: known.agreement_due.clone(),
    };
    let chosen = wanted.affiliation.as_deref().map(|named| {
        let found = known.affiliations.iter().find(|affiliation| {
            affiliation.id.as_str() == named || affiliation.organization.id.as_str() == named
        });
        found
            .map(|affiliation| affiliation.id.clone())
            .ok_or_else(|| unusable(format!("{} has no affiliation {named}", wanted.person)))
    });
    let chosen = chosen.transpose()?;
    let policy = Policy { release: Some(&site.release), naming: &naming, level: Level::SignedIn };
    let found = rehearse(person, chosen.as_ref(), policy, now);
    println!("{} for {} ({})", site.name, known.subscriber.name(), known.subscriber.user_id);
    if site.service_provider().is_some_and(|provider| !provider.is_current(now)) {
        println!(
            "The site's metadata have expired: every request of it is refused. If they had not:"
        );
    }
    tell(&found, &known, &naming, config);
    Ok(())
}

/// Loads what the engine asks for, and writes down who looked: in one transaction, before anything
/// is shown.
async fn load(
    desk: &Desk,
    wanted: &Wanted,
    open: Arc<crate::store::tax_id::OpenSsn>,
) -> Result<Known, Failure> {
    let event = desk.event(Kind::SitePreviewed, &wanted.site);
    let (id, user_id) = (wanted.site.clone(), wanted.person.to_lowercase());
    let write = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let Some(site) = site::find(conn, &id)? else { return Ok(Err(true)) };
        let Some(account) = subscriber::for_sign_in(conn, &user_id)? else {
            return Ok(Err(false));
        };
        let subscriber = account.subscriber;
        let affiliations = person::affiliations_of(conn, &subscriber.id, &*open)?;
        let enabled_at = organization::enabled_among(conn, &site, &affiliations)?;
        let holdings = factor::holdings(conn, &subscriber.id, subscriber.has_mailbox())?;
        let in_force = agreement::in_force(conn)?;
        let agreement_due = agreements::due(conn, &subscriber.id, &in_force)?;
        audit::record(conn, &[event.clone().to(subscriber.id.clone())])?;
        Ok(Ok(Known { site, subscriber, affiliations, enabled_at, holdings, agreement_due }))
    };
    match desk.db.write(write).await.map_err(|error| failed(&error))? {
        Ok(known) => Ok(known),
        Err(true) => Err(unknown(&wanted.site)),
        Err(false) => Err(Failure::new(
            format!("there is nobody with the User ID {}", wanted.person),
            "Nothing was shown.",
        )),
    }
}

fn tell(found: &Rehearsal, known: &Known, naming: &Naming, config: &Config) {
    if !known.site.is_usable(config.demo) {
        println!("The site is not in use: every request of it is refused. If it were:");
    }
    for page in &found.pages {
        println!("{}", words_of(page));
    }
    match &found.end {
        End::Choice(choices) => {
            println!("The person chooses for whom they act; name one with --affiliation:");
            for choice in choices {
                println!("  {}  {}", choice.id.as_str(), choice.organization.name);
            }
        }
        End::NoSignIn => println!("Refused: the account cannot sign in."),
        End::Refused(refusal) => println!("Refused: {refusal}."),
        End::Complete(sign_on) => {
            let facts = Facts {
                subscriber: &known.subscriber,
                session: &sign_on.session,
                last_login: known.subscriber.last_sign_in_at,
                acr: &sign_on.acr,
                affiliations: &sign_on.affiliations,
                naming,
            };
            if let Released::One(affiliation) = &sign_on.affiliations {
                println!("Acting for {}.", affiliation.organization.name);
            }
            match &known.site.front {
                Front::Oidc(_) => claims(facts, &known.site),
                Front::Saml(provider) => assertion(facts, &known.site, provider, config),
            }
        }
    }
}

fn words_of(page: &Page) -> String {
    match page {
        Page::Agreement(id) => format!("First the person accepts the agreement {}.", id.as_str()),
        Page::Enrolment(rung) => {
            format!("First the person sets up a second factor that reaches {}.", rung.acr())
        }
        Page::Factor(method) => format!("First the person proves a second factor ({method:?})."),
    }
}

/// What an OIDC site receives if it asks for all that it may have.
fn claims(facts: Facts<'_>, site: &Site) {
    let none = BTreeSet::new();
    let asked = Asked { scopes: &site.release.allowed_scopes, names: &none };
    let scopes: Vec<&str> = asked.scopes.iter().map(|scope| scope.as_str()).collect();
    println!("If it asks for all scopes that it may have: {}", scopes.join(" "));
    object("ID token", id_token_claims(facts, asked, &site.release));
    object("userinfo", userinfo_claims(facts, asked, &site.release));
}

fn object(name: &str, claims: Map<String, Value>) {
    println!("\n{name}\n{:#}", Value::Object(claims));
}

/// What a SAML site receives, or why nothing.
fn assertion(facts: Facts<'_>, site: &Site, provider: &ServiceProvider, config: &Config) {
    let scope = Addresses::of(config.public_origin.as_str()).scope;
    let attributes = attributes::attributes(facts, &site.release, &scope);
    let kind = provider.policy.name_id;
    // A name that is used once is another each time.
    let Ok(name) = name_id::name(kind, facts.subscriber, facts.naming, "(new each time)") else {
        println!("Refused: the person has no name of the kind {kind:?}.");
        return;
    };
    match provider.encrypt_to(&attributes) {
        Err(missing) => {
            println!("Refused: {missing}.");
            return;
        }
        Ok(Some(key)) => println!("Encrypted to the key {}.", key.certificate.fingerprint()),
        Ok(None) => println!("Not encrypted: the browser that carries it can read it."),
    }
    println!("\nNameID\n  {}\n  {}", kind.format(), name.value);
    println!("\nAttributes");
    for attribute in &attributes {
        println!("  {} ({})", attribute.friendly, attribute.name);
        for value in &attribute.values {
            println!("    {value}");
        }
    }
}
