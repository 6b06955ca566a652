// A second reading of mapping documents, written apart from workbench/mapping: it walks the document and lets the official
// `jsonata` evaluate each leaf on the event without its nulls. Slow and plain, so that goldens have a judge that is not
// the compiler that made them. Run: node reference_mapper.mjs < request.json
//
// Request:  {exponents: {CODE: digits}, documents: {name: {vars, codes: {name: ConceptMap}, resources}}, jobs: [[name, event]]}
// Answer:   a line a job: [{rule, write, parameter, system, value, order, resource}], absent parts null, or {error}

import jsonata from 'jsonata';
import { readFileSync } from 'node:fs';

const EVENT_TIME = 'https://integration-workbench.org/fhir/StructureDefinition/event-time';
const request = JSON.parse(readFileSync(0, 'utf8'));
const parsed = new Map();

function isEmpty(value) {
  return value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}

function withoutNulls(value) {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, child]) => child !== null).map(([key, child]) => [key, withoutNulls(child)]));
}

function moment(value) {
  if (typeof value !== 'number') return new Date(value);
  return new Date(Math.abs(value) < 1e11 ? value * 1000 : value);
}

function money(amount, currency) {
  if (amount === undefined || currency === undefined) return undefined;
  const code = currency.toUpperCase();
  return { value: Number(`${amount}e-${request.exponents[code] ?? 2}`), currency: code };
}

function translate(maps, name, code) {
  if (code === undefined) return undefined;
  const element = maps[name].group.flatMap((group) => group.element).find((candidate) => candidate.code === code);
  return element?.target[0].code;
}

const helpers = {
  money,
  instant: (value) => (value === undefined ? undefined : moment(value).toISOString()),
  date: (value) => (value === undefined ? undefined : moment(value).toISOString().slice(0, 10)),
  id: (value) => (typeof value === 'object' ? value.id : value) || undefined,
};

async function leaf(text, scope) {
  if (!text.startsWith('=')) return text;
  if (text.startsWith('==')) return text.slice(1);
  if (!parsed.has(text)) parsed.set(text, jsonata(text.slice(1)));
  const code = (name, value) => translate(scope.codes, name, value);
  return withoutNulls(await parsed.get(text).evaluate(scope.event, { ...helpers, code, ...scope.names }) ?? null) ?? undefined;
}

async function build(node, scope) {
  if (typeof node === 'string') return leaf(node, scope);
  if (Array.isArray(node)) {
    const items = [];
    for (const item of node) items.push(await build(item, scope));
    return items.flat().filter((item) => !isEmpty(item));
  }
  if (node === null || typeof node !== 'object') return node;
  if ('$each' in node) return each(node, scope);
  if ('$if' in node) return build(truth(await leaf(node.$if, scope)) ? node.$then : node.$else, scope);
  if ('$ref' in node && scope.made[node.$ref] === undefined) return undefined;
  const built = '$ref' in node ? { reference: scope.made[node.$ref] } : {};
  const needed = [node.$require ?? []].flat(); // what the block stands or falls with is asked first
  for (const key of [...needed, ...Object.keys(node).filter((each) => !each.startsWith('$') && !needed.includes(each))]) {
    const value = key in node ? await build(node[key], scope) : undefined;
    if (!isEmpty(value)) built[key] = value;
    else if (needed.includes(key) && !(key in built)) return undefined;
  }
  return built;
}

async function each(node, scope) {
  const items = [];
  for (const [position, item] of [(await leaf(node.$each, scope)) ?? []].flat().entries()) {
    const names = { ...scope.names, [node.$as ?? 'item']: item, index: position + 1 };
    items.push(await build(node.$item, { ...scope, names }));
  }
  return items.flat().filter((item) => !isEmpty(item));
}

function truth(value) {
  if (Array.isArray(value)) return value.some(truth);
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

function reference(resource, { parameter, system, value }) {
  const escape = (text) => text.replace(/[\\,$|]/g, '\\$&');
  const token = system === null ? escape(value) : `${escape(system)}|${escape(value)}`;
  return `${resource.resourceType}?${parameter}=${encodeURIComponent(token)}`;
}

async function rule(name, spec, scope) {
  if ('when' in spec && !truth(await leaf(spec.when, scope))) return undefined;
  const { parameter = 'identifier', system = null } = spec.identity;
  const row = { rule: name, write: spec.write ?? 'merge', parameter, system, value: await leaf(spec.identity.value, scope), order: null };
  if ('order' in spec) row.order = helpers.instant(await leaf(spec.order, scope));
  row.resource = await build(spec.resource, scope);
  if (row.order) row.resource.meta = { ...row.resource.meta, extension: [{ url: EVENT_TIME, valueInstant: row.order }] };
  if (parameter === 'identifier') {
    const own = { system, value: row.value };
    const others = (row.resource.identifier ?? []).filter((one) => one.system !== system || one.value !== row.value);
    row.resource.identifier = [own, ...others];
  }
  scope.made[name] = reference(row.resource, row);
  return row;
}

async function map(document, event) {
  const scope = { event: withoutNulls(event), codes: document.codes, names: {}, made: {} };
  for (const [name, value] of Object.entries(document.vars ?? {})) {
    scope.names[name] = typeof value === 'string' ? await leaf(value, scope) : value;
  }
  const rows = [];
  for (const [name, spec] of Object.entries(document.resources)) {
    const items = 'each' in spec ? [(await leaf(spec.each, scope)) ?? []].flat() : [undefined];
    for (const [position, item] of items.entries()) {
      const names = 'each' in spec ? { ...scope.names, [spec.as ?? 'item']: item, index: position + 1 } : scope.names;
      rows.push(await rule(name, spec, { ...scope, names }));
    }
  }
  return rows.filter((row) => row !== undefined);
}

for (const [name, event] of request.jobs) {
  try {
    console.log(JSON.stringify(await map(request.documents[name], event)));
  } catch (error) {
    console.log(JSON.stringify({ error: error.code ?? error.message }));
  }
}
