// The pages use the same API as any other client. Tokens are stored only for this tab.

// Base path of the service, derived from the address of this script, /assets/pages.js.
const base = new URL("..", import.meta.url).pathname.slice(0, -1);

const store = {
  get: () => JSON.parse(sessionStorage.getItem("tokens") ?? "null"),
  set: (tokens) => sessionStorage.setItem("tokens", JSON.stringify(tokens)),
  // Nothing of a user is left for the next one.
  clear() {
    for (const name of ["tokens", "intent", "verifier"]) sessionStorage.removeItem(name);
  },
};

const leave = (path) => location.assign(base + path);

async function call(method, path, { body, token } = {}) {
  const headers = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token) headers.authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    return { status: 0, data: { error: { message: "Can't reach the service. Check your connection and try again." } } };
  }
  const text = await response.text();
  try {
    return { status: response.status, data: text ? JSON.parse(text) : {} };
  } catch {
    return { status: response.status, data: { error: { message: "The service sent an unreadable answer. Try again later." } } };
  }
}

// Calls the API with the access token, and refreshes it once if it has expired.
async function callAsUser(method, path, body) {
  const tokens = store.get();
  if (!tokens) return { status: 401, data: {} };
  const answer = await call(method, path, { body, token: tokens.access_token });
  if (answer.status !== 401) return answer;
  const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: tokens.refresh_token } });
  if (refreshed.status !== 200) {
    if (refreshed.status === 401) store.clear();
    return refreshed;
  }
  store.set(refreshed.data);
  return call(method, path, { body, token: refreshed.data.access_token });
}

function showProblems(error) {
  for (const place of document.querySelectorAll("[data-problem]")) place.textContent = "";
  const general = document.querySelector('[data-problem=""]');
  for (const detail of error?.details ?? []) {
    const place = [...document.querySelectorAll("[data-problem]")].find((one) => one.dataset.problem === detail.field);
    (place ?? general).textContent = detail.message;
  }
  if (error && !error.details) general.textContent = error.message;
}

// The token of the e-mailed link. It can't leak in a Referer header, because the pages disable that header.
const linkToken = () => encodeURIComponent(query.get("token") ?? "");

async function followLink(path, fields) {
  const { status, data } = await call("POST", path + linkToken(), { body: fields, token: store.get()?.access_token });
  if (status === 403 && data.error.code === "password_required") show("signed-out");
  if (status !== 200 && status !== 204) return showProblems(data.error);
  done();
}

function done() {
  document.querySelector("form[data-action]").hidden = true;
  document.querySelector("[data-done]").hidden = false;
}

function show(when, shown = true) {
  for (const part of document.querySelectorAll(`[data-when="${when}"]`)) {
    part.hidden = !shown;
    for (const input of part.querySelectorAll("input")) input.disabled = !shown;
  }
}

// Shows one step of the sign-in page, and hides the others.
function step(name) {
  for (const part of document.querySelectorAll("[data-step]")) part.hidden = part.dataset.step !== name;
  document.querySelector(`[data-step="${name}"] input`)?.focus();
}

// Tokens and codes that a later step presents, and how a flow goes on after it.
const pending = {};
const transport = () => pending.transport ?? "jwt";

// Follows the answer to a sign-in: the account page, or the next step.
async function proceed({ status, data }) {
  if (status !== 200 && status !== 202) return showProblems(data.error);
  showProblems();
  if (data.redirect_to) {
    pending.redirect_to = data.redirect_to;
    pending.transport = data.transport;
  }
  if (data.mfa_required) {
    pending.mfa_token = data.mfa_token;
    return step("mfa");
  }
  if (data.completion_required) return askFor(data);
  if (data.verification_required) return step("verify");
  if (pending.redirect_to) return location.assign(pending.redirect_to);
  const replaced = store.get();
  store.set(data);
  if (replaced) await call("POST", "/auth/logout", { body: { refresh_token: replaced.refresh_token } });
  leave("/account/settings");
}

const inputs = { boolean: "checkbox", integer: "number", number: "number" };
const labels = { email: "E-mail address", username: "User name", display_name: "Your name" };

