// Signs up by the provider "Hub", whose addresses must be verified first. With GATEWRIGHT_LINK, the token of the mailed link,
// verifies the address by the provider and signs in. The browser finds the site GATEWRIGHT_SITE at the address
// GATEWRIGHT_BASE.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const site = process.env.GATEWRIGHT_SITE;
const token = process.env.GATEWRIGHT_LINK;
const address = new URL(process.env.GATEWRIGHT_BASE).host;
const resolver = `--host-resolver-rules=MAP ${new URL(site).host} ${address}`;
const browser = await launch(resolver, `--unsafely-treat-insecure-origin-as-secure=${site}`);
try {
  const { page, problems } = await browser.open(token ? `${site}/verify?token=${token}` : `${site}/login`);
  if (token) {
    await page.getByRole("link", { name: "Verify with Hub" }).click();
    await page.getByText("Your e-mail address is verified.").waitFor();
    assert.ok(!page.url().includes("code="), "the code stays in the address");
    await page.getByRole("link", { name: "Continue" }).click();
    await page.waitForURL("**/login");
  }
  await page.getByRole("link", { name: "Continue with Hub" }).click();
  const shown = token ? "Hub: ada@example.com" : "Open the link in the mail that we sent you";
  await page.getByText(shown).waitFor();
  assert.deepEqual(problems, []);
} finally {
  await browser.close();
}
