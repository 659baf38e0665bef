//! `GET /account/sign-on-test`: what a sign-on at a site would come to, and what the site would be told,
//! without opening it (domain section 6). The engine's own steps say so, and the functions that
//! release claims; nothing is kept, and no site hears of it.

use std::{collections::BTreeSet, sync::Arc};

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use idp_core::{
    authentication::{
        assurance::{Method, Proof},
        factor::Holdings,
        gate::{Demand, Level},
        session::Session,
    },
    community::{affiliation::Affiliation, site::Front, tax_id::TaxIdNumber},
    ids::{AffiliationId, SessionId},
    release::{Asked as AskedClaims, Facts, id_token_claims, userinfo_claims},
    saml::{attributes, name_id},
    sign_on::{
        Person, Policy, Released, SignOn,
        needs::{Has, Need, What, needs},
        rehearsal::{End, Page, rehearse},
    },
};
use serde::Deserialize;
use serde_json::Value;

use super::nav;
use crate::{
    agreements,
    http::{
        console::is_office,
        error::PageError,
        gate::{self, Gate, OwnPage},
        sign_on::reason_of,
        visit::{Visit, page},
    },
    keys::saml_keys::Addresses,
    pages::{Area, Asks, NeedView, RehearsalEnd, RehearsalPage, RehearsalStep, Told},
    sites::SiteEntry,
    store::{AnyConn, StoreError, agreement, factor, organization, person::LoadedPerson},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/account/sign-on-test").get(show));
}

/// Which site, and for whom somebody would act there.
#[derive(Deserialize)]
struct Asked {
    site: Option<String>,
    affiliation: Option<String>,
}

async fn show(visit: Visit, asked: Query<Asked>) -> HttpResponse {
    let outcome = test(&visit, &asked).await;
    visit.answer(outcome)
}

async fn test(visit: &Visit, asked: &Asked) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Portal, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let all = visit.sites.all();
    let usable: Vec<&Arc<SiteEntry>> =
        all.iter().filter(|entry| entry.site.is_usable(visit.account_rules.demo)).collect();
    let wanted = match asked.site.as_deref().filter(|id| !id.is_empty()) {
        None => None,
        Some(id) => {
            let found = usable.iter().find(|entry| entry.site.id.as_str() == id);
            Some(Arc::clone(found.ok_or(PageError::NotFound)?))
        }
    };
    // Only one's own: another's is not there.
    let chosen: Option<&Affiliation> = match asked.affiliation.as_deref() {
        None => None,
        Some(id) => {
            let own = loaded.affiliations.iter().find(|own| own.id.as_str() == id);
            Some(own.ok_or(PageError::NotFound)?)
        }
    };
    let chosen = chosen.map(|own| own.id.clone());
    let found = match &wanted {
        None => None,
        Some(entry) => Some(walk(visit, &loaded, entry, chosen.as_ref()).await?),
    };
    let (needs, steps, end) = match found {
        None => (Vec::new(), Vec::new(), None),
        Some(Walked { needs, steps, end }) => (needs, steps, Some(end)),
    };
    let content = RehearsalPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Sites),
        sites: usable.iter().map(|e| (e.site.id.as_str(), e.site.name.as_str())).collect(),
        site: wanted.as_ref().map(|entry| (entry.site.id.as_str(), entry.site.name.as_str())),
        needs,
        steps,
        end,
    };
    Ok(page(StatusCode::OK, &content))
}

/// What a site asks of somebody, and how a sign-on there would go.
struct Walked<'a> {
    needs: Vec<NeedView>,
    steps: Vec<RehearsalStep>,
    end: RehearsalEnd<'a>,
}

/// A line of the card: what is needed, whether they have it, and the page that mends it.
fn view(loaded: &LoadedPerson, need: &Need) -> NeedView {
    let mut offices = loaded.affiliations.iter().filter(|own| is_office(own));
    let office = offices.next().map(|own| format!("/organization/{}", own.organization.id));
    let console = |page: &str| office.as_ref().map(|home| format!("{home}{page}"));
    let (asks, mend) = match &need.what {
        What::Administrator => (Asks::Administrator, None),
        What::Affiliation => (Asks::Affiliation, Some("/request-access".to_owned())),
        What::Agreement => (Asks::Agreement, Some("/account/agreements".to_owned())),
        What::Factor(_) => (Asks::Factor, Some("/account/security".to_owned())),
        What::Role(roles) => (
            Asks::Role(roles.iter().map(|role| role.code()).collect()),
            Some("/account".to_owned()),
        ),
        What::SwitchedOn => (Asks::SwitchedOn, console("/sites")),
        What::TaxId => (Asks::TaxId, console("/tax-ids")),
    };
    let lacks = need.has == Has::No;
    NeedView { asks, lacks, mend: mend.filter(|_| lacks) }
}

