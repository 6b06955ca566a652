// The JavaScript side of bench/mapping.py: reads {module, bodies, rounds} from stdin, writes a JSON line with events per CPU-second.

import assert from "node:assert";
import { readFileSync } from "node:fs";
import { mapByHand } from "./hand_written.mjs";

const { module, bodies, rounds } = JSON.parse(readFileSync(0, "utf8"));
const map = new Function(module + "\nreturn map_bench_invoice;")();
const events = bodies.map((body) => JSON.parse(body));
const plain = (value) => JSON.parse(JSON.stringify(value));

for (const event of events) {
  const made = Object.fromEntries(map(event, []).map((row) => [row.rule, row.resource]));
  assert.deepStrictEqual(plain(made), plain(mapByHand(event)));
}

function perSecond(program, inputs, repeat) {
  const begin = process.cpuUsage();
  for (let round = 0; round < repeat; round += 1) for (const input of inputs) program(input);
  const used = process.cpuUsage(begin);
  return (repeat * inputs.length) / ((used.user + used.system) / 1e6);
}

const programs = {
  "dict → dict": [mapByHand, (event) => map(event, []), events, 150],
  "bytes → bytes": [
    (body) => JSON.stringify(mapByHand(JSON.parse(body))),
    (body) => JSON.stringify(map(JSON.parse(body), [])),
    bodies,
    50,
  ],
};
const results = {};
for (const [name, [byHand, byMapping, inputs, repeat]] of Object.entries(programs)) {
  perSecond(byHand, inputs, repeat); // the first round compiles
  perSecond(byMapping, inputs, repeat);
  results[name] = Array.from({ length: rounds }, () => [perSecond(byHand, inputs, repeat), perSecond(byMapping, inputs, repeat)]);
}
console.log(JSON.stringify(results));
