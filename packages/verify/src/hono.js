// Middleware for Hono.
import { guards, respond } from "./guards.js";

export const { requireAuth, requireRole, requireAllRoles, requirePermission } = guards((check) => async (context, next) => {
  const { claims, refusal } = await check(context.req.header("authorization"));
  if (refusal) return respond(refusal);
  context.set("claims", claims);
  await next();
});
