// Runs the JavaScript of mappings in Node for test_hostile.py: one JSON request a line in, one JSON answer a line out.
// The body comes as the text that was sent, so that JavaScript parses it as a bot's server would.

import { createInterface } from "node:readline";

const functions = new Map();

function answer({ load, name, body }) {
  if (load !== undefined) {
    functions.set(name, new Function(load + "\nreturn " + name + ";")());
    return {};
  }
  const problems = [];
  const rows = functions.get(name)(JSON.parse(body), problems);
  return { rows, problems: problems.length };
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = JSON.stringify(answer(JSON.parse(line)));
  } catch (error) {
    const { message, code, rule, source, target } = error;
    said = JSON.stringify({ error: { kind: error.constructor.name, message, code, rule, source, target } });
  }
  process.stdout.write(said + "\n");
}
