// Runs bot files in a bare vm context, as Medplum's vmcontext does: nothing but the language itself and console.log.
// One JSON request a line on stdin, one JSON answer a line on stdout. `answers` are what the server says to each batch.
import { createInterface } from "node:readline";
import vm from "node:vm";

for await (const line of createInterface({ input: process.stdin })) {
  const { code, event, answers, now } = JSON.parse(line);
  const logged = [];
  const calls = [];
  const queue = [...answers];
  const medplum = {
    executeBatch: async (bundle) => {
      calls.push(JSON.parse(JSON.stringify(bundle)));
      const answer = queue.length > 1 ? queue.shift() : queue[0];
      if (answer?.throw) throw Object.assign(new Error("server said no"), answer.throw);
      return answer;
    },
  };
  const context = vm.createContext({ exports: {}, console: { log: (...parts) => logged.push(parts.map(String).join(" ")) }, medplum, given: event });
  const result = { logged, calls };
  try {
    if (now) vm.runInContext(`Date.now = () => ${now};`, context);
    const started = performance.now();
    vm.runInContext(code, context);
    result.loadMs = performance.now() - started;
    result.value = await vm.runInContext("exports.handler(medplum, given);", context);
  } catch (error) {
    result.thrown = String(error?.message ?? error);
  }
  process.stdout.write(JSON.stringify(result) + "\n");
}
