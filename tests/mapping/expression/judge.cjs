// One long-lived process for the tests: each line of input is {expression, data, javascript?, judge?}; each line of output
// says what JSONata 2.2.2 gave and what our JavaScript gave in a bare vm context: {value}, {nothing: true} or {code}.
const vm = require("node:vm");
const readline = require("node:readline");
const jsonata = require(process.argv[2]);

function plain(value) {
  if (value === undefined) return null;
  if (typeof value === "number" && !Number.isFinite(value)) return { "not a number": String(value) };
  if (typeof value === "function" || (value && (value._jsonata_lambda || value._jsonata_function || value.call))) return "a function";
  if (Array.isArray(value)) return Array.from(value, plain);
  if (value === null || typeof value !== "object") return Object.is(value, -0) ? 0 : value;
  const fields = {};
  for (const key of Object.keys(value)) {
    if (value[key] !== undefined) Object.defineProperty(fields, key, { value: plain(value[key]), enumerable: true });
  }
  return fields;
}

const shown = (value) => (value === undefined ? { nothing: true } : { value: plain(value) });

async function judged({ expression, data, bindings }) {
  try {
    const input = data === undefined ? undefined : JSON.parse(data);
    return shown(await jsonata(expression, { timeout: 10000 }).evaluate(input, bindings));
  } catch (error) {
    return { code: error.code ?? "none" };
  }
}

const RUN = new vm.Script("evaluate(text === undefined ? undefined : JSON.parse(text), bindings)");
let last = {}; // the context of the expression asked for last: the next question is often about the same

function ours({ javascript, data, bindings }) {
  try {
    if (last.javascript !== javascript) {
      const context = vm.createContext({});
      vm.runInContext(`const evaluate = ${javascript};`, context);
      last = { javascript, context };
    }
    last.context.text = data;
    last.context.bindings = bindings;
    return shown(RUN.runInContext(last.context, { timeout: 30000 }));
  } catch (error) {
    return { code: error.code ?? `none: ${error}` };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    const answer = {};
    if (question.judge) answer.judge = await judged(question);
    if (question.javascript) answer.ours = ours(question);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
})();