// Shows a form with the fields that a new account lacks, and with what the provider suggests.
function askFor({ completion_token: token, missing, types, suggested }) {
  pending.completion_token = token;
  const offered = ["username", "display_name"].filter((name) => suggested[name] && !missing.includes(name));
  const fields = [...missing, ...offered].map((name) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const problem = document.createElement("span");
    const word = name.replace("profile.", "").replaceAll("_", " ");
    input.name = name;
    input.type = name === "email" ? "email" : inputs[types[name]] ?? "text";
    if (types[name] === "number") input.step = "any";
    input.value = suggested[name] ?? "";
    // An empty box is an answer, too.
    input.required = missing.includes(name) && types[name] !== "boolean";
    problem.className = "problem";
    problem.dataset.problem = name;
    problem.setAttribute("role", "alert");
    label.append(labels[name] ?? word[0].toUpperCase() + word.slice(1), input, problem);
    return label;
  });
  document.querySelector("[data-fields]").replaceChildren(...fields);
  step("complete");
}

const actions = {
  async register(fields) {
    const { status, data } = await call("POST", "/auth/register", { body: { ...fields, transport: "jwt" } });
    if (status !== 201) return showProblems(data.error);
    if (data.tokens) store.set(data.tokens);
    leave(data.tokens ? "/account/settings" : "/login");
  },
  async login(fields) {
    await proceed(await call("POST", "/auth/login", { body: { ...fields, transport: transport() } }));
  },
  async mfa(fields) {
    const body = { ...fields, mfa_token: pending.mfa_token, transport: transport() };
    const answer = await call("POST", "/auth/login/mfa", { body });
    if (answer.data.error?.code === "mfa_token_invalid") step("sign-in");
    await proceed(answer);
  },
  async complete() {
    const body = { completion_token: pending.completion_token, transport: transport() };
    for (const input of document.querySelectorAll("[data-fields] input")) {
      const { name, type } = input;
      const value = { checkbox: input.checked, number: input.valueAsNumber }[type] ?? input.value;
      const [, inProfile] = name.split("profile.");
      if (inProfile) (body.profile ??= {})[inProfile] = value;
      else if (value) body[name] = value;
    }
    const answer = await call("POST", "/auth/oauth/complete", { body });
    if (answer.data.error?.code === "oauth_code_invalid") step("sign-in");
    await proceed(answer);
  },
  reauthenticate: (fields) => reauthenticate(fields),
  async "first-password"(fields) {
    const { status, data } = await callAsUser("POST", "/account/change-password", fields);
    if (status === 401) return leave("/login");
    if (data.error?.code === "reauthentication_required") {
      // The password is entered again after the way to a provider, because it is stored nowhere.
      intent.set({});
      return askToConfirm();
    }
    showProblems(data.error);
    if (status !== 200) return;
    store.set(data);
    user.has_password = true;
    passwordForm.hidden = true;
    document.querySelector("[data-done]").hidden = false;
  },
  verify: (fields) => followLink("/auth/verify/", fields),
  "confirm-email": (fields) => followLink("/auth/confirm-email/", fields),
  "undo-email": () => followLink("/auth/undo-email/"),
  "undo-2fa": () => followLink("/auth/undo-2fa/"),
  async "forgot-password"(fields) {
    const { status, data } = await call("POST", "/auth/forgot-password", { body: fields });
    if (status !== 202) return showProblems(data.error);
    done();
  },
  async "reset-password"(fields) {
    const { status, data } = await call("POST", `/auth/reset-password/${linkToken()}`, { body: fields });
    if (status !== 204) return showProblems(data.error);
    store.clear();
    done();
  },
  async logout() {
    const tokens = store.get();
    if (tokens) {
      const { status, data } = await call("POST", "/auth/logout", { body: { refresh_token: tokens.refresh_token } });
      if (status !== 204) return showProblems(data.error);
    }
    store.clear();
    leave("/login");
  },
  async "logout-all"() {
    const { status, data } = await callAsUser("POST", "/auth/logout-all");
    if (status !== 204 && status !== 401) return showProblems(data.error);
    store.clear();
    leave("/login");
  },
};

for (const form of document.querySelectorAll("form[data-action]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await actions[form.dataset.action](Object.fromEntries(new FormData(form)));
    } finally {
      button.disabled = false;
    }
  });
}

