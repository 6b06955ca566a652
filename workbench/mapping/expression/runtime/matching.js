// Regular expressions, and the text functions that take a text or one of them.

function regexOf(run, pattern, most) {
  const foundFrom = (text, begin, first) => {
    pattern.lastIndex = begin;
    const found = pattern.exec(text);
    spend(run, 1 + Math.floor(text.length / 1000));
    if (found === null) return undefined;
    if (!first && found[0] === "") throw fault("D1004", "a regular expression matches the empty text again and again");
    const end = found.index + found[0].length;
    const next = functionOf(() => (end < text.length ? foundFrom(text, end, false) : undefined), 0);
    return { match: found[0], start: found.index, end, groups: found.slice(1), next };
  };
  return functionOf((text, from) => {
    if (typeof text !== "string") throw fault("T0410", "a regular expression searches a text");
    if (text.length > most) throw fault("U1001", `the text is longer than ${most}, which takes this regular expression too long`);
    return foundFrom(text, from > 0 ? from : 0, true);
  }, 2);
}

function nextMatch(run, matcher, given) {
  const found = invoke(run, matcher, given);
  if (found === undefined) return undefined;
  const right = isObject(found) && (typeof found.start === "number" || Array.isArray(found.groups) || isFunction(found.next));
  if (!right) throw fault("T1010", "a matcher gives an object with match, start, end, groups and next");
  return found;
}

function contains(run, text, sign) {
  if (text === undefined || sign === undefined) return undefined;
  return typeof sign === "string" ? text.includes(sign) : nextMatch(run, sign, [text]) !== undefined;
}

function match(run, text, pattern, limit) {
  if (text === undefined) return undefined;
  checkLimit(limit, "D3040", "match");
  const out = sequenceOf([]);
  let found = limit === undefined || limit > 0 ? nextMatch(run, pattern, [text]) : undefined;
  while (found !== undefined && (limit === undefined || out.length < limit)) {
    out.push({ match: found.match, index: found.start, groups: found.groups });
    found = nextMatch(run, found.next, []); // one more than the limit, as JSONata does, which may be a fault
  }
  return out;
}

function split(run, text, separator, limit) {
  if (text === undefined) return undefined;
  checkLimit(limit, "D3020", "split");
  if (limit !== undefined && !(limit > 0)) return [];
  if (typeof separator === "string") return limit === undefined ? text.split(separator) : text.split(separator).slice(0, Math.trunc(limit));
  checkMatcher(separator);
  const out = [];
  let begin = 0;
  let found = nextMatch(run, separator, [text]);
  while (found !== undefined && (limit === undefined || out.length < limit)) {
    out.push(text.slice(begin, found.start));
    begin = found.end;
    found = nextMatch(run, found.next, []);
  }
  if (limit === undefined || out.length < limit) out.push(text.slice(begin));
  return out;
}

function replace(run, text, pattern, replacement, limit) {
  if (text === undefined) return undefined;
  if (pattern === "") throw fault("D3010", "$replace cannot search for the empty text");
  checkLimit(limit, "D3011", "replace");
  if (limit !== undefined && !(limit > 0)) return text;
  if (typeof pattern === "string") return replaceText(text, pattern, replacement, limit);
  checkMatcher(pattern);
  const parts = [];
  let position = 0;
  let size = 0;
  let found = nextMatch(run, pattern, [text]);
  for (let replaced = 0; found !== undefined && (limit === undefined || replaced < limit); replaced += 1) {
    parts.push(text.slice(position, found.start), substitute(run, found, replacement));
    position = found.start + found.match.length;
    size += parts[parts.length - 1].length + parts[parts.length - 2].length;
    if (size > LARGEST_TEXT) throw fault("D2015", "a text is longer than 20000000");
    found = nextMatch(run, found.next, []);
  }
  return parts.join("") + text.slice(position);
}

function replaceText(text, sign, replacement, limit) {
  if (isFunction(replacement)) throw fault("D3012", "a text is replaced by a text");
  const pieces = text.split(sign);
  const most = Math.min(pieces.length - 1, limit === undefined ? Infinity : Math.ceil(limit));
  const put = replacement === undefined ? "undefined" : replacement;
  if (most * put.length + text.length > LARGEST_TEXT) throw fault("D2015", "a text is longer than 20000000");
  return pieces.slice(0, most + 1).join(put) + pieces.slice(most + 1).map((piece) => sign + piece).join("");
}

function substitute(run, found, replacement) {
  if (typeof replacement === "string") return filledIn(replacement, found.match, found.groups);
  if (replacement === undefined) throw fault("T0410", "$replace has nothing to put in place");
  const given = invoke(run, replacement, [found]);
  if (typeof given !== "string") throw fault("D3012", "a match is replaced by a text");
  return given;
}

// The replacement with $0, $1 … filled in and $$ as $.
function filledIn(template, matched, groups) {
  const digits = groups.length > 0 ? String(groups.length).length : 1;
  let out = "";
  let position = 0;
  for (let at = template.indexOf("$"); at >= 0; at = template.indexOf("$", position)) {
    out += template.slice(position, at);
    position = at + 1;
    if (template[position] === "$" || template[position] === "0") {
      out += template[position] === "$" ? "$" : matched;
      position += 1;
      continue;
    }
    let number = parseInt(template.slice(position, position + digits), 10);
    if (digits > 1 && number > groups.length) number = parseInt(template.slice(position, position + digits - 1), 10);
    if (Number.isNaN(number)) out += "$";
    else {
      out += (number > 0 && groups[number - 1]) || "";
      position += String(number).length;
    }
  }
  return out + template.slice(position);
}

function checkLimit(limit, code, name) {
  if (limit < 0) throw fault(code, `the limit of $${name} is not negative`);
}

function checkMatcher(pattern) {
  if (!isFunction(pattern)) throw fault("T1010", "a text is searched for a text or a regular expression");
}
