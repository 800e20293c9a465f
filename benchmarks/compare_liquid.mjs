// Renders [[template, event], …] from stdin with liquidjs; writes [text or null, …], null where it refuses.
// The first argument is the folder of the installed package.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { Liquid } = createRequire(import.meta.url)(process.argv[2]);
const engine = new Liquid({ timezoneOffset: 0, preserveTimezones: true });
const texts = JSON.parse(readFileSync(0, "utf8")).map(([template, event]) => {
  try {
    return String(engine.parseAndRenderSync(template, event));
  } catch {
    return null;
  }
});
process.stdout.write(JSON.stringify(texts));
