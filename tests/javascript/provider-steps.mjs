// Signs in by the provider "acme" with cookies at once, where the account lacks a number and a truth value. The browser
// finds the site GATEWRIGHT_SITE at the address GATEWRIGHT_BASE.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const site = process.env.GATEWRIGHT_SITE;
const address = new URL(process.env.GATEWRIGHT_BASE).host;
const browser = await launch(`--host-resolver-rules=MAP ${new URL(site).host} ${address}`);
try {
  const { page, problems } = await browser.open(`${site}/auth/oauth/acme?transport=cookie&redirect_to=/account`);
  await page.getByLabel("Age").fill("36");
  await page.getByLabel("News").check();
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.waitForURL("**/account");
  const account = JSON.parse(await page.locator("pre").innerText());
  assert.deepEqual(account.profile, { age: 36, news: true });
  assert.deepEqual(problems, []);
} finally {
  await browser.close();
}
