/** Medplum's FhirRepository over our SQLite file, as one actor may use it. */
import {
  AccessPolicyInteraction, allOk, badRequest, deepEquals, forbidden, gone, isUUID, normalizeOperationOutcome, notFound, OperationOutcomeError, Operator, preconditionFailed,
  type Operation as PatchOperation, type SearchRequest, type WithId,
} from '@medplum/core';
import {
  FhirRepository, getExtraEntries, type CreateResourceOptions, type ReadHistoryOptions, type RepositoryMode, type SearchOptions, type TransactionOptions,
  type UpdateResourceOptions,
} from '@medplum/fhir-router';
import type { Bundle, BundleEntry, OperationOutcome, Parameters, Reference, Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import { isKnownType } from './definitions.ts';
import type { Ledger } from './ledger.ts';
import { newMeta } from './meta.ts';
import { allowsWrite, restoreFields, ruleFor, supports, visible } from './policy.ts';
import { POINTS } from './quota.ts';
import { resolveReferences } from './references.ts';
import { checkType, searchBundle, unknownType, type SearchContext } from './search.ts';
import { SearchCompiler } from './searchsql.ts';
import { parse, patched, withoutEmpty, withoutServerMeta } from './shape.ts';
import { checkTargets } from './targets.ts';
import { validate } from './validation.ts';
import type { Row } from './store.ts';

export class ProjectRepository extends FhirRepository {
  readonly actor: Actor;
  readonly ledger: Ledger;
  /** Whether the work is part of some that has its turn at the database already. */
  private readonly hasTurn: boolean;

  constructor(ledger: Ledger, actor: Actor, hasTurn = false) {
    super();
    this.ledger = ledger;
    this.actor = actor;
    this.hasTurn = hasTurn;
  }

  setMode(_mode: RepositoryMode): void {
    // One file serves reading and writing.
  }

  generateId(): string {
    return crypto.randomUUID();
  }

  async createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    this.enter(resource.resourceType, AccessPolicyInteraction.CREATE, POINTS.create);
    const id = options?.assignedId && resource.id ? resource.id : this.generateId();
    return this.alone((repo) => repo.write({ ...resource, id }, undefined, AccessPolicyInteraction.CREATE));
  }

  async readResource<T extends Resource>(resourceType: string, id: string): Promise<WithId<T>> {
    this.enter(resourceType, AccessPolicyInteraction.READ, POINTS.read);
    return this.alone(async (repo) => visible(this.actor, repo.readable<T>(resourceType, id, AccessPolicyInteraction.READ)));
  }

  async readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [resourceType, id, ...more] = reference.reference?.split('/') ?? [];
    if (!resourceType || !id || more.length > 0) {
      throw new OperationOutcomeError(badRequest('Invalid reference'));
    }
    return this.readResource<T>(resourceType, id);
  }

  async readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(references.map((reference) => this.readReference<T>(reference)
      .catch((error: unknown) => new OperationOutcomeError(normalizeOperationOutcome(error)))));
  }

  async readVersion<T extends Resource>(resourceType: string, id: string, version: string): Promise<WithId<T>> {
    this.enter(resourceType, AccessPolicyInteraction.VREAD, POINTS.read);
    return this.alone(async (repo) => {
      repo.readable(resourceType, id, AccessPolicyInteraction.VREAD, true);
      const row = this.ledger.store.one<{ content: string | null }>('SELECT content FROM version WHERE type = ? AND id = ? AND version = ?', resourceType, id, version);
      if (!row) {
        throw new OperationOutcomeError(notFound);
      }
      return visible(this.actor, parse<T>(row.content));
    });
  }

  async readHistory<T extends Resource>(resourceType: string, id: string, options?: ReadHistoryOptions): Promise<Bundle<WithId<T>>> {
    this.enter(resourceType, AccessPolicyInteraction.HISTORY, POINTS.history);
    return this.alone(async (repo) => {
      repo.readable(resourceType, id, AccessPolicyInteraction.HISTORY, true);
      const { store } = this.ledger;
      const rows = store.all<Row>(
        'SELECT version, updated, content FROM version WHERE type = ? AND id = ? ORDER BY seq DESC LIMIT ? OFFSET ?', resourceType, id, options?.limit ?? 1000, options?.offset ?? 0);
      const count = store.one<{ n: number }>('SELECT count(*) AS n FROM version WHERE type = ? AND id = ?', resourceType, id);
      return { resourceType: 'Bundle', type: 'history', total: count?.n ?? 0, entry: rows.map((row) => this.historyEntry<T>(resourceType, id, row)) };
    });
  }

  async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    const { resourceType, id } = resource;
    this.enter(resourceType, AccessPolicyInteraction.UPDATE, POINTS.update);
    this.demand(resourceType, AccessPolicyInteraction.READ);
    if (!id) {
      throw new OperationOutcomeError(badRequest('Missing id'));
    }
    return this.alone(async (repo) => {
      const row = repo.row(resourceType, id);
      const before = repo.lastContent<T>(resourceType, id, row, AccessPolicyInteraction.READ);
      if (options?.ifMatch && options.ifMatch !== row.version) {
        throw new OperationOutcomeError(preconditionFailed);
      }
      return repo.write({ ...resource, id }, before, AccessPolicyInteraction.UPDATE, row.deleted === 1);
    });
  }

  async patchResource<T extends Resource>(resourceType: T['resourceType'], id: string, patch: PatchOperation[] | Parameters, options?: UpdateResourceOptions): Promise<WithId<T>> {
    this.enter(resourceType, AccessPolicyInteraction.UPDATE, POINTS.patch);
    this.demand(resourceType, AccessPolicyInteraction.READ);
    return this.alone(async (repo) => {
      const before = repo.readable<T>(resourceType, id, AccessPolicyInteraction.READ);
      if (options?.ifMatch && options.ifMatch !== before.meta?.versionId) {
        throw new OperationOutcomeError(preconditionFailed);
      }
      const after = patched(visible(this.actor, before), patch);
      if (after.resourceType !== resourceType || after.id !== id) {
        throw new OperationOutcomeError(badRequest('Incorrect resource type or ID'));
      }
      return repo.write(after, before, AccessPolicyInteraction.UPDATE);
    });
  }

  async deleteResource(resourceType: string, id: string): Promise<void> {
    this.enter(resourceType, AccessPolicyInteraction.DELETE, POINTS.delete);
    await this.alone(async (repo) => {
      const row = repo.row(resourceType, id);
      if (row.deleted) {
        return;
      }
      const before = parse<Resource>(row.content);
      if (!ruleFor(this.actor, AccessPolicyInteraction.DELETE, before)) {
        throw new OperationOutcomeError(notFound);
      }
      this.ledger.record({ type: resourceType, id, project: row.project, before, after: undefined });
    });
  }

  /** Takes a resource out with its history. */
  expunge(resourceType: string, id: string): void {
    this.ledger.expunge(resourceType, id);
  }

  async search<T extends Resource>(request: SearchRequest<T>, _options?: SearchOptions): Promise<Bundle<WithId<T>>> {
    this.actor.meter?.spend(POINTS.search);
    const context = this.searchContext();
    for (const type of request.types ?? [request.resourceType]) {
      checkType(context, type);
    }
    return this.alone(async (repo) => {
      const bundle = searchBundle(context, request as SearchRequest);
      if (bundle.entry && (request.include || request.revInclude)) {
        const resources = bundle.entry.map(({ resource }) => resource as WithId<Resource>);
        await getExtraEntries(repo, request as SearchRequest, resources, bundle.entry, { fullUrl: (type, id) => `${this.ledger.baseUrl}fhir/R4/${type}/${id}` });
      }
      return bundle as Bundle<WithId<T>>;
    });
  }

  async searchByReference<T extends Resource>(request: SearchRequest<T>, referenceField: string, references: string[]): Promise<Record<string, WithId<T>[]>> {
    const found: Record<string, WithId<T>[]> = {};
    for (const reference of references) {
      const filters = [...(request.filters ?? []), { code: referenceField, operator: Operator.EQUALS, value: reference }];
      found[reference] = await this.searchResources<T>({ ...request, filters });
    }
    return found;
  }

  async withTransaction<T>(callback: (repository: this) => Promise<T>, options: TransactionOptions): Promise<T> {
    return this.alone((repo) => {
      if (options.serializable && !this.hasTurn) {
        this.ledger.faults.conflict();
      }
      return this.ledger.transaction(() => callback(repo as this));
    });
  }

  /** Runs `work` when it is its turn at the database, on a repository that has the turn. */
  private async alone<T>(work: (repo: ProjectRepository) => Promise<T>): Promise<T> {
    if (this.hasTurn) {
      return work(this);
    }
    try {
      return await this.ledger.turn.use(() => work(new ProjectRepository(this.ledger, this.actor, true)));
    } catch (error) {
      throw this.ledger.asOutcome(error);
    }
  }

  private searchContext(): SearchContext {
    const { store, numbers, baseUrl } = this.ledger;
    return { store, compiler: new SearchCompiler(store, numbers), actor: this.actor, baseUrl };
  }

  /** Every interaction begins so: points are spent even when it is refused. */
  private enter(type: string, interaction: AccessPolicyInteraction, points: number): void {
    this.actor.meter?.spend(points);
    if (!isKnownType(type)) {
      throw new OperationOutcomeError(interaction === AccessPolicyInteraction.CREATE || interaction === AccessPolicyInteraction.UPDATE ? unknownDataType(type) : unknownType);
    }
    this.demand(type, interaction);
  }

  private demand(type: string, interaction: AccessPolicyInteraction): void {
    if (!supports(this.actor, interaction, type)) {
      throw new OperationOutcomeError(forbidden);
    }
  }

  /** The row of a resource of the actor's project, deleted or not. */
  private row(type: string, id: string): Row {
    const row = isUUID(id) ? this.ledger.store.get(type, id) : undefined;
    if (!row || (row.project !== this.actor.project && !this.actor.superAdmin)) {
      throw new OperationOutcomeError(notFound);
    }
    return row;
  }

  private readable<T extends Resource>(type: string, id: string, interaction: AccessPolicyInteraction, evenDeleted = false): WithId<T> {
    const row = this.row(type, id);
    if (row.deleted && !evenDeleted) {
      throw new OperationOutcomeError(gone);
    }
    return this.lastContent<T>(type, id, row, interaction);
  }

  /** The content a resource has, or had before it was deleted, if the actor may see it. */
  private lastContent<T extends Resource>(type: string, id: string, row: Row, interaction: AccessPolicyInteraction): WithId<T> {
    const content = row.content ?? this.ledger.store.one<{ content: string }>(
      'SELECT content FROM version WHERE type = ? AND id = ? AND content IS NOT NULL ORDER BY seq DESC LIMIT 1', type, id)?.content ?? null;
    const resource = parse<T>(content);
    if (!ruleFor(this.actor, interaction, resource)) {
      throw new OperationOutcomeError(notFound);
    }
    return resource;
  }

  private async write<T extends Resource>(asked: WithId<T>, before: WithId<T> | undefined, interaction: AccessPolicyInteraction, revived = false): Promise<WithId<T>> {
    const kept = restoreFields(this.actor, withoutEmpty(asked), before) as WithId<T>;
    const resource = await resolveReferences(kept, (request) => this.searchResources(request));
    this.check(resource);
    if (before && !revived && deepEquals(withoutServerMeta(before), withoutServerMeta(resource))) {
      return visible(this.actor, before);
    }
    const now = this.ledger.now();
    const meta = newMeta(resource, this.actor, before, this.generateId(), new Date(now).toISOString());
    const after = { ...resource, meta };
    if (!allowsWrite(this.actor, interaction, after, before)) {
      throw new OperationOutcomeError(forbidden);
    }
    this.ledger.record({ type: after.resourceType, id: after.id, project: meta.project as string, before: revived ? undefined : before, after });
    return visible(this.actor, after);
  }

  /** Structure always; codes and targets of references only where the project asks for it. */
  private check(resource: Resource): void {
    const project = this.actor.policy ? this.ledger.project(this.actor.project) : undefined;
    validate(resource, project?.features?.includes('validate-terminology'));
    if (project?.checkReferencesOnWrite) {
      checkTargets(resource, (type, id) => this.ledger.store.get(type, id)?.deleted === 0);
    }
  }

  private historyEntry<T extends Resource>(type: string, id: string, row: Row): BundleEntry<WithId<T>> {
    const fullUrl = `${this.ledger.baseUrl}fhir/R4/${type}/${id}`;
    const lastModified = new Date(row.updated).toISOString();
    if (row.content === null) {
      return { fullUrl, request: { method: 'DELETE', url: `${type}/${id}` }, response: { status: '410', outcome: gone, lastModified } };
    }
    return {
      fullUrl,
      request: { method: 'GET', url: `${type}/${id}/_history/${row.version}` },
      response: { status: '200', outcome: allOk, lastModified },
      resource: visible(this.actor, parse<T>(row.content)),
    };
  }
}

function unknownDataType(type: string): OperationOutcome {
  return badRequest(`Unknown data type: ${type}`);
}
