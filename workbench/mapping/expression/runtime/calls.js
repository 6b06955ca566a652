// Calling functions that are values: depth, tail calls, signatures, partial application.

function invoke(run, target, given, context = null) {
  enter(run);
  for (;;) {
    if (!isFunction(target)) throw fault("T1006", "only a function can be called");
    spend(run, 1);
    const result = target.call(...(target.signature ? validated(target.signature, given, context) : given));
    if (!(result instanceof TailCall)) {
      run.calls += 1;
      return result;
    }
    ({ target, given } = result);
  }
}

function call(run, target, known, context, ...given) {
  if (target === undefined && known) throw fault("T1005", "only a function can be called; its name begins with $");
  return invoke(run, target, given, context);
}

function tailCall(target, given) {
  return new TailCall(target, given);
}

function applyTo(run, left, target) {
  if (!isFunction(target)) throw fault("T2006", "the right side of ~> must be a function");
  if (isFunction(left)) return functionOf((value) => invoke(run, target, [invoke(run, left, [value])]), 1);
  return invoke(run, target, [left]);
}

function partial(run, target, known, holes, ...given) {
  if (!isFunction(target)) {
    if (target === undefined && known) throw fault("T1007", "only a function can be applied partially; its name begins with $");
    throw fault("T1008", "only a function can be applied partially");
  }
  if (target.native) throw fault("U1002", "a built-in function cannot be applied partly; wrap it in function($x) { … }");
  const inner = functionOf(target.call, target.arity);
  const complete = (...later) => {
    const whole = [...given];
    holes.forEach((hole, place) => {
      whole[hole] = later[place];
    });
    return invoke(run, inner, whole);
  };
  return functionOf(complete, holes.filter((hole) => hole < target.arity).length);
}

function raiseError(message) {
  throw fault("D3137", message || "$error() function evaluated");
}

function raiseAssertion(condition, message) {
  if (!condition) throw fault("D3141", message || "$assert() statement failed");
  return undefined;
}

function checkBindings(bindings) {
  for (const name of Object.keys(bindings ?? {})) {
    if (BUILT_IN.has(name)) throw new TypeError(`the variable $${name} has the name of a built-in function; call it otherwise`);
  }
  return bindings ?? {};
}

const BUILT_IN = new Set(
  (
    "abs append assert average base64decode base64encode boolean ceil contains count decodeUrl decodeUrlComponent distinct each " +
    "encodeUrl encodeUrlComponent error exists filter floor formatBase fromMillis join keys length lookup lowercase map match max " +
    "merge min not number pad power reduce replace reverse round sift single sort split spread sqrt string substring " +
    "substringAfter substringBefore sum toMillis trim type uppercase zip"
  ).split(" "),
);
