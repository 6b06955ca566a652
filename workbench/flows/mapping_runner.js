// Runs the JavaScript of mappings for workbench/flows/javascript.py: one JSON request a line in, one JSON answer a line out.
// {"load": source, "names": [...]} takes functions over; {"call": name, "arguments": [...]} calls one.

const functions = {};

function answer(request) {
  if (request.load !== undefined) {
    const load = new Function(request.load + "\nreturn { " + request.names.join(", ") + " };");
    Object.assign(functions, load());
    return { value: null };
  }
  const value = functions[request.call](...request.arguments);
  return { value: value === undefined ? null : value, missing: value === undefined, arguments: request.arguments };
}

const decoder = new TextDecoder("utf-8", { fatal: true });
let pending = "";
for await (const chunk of Deno.stdin.readable) {
  pending += decoder.decode(chunk, { stream: true });
  const lines = pending.split("\n");
  pending = lines.pop();
  const answers = lines.map((line) => {
    try {
      return JSON.stringify(answer(JSON.parse(line)));
    } catch (error) {
      const { message, code, rule, source, target } = error;
      return JSON.stringify({ error: { message, code, rule, source, target } });
    }
  });
  for (let bytes = new TextEncoder().encode(answers.map((line) => line + "\n").join("")); bytes.length; ) {
    bytes = bytes.subarray(await Deno.stdout.write(bytes));
  }
}
