// Runs Segment's own engine on mappings and events, one JSON line each, and writes what it would have posted to Twilio.
// node segment_engine.cjs FOLDER-WITH-NODE_MODULES < {"kind", "trigger", "mapping", "events"} lines
const path = require("node:path");
const { createRequire } = require("node:module");
const from = createRequire(path.join(process.argv[2], "index.js"));
const { Destination } = from("@segment/actions-core");
const load = (name) => from(path.join(process.argv[2], "destinations", name, "index.js")).default;
const settings = {
   phoneNumber: "+15005550006", accountId: "AC1", token: "t", accountSID: "AC1", apiKeySID: "SK1", apiKeySecret: "s",
};
const actions = {
  sendSMS: [new Destination(load("twilio")), "sendSMS"],
  sendMessage: [new Destination(load("twilio-messaging")), "sendMessage"],
};
let posted = [];
for (const [destination, slug] of Object.values(actions)) {
  destination.actions[slug].destinationName = slug; // a name with a space is no URI, and newer libraries mind
  destination.actions[slug].createRequestClient = () => async (url, options) => {
    posted.push([...new URLSearchParams(options.body)]);
    return {};
  };
}
async function answer({ kind, trigger, mapping, events }) {
  const [destination, slug] = actions[kind];
  const results = [];
  for (const event of events) {
    posted = [];
    const subscription = { partnerAction: slug, subscribe: trigger, mapping: structuredClone(mapping) };
    try {
      await destination.onSubscription(subscription, event, settings, {}, {});
    } catch (error) {
      posted = [];
    }
    results.push(posted[0] ?? null);
  }
  return results;
}
(async () => {
  const lines = require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
  for (const line of lines) console.log(JSON.stringify(await answer(JSON.parse(line))));
})();
