// Revoked sessions whose tokens have not expired yet.

export function kvRevocations(namespace) {
  // Only the presence of the key counts. It expires when the session's tokens have expired.
  return async ({ sid }) => (await namespace.get(`revoked:${sid}`)) !== null;
}
