//! Passkeys and security keys (`WebAuthn` Level 3): questions for the browser, and the check of its
//! answers.
//!
//! A question is drawn here and kept by the caller, in short-lived state that is taken away with the
//! first answer: `webauthn-rs` would accept the same answer twice. What an answer is worth is
//! decided in `idp_core::authentication::passkey`.

use aws_lc_rs::digest;
use idp_core::{
    authentication::{
        assurance::Method,
        passkey::{Answer, AnswerRefused, PutTo, Use, Wanted},
    },
    community::subscriber::Subscriber,
    ids::SubscriberId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        AuthenticationResult, DiscoverableAuthentication, PublicKeyCredential,
        RegisterPublicKeyCredential, SecurityKey, SecurityKeyAuthentication,
        SecurityKeyRegistration, Url, Uuid, WebauthnError,
    },
};

use crate::{config::Origin, store::factor::PasskeyRecord};

/// What people see in the browser's dialogue.
const NAME: &str = "Hilum";

/// Asks for passkeys and checks them, if the public origin has a name: browsers know none for an
/// address of numbers.
pub struct Passkeys(Option<Webauthn>);

/// A question that waits for its answer.
#[derive(Serialize, Deserialize)]
pub enum Question {
    /// Who is it? Any passkey of anybody, which must check the person.
    Anybody(DiscoverableAuthentication),
    /// Is it this person?
    Person {
        /// Who.
        subscriber: SubscriberId,
        /// What the answer must show.
        wanted: Wanted,
        /// What `webauthn-rs` compares the answer with.
        state: SecurityKeyAuthentication,
    },
    /// May this become a passkey of this person?
    Registration {
        /// Who.
        subscriber: SubscriberId,
        /// What `webauthn-rs` compares the answer with.
        state: SecurityKeyRegistration,
    },
}

impl Question {
    /// Whom it was put to; `None` if it asks for a new passkey.
    const fn put_to(&self) -> Option<PutTo<'_>> {
        match self {
            Self::Anybody(_) => Some(PutTo::Anybody),
            Self::Person { subscriber, .. } => Some(PutTo::Person(subscriber)),
            Self::Registration { .. } => None,
        }
    }
}

/// A new passkey.
pub struct NewPasskey {
    /// By what it is found.
    pub credential_id: Vec<u8>,
    /// What `webauthn-rs` keeps, in JSON.
    pub credential: String,
    /// The count of signatures.
    pub sign_count: u32,
    /// Whether it checks the person.
    pub verifies_person: bool,
}

/// A good answer.
#[derive(Clone, Debug)]
pub struct GoodAnswer {
    /// What it proves.
    pub method: Method,
    /// What `webauthn-rs` keeps from now on, in JSON.
    pub credential: String,
    /// The count of signatures.
    pub sign_count: u32,
}

