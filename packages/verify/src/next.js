// Route handlers of Next.js.
import { guards, respond } from "./guards.js";

export const { requireAuth, requireRole, requireAllRoles, requirePermission } = guards((check) => (handler) => async (request, context) => {
  const { claims, refusal } = await check(request.headers.get("authorization"));
  return refusal ? respond(refusal) : handler(request, { ...context, claims });
});
