/** What one actor may see of the file: single resources, their versions, their history. */
import {
  AccessPolicyInteraction,
  allOk,
  gone,
  isUUID,
  notFound,
  OperationOutcomeError,
  type WithId,
} from '@medplum/core';
import type { ReadHistoryOptions } from '@medplum/fhir-router';
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import type { Ledger } from './ledger.ts';
import { visible } from './fields.ts';
import { ruleFor } from './policy.ts';
import { parse } from './shape.ts';
import type { Row } from './store.ts';

const { READ, VREAD, HISTORY } = AccessPolicyInteraction;
const MOST_VERSIONS = 1000;

export class View {
  private readonly ledger: Ledger;
  private readonly actor: Actor;

  constructor(ledger: Ledger, actor: Actor) {
    this.ledger = ledger;
    this.actor = actor;
  }

  /** The row of a resource of the actor's project, deleted or not. */
  row(type: string, id: string): Row {
    const row = isUUID(id) ? this.ledger.store.get(type, id) : undefined;
    if (!row || (row.project !== this.actor.project && !this.actor.superAdmin)) {
      throw new OperationOutcomeError(notFound);
    }
    return row;
  }

  /** The resource as it is stored: with what is hidden from the actor. */
  current<T extends Resource>(type: string, id: string): WithId<T> {
    const row = this.row(type, id);
    if (row.deleted) {
      throw new OperationOutcomeError(gone);
    }
    return this.content<T>(type, id, row, READ);
  }

  /** The content a resource has, or had before it was deleted. */
  content<T extends Resource>(type: string, id: string, row: Row, interaction: AccessPolicyInteraction): WithId<T> {
    const last =
      'SELECT content FROM version WHERE type = ? AND id = ? AND content IS NOT NULL ORDER BY seq DESC LIMIT 1';
    const content = row.content ?? this.ledger.store.one<{ content: string }>(last, type, id)?.content ?? null;
    const resource = parse<T>(content);
    if (!ruleFor(this.actor, interaction, resource)) {
      throw new OperationOutcomeError(notFound);
    }
    return resource;
  }

  version<T extends Resource>(type: string, id: string, version: string): WithId<T> {
    this.content(type, id, this.row(type, id), VREAD);
    const query = 'SELECT content FROM version WHERE type = ? AND id = ? AND version = ?';
    const row = this.ledger.store.one<{ content: string | null }>(query, type, id, version);
    if (!row) {
      throw new OperationOutcomeError(notFound);
    }
    return visible(this.actor, parse<T>(row.content));
  }

  /** All versions, the newest first; deletions are entries without a resource. */
  history<T extends Resource>(type: string, id: string, options?: ReadHistoryOptions): Bundle<WithId<T>> {
    this.content(type, id, this.row(type, id), HISTORY);
    const { store } = this.ledger;
    const select = 'SELECT version, updated, content FROM version WHERE type = ? AND id = ?';
    const paged = `${select} ORDER BY seq DESC LIMIT ? OFFSET ?`;
    const rows = store.all<Row>(paged, type, id, options?.limit ?? MOST_VERSIONS, options?.offset ?? 0);
    const entry = rows.map((row) => this.historyEntry<T>(type, id, row));
    return { resourceType: 'Bundle', type: 'history', total: store.count(select, type, id), entry };
  }

  private historyEntry<T extends Resource>(type: string, id: string, row: Row): BundleEntry<WithId<T>> {
    const fullUrl = `${this.ledger.baseUrl}fhir/R4/${type}/${id}`;
    const lastModified = new Date(row.updated).toISOString();
    if (row.content === null) {
      return {
        fullUrl,
        request: { method: 'DELETE', url: `${type}/${id}` },
        response: { status: '410', outcome: gone, lastModified },
      };
    }
    return {
      fullUrl,
      request: { method: 'GET', url: `${type}/${id}/_history/${row.version}` },
      response: { status: '200', outcome: allOk, lastModified },
      resource: visible(this.actor, parse<T>(row.content)),
    };
  }
}
