// Sends the answer to the site at once (OAuth 2.0 Form Post Response Mode). Without scripts the
// person presses the button. A field may be named "submit", so the method comes from the prototype.
"use strict";
const form = document.getElementById("form-post");
if (form) HTMLFormElement.prototype.submit.call(form);
