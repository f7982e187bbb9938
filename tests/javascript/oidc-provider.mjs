// A certified provider (npm `oidc-provider`) with its own pages, and a person who walks through them. Its argument is the
// redirect URI of its client. Prints its issuer, then the answer to each line of standard input, as JSON:
// {"visit": URL, "login": NAME} signs a person in and consents, {"visit": URL} refuses to consent, and both answer with
// the URL that the browser comes back to. {"rotate": true} replaces the signing key.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const redirectUri = process.argv[2];
let handle;
const server = createServer((request, response) => handle(request, response));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

/** Replaces the provider by one with a new key and without the codes and sessions so far. */
async function rotate() {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "gatewright",
      client_secret: "a secret of the tests",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    }],
    claims: { email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["a key of the tests"] },
    findAccount: (context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: `The person ${id}` }),
    }),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: "sig", alg: "RS256" }] },
    pkce: { required: () => true },
  });
  handle = provider.callback();
}

/** Walks from the authorization endpoint to the redirect URI, in a browser without cookies. */
async function visit(url, login) {
  const cookies = new Map();
  let [next, form] = [url, undefined];
  for (let step = 0; step < 20; step += 1) {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(next, { redirect: "manual", method: form ? "POST" : "GET", body: form, headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    form = undefined;
    const location = response.headers.get("location");
    if (location) {
      next = new URL(location, next).href;
      if (next.startsWith(redirectUri)) return next;
      continue;
    }
    const page = await response.text();
    const find = (pattern) => page.match(pattern)?.[1];
    const prompt = find(/name="prompt" value="([^"]+)"/);
    const action = find(/<form[^>]* action="([^"]+)"/);
    if (!prompt || !action) throw new Error(`${response.status} ${next} ${page}`);
    if (prompt === "consent" && !login) {
      next = new URL(find(/href="([^"]+abort)"/), next).href;
    } else {
      form = new URLSearchParams({ prompt, login: login ?? "somebody", password: "any" });
      next = new URL(action, next).href;
    }
  }
  throw new Error(`no end: ${next}`);
}

await rotate();
console.log(JSON.stringify({ issuer }));
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  if (question.rotate) {
    await rotate();
    console.log(JSON.stringify({}));
  } else {
    console.log(JSON.stringify({ url: await visit(question.visit, question.login) }));
  }
}
