// A local mail server (nodemailer's) to test mail by SMTP. Its argument is JSON: `security` (starttls, tls or none)
// with the files `key` and `cert`, `user` and `password` if clients must authenticate, and `answers`, the status codes
// that refuse a message: {"mail": 451, "rcpt": 550, "data": 554}. Prints its port, then each accepted message as
// received and as parsed by postal-mime.
import { readFileSync } from "node:fs";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";

const { security, key, cert, user, password, answers = {} } = JSON.parse(process.argv[2]);

const answer = (step, callback) => {
  const responseCode = answers[step];
  // A server can quote the refused address or message.
  callback(responseCode && Object.assign(new Error(`${Math.trunc(responseCode / 100)}.7.1 refused, hunter2 Bonjour`), { responseCode }));
};

const server = new SMTPServer({
  secure: security === "tls",
  ...(security === "none" ? {} : { key: readFileSync(key), cert: readFileSync(cert) }),
  disabledCommands: [...(security === "none" ? ["STARTTLS"] : []), ...(user ? [] : ["AUTH"])],
  allowInsecureAuth: security === "none",
  onAuth: (auth, session, callback) => {
    const right = auth.username === user && auth.password === password;
    callback(right ? null : Object.assign(new Error(`5.7.8 not ${auth.password}`), { responseCode: 535 }), { user: auth.username });
  },
  onMailFrom: (address, session, callback) => answer("mail", callback),
  onRcptTo: (address, session, callback) => answer("rcpt", callback),
  onData: async (stream, session, callback) => {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    if (!answers.data) {
      const { mailFrom, rcptTo } = session.envelope;
      const mail = await PostalMime.parse(raw);
      console.log(JSON.stringify({
        from: mailFrom.address, to: rcptTo.map((to) => to.address), user: session.user, encrypted: session.secure,
        client: session.hostNameAppearsAs, raw: raw.toString("utf8"), mail,
      }));
    }
    answer("data", callback);
  },
});
// A client that disconnects causes an error; a test does this.
server.on("error", () => {});
server.listen(0, "127.0.0.1", () => console.log(server.server.address().port));
