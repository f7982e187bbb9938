// Signs in twice by the button of the provider "Acme", as ada@example.com, who sets a password the first time. The browser
// finds the site GATEWRIGHT_SITE at the address GATEWRIGHT_BASE.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const site = process.env.GATEWRIGHT_SITE;
const address = new URL(process.env.GATEWRIGHT_BASE).host;
const browser = await launch(`--host-resolver-rules=MAP ${new URL(site).host} ${address}`);
try {
  const { page, problems } = await browser.open(`${site}/login`);
  for (const times of ["first", "second"]) {
    await page.getByRole("link", { name: "Continue with Acme" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/account/settings");
    await page.getByText("Acme: ada@example.com").waitFor();
    assert.equal(await page.locator("[data-linked] li").count(), 1, times);
    const form = page.locator('[data-action="first-password"]');
    assert.equal(await form.isVisible(), times === "first");
    if (times === "first") {
      await form.getByLabel("New password").fill("a password of some length");
      await form.getByRole("button").click();
      await page.getByText("Your password is set.").waitFor();
      assert.equal(await form.isVisible(), false);
    }
    assert.ok(!page.url().includes("code="), "the code stays in the address");
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.waitForURL("**/login");
  }
  assert.deepEqual(problems, []);
} finally {
  await browser.close();
}
