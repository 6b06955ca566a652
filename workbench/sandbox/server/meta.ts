/** `meta` of stored resources: what the server sets, and what it shows to whom. */
import {
  convertToSearchableReferences,
  evalFhirPathTyped,
  getSearchParameterDetails,
  toTypedValue,
} from '@medplum/core';
import type { Meta, Reference, Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import { parametersOf, patientCompartmentCodes } from './definitions.ts';

/** Shown only to callers that ask for `X-Medplum: extended`. */
const EXTENDED = new Set(['author', 'project', 'account', 'accounts', 'compartment', 'onBehalfOf']);

/** The meta of a new version: the client's profile, tags and extensions, the server's everything else. */
export function newMeta(
  resource: Resource,
  actor: Actor,
  before: Resource | undefined,
  versionId: string,
  lastUpdated: string,
): Meta {
  const { extension, profile, security, source, tag, account, accounts } = resource.meta ?? {};
  const project = before?.meta?.project ?? actor.project;
  const asked = {
    extension,
    profile,
    security,
    source,
    tag,
    account: account ?? before?.meta?.account,
    accounts,
    versionId,
    lastUpdated,
    author: actor.author,
    project,
    compartment: compartments(resource, project),
  };
  return Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  ) as Meta;
}

function compartments(resource: Resource, project: string): Reference[] {
  const patients = new Set(
    patientCompartmentCodes(resource.resourceType).flatMap((code) => patientsOf(resource, code)),
  );
  if (resource.resourceType === 'Patient') {
    patients.add(`Patient/${resource.id}`);
  }
  return [`Project/${project}`, ...patients].map((reference) => ({ reference }));
}

function patientsOf(resource: Resource, code: string): string[] {
  const parameter = parametersOf(resource.resourceType)[code];
  if (!parameter) {
    return [];
  }
  const values = evalFhirPathTyped(getSearchParameterDetails(resource.resourceType, parameter).parsedExpression, [
    toTypedValue(resource),
  ]);
  return convertToSearchableReferences(values).filter((reference) => /^Patient\/[^?/]+$/.test(reference));
}

/** The JSON text of an answer, without the extended parts of meta unless they were asked for. */
export function represent(body: unknown, extended: boolean, pretty: boolean): string {
  return JSON.stringify(body, extended ? undefined : withoutExtended, pretty ? 2 : undefined);
}

function withoutExtended(key: string, value: unknown): unknown {
  if (key !== 'meta' || typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value;
  }
  const shown: Record<string, unknown> = {};
  for (const [name, held] of Object.entries(value)) {
    if (!EXTENDED.has(name)) {
      shown[name] = held;
    }
  }
  return shown;
}
