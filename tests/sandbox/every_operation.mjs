// Every operation on messages through Twilio's SDK for Node; prints what came back. Arguments: URL, pace in seconds.
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(`${process.cwd()}/`);
const twilio = require("twilio");
const [url, pace] = [process.argv[2], Number(process.argv[3])];
const account = `AC${"0".repeat(32)}`;
const service = `MG${"1".repeat(32)}`;
const content = `HX${"a".repeat(32)}`;

class ToSandbox extends twilio.RequestClient {
  request(options) {
    return super.request({ ...options, uri: options.uri.replace(/^https:\/\/\w+\.twilio\.com/, url) });
  }
}

const client = twilio(account, "token", { httpClient: new ToSandbox() });
const to = "+15557654321";
const from = "+15551234567";
const code = (promise) => promise.then(() => null, (error) => error.code);
const later = new Date(Date.now() + 3600_000);

const plain = await client.messages.create({
  to, from, body: "Hello", validityPeriod: 600, provideFeedback: true, attempt: 1, smartEncoded: true,
  riskCheck: "disable", contentRetention: "retain", addressRetention: "retain", forceDelivery: false,
  statusCallback: "http://127.0.0.1:1/callback",
});
const picture = await client.messages.create({ to, from, body: "Look", mediaUrl: ["https://example.com/a.png", "https://example.com/b.png"] });
const template = await client.messages.create({ to, from, contentSid: content, contentVariables: JSON.stringify({ 1: "Ann" }) });
const scheduled = await client.messages.create({ to, messagingServiceSid: service, body: "Soon", scheduleType: "fixed", sendAt: later });
const linked = await client.messages.create({ to: "+15550000002", messagingServiceSid: service, body: "Hi", shortenUrls: true });
const unreachable = await client.messages.create({ to: "+15005530003", from, body: "Hello" });
const canceled = await client.messages(scheduled.sid).update({ status: "canceled" });
const tooLate = await code(client.messages(plain.sid).update({ status: "canceled" }));
await sleep(pace * 1000 + 200);
const delivered = await client.messages(plain.sid).fetch();
const undelivered = await client.messages(unreachable.sid).fetch();
const listed = await client.messages.list({ to, pageSize: 2 });
const since = await client.messages.list({ dateSentAfter: new Date(Date.now() - 86400_000), limit: 3 });
const media = await client.messages(picture.sid).media.list();
const one = await client.messages(picture.sid).media(media[0].sid).fetch();
const feedback = await client.messages(plain.sid).feedback.create({ outcome: "confirmed" });
const redacted = await client.messages(plain.sid).update({ body: "" });
const mediaGone = await client.messages(picture.sid).media(media[0].sid).remove();
const gone = await client.messages(template.sid).remove();
console.log(JSON.stringify({
  created: [plain, picture, template, scheduled, linked].map((it) => it.status),
  body: template.body,
  canceled: canceled.status,
  tooLate,
  delivered: [delivered.status, delivered.price, delivered.priceUnit, delivered.errorCode],
  undelivered: [undelivered.status, undelivered.errorCode],
  listed: listed.map((it) => it.status),
  since: since.length,
  media: [media.length, one.contentType],
  feedback: feedback.outcome,
  redacted: redacted.body,
  gone: [mediaGone, gone, await code(client.messages(template.sid).fetch())],
  noContent: await code(client.messages.create({ to, from, contentSid: `HX${"b".repeat(32)}` })),
  account: (await client.api.v2010.accounts(account).fetch()).status,
}));
