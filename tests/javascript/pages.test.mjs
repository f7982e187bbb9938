// The pages in a browser, against the service at GATEWRIGHT_BASE, which writes its mail to the log GATEWRIGHT_LOG.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";

const base = process.env.GATEWRIGHT_BASE;
let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

const open = (path) => browser.open(base + path);

test("a person signs up, sees the account, signs out and signs in again", async () => {
  const { page, problems } = await open("/");
  await page.getByRole("link", { name: "Sign up" }).click();
  await page.getByLabel("E-mail address").fill("grace@example.com");
  await page.getByLabel("Password").fill("password1");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByText("This password is too common").waitFor();
  await page.getByLabel("Password").fill("a password of some length");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.waitForURL("**/account/settings");
  await page.getByText("grace@example.com").waitFor();

  await page.reload();
  await page.getByText("grace@example.com").waitFor();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForURL("**/login");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("tokens")), null);

  await page.getByLabel("E-mail address or user name").fill("grace@example.com");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("E-mail or password is wrong.").waitFor();
  await page.getByLabel("Password").fill("a password of some length");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/account/settings");
  await page.getByText("grace@example.com").waitFor();
  assert.deepEqual(problems, []);
});

test("the account page sends strangers to the sign-in page", async () => {
  const { page, problems } = await open("/account/settings");
  await page.waitForURL("**/login");
  assert.deepEqual(problems, []);
});

test("a tab whose access token is refused refreshes it by itself", async () => {
  const { page, problems } = await open("/register");
  await page.getByLabel("E-mail address").fill("edith@example.com");
  await page.getByLabel("Password").fill("a password of some length");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.waitForURL("**/account/settings");
  await page.getByText("edith@example.com").waitFor();
  await page.evaluate(() => {
    const tokens = JSON.parse(sessionStorage.getItem("tokens"));
    sessionStorage.setItem("tokens", JSON.stringify({ ...tokens, access_token: "expired" }));
  });
  await page.reload();
  await page.getByText("edith@example.com").waitFor();
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.waitForURL("**/login");
  assert.deepEqual(problems, []);
});

// Returns the token of the last link that was sent to a page.
async function linkTo(page, sent = 1) {
  for (const end = Date.now() + 30_000; ; await new Promise((resume) => setTimeout(resume, 50))) {
    const links = [...readFileSync(process.env.GATEWRIGHT_LOG, "utf8").matchAll(new RegExp(`${page}\\?token=([\\w-]+)`, "g"))];
    if (links.length >= sent) return links.at(-1)[1];
    assert.ok(Date.now() < end, `no link to ${page} was sent`);
  }
}

async function call(path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
  return response.json();
}

test("a forgotten password is replaced by the link in the mail", async () => {
  await call("/auth/register", { email: "hedy@example.com", password: "a password of some length" });
  const { page, problems } = await open("/login");
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail address").fill("hedy@example.com");
  await page.getByRole("button", { name: "Send a link" }).click();
  await page.getByText("a link is on its way").waitFor();
  await page.goto(`${base}/reset-password?token=${await linkTo("/reset-password")}`);
  await page.getByLabel("New password").fill("password1");
  await page.getByRole("button", { name: "Set the password" }).click();
  await page.getByText("This password is too common").waitFor();
  await page.getByLabel("New password").fill("another password of some length");
  await page.getByRole("button", { name: "Set the password" }).click();
  await page.getByText("Your password is set").waitFor();
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("E-mail address or user name").fill("hedy@example.com");
  await page.getByLabel("Password").fill("another password of some length");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/account/settings");
  await page.getByText("hedy@example.com").waitFor();
  assert.deepEqual(problems, []);
});

test("an address is verified with the password, and a used link says so", async () => {
  const sent = [...readFileSync(process.env.GATEWRIGHT_LOG, "utf8").matchAll(/\/verify\?token=/g)].length;
  await call("/auth/register", { email: "mary@example.com", password: "a password of some length" });
  const path = `/verify?token=${await linkTo("/verify", sent + 1)}`;
  const { page, problems } = await open(path);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText("The password is wrong.").waitFor();
  await page.getByLabel("Password").fill("a password of some length");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText("Your e-mail address is verified.").waitFor();
  await page.goto(base + path);
  await page.getByLabel("Password").fill("a password of some length");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText("This link was used already.").waitFor();
  assert.deepEqual(problems, []);
});

test("signing in asks for the code of the second factor", async () => {
  const person = { email: "joan@example.com", password: "a password of some length" };
  const sent = [...readFileSync(process.env.GATEWRIGHT_LOG, "utf8").matchAll(/\/verify\?token=/g)].length;
  const { tokens } = await call("/auth/register", person);
  await call(`/auth/verify/${await linkTo("/verify", sent + 1)}`, {}, tokens.access_token);
  const { secret } = await call("/auth/2fa/enable", {}, tokens.access_token);
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(step).digest();
  const code = String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
  const { recovery_codes: codes } = await call("/auth/2fa/verify", { code }, tokens.access_token);
  const { page, problems } = await open("/login");
  await page.getByLabel("E-mail address or user name").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  assert.equal(await page.getByLabel("Code from your authenticator app").isVisible(), false);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Code from your authenticator app").fill("000000");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The code is wrong, has expired or was used already.").waitFor();
  await page.getByLabel("Code from your authenticator app").fill(codes[0]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/account/settings");
  assert.deepEqual(problems, []);
});
