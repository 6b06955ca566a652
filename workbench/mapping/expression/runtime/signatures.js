// Function signatures such as <s-nn?:s>.

const SIGNATURES = new Map();

function symbol(value) {
  if (value === undefined) return "m";
  if (value === null) return "l";
  if (Array.isArray(value)) return "a";
  if (isFunction(value)) return "f";
  return { string: "s", number: "n", boolean: "b", object: "o" }[typeof value];
}

function signatureOf(text) {
  if (!SIGNATURES.has(text)) {
    const parameters = parsedSignature(text);
    SIGNATURES.set(text, { parameters, pattern: new RegExp(`^${parameters.map((one) => `(${one.regex})`).join("")}$`) });
  }
  return SIGNATURES.get(text);
}

function parsedSignature(text) {
  const any = { a: "[asnblfom]", f: "f", j: "[asnblom]", x: "[asnblfom]" };
  const out = [];
  let at = 1;
  const bracketed = (open, close) => {
    const begin = at;
    let depth = 1;
    while (depth > 0 && at < text.length - 1) {
      at += 1;
      depth += (text[at] === open) - (text[at] === close);
    }
    return text.slice(begin + 1, at);
  };
  for (; at < text.length && text[at] !== ":"; at += 1) {
    const sign = text[at];
    const before = out[out.length - 1];
    if ("snblo".includes(sign)) out.push({ regex: `[${sign}m]`, kind: sign });
    else if (any[sign]) out.push({ regex: any[sign], kind: sign });
    else if (sign === "-") {
      before.context = before.regex;
      before.regex += "?";
    } else if (sign === "?" || sign === "+") before.regex += sign;
    else if (sign === "(") {
      const choice = bracketed("(", ")");
      out.push({ regex: `[${choice}m]`, kind: `(${choice})` });
    } else if (sign === "<") before.subtype = bracketed("<", ">");
  }
  return out;
}

function validated(signature, given, context) {
  const supplied = given.map((value) => symbol(value)).join("");
  const found = signature.pattern.exec(supplied);
  if (found === null) throw mismatch(signature, supplied);
  const out = [];
  let place = 0;
  signature.parameters.forEach((parameter, index) => {
    const matched = found[index + 1];
    if (matched === "" && parameter.context !== undefined) {
      const whole = context instanceof RawContext ? clean(context.value) : context;
      if (!new RegExp(parameter.context).test(symbol(whole))) {
        throw fault("T0411", `the context cannot stand in for argument ${place + 1}`);
      }
      out.push(whole);
      return;
    }
    for (const sign of matched === "" ? ["x"] : matched) {
      const value = given[place];
      out.push(parameter.kind === "a" && matched !== "" ? listArgument(value, sign, matched, parameter, place) : value);
      place += 1;
    }
  });
  return out;
}

function mismatch(signature, supplied) {
  let pattern = "^";
  let good = 0;
  for (const parameter of signature.parameters) {
    pattern += parameter.regex;
    const found = supplied.match(pattern);
    if (found === null) break;
    good = found[0].length;
  }
  return fault("T0410", `argument ${good + 1} is not what the function takes`);
}

function listArgument(value, sign, matched, parameter, place) {
  if (sign === "m") return undefined;
  if (parameter.subtype !== undefined) {
    const kind = sign === "a" && value.length > 0 ? symbol(value[0]) : undefined;
    const wrong =
      sign === "a"
        ? kind !== undefined && (kind !== parameter.subtype[0] || value.some((item) => symbol(item) !== kind))
        : matched !== parameter.subtype;
    if (wrong) throw fault("T0412", `argument ${place + 1} is no list of what the function takes`);
  }
  return sign === "a" ? value : [value];
}

function checked(run, target, signature, context, ...given) {
  const valid = validated(signatureOf(signature), given, context);
  return run === null ? target(...valid) : target(run, ...valid);
}

function native(run, target, signature, arity, takes) {
  const made = takes === null ? target : (...given) => target(run, ...given);
  return new FunctionValue(made, arity, signatureOf(signature), true);
}

function asList(value) {
  return value === undefined || Array.isArray(value) ? value : [value];
}

function listOf(value, subtype, place) {
  if (value === undefined) return undefined;
  const members = Array.isArray(value) ? value : [value];
  if (members.some((member) => symbol(member) !== subtype)) {
    throw fault("T0412", `argument ${place + 1} is no list of what the function takes`);
  }
  return members;
}
