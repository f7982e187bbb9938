// Hooks for Fastify.
import { guards } from "./guards.js";

export const { requireAuth, requireRole, requireAllRoles, requirePermission } = guards((check) => async (request, reply) => {
  const { claims, refusal } = await check(request.headers.authorization);
  if (refusal) return reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
  request.claims = claims;
});
