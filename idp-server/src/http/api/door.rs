//! The door of the Admin API: whose token it is, and as what they act. The rules are those of the
//! consoles (`http/console.rs`); only the way to say no is another.

use std::{str::FromStr, sync::Arc};

use actix_web::{
    HttpRequest,
    http::header::CONTENT_TYPE,
    web::{self, Bytes, Query},
};
use idp_core::{
    authentication::gate::Demand,
    community::{
        actor::Actor,
        affiliation::Affiliation,
        organization::OrganizationStatus,
        permission::{Action, Denied},
    },
    ids::OrganizationId,
    oidc::scope::SUPPORT_DESK,
};
use serde::de::DeserializeOwned;

use super::{error::ApiError, token};
use crate::{
    app::App,
    community::{
        Office,
        looking::{self, Look},
    },
    http::{
        client_address::ClientAddress,
        console::{at_the_desk, is_office},
    },
    store::{AnyConn, StoreError, organization, person::LoadedPerson},
};

/// What a token must name for an Administrator's work.
pub(super) const ADMIN: &str = "hilum.admin";
/// What a token must name for the support desk's work.
pub(super) const SUPPORT: &str = SUPPORT_DESK;
/// The largest body (security 21.1).
const MOST: usize = 256 * 1024;

/// Somebody at work, by a program.
pub(super) struct Desk {
    pub(super) app: Arc<App>,
    pub(super) office: Office,
    pub(super) person: LoadedPerson,
}

/// An Administrator at work, by a program.
pub(super) struct OrganizationDesk {
    pub(super) desk: Desk,
    /// The affiliation that makes them an Administrator, with its organization.
    pub(super) affiliation: Affiliation,
}

impl Desk {
    /// Somebody whose token has a scope and meets a demand, as nobody in particular yet.
    async fn of(
        app: web::Data<App>,
        request: &HttpRequest,
        wanted: (&'static str, Demand),
    ) -> Result<Self, ApiError> {
        let app = app.into_inner();
        let (person, _) = token::person(&app, request, (&[wanted.0], wanted.1)).await?;
        let office = Office {
            session: Some(person.session.id.clone()),
            address: Some(ClientAddress::of(request).0),
            ..app.office(Actor::Subscriber(person.subscriber.id.clone()))
        };
        Ok(Self { app, office, person })
    }

    /// An Administrator of any organization.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn administrator(
        app: web::Data<App>,
        request: &HttpRequest,
    ) -> Result<Self, ApiError> {
        Self::of(app, request, (ADMIN, Demand::CONSOLE)).await
    }

    /// Somebody of the support desk, as their rank is at this call. To everybody else there is no such
    /// place, and that they asked is written down.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn support(
        app: web::Data<App>,
        request: &HttpRequest,
    ) -> Result<Self, ApiError> {
        Self::at_support(app, request, Demand::CONSOLE).await
    }

    /// Likewise, for what leads into somebody's account: with a sign-in of the last quarter of an hour
    /// (security 19.5).
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn support_lately(
        app: web::Data<App>,
        request: &HttpRequest,
    ) -> Result<Self, ApiError> {
        Self::at_support(app, request, Demand::HELP).await
    }

    async fn at_support(
        app: web::Data<App>,
        request: &HttpRequest,
        demand: Demand,
    ) -> Result<Self, ApiError> {
        let desk = Self::of(app, request, (SUPPORT, demand)).await?;
        let who = desk.person.subscriber.id.clone();
        match at_the_desk(&desk.app.db, desk.office.clone(), who).await? {
            Some(office) => Ok(Self { office, ..desk }),
            None => Err(ApiError::NotFound),
        }
    }

    /// Reads by `work`, for whoever acts.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut AnyConn, &Office) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let office = self.office.clone();
        Ok(self.app.db.read(move |conn| work(conn, &office)).await?)
    }

    /// Writes down what somebody of the support desk is about to be told.
    ///
    /// # Errors
    /// [`ApiError`]: then it is not told.
    pub(super) async fn note(&self, look: Look) -> Result<(), ApiError> {
        let office = self.office.clone();
        let noted = self.app.db.write(move |conn| looking::note(conn, &office, &look)).await?;
        noted.map_err(ApiError::from)
    }

    /// Does `work` as one transaction, and rings for the mails that it may have left.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn write<T: Send + 'static>(
        self,
        work: impl Fn(&mut AnyConn, &Office) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let office = self.office;
        let done = self.app.db.write(move |conn| work(conn, &office)).await?;
        self.app.outbox.wake();
        Ok(done)
    }

    /// Writes down that somebody asked for what is not theirs; says what to answer.
    ///
    /// # Errors
    /// [`ApiError`] if that cannot be written down.
    pub(super) async fn refuse(&self, action: Action) -> Result<ApiError, ApiError> {
        let office = self.office.clone();
        let refuse = move |conn: &mut _| office.refused(conn, action, Denied::NotFound);
        self.app.db.write(refuse).await?;
        Ok(ApiError::NotFound)
    }
}

