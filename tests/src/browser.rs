//! A browser without scripts: cookies, forms, redirects.

use std::{collections::BTreeMap, net::SocketAddr};

use reqwest::{Method, header::HeaderMap};
use url::Url;

use crate::{
    challenge,
    html::{Form, text_of},
    http::Outgoing,
};

/// The password of every person of the demo community.
pub const PASSWORD: &str = "Hilum-demo-2026";

/// Somebody who signs on.
#[derive(Clone, Debug)]
pub struct Person {
    /// The User ID.
    pub user_id: String,
    /// The password.
    pub password: String,
    /// Part of the name of the organization to act for, where there is a choice; the first
    /// otherwise.
    pub organization: Option<String>,
}

impl Person {
    /// A person of the demo community.
    #[must_use]
    pub fn new(user_id: &str) -> Self {
        let password = PASSWORD.to_owned();
        Self { user_id: user_id.to_owned(), password, organization: None }
    }

    /// The same with another password.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        Self { password: password.to_owned(), ..self }
    }

    /// The same acting for an organization.
    #[must_use]
    pub fn acting_for(self, organization: &str) -> Self {
        Self { organization: Some(organization.to_owned()), ..self }
    }
}

/// A browser: it honours `Secure` cookies on `http://localhost`, as real ones do.
#[derive(Clone, Debug)]
pub struct Browser {
    origin: Url,
    /// The node that it speaks to.
    pub address: SocketAddr,
    /// Its cookies of Hilum, by name.
    pub cookies: BTreeMap<String, String>,
    /// Headers that it adds to every request.
    pub headers: Vec<(String, String)>,
    /// Whether a node may be gone: then a page of status 0 stands for the error that a browser
    /// shows.
    pub patient: bool,
}

/// What a browser shows, or is told.
#[derive(Clone, Debug)]
pub struct Page {
    /// The address.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

/// What a site is told at its redirect URI.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Where it was sent, without the query.
    pub to: String,
    /// `code`.
    pub code: Option<String>,
    /// `state`.
    pub state: Option<String>,
    /// `iss`.
    pub iss: Option<String>,
    /// `error`.
    pub error: Option<String>,
    /// `error_description`.
    pub description: Option<String>,
    /// All fields, as they came.
    pub fields: Vec<(String, String)>,
}

impl Page {
    /// A header's text, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Every `Set-Cookie`.
    #[must_use]
    pub fn set_cookies(&self) -> Vec<String> {
        let all = self.headers.get_all("set-cookie").iter();
        all.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
    }

    /// Where it redirects to.
    #[must_use]
    pub fn location(&self) -> Option<Url> {
        let redirects = (300..400).contains(&self.status) && !self.header("location").is_empty();
        redirects.then(|| self.url.join(self.header("location")).expect("an address"))
    }

    /// Its form with the button of this `id`.
    #[must_use]
    pub fn form(&self, button: &str) -> Form {
        self.find_form(button).unwrap_or_else(|| {
            panic!("no button {button} in {} {}\n{}", self.status, self.url, self.body)
        })
    }

    fn find_form(&self, button: &str) -> Option<Form> {
        let has = |form: &Form| form.buttons.iter().any(|own| own.id == button);
        Form::all(&self.body).into_iter().find(has)
    }

