// Passkeys: asks the browser for one and sends its answer with the form around the button.
//
// Without scripts, or without passkeys in the browser, what is marked data-passkey stays hidden and
// the rest of the page works by itself.
"use strict";

const api = window.PublicKeyCredential;
const forms = document.querySelectorAll("form[data-passkey]");
let waiting = new AbortController();

/** Asks Hilum for a question, the browser for the answer, and sends that. */
async function answer(form, mediation) {
  waiting.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  const body = new URLSearchParams({ form_token: form.elements.form_token.value });
  const asked = await fetch(form.dataset.options, { method: "POST", body, signal });
  if (!asked.ok) throw new Error(`status ${asked.status}`);
  const { question, options } = await asked.json();
  const credential = form.dataset.passkey === "create"
    ? await navigator.credentials.create({ publicKey: api.parseCreationOptionsFromJSON(options), signal })
    : await navigator.credentials.get({ publicKey: api.parseRequestOptionsFromJSON(options), signal, mediation });
  form.elements.question.value = question;
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  HTMLFormElement.prototype.submit.call(form);
}

/** The person pressed the button: what goes wrong is said. */
async function pressed(event) {
  event.preventDefault();
  const form = event.target;
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = true;
  try {
    await answer(form, "optional");
  } catch (error) {
    // For whoever helps over the telephone.
    problem.dataset.passkeyProblem = String(error);
    problem.hidden = false;
    problem.focus();
  }
}

/** Offers passkeys among what the browser would fill in. Nobody asked, so nothing is said. */
async function offer(form) {
  try {
    if (await api.isConditionalMediationAvailable?.()) await answer(form, "conditional");
  } catch { /* the button is still there */ }
}

if (api?.parseRequestOptionsFromJSON && api.parseCreationOptionsFromJSON) {
  for (const form of forms) {
    form.hidden = false;
    form.addEventListener("submit", pressed);
    if ("autofill" in form.dataset) offer(form);
  }
  for (const instead of document.querySelectorAll("[data-no-passkey]")) instead.hidden = true;
}
