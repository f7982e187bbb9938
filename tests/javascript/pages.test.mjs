// The pages in a browser, against the service that GATEWRIGHT_BASE names.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const base = process.env.GATEWRIGHT_BASE;
const folder = mkdtempSync(join(tmpdir(), "gatewright-browser-"));
let context;

before(async () => {
  context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await context?.close();
  rmSync(folder, { recursive: true, force: true });
});

// A page that fails the test when it logs an error or breaks the content security policy.
async function open(path) {
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("Failed to load resource")) problems.push(message.text());
  });
  await page.goto(base + path);
  return { page, problems };
}

test("a person signs up, sees the account, signs out and signs in again", async () => {
  const { page, problems } = await open("/");
  await page.getByRole("link", { name: "Sign up" }).click();
  await page.getByLabel("E-mail address").fill("grace@example.com");
  await page.getByLabel("Password").fill("password1");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByText("among those that attackers try first").waitFor();
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
