// Segment's own trigger and mapping engine over a file: node segment.mjs FOLDER_OF_NODE_MODULES TRIGGER BODY FILE
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, trigger, body, file] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { parseFql, validate } = require("@segment/destination-subscriptions");
const { transform } = require("@segment/actions-core");

const subscription = parseFql(trigger);
if (subscription.error) throw subscription.error;
const mapping = { to: { "@path": "$.properties.phone" }, body: { "@template": body } };
let page = [];
const flush = () => {
  process.stdout.write(page.join(""));
  page = [];
};
for await (const line of createInterface({ input: createReadStream(file) })) {
  const event = JSON.parse(line);
  if (validate(subscription, event)) page.push(`${JSON.stringify(transform(mapping, event))}\n`);
  if (page.length >= 1000) flush();
}
flush();