impl OrganizationDesk {
    /// An Administrator of this organization. To everybody else it is not there, and that they asked
    /// is written down (security 20.1).
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn of(
        app: web::Data<App>,
        request: &HttpRequest,
        organization: &str,
    ) -> Result<Self, ApiError> {
        Self::meeting(Demand::CONSOLE, app, request, organization).await
    }

    /// Likewise, for what leads into somebody's account: with a sign-in of the last quarter of an hour
    /// (security 19.5).
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn lately(
        app: web::Data<App>,
        request: &HttpRequest,
        organization: &str,
    ) -> Result<Self, ApiError> {
        Self::meeting(Demand::HELP, app, request, organization).await
    }

    async fn meeting(
        demand: Demand,
        app: web::Data<App>,
        request: &HttpRequest,
        organization: &str,
    ) -> Result<Self, ApiError> {
        let desk = Desk::of(app, request, (ADMIN, demand)).await?;
        let id: Option<OrganizationId> = organization.parse().ok();
        let mut own = desk.person.affiliations.iter().filter(|affiliation| is_office(affiliation));
        let found = own.find(|affiliation| Some(&affiliation.organization.id) == id.as_ref());
        let Some(affiliation) = found.cloned() else {
            return Err(desk.refuse(Action::ReadOrganization).await?);
        };
        let (who, of) = (desk.person.subscriber.id.clone(), affiliation.organization.id.clone());
        if affiliation.organization.status != OrganizationStatus::Active {
            let id = of.clone();
            let body = desk.app.db.read(move |conn| organization::body(conn, &id)).await?;
            if body.is_none_or(|body| body.state.bars_its_administrators()) {
                return Err(ApiError::Forbidden);
            }
        }
        let office = Office { actor: Actor::Administrator { who, of }, ..desk.office };
        Ok(Self { desk: Desk { office, ..desk }, affiliation })
    }

    /// Which organization.
    pub(super) const fn organization(&self) -> &OrganizationId {
        &self.affiliation.organization.id
    }
}

/// Reads the body of a request. A field that is not asked for is refused (security 20.3).
///
/// # Errors
/// [`ApiError::UnsupportedType`], [`ApiError::TooLarge`], [`ApiError::Malformed`].
pub(super) fn body<T: DeserializeOwned>(
    request: &HttpRequest,
    body: &Bytes,
) -> Result<T, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_json = kind.is_some_and(|kind| {
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    });
    if !is_json {
        return Err(ApiError::UnsupportedType);
    }
    if body.len() > MOST {
        return Err(ApiError::TooLarge);
    }
    if body.contains(&0) {
        return Err(ApiError::Malformed("the body has a NUL".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| ApiError::Malformed(error.to_string()))
}

/// Reads the query of a request. A parameter that is not asked for is refused.
///
/// # Errors
/// [`ApiError::Malformed`].
pub(super) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    let read = Query::<T>::from_query(request.query_string());
    read.map(Query::into_inner).map_err(|error| ApiError::Malformed(error.to_string()))
}

/// Reads one parameter of a query, if it is there.
///
/// # Errors
/// [`ApiError::Malformed`].
pub(super) fn parameter<T: FromStr>(name: &str, text: Option<&str>) -> Result<Option<T>, ApiError> {
    text.map(str::parse).transpose().map_err(|_| ApiError::parameter(name))
}
