// Changes the linked sign-ins in sessions that are older than ten minutes: GATEWRIGHT_SESSIONS has the tokens of two sessions of
// a user without a password, who has linked "Hub" and "Acme", but not "Den". The browser finds the site GATEWRIGHT_SITE at the
// address GATEWRIGHT_BASE.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const site = process.env.GATEWRIGHT_SITE;
const address = new URL(process.env.GATEWRIGHT_BASE).host;
const sessions = JSON.parse(process.env.GATEWRIGHT_SESSIONS);
const browser = await launch(`--host-resolver-rules=MAP ${new URL(site).host} ${address}`,
  `--unsafely-treat-insecure-origin-as-secure=${site}`);

// Opens the account page in a session.
async function enter(tokens) {
  const opened = await browser.open(`${site}/login`);
  await opened.page.evaluate((text) => sessionStorage.setItem("tokens", text), JSON.stringify(tokens));
  await opened.page.goto(`${site}/account/settings`);
  await opened.page.getByText("Hub: ada@example.com").waitFor();
  return opened;
}

const waysOf = (page) => page.locator('[data-providers="Confirm with"] a').allInnerTexts();

try {
  const [first, second] = sessions;
  // This provider reports no time, although the standard says so. Then a new sign-in is the way, and the change is made.
  let { page, problems } = await enter(first);
  await page.getByRole("link", { name: "Link Den" }).click();
  await page.getByRole("link", { name: "Confirm with Acme" }).click();
  await page.getByText("The provider reported an error.").waitFor();
  await page.getByRole("link", { name: "Sign in again with Acme" }).click();
  await page.getByText("Den: ada@example.net").waitFor();
  // The session before has ended.
  const refreshed = await page.evaluate((refresh_token) => fetch("/auth/refresh", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refresh_token }),
  }).then(({ status }) => status), first.refresh_token);
  assert.equal(refreshed, 401);
  // A change that one user wanted is not made for another one, or later.
  await page.evaluate(() => sessionStorage.setItem("intent", JSON.stringify({ user: "another", again: true, method: "POST", path: "/auth/logout-all" })));
  await page.reload();
  await page.waitForFunction(() => sessionStorage.getItem("intent") === null);
  await page.reload();
  await page.getByText("Den: ada@example.net").waitFor();
  assert.deepEqual(problems, []);

  // A provider of plain OAuth 2.0 can't confirm, so the user signs in again.
  ({ page, problems } = await enter(second));
  await page.getByRole("button", { name: "Unlink Den" }).click();
  const again = page.getByRole("link", { name: "Sign in again with Hub" });
  await again.waitFor();
  assert.deepEqual(await waysOf(page), ["Confirm with Acme", "Sign in again with Hub", "Sign in again with Den"]);
  await again.click();
  await page.waitForFunction((before) => {
    const linked = document.querySelector("[data-linked]")?.innerText ?? "";
    const { refresh_token } = JSON.parse(sessionStorage.getItem("tokens"));
    return refresh_token !== before && linked.includes("Hub") && !linked.includes("Den");
  }, second.refresh_token);
  assert.equal(page.url(), `${site}/account/settings`);
  assert.deepEqual(problems, []);

  await page.goto(`${site}/auth/oauth/hub?redirect_to=https://elsewhere.example/`);
  await page.getByText("The link that led here has a mistake.").waitFor();
} finally {
  await browser.close();
}
