// Sessions that were ended before their tokens expire.

export function kvRevocations(namespace) {
  // What is there decides, whatever it says: it goes by itself when the session's tokens have expired.
  return async ({ sid }) => (await namespace.get(`revoked:${sid}`)) !== null;
}
