// Says while somebody types what the server would say of the new password. The server judges, so
// there is one rule; without this script it judges when the form is sent.
"use strict";
for (const field of document.querySelectorAll("input[data-hints]")) {
  const hints = document.getElementById("hints");
  let waiting = 0;
  let asked = 0;
  const show = (sentences, good) => {
    hints.replaceChildren(...sentences.map((sentence) => {
      const line = document.createElement("p");
      line.textContent = sentence;
      line.className = good ? "right" : "wrong";
      return line;
    }));
  };
  const ask = async () => {
    const turn = ++asked;
    if (!field.value) return show([], false);
    const body = new URLSearchParams({
      form_token: field.form.elements.form_token.value,
      new_password: field.value,
    });
    try {
      const answer = await fetch(field.dataset.hints, { method: "POST", body });
      // An answer to an older question, or a form that is no longer good: sending it will tell.
      if (turn !== asked || !answer.ok) return;
      const { good, sentences } = await answer.json();
      show(sentences, good);
    } catch {
      show([], false);
    }
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 300);
  });
}
