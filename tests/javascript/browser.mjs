// A browser for the pages.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

// Starts a browser with a profile of its own.
export async function launch(...further) {
  // A browser that hangs must not hang the tests.
  const hung = () => {
    console.error("the browser hung");
    process.exit(1);
  };
  setTimeout(hung, 5 * 60 * 1000).unref();
  let folder;
  const start = () => {
    folder = mkdtempSync(join(tmpdir(), "gatewright-browser-"));
    return chromium.launchPersistentContext(folder, {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", ...further],
    });
  };
  // On a busy machine Chromium sometimes crashes while it starts.
  const context = await start().catch((error) => {
    console.error("the browser did not start, and is started again:", error.message);
    return start();
  });
  return {
    // Opens a page. A test fails if the page logs an error or violates the content security policy.
    async open(url) {
      const page = await context.newPage();
      const problems = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" && !message.text().includes("Failed to load resource")) problems.push(message.text());
      });
      await page.goto(url);
      return { page, problems };
    },
    async close() {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
