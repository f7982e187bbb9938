// A provider for tests (npm `oauth2-mock-server`), which consents at once. Prints its issuer, then {} for each line of
// standard input, whose claims the next tokens and the userinfo endpoint have: {"aud": "another client"}.
import { createInterface } from "node:readline";
import { OAuth2Server } from "oauth2-mock-server";

const server = new OAuth2Server();
await server.issuer.keys.generate("RS256");
await server.start(0, "127.0.0.1");
server.issuer.url = `http://127.0.0.1:${server.address().port}`;
let claims = {};
server.service.on("beforeTokenSigning", (token) => Object.assign(token.payload, claims));
server.service.on("beforeUserinfo", (response) => Object.assign(response.body, claims));

console.log(JSON.stringify({ issuer: server.issuer.url }));
for await (const line of createInterface({ input: process.stdin })) {
  claims = JSON.parse(line);
  console.log(JSON.stringify({}));
}
