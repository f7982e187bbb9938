// Signs in by the provider "Acme" and links "Work", where only the tab that has begun can present the code. The browser
// finds the site GATEWRIGHT_SITE at the address GATEWRIGHT_BASE.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

const site = process.env.GATEWRIGHT_SITE;
const address = new URL(process.env.GATEWRIGHT_BASE).host;
const resolver = `--host-resolver-rules=MAP ${new URL(site).host} ${address}`;

// Signs in, and returns the account page with what it sends.
async function signIn(browser) {
  const { page, problems } = await browser.open(`${site}/login`);
  const sent = [];
  page.on("request", (request) => {
    if (request.method() === "POST") sent.push([new URL(request.url()).pathname, request.postDataJSON()]);
  });
  await page.getByRole("link", { name: "Continue with Acme" }).click();
  await page.getByText("Acme: ada@example.com").waitFor();
  sent.length = 0;
  return { page, problems, sent };
}

let browser = await launch(resolver, `--unsafely-treat-insecure-origin-as-secure=${site}`);
try {
  const { page, problems, sent } = await signIn(browser);
  // A code that somebody else has sent the browser here with is not presented.
  await page.goto(`${site}/account/settings?code=${"A".repeat(43)}`);
  await page.getByText("began in another browser").waitFor();
  await page.getByText("Acme: ada@example.com").waitFor();
  assert.deepEqual(sent, []);
  assert.ok(!page.url().includes("code="), "the code stays in the address");

  await page.getByRole("link", { name: "Link Work" }).click();
  await page.getByText("Work: ada@example.net").waitFor();
  const [[path, body]] = sent;
  assert.equal(path, "/account/identities");
  assert.equal(body.code_verifier.length, 43);
  assert.equal(await page.evaluate(() => sessionStorage.getItem("verifier")), null);

  // The words for an error are those of the page.
  await page.goto(`${site}/login?error=constructor`);
  await page.getByText("The sign-in failed. Try again.").waitFor();
  assert.deepEqual(problems, []);
} finally {
  await browser.close();
}

// Browsers compute no challenge on a page without https.
browser = await launch(resolver);
try {
  const { page, problems } = await signIn(browser);
  await page.getByRole("link", { name: "Link Work" }).click();
  await page.getByText("This needs https.").waitFor();
  assert.equal(page.url(), `${site}/account/settings`);
  assert.deepEqual(problems, []);
} finally {
  await browser.close();
}
