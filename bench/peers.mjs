// Node's jsonata for bench/mapping.py: the same questions and answers as bench/peers.py.

import assert from "node:assert";
import { createInterface } from "node:readline";
import jsonata from "jsonata";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { expression, bodies, expected } = JSON.parse((await lines.next()).value);
const compiled = jsonata(expression);
const events = bodies.map((body) => JSON.parse(body));
const programs = {
  "node jsonata dict": [(event) => compiled.evaluate(event), events],
  "node jsonata bytes": [async (body) => JSON.stringify(await compiled.evaluate(JSON.parse(body))), bodies],
};
for (const [place, event] of events.entries()) {
  assert.deepStrictEqual(JSON.parse(JSON.stringify(await compiled.evaluate(event))), expected[place]);
}
console.log(JSON.stringify(Object.keys(programs)));
for await (const line of lines) {
  const [name, repeat] = JSON.parse(line);
  const [program, inputs] = programs[name];
  const begin = process.cpuUsage();
  for (let round = 0; round < repeat; round += 1) for (const input of inputs) await program(input);
  const used = process.cpuUsage(begin);
  console.log((repeat * inputs.length) / ((used.user + used.system) / 1e6));
}
