// Guards for runtimes with Request and Response: Workers, Deno, Bun and service workers.
import { guards, respond } from "./guards.js";

export const { requireAuth, requireRole, requireAllRoles, requirePermission } = guards((check) => async (request) => {
  const { claims, refusal } = await check(request.headers.get("authorization"));
  return claims ?? respond(refusal);
});
