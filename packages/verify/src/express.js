// Middleware for Express and every framework with the same signature.
import { guards } from "./guards.js";

export const { requireAuth, requireRole, requireAllRoles, requirePermission } = guards((check) => async (request, response, next) => {
  try {
    const { claims, refusal } = await check(request.headers.authorization);
    if (refusal) return void response.status(refusal.status).set(refusal.headers).send(refusal.body);
    request.claims = claims;
  } catch (error) {
    return next(error);
  }
  next();
});