    /// Whether it has an element with this `id`.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.body.contains(&format!("id=\"{id}\""))
    }

    /// The text of the element with this `id`.
    #[must_use]
    pub fn text(&self, id: &str) -> Option<String> {
        text_of(&self.body, id)
    }

    /// Whether it asks for User ID and password.
    #[must_use]
    pub fn is_sign_in(&self) -> bool {
        self.has("login-submit")
    }

    /// Whether it asks for whom the person acts.
    #[must_use]
    pub fn is_chooser(&self) -> bool {
        self.body.contains("id=\"affiliation-aff_")
    }

    /// Whether it says what the site receives.
    #[must_use]
    pub fn is_notice(&self) -> bool {
        self.has("consent-allow")
    }

    /// What the site is told by this redirect or form.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let form = Form::all(&self.body).into_iter().find(|_| self.has("form-post"));
        let (to, fields) = match (self.location(), form) {
            (Some(url), _) => {
                let fields = url.query_pairs().into_owned().collect();
                assert_eq!(url.fragment(), None, "nothing goes into a fragment: {url}");
                (url.to_string(), fields)
            }
            (None, Some(form)) => (form.action, form.fields),
            (None, None) => {
                panic!("no answer for a site: {} {}\n{}", self.status, self.url, self.body)
            }
        };
        let find = |name: &str| {
            let found = fields.iter().find(|(own, _): &&(String, String)| own == name);
            found.map(|(_, value)| value.clone())
        };
        Answer {
            to: to.split('?').next().unwrap_or_default().to_owned(),
            code: find("code"),
            state: find("state"),
            iss: find("iss"),
            error: find("error"),
            description: find("error_description"),
            fields,
        }
    }

    /// The error that the site is told, and its description.
    #[must_use]
    pub fn error(&self) -> (String, String) {
        let answer = self.answer();
        assert_eq!(answer.code, None, "an error comes without a code");
        (answer.error.unwrap_or_default(), answer.description.unwrap_or_default())
    }
}

impl Browser {
    /// A fresh one that speaks to the node at `address`.
    #[must_use]
    pub fn new(origin: &str, address: SocketAddr) -> Self {
        let origin = Url::parse(origin).expect("an origin");
        Self { origin, address, cookies: BTreeMap::new(), headers: Vec::new(), patient: false }
    }

