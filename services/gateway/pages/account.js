// What the links in letters lead to. The token is behind the #: it stays in the browser until it is used.
const page = location.pathname.split("/").pop();
const token = location.hash.slice(1);
const form = document.getElementById("form");
const said = document.getElementById("said");

const say = (text, wrong = false) => {
  said.textContent = text;
  said.classList.toggle("wrong", wrong);
};

const post = async (path, body) => {
  const answer = await fetch(`/identity/v1/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const told = text ? JSON.parse(text) : {};
  if (answer.ok) return told;
  const reasons = (told.errors || []).map((error) => `${error.pointer.slice(1) || "It"} ${error.detail}`);
  throw new Error(reasons.length ? reasons.join(". ") : told.detail || "Something went wrong. Try again.");
};

// Shows some fields and does something with what is put in.
const ask = (text, fields, done) => {
  say(text);
  for (const label of form.querySelectorAll("[data-field]")) {
    const wanted = fields.includes(label.dataset.field);
    label.hidden = !wanted;
    label.querySelector("input").disabled = !wanted;
  }
  form.hidden = false;
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      say(await done(Object.fromEntries(new FormData(form))));
      form.hidden = true;
    } catch (error) {
      say(error.message, true);
    }
  };
};

const pages = {
  invitation: async () => {
    const seen = await post("invitations/look", { token });
    if (seen.name) form.elements.name.value = seen.name;
    const fields = seen.hasAccount ? [] : ["username", "name", "password"];
    ask(`You are invited to join ${seen.tenantName} as ${seen.email}.`, fields, async (given) => {
      const joined = await post("invitations/accept", { token, ...given });
      return `Welcome. Sign in as ${joined.username}.`;
    });
  },
  password: () =>
    ask("Choose a new password.", ["password"], async ({ password }) => {
      await post("password-resets/confirm", { token, newPassword: password });
      return "The password is changed. Sign in with it.";
    }),
  email: () =>
    ask("Confirm that this e-mail address is yours.", [], async () => {
      await post("email-verifications", { token });
      return "The address is confirmed.";
    }),
};

(async () => {
  try {
    await pages[page]();
  } catch (error) {
    say(error.message, true);
  }
})();