// A secret of this tab, with which a code is presented (RFC 7636), so that nobody else can begin a flow for the user. It is
// stored once the user begins one.
const encoded = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const verifier = {
  own: encoded(crypto.getRandomValues(new Uint8Array(32))),
  set: () => sessionStorage.setItem("verifier", verifier.own),
  take() {
    const stored = sessionStorage.getItem("verifier");
    sessionStorage.removeItem("verifier");
    return stored;
  },
};

// Returns its digest. Browsers compute one only for pages with https, or of this machine.
async function challenge() {
  const digest = await crypto.subtle?.digest("SHA-256", new TextEncoder().encode(verifier.own));
  return digest && encoded(new Uint8Array(digest));
}

// A change of this user that is made again once they have reauthenticated. It outlives the way to a provider. `again` says
// that the way is a sign-in, which can end in another account.
const intent = {
  get() {
    const value = JSON.parse(sessionStorage.getItem("intent") ?? "null");
    return value?.user === user.id ? value : null;
  },
  set: (value) => sessionStorage.setItem("intent", JSON.stringify({ ...value, user: user.id })),
  clear: () => sessionStorage.removeItem("intent"),
};

const passwordForm = document.querySelector('[data-action="first-password"]');
const reauthenticationForm = document.querySelector('[data-action="reauthenticate"]');

// Changes the linked sign-ins. If that takes a recent proof, the user gives it, and the change is made then.
async function change(method, path, body) {
  const { status, data } = await callAsUser(method, path, body);
  if (status === 401) return leave("/login");
  if (data.error?.code === "reauthentication_required") {
    intent.set({ method, path, body });
    return askToConfirm();
  }
  intent.clear();
  showProblems(data.error);
  await showIdentities();
}

// The account on the account page.
let user;

// Asks for what the account has of password, second factor and providers, or only for a code after a provider.
function askToConfirm() {
  show("secret", user.has_password || Boolean(pending.oauth_code));
  show("password", user.has_password && !pending.oauth_code);
  show("code", user.mfa_enabled);
  reauthenticationForm.hidden = false;
  reauthenticationForm.querySelector("div:not([hidden]) input:enabled, a")?.focus();
}

async function reauthenticate(fields) {
  const { status, data } = await callAsUser("POST", "/auth/reauthenticate", { ...fields, ...pending });
  delete pending.oauth_code;
  delete pending.code_verifier;
  if (status !== 200) {
    askToConfirm();
    return showProblems(data.error);
  }
  store.set(data);
  reauthenticationForm.hidden = true;
  const { method, path, body } = intent.get() ?? {};
  intent.clear();
  if (method) await change(method, path, body);
}

// Returns the name of a provider, after its icon.
function nameOf(provider, before = "") {
  const icon = provider.icon ? [Object.assign(new Image(20, 20), { src: provider.icon, alt: "" })] : [];
  return [...icon, `${before} ${provider.name}`.trim()];
}

// Fills the lists of providers. A link on the account page says which request its code is for. Only a linked provider can
// confirm. One that does not say when the user has signed in there is the way to a new sign-in here.
function showProviders(linked = []) {
  const ways = { Link: "link", "Confirm with": "reauthenticate", "Verify with": "verify" };
  for (const list of document.querySelectorAll("[data-providers]")) {
    const words = list.dataset.providers;
    const purpose = ways[words];
    const shown = providers.filter(({ id }) => words !== "Confirm with" || linked.includes(id));
    list.replaceChildren(...shown.map((provider) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const again = words === "Confirm with" && (!provider.reauthenticates || error === "oauth_failed");
      const page = words === "Verify with" ? `/verify?token=${linkToken()}` : "/account/settings";
      const back = encodeURIComponent(`${location.origin}${base}${page}`);
      const bound = `code_challenge_method=S256&code_challenge=${ownChallenge}`;
      link.href = purpose && !again ? `${provider.url}?purpose=${purpose}&redirect_to=${back}&${bound}` : provider.url;
      if (again) link.addEventListener("click", () => intent.set({ ...intent.get(), again }));
      else if (purpose) link.addEventListener("click", begin);
      if (purpose === "link") link.addEventListener("click", () => intent.clear());
      link.append(...nameOf(provider, again ? "Sign in again with" : words));
      item.append(link);
      return item;
    }));
    list.hidden = !shown.length;
  }
}

// Begins a flow with a challenge.
function begin(event) {
  if (ownChallenge) return verifier.set();
  event.preventDefault();
  showProblems({ message: "This needs https. Open this page at an address that begins with https." });
}

