/** Binary over HTTP: raw bytes in and out, and the links that attachments are shown with. */
import { allOk, created, isResource, type WithId } from '@medplum/core';
import type { Binary, Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import type { Binaries } from './binaries.ts';
import { fhirAnswer } from './fhiranswer.ts';
import { parseBody, type Answer, type Call } from './http.ts';
import type { Records } from './records.ts';
import type { ProjectRepository } from './repository.ts';

const PATH = /^\/fhir\/R4\/Binary(?:\/([^/]+))?$/;
const LINKED = /"url":"Binary\/([0-9a-f-]{36})"/g;

export class BinaryApi {
  private readonly records: Records;
  private readonly binaries: Binaries;

  constructor(records: Records, binaries: Binaries) {
    this.records = records;
    this.binaries = binaries;
  }

  /** The answer to a call that stores bytes. */
  async stored(call: Call, repo: ProjectRepository): Promise<Answer | undefined> {
    const [path, id] = PATH.exec(call.path) ?? [];
    if (path === undefined || !(call.method === 'POST' ? !id : call.method === 'PUT' && id)) {
      return undefined;
    }
    const asked = call.contentType === 'application/fhir+json' ? (parseBody(call) as Binary) : undefined;
    const contentType = asked?.contentType ?? call.headers['content-type'] ?? 'application/octet-stream';
    const context = asked?.securityContext ? { securityContext: asked.securityContext } : {};
    const fields: Binary = { resourceType: 'Binary', contentType, ...context };
    const binary = id
      ? await repo.updateResource<Binary>({ ...fields, id })
      : await repo.createResource<Binary>(fields);
    this.binaries.keep(binary, asked?.data ? Buffer.from(asked.data, 'base64') : call.raw);
    const shown = { ...binary, url: this.binaries.link(binary) } as Binary;
    return fhirAnswer(call, this.records.ledger.baseUrl, id ? allOk : created, shown);
  }

  /** The bytes of a Binary that was read, unless JSON was asked for. */
  bytes(call: Call, resource: Resource): Answer | undefined {
    if (!isResource(resource, 'Binary') || call.method !== 'GET' || call.headers['accept']?.includes('json')) {
      return undefined;
    }
    const binary = resource as WithId<Binary>;
    const isText = binary.contentType.startsWith('text/') && !binary.contentType.includes('charset');
    const type = isText ? `${binary.contentType}; charset=utf-8` : binary.contentType;
    const headers = { etag: `W/"${binary.meta?.versionId}"` };
    return { status: 200, type, body: this.binaries.content(binary), headers };
  }

  /** Attachments that point at Binaries become links, for callers that may read Binaries. */
  withLinks(resource: Resource, actor: Actor): Resource {
    const text = JSON.stringify(resource);
    if (!text.includes('"Binary/') || !mayReadBinaries(actor)) {
      return resource;
    }
    const linked = text.replace(LINKED, (whole, id: string) => {
      const binary = this.records.find<Binary>('Binary', id);
      return binary ? `"url":${JSON.stringify(this.binaries.link(binary))}` : whole;
    });
    return JSON.parse(linked) as Resource;
  }
}

function mayReadBinaries({ policy, superAdmin }: Actor): boolean {
  const isUnbound = !policy || superAdmin === true;
  return isUnbound || (policy.resource ?? []).some(({ resourceType }) => ['*', 'Binary'].includes(resourceType ?? ''));
}
