/** Fields that a policy hides, or lets nobody change. */
import { deepClone, getDataType } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import { ruleFor } from './policy.ts';

type Fields = Record<string, unknown>;

/** The resource as the actor may see it: without the hidden fields of the rule that lets them read it. */
export function visible<T extends Resource>(actor: Actor, resource: T): T {
  const rule = ruleFor(actor, 'read', resource) ?? ruleFor(actor, 'search', resource);
  if (!rule?.hiddenFields?.length) {
    return resource;
  }
  const copy = deepClone(resource);
  rule.hiddenFields.forEach((field) => removeField(copy, field));
  return copy;
}

/** What the actor may not change, put back as it was: hidden and read-only fields. */
export function restoreFields(actor: Actor, after: Resource, before: Resource | undefined): Resource {
  const rule = ruleFor(actor, before ? 'update' : 'create', before ?? after);
  const fields = [...(rule?.readonlyFields ?? []), ...(rule?.hiddenFields ?? [])];
  if (fields.length === 0) {
    return after;
  }
  const copy = deepClone(after);
  for (const field of fields) {
    const held = before ? (before as unknown as Fields)[field] : undefined;
    if (held === undefined) {
      removeField(copy, field);
    } else {
      (copy as unknown as Fields)[field] = held;
    }
  }
  return copy;
}

/** Takes out a field, or a path of them; of a choice such as `value[x]`, every typed form. */
function removeField(resource: Resource, field: string): void {
  const isChoice = `${field}[x]` in getDataType(resource.resourceType).elements;
  removePath(resource, field.split('.'), isChoice ? new RegExp(`^_?${field}[A-Z]`) : undefined);
}

function removePath(target: unknown, path: readonly string[], forms: RegExp | undefined): void {
  if (Array.isArray(target)) {
    target.forEach((element) => removePath(element, path, forms));
    return;
  }
  const [head, ...rest] = path;
  if (!head || typeof target !== 'object' || target === null) {
    return;
  }
  const fields = target as Fields;
  if (rest.length > 0) {
    removePath(fields[head], rest, forms);
    return;
  }
  for (const key of Object.keys(fields)) {
    if (key === head || key === `_${head}` || forms?.test(key)) {
      delete fields[key];
    }
  }
}
