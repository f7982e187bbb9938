// The entry of the Worker: hands events to the WebAssembly module, and makes that anew when it has trapped.

import * as gatewright from "./index.js";

const ERROR = { code: "internal_error", message: "Something went wrong on our side.", status_code: 500 };

/** What ends the waiting of each request under way. */
const waiting = new Set();
let trapped = false;

/** After a trap the module's memory can't be trusted, and no request that is under way in it can go on. */
function giveUp(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  console.error("the module trapped", error.stack);
  trapped = true;
  for (const end of waiting) end(error);
  waiting.clear();
}

// Most of the module runs in callbacks, whose errors have no caller.
addEventListener("error", (event) => giveUp(event.error));
addEventListener("unhandledrejection", (event) => giveUp(event.reason));

/** Runs an export of the module until it is done or the module has trapped. */
async function run(name, ...parameters) {
  if (trapped) {
    gatewright.__wbg_reset_state();
    trapped = false;
  }
  let end;
  const ended = new Promise((_, reject) => (end = reject));
  waiting.add(end);
  try {
    return await Promise.race([gatewright[name](...parameters), ended]);
  } catch (error) {
    giveUp(error);
    throw error;
  } finally {
    waiting.delete(end);
  }
}

export default {
  async fetch(request, env, context) {
    const answered = run("fetch", request, env, context);
    // Also when the client goes away: what has begun is ended, and who has to hear of it does.
    context.waitUntil(answered.then(() => {}, () => {}));
    try {
      return await answered;
    } catch {
      const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff", "x-request-id": crypto.randomUUID() };
      return Response.json({ error: ERROR }, { status: 500, headers });
    }
  },
  async scheduled(controller, env, context) {
    await run("scheduled", controller, env, context);
  },
};