    /// The same browser, with the same cookies, at another node.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The address of a path of Hilum.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        self.origin.join(path).expect("a path")
    }

    /// The session cookie.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.cookies.get("__Host-hilum-session").map(String::as_str)
    }

    /// Types an address in, without following where it leads.
    pub async fn get(&mut self, url: &Url) -> Page {
        let request = self.request(Method::GET, url).header("Sec-Fetch-Site", "none");
        self.send(url, request).await
    }

    /// The same, following redirects as long as they stay at Hilum.
    pub async fn open(&mut self, url: &Url) -> Page {
        let page = self.get(url).await;
        self.follow(page).await
    }

    /// Opens a path of Hilum.
    pub async fn visit(&mut self, path: &str) -> Page {
        self.open(&self.url(path)).await
    }

    /// Follows redirects as long as they stay at Hilum.
    pub async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..10 {
            match page.location() {
                Some(next) if next.origin() == self.origin.origin() => {
                    page = self.get(&next).await;
                }
                _ => return page,
            }
        }
        panic!("redirected in circles: {}", page.url);
    }

    /// Presses a button, with `fields` filled in, and follows where that leads.
    pub async fn submit(&mut self, page: &Page, button: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.press(page, button, fields).await;
        self.follow(page).await
    }

    /// Presses a button, with `fields` filled in.
    pub async fn press(&mut self, page: &Page, button: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = page.form(button);
        for (name, value) in fields {
            form.fill(name, value);
        }
        let pressed = form.buttons.iter().find(|own| own.id == button);
        form.fields.extend(pressed.and_then(|own| own.field.clone()));
        // What the script in the page does, unless the test says otherwise.
        if form.value("solution") == Some("") {
            let solution = form.value("challenge").map(challenge::solve);
            form.fill("solution", &solution.unwrap_or_default());
        }
        let url = page.url.join(&form.action).expect("an address");
        // Our pages carry `Referrer-Policy: no-referrer`, so browsers say `Origin: null`.
        let request = self
            .request(Method::POST, &url)
            .header("Sec-Fetch-Site", "same-origin")
            .header("Origin", "null")
            .form(&form.fields);
        self.send(&url, request).await
    }

    /// Sends these fields as a form of Hilum's own page would, and follows where that leads.
    pub async fn post<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        url: &Url,
        fields: &[(N, V)],
    ) -> Page {
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
        let request = self
            .request(Method::POST, url)
            .header("Sec-Fetch-Site", "same-origin")
            .header("Origin", "null")
            .form(&fields);
        let page = self.send(url, request).await;
        self.follow(page).await
    }

    /// Sends a form that stands on another site: cookies with `SameSite=Lax` stay at home.
    pub async fn post_from_elsewhere(&mut self, url: &Url, fields: &[(String, String)]) -> Page {
        let cookies = std::mem::take(&mut self.cookies);
        let request = self
            .request(Method::POST, url)
            .header("Sec-Fetch-Site", "cross-site")
            .header("Origin", "https://elsewhere.example")
            .form(fields);
        let page = self.send(url, request).await;
        let new = std::mem::replace(&mut self.cookies, cookies);
        self.cookies.extend(new);
        page
    }

    /// Goes through the pages of a sign-on as a person would, until an answer leaves for the site
    /// or Hilum says no.
    pub async fn sign_on(&mut self, url: &Url, person: &Person) -> Page {
        let mut page = self.open(url).await;
        for _ in 0..6 {
            let before = page.url.clone();
            page = if page.is_sign_in() && page.status == 200 {
                self.sign_in(&page, person).await
            } else if page.is_chooser() {
                let button = choice(&page, person);
                self.submit(&page, &button, &[]).await
            } else if page.is_notice() {
                self.submit(&page, "consent-allow", &[]).await
            } else {
                return page;
            };
            if page.url == before && page.status >= 400 {
                return page;
            }
        }
        panic!("the sign-on does not end: {} {}", page.status, page.url);
    }

    /// Types User ID and password into a sign-in page.
    pub async fn sign_in(&mut self, page: &Page, person: &Person) -> Page {
        let fields = [("username", &*person.user_id), ("password", &*person.password)];
        let answer = self.submit(page, "login-submit", &fields).await;
        // After several failures a challenge comes first, and then everything is typed again.
        if answer.status == 403 && answer.has("challenge-problem") {
            return self.submit(&answer, "login-submit", &fields).await;
        }
        answer
    }

    /// A request with this browser's cookies, to be completed.
    #[must_use]
    pub fn request(&self, method: Method, url: &Url) -> Outgoing {
        let mut request = Outgoing::new(method, url, self.address)
            .header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
            .header("Accept", "text/html,application/xhtml+xml");
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header("Cookie", &pairs.collect::<Vec<_>>().join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    /// Sends a request and keeps the cookies of the answer.
    pub async fn send(&mut self, url: &Url, request: Outgoing) -> Page {
        let answer =
            if self.patient { request.try_send().await.ok() } else { Some(request.send().await) };
        let Some((status, headers, body)) = answer else {
            return Page {
                url: url.clone(),
                status: 0,
                headers: HeaderMap::new(),
                body: String::new(),
            };
        };
        let page = Page {
            url: url.clone(),
            status: status.as_u16(),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        for cookie in page.set_cookies() {
            self.keep(&cookie);
        }
        page
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let attributes = attributes.to_ascii_lowercase();
        // RFC 6265bis §5.7: such a name is taken only with these attributes.
        if name.starts_with("__Host-") {
            let whole = attributes.contains("path=/") && !attributes.contains("domain=");
            assert!(whole && attributes.contains("secure"), "browsers refuse {cookie}");
        }
        if value.is_empty() || attributes.contains("max-age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The button of the person's organization, or the first.
fn choice(page: &Page, person: &Person) -> String {
    let buttons: Vec<String> = Form::all(&page.body)
        .into_iter()
        .flat_map(|form| form.buttons)
        .map(|button| button.id)
        .filter(|id| id.starts_with("affiliation-"))
        .collect();
    let wanted = person.organization.as_deref();
    let fits = |id: &&String| {
        let text = page.body.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_default();
        let text = text.split("</button>").next().unwrap_or_default();
        wanted.is_none_or(|wanted| text.contains(wanted))
    };
    buttons.iter().find(fits).expect("the organization is among the choices").clone()
}