/// Why there is no question, or an answer is refused. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The answer cannot be read.
    #[error("the answer is no credential")]
    Malformed,
    /// The answer belongs to another question.
    #[error("the answer belongs to another question")]
    OtherQuestion,
    /// It is refused for what it shows.
    #[error(transparent)]
    Refused(#[from] AnswerRefused),
    /// The origin has no name.
    #[error("passkeys need a public origin with a name")]
    Unavailable,
    /// `webauthn-rs` refused it.
    #[error("{0}")]
    WebAuthn(#[from] WebauthnError),
}

impl Passkeys {
    /// For an origin. The relying party is its host name, exactly: no sister host shares passkeys.
    pub fn new(origin: &Origin) -> Self {
        let url = Url::parse(origin.as_str()).ok();
        let webauthn = url.as_ref().and_then(|url| {
            let builder = WebauthnBuilder::new(url.domain()?, url).ok()?;
            builder.rp_name(NAME).build().ok()
        });
        Self(webauthn)
    }

    /// Whether passkeys can be used here.
    pub const fn are_available(&self) -> bool {
        self.0.is_some()
    }

    fn webauthn(&self) -> Result<&Webauthn, PasskeyError> {
        self.0.as_ref().ok_or(PasskeyError::Unavailable)
    }

    /// Asks whoever is there. The options go to `navigator.credentials.get`.
    ///
    /// # Errors
    /// [`PasskeyError::Unavailable`].
    pub fn ask_anybody(&self) -> Result<(Value, Question), PasskeyError> {
        let (options, state) = self.webauthn()?.start_discoverable_authentication()?;
        Ok((public_key(&options), Question::Anybody(state)))
    }

    /// Asks a person who has said already who they are.
    ///
    /// # Errors
    /// [`PasskeyError`] if there is nothing to ask for.
    pub fn ask_person(
        &self,
        subscriber: &SubscriberId,
        records: &[PasskeyRecord],
        wanted: Wanted,
    ) -> Result<(Value, Question), PasskeyError> {
        let known: Vec<SecurityKey> = records.iter().map(read).collect::<Result<_, _>>()?;
        let (options, state) = self.webauthn()?.start_securitykey_authentication(&known)?;
        let mut options = public_key(&options);
        // Any passkey will do, whatever it lives in.
        set(&mut options, "/hints", json!([]));
        if wanted == Wanted::Verification {
            set(&mut options, "/userVerification", json!("required"));
        }
        let subscriber = subscriber.clone();
        Ok((options, Question::Person { subscriber, wanted, state }))
    }

    /// Asks for a new passkey. The options go to `navigator.credentials.create`.
    ///
    /// # Errors
    /// [`PasskeyError::Unavailable`].
    pub fn ask_for_new(
        &self,
        person: &Subscriber,
        known: &[PasskeyRecord],
    ) -> Result<(Value, Question), PasskeyError> {
        let known: Vec<SecurityKey> = known.iter().map(read).collect::<Result<_, _>>()?;
        let exclude = known.iter().map(|key| key.cred_id().clone()).collect();
        let name = person.user_id.as_str();
        let shown = person.name();
        let shown = if shown.is_empty() { name } else { shown.as_str() };
        let (options, state) = self.webauthn()?.start_securitykey_registration(
            user_handle(&person.id),
            name,
            shown,
            Some(exclude),
            None,
            None,
        )?;
        let mut options = public_key(&options);
        set(&mut options, "/hints", json!([]));
        // `webauthn-rs` asks security keys for a protection that contradicts "preferred", and
        // browsers refuse the two together. We check the person by the flag of each answer.
        set(&mut options, "/extensions", json!({ "credProps": true }));
        // So that it can be offered on the sign-in page, before anybody has typed a name.
        set(&mut options, "/authenticatorSelection/residentKey", json!("preferred"));
        let subscriber = person.id.clone();
        Ok((options, Question::Registration { subscriber, state }))
    }

    /// Checks a new passkey.
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub fn register(
        &self,
        person: &SubscriberId,
        question: &Question,
        answer: &str,
    ) -> Result<NewPasskey, PasskeyError> {
        let Question::Registration { subscriber, state } = question else {
            return Err(PasskeyError::OtherQuestion);
        };
        if subscriber != person {
            return Err(PasskeyError::OtherQuestion);
        }
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| PasskeyError::Malformed)?;
        let key = self.webauthn()?.finish_securitykey_registration(&answer, state)?;
        let kept = serde_json::to_value(&key).map_err(|_| PasskeyError::Malformed)?;
        let verifies_person = kept.pointer("/cred/user_verified").and_then(Value::as_bool);
        let sign_count = kept.pointer("/cred/counter").and_then(Value::as_u64).unwrap_or_default();
        Ok(NewPasskey {
            credential_id: key.cred_id().to_vec(),
            credential: kept.to_string(),
            sign_count: u32::try_from(sign_count).unwrap_or(u32::MAX),
            verifies_person: verifies_person.unwrap_or(false),
        })
    }

    /// Checks an answer, to be taken for `wanted`, against the record of the passkey that it names.
    ///
    /// # Errors
    /// [`PasskeyError`]: whatever is wrong, nothing is proved.
    pub fn check(
        &self,
        wanted: Use<'_>,
        question: Question,
        record: &PasskeyRecord,
        answer: &Named,
    ) -> Result<GoodAnswer, PasskeyError> {
        let webauthn = self.webauthn()?;
        if !question.put_to().is_some_and(|asked| wanted.takes(asked, &record.subscriber)) {
            return Err(PasskeyError::OtherQuestion);
        }
        let mut key = read(record)?;
        // The device may say whose passkey it is; then it must say the same (§7.2, step 6).
        let says = answer.0.get_user_unique_id();
        let expected = user_handle(&record.subscriber);
        let same_person = says.is_none_or(|handle| handle == expected.as_bytes().as_slice());
        let (result, wanted) = match question {
            Question::Anybody(state) if says.is_some() && same_person => {
                let result =
                    webauthn.finish_discoverable_authentication_v2(&answer.0, state, &key)?;
                (result, Wanted::Verification)
            }
            Question::Person { wanted, state, .. } if same_person => {
                (webauthn.finish_securitykey_authentication(&answer.0, &state)?, wanted)
            }
            Question::Anybody(_) | Question::Person { .. } | Question::Registration { .. } => {
                return Err(PasskeyError::OtherQuestion);
            }
        };
        let method = shows(&result).judge(wanted, record.sign_count)?;
        key.update_credential(&result);
        let credential = serde_json::to_string(&key).map_err(|_| PasskeyError::Malformed)?;
        Ok(GoodAnswer { method, credential, sign_count: result.counter() })
    }
}

/// An answer that names its passkey, not yet checked.
pub struct Named(PublicKeyCredential);

impl Named {
    /// Reads what the browser sent.
    ///
    /// # Errors
    /// [`PasskeyError::Malformed`].
    pub fn read(answer: &str) -> Result<Self, PasskeyError> {
        serde_json::from_str(answer).map(Self).map_err(|_| PasskeyError::Malformed)
    }

    /// By what the passkey is found.
    pub fn credential_id(&self) -> &[u8] {
        self.0.get_credential_id()
    }
}

fn shows(result: &AuthenticationResult) -> Answer {
    Answer { verified_person: result.user_verified(), count: result.counter() }
}

fn read(record: &PasskeyRecord) -> Result<SecurityKey, PasskeyError> {
    serde_json::from_str(&record.credential).map_err(|_| PasskeyError::Malformed)
}

/// What devices keep in place of the person's name: it says nothing, and never changes.
fn user_handle(person: &SubscriberId) -> Uuid {
    let sum = digest::digest(&digest::SHA256, person.as_str().as_bytes());
    Uuid::from_bytes(sum.as_ref().first_chunk().copied().unwrap_or_default())
}

/// The options themselves: the browser's API takes them without the shell around them.
fn public_key(options: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(options).unwrap_or_default();
    value.get_mut("publicKey").map(Value::take).unwrap_or_default()
}

/// Sets a member of an object that is there.
fn set(options: &mut Value, pointer: &str, value: Value) {
    let (parent, member) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    if let Some(Value::Object(object)) = options.pointer_mut(parent) {
        object.insert(member.to_owned(), value);
    }
}
