// The pages use the same API as any other client. Tokens are stored only for this tab.

// Base path of the service, derived from the address of this script, /assets/pages.js.
const base = new URL("..", import.meta.url).pathname.slice(0, -1);

const store = {
  get: () => JSON.parse(sessionStorage.getItem("tokens") ?? "null"),
  set: (tokens) => sessionStorage.setItem("tokens", JSON.stringify(tokens)),
  clear: () => sessionStorage.removeItem("tokens"),
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
async function callAsUser(method, path) {
  let tokens = store.get();
  if (!tokens) return { status: 401, data: {} };
  let answer = await call(method, path, { token: tokens.access_token });
  if (answer.status !== 401) return answer;
  const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: tokens.refresh_token } });
  if (refreshed.status !== 200) {
    if (refreshed.status === 401) store.clear();
    return refreshed;
  }
  store.set(refreshed.data);
  return call(method, path, { token: refreshed.data.access_token });
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
const linkToken = () => encodeURIComponent(new URLSearchParams(location.search).get("token") ?? "");

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

function askForCode() {
  show("mfa");
  showProblems({ message: "Enter a code from your authenticator app, or a recovery code." });
  document.querySelector('[name="totp_code"]').focus();
}

const actions = {
  async register(fields) {
    const { status, data } = await call("POST", "/auth/register", { body: { ...fields, transport: "jwt" } });
    if (status !== 201) return showProblems(data.error);
    if (data.tokens) store.set(data.tokens);
    leave(data.tokens ? "/account/settings" : "/login");
  },
  async login(fields) {
    const { status, data } = await call("POST", "/auth/login", { body: { ...fields, transport: "jwt" } });
    if (status !== 200) return showProblems(data.error);
    if (data.mfa_required) return askForCode();
    store.set(data);
    leave("/account/settings");
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

const account = document.getElementById("account");
if (account) {
  const { status, data } = await callAsUser("GET", "/auth/me");
  if (status === 200) {
    const shown = { ...data, roles: data.roles.join(", "), created_at: new Date(data.created_at).toLocaleString() };
    for (const place of account.querySelectorAll("[data-field]")) place.textContent = shown[place.dataset.field] ?? "–";
    account.hidden = false;
  } else if (status === 401) {
    location.replace(base + "/login");
  } else {
    showProblems(data.error);
  }
}

// Signed-in users do not need to enter the password again.
if (store.get()) show("signed-out", false);