async function showIdentities() {
  const { status, data } = await callAsUser("GET", "/account/identities");
  if (status !== 200) return;
  document.querySelector("[data-linked]").replaceChildren(...data.identities.map((identity) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const button = document.createElement("button");
    const provider = providers.find(({ id }) => id === identity.provider) ?? { name: identity.provider };
    name.append(identity.email ? `${provider.name}: ${identity.email}` : provider.name);
    button.textContent = "Unlink";
    button.setAttribute("aria-label", `Unlink ${name.textContent}`);
    button.addEventListener("click", () => change("DELETE", `/account/identities/${identity.id}`));
    const [icon] = provider.icon ? nameOf(provider) : [];
    item.append(...(icon ? [icon] : []), name, button);
    return item;
  }));
  showProviders(data.identities.map(({ provider }) => provider));
  document.getElementById("identities").hidden = !providers.length && !data.identities.length;
}

// Our words for the codes with which a sign-in by a provider can come back.
const reasons = {
  __proto__: null,
  provider_unknown: "This provider is not set up.",
  provider_unavailable: "The provider does not answer. Try again later, or choose another way.",
  oauth_denied: "The provider reports that you did not allow it. Try again, or choose another way.",
  oauth_failed: "The provider reported an error. Try again later, or choose another way.",
  oauth_state_invalid: "This sign-in has expired, was completed already, or began in another browser. Try again.",
  account_exists: "There is already an account with your e-mail address. Sign in to it, and link the provider there.",
  sign_up_disabled: "No account is linked to this sign-in. Sign in to yours, and link the provider there.",
  email_not_verified: "Verify your e-mail address first, by the link in the mail.",
  account_disabled: "This account is disabled.",
  rate_limited: "Too many attempts. Try again in a few minutes.",
  validation_failed: "The link that led here has a mistake. Begin here instead.",
  cross_site_request: "Another site began this sign-in. Begin it here.",
};

// A browser that comes back from a provider brings a code or an error, which leave the address at once.
const query = new URLSearchParams(location.search);
const code = query.get("code");
const error = query.get("error");
if (code || error) history.replaceState(null, "", location.pathname);

let providers = [];
let ownChallenge;
if (document.querySelector("[data-providers]")) {
  const { status, data } = await call("GET", "/auth/oauth");
  if (status === 200) providers = data.providers;
  ownChallenge = await challenge();
  showProviders();
}
if (error) showProblems({ message: reasons[error] ?? "The sign-in failed. Try again." });
if (code && document.querySelector('[data-action="login"]')) {
  proceed(await call("POST", "/auth/oauth/exchange", { body: { code, transport: "jwt" } }));
}

const account = document.getElementById("account");
const verifyForm = document.querySelector('[data-action="verify"]');
// A code of a flow that this tab has not begun is not presented.
const needsProof = code && (account || verifyForm);
const proof = needsProof && verifier.take();
if (needsProof && !proof) showProblems({ message: reasons.oauth_state_invalid });
if (proof && verifyForm) await followLink("/auth/verify/", { oauth_code: code, code_verifier: proof });

if (account) {
  const { status, data } = await callAsUser("GET", "/account");
  if (status === 200) {
    user = data;
    const shown = { ...data, roles: data.roles.join(", "), created_at: new Date(data.created_at).toLocaleString() };
    for (const place of account.querySelectorAll("[data-field]")) place.textContent = shown[place.dataset.field] ?? "–";
    account.hidden = false;
    passwordForm.hidden = user.has_password;
    await showIdentities();
    const wanted = intent.get();
    if (proof && wanted) {
      pending.oauth_code = code;
      pending.code_verifier = proof;
      if (user.mfa_enabled) askToConfirm();
      else await reauthenticate();
    } else if (proof) {
      await change("POST", "/account/identities", { code, code_verifier: proof });
    } else if (error && wanted) {
      askToConfirm();
    } else {
      intent.clear();
      if (wanted?.again && wanted.method) await change(wanted.method, wanted.path, wanted.body);
    }
  } else if (status === 401) {
    location.replace(base + "/login");
  } else {
    showProblems(data.error);
  }
}

// Signed-in users do not need to enter the password again.
if (store.get()) show("signed-out", false);
