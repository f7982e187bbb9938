// For whoever is given a Request and answers with a Response: Workers, Deno, Bun, service workers.
import { guards, respond } from "./guards.js";

export const { requireAuth, requireRole, requireAllRoles, requirePermission } = guards((check) => async (request) => {
  const { claims, refusal } = await check(request.headers.get("authorization"));
  return claims ?? respond(refusal);
});
