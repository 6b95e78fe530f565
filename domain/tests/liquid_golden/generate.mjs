// Renders every case with liquidjs; null stands for an error.
import { readFileSync } from "node:fs";
import { Liquid } from "liquidjs";

const engine = new Liquid({ timezoneOffset: 0, locale: "en-US" });
const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url)));
const data = read("data.json");
const answers = read("cases.json").map((template) => {
  try {
    return engine.parseAndRenderSync(template, structuredClone(data));
  } catch {
    return null;
  }
});
process.stdout.write(JSON.stringify(answers));
