/** The command of the process: `node dist/main.js [serve]`. Exit code 2: a wrong command or setting, in one line on standard error. */

import { readFileSync } from "node:fs";

import { Process } from "./process.js";
import { NAME, WrongSetting, readEnvironment, settingsOf } from "./settings.js";

async function main(words: string[]): Promise<void> {
  if (words.length > 0 && words.join(" ") !== "serve") {
    throw new WrongSetting(`'${words.join(" ")}' is no command: use serve; the Python processor's migrate makes the tables`);
  }
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  await new Process(settingsOf(readEnvironment(process.env), version)).run();
}

try {
  await main(process.argv.slice(2));
  process.exit(0); // what still waits for something that is away has nothing to finish
} catch (error) {
  if (!(error instanceof WrongSetting)) throw error;
  process.stderr.write(`${NAME}: ${error.message}\n`);
  process.exit(2);
}