async fn walk<'a>(
    visit: &Visit,
    loaded: &LoadedPerson,
    entry: &'a SiteEntry,
    chosen: Option<&AffiliationId>,
) -> Result<Walked<'a>, PageError> {
    let now = visit.clock.now();
    let (subscriber, affiliations) = (loaded.subscriber.clone(), loaded.affiliations.clone());
    let site = entry.site.clone();
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let holdings = factor::holdings(conn, &subscriber.id, subscriber.has_mailbox())?;
        let in_force = agreement::in_force(conn)?;
        let due = agreements::due(conn, &subscriber.id, &in_force)?;
        Ok((holdings, organization::enabled_among(conn, &site, &affiliations)?, due))
    };
    let (holdings, enabled_at, agreement_due) = visit.db.read(read).await?;
    let without_passkeys = !visit.passkeys.are_available();
    let holdings = Holdings { without_passkeys, ..holdings };
    // As if they began with a password: what this session has proved already is another day's luck.
    let proof = Proof { method: Method::Password, at: now };
    let id = SessionId::from_random(visit.random.bytes());
    let session = Session::begin(id, loaded.subscriber.id.clone(), proof, &visit.session_rules);
    let person = visit.person(loaded, &holdings, enabled_at, now);
    let person = Person { session, agreement_due, ..person };
    let needs = needs(&person, &entry.site.release).iter().map(|need| view(loaded, need)).collect();
    let release = &entry.site.release;
    let policy = Policy { release: Some(release), level: Level::SignedIn, naming: &entry.naming };
    let found = rehearse(person, chosen, policy, now);
    let steps = found.pages.iter().map(|page| match page {
        Page::Agreement(_) => RehearsalStep::Agreement,
        Page::Enrolment(_) => RehearsalStep::Enrolment,
        Page::Factor(_) => RehearsalStep::Factor,
    });
    let end = match found.end {
        End::Choice(choices) => RehearsalEnd::Choice(
            choices
                .into_iter()
                .map(|choice| (choice.id.to_string(), choice.organization.name))
                .collect(),
        ),
        End::NoSignIn => RehearsalEnd::NoSignIn,
        End::Refused(refusal) => RehearsalEnd::Refused(reason_of(refusal, release)),
        End::Complete(sign_on) => RehearsalEnd::Complete {
            acting_for: match &sign_on.affiliations {
                Released::One(one) => Some(one.organization.name.clone()),
                Released::All(_) | Released::None => None,
            },
            told: told(visit, loaded, entry, &sign_on),
        },
    };
    Ok(Walked { needs, steps: steps.collect(), end })
}

/// What the site would be told, name by name. A personal number is masked here as everywhere on a page
/// (security 20.10), whatever the site gets.
fn told(visit: &Visit, loaded: &LoadedPerson, entry: &SiteEntry, sign_on: &SignOn) -> Vec<Told> {
    let site = &entry.site;
    let facts = Facts {
        subscriber: &loaded.subscriber,
        session: &sign_on.session,
        last_login: loaded.previous_sign_in_at,
        acr: &sign_on.acr,
        affiliations: &sign_on.affiliations,
        naming: &entry.naming,
    };
    let told = match &site.front {
        Front::Oidc(_) => {
            let none = BTreeSet::new();
            let asked = AskedClaims { scopes: &site.release.allowed_scopes, names: &none };
            let mut claims = id_token_claims(facts, asked, &site.release);
            claims.extend(userinfo_claims(facts, asked, &site.release));
            let told = |(name, value): (String, Value)| Told { name, values: vec![shown(&value)] };
            claims.into_iter().map(told).collect::<Vec<_>>()
        }
        Front::Saml(provider) => {
            let scope = Addresses::of(&visit.issuer).scope;
            let name = name_id::name(provider.policy.name_id, facts.subscriber, facts.naming, "…");
            let name =
                name.ok().map(|name| Told { name: "NameID".to_owned(), values: vec![name.value] });
            let attributes = attributes::attributes(facts, &site.release, &scope).into_iter();
            let attributes = attributes.map(|attribute| Told {
                name: attribute.friendly.to_owned(),
                values: attribute.values,
            });
            name.into_iter().chain(attributes).collect()
        }
    };
    let secrets: Vec<(String, String, String)> = loaded
        .affiliations
        .iter()
        .flat_map(|own| &own.tax_ids)
        .filter_map(|tax_id| match &tax_id.number {
            TaxIdNumber::Ein(_) => None,
            TaxIdNumber::Ssn(ssn) => Some((
                ssn.expose_hyphenated(),
                ssn.expose_digits().to_owned(),
                tax_id.number.shown(),
            )),
        })
        .collect();
    let mask = |text: String| {
        secrets.iter().fold(text, |text, (hyphenated, digits, shown)| {
            text.replace(hyphenated.as_str(), shown).replace(digits.as_str(), shown)
        })
    };
    let masked = |told: Told| Told { values: told.values.into_iter().map(mask).collect(), ..told };
    told.into_iter().map(masked).collect()
}

/// A claim as people read it.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("{value:#}"), str::to_owned)
}
