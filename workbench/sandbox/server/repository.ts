/** Medplum's FhirRepository over our SQLite file, as one actor may use it. */
import {
  AccessPolicyInteraction,
  badRequest,
  forbidden,
  normalizeOperationOutcome,
  notFound,
  OperationOutcomeError,
  Operator,
  preconditionFailed,
  type Operation as PatchOperation,
  type SearchRequest,
  type WithId,
} from '@medplum/core';
import {
  FhirRepository,
  getExtraEntries,
  type CreateResourceOptions,
  type ReadHistoryOptions,
  type RepositoryMode,
  type SearchOptions,
  type TransactionOptions,
  type UpdateResourceOptions,
} from '@medplum/fhir-router';
import type { Bundle, OperationOutcome, Parameters, Reference, Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import { isKnownType } from './definitions.ts';
import type { Ledger } from './ledger.ts';
import { visible } from './fields.ts';
import { ruleFor, supports } from './policy.ts';
import { POINTS } from './quota.ts';
import { checkType, searchBundle, unknownType, type SearchContext } from './search.ts';
import { SearchCompiler } from './searchsql.ts';
import { parse, patched } from './shape.ts';
import { View } from './view.ts';
import { write, type Write } from './writing.ts';

const { CREATE, DELETE, HISTORY, READ, UPDATE, VREAD } = AccessPolicyInteraction;

export class ProjectRepository extends FhirRepository {
  readonly actor: Actor;
  readonly ledger: Ledger;
  /** Whether the work is part of some that has its turn at the database already. */
  private readonly hasTurn: boolean;
  private readonly view: View;

  constructor(ledger: Ledger, actor: Actor, hasTurn = false) {
    super();
    this.ledger = ledger;
    this.actor = actor;
    this.hasTurn = hasTurn;
    this.view = new View(ledger, actor);
  }

  setMode(_mode: RepositoryMode): void {
    // One file serves reading and writing.
  }

  generateId(): string {
    return crypto.randomUUID();
  }

  async createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    const { resourceType } = resource;
    // In a bundle, where ids are assigned beforehand, an unknown type is told as a read tells it.
    this.enter(resourceType, CREATE, POINTS.create, options?.assignedId ? unknownType : unknownDataType(resourceType));
    const id = options?.assignedId && resource.id ? resource.id : this.generateId();
    return this.write(() => ({ asked: { ...resource, id }, before: undefined, interaction: CREATE }));
  }

  async readResource<T extends Resource>(resourceType: string, id: string): Promise<WithId<T>> {
    this.enter(resourceType, READ, POINTS.read);
    return this.alone(async () => visible(this.actor, this.view.current<T>(resourceType, id)));
  }

  async readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [resourceType, id, ...more] = reference.reference?.split('/') ?? [];
    if (!resourceType || !id || more.length > 0) {
      throw new OperationOutcomeError(badRequest('Invalid reference'));
    }
    return this.readResource<T>(resourceType, id);
  }

  async readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(
      references.map((reference) =>
        this.readReference<T>(reference).catch(
          (error: unknown) => new OperationOutcomeError(normalizeOperationOutcome(error)),
        ),
      ),
    );
  }

  async readVersion<T extends Resource>(resourceType: string, id: string, version: string): Promise<WithId<T>> {
    this.enter(resourceType, VREAD, POINTS.read);
    return this.alone(async () => this.view.version<T>(resourceType, id, version));
  }

  async readHistory<T extends Resource>(
    resourceType: string,
    id: string,
    options?: ReadHistoryOptions,
  ): Promise<Bundle<WithId<T>>> {
    this.enter(resourceType, HISTORY, POINTS.history);
    return this.alone(async () => this.view.history<T>(resourceType, id, options));
  }

  async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    const { resourceType, id } = resource;
    this.enter(resourceType, UPDATE, POINTS.update, unknownDataType(resourceType));
    this.demand(resourceType, READ);
    if (!id) {
      throw new OperationOutcomeError(badRequest('Missing id'));
    }
    return this.write(() => {
      const row = this.view.row(resourceType, id);
      const before = this.view.content<T>(resourceType, id, row, READ);
      demandVersion(options, row.version);
      return { asked: { ...resource, id }, before, interaction: UPDATE, revives: row.deleted === 1 };
    });
  }

  async patchResource<T extends Resource>(
    resourceType: T['resourceType'],
    id: string,
    patch: PatchOperation[] | Parameters,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    this.enter(resourceType, UPDATE, POINTS.patch);
    this.demand(resourceType, READ);
    return this.write(() => {
      const before = this.view.current<T>(resourceType, id);
      demandVersion(options, before.meta?.versionId);
      const asked = patched(visible(this.actor, before), patch);
      if (asked.resourceType !== resourceType || asked.id !== id) {
        throw new OperationOutcomeError(badRequest('Incorrect resource type or ID'));
      }
      return { asked, before, interaction: UPDATE };
    });
  }

  async deleteResource(resourceType: string, id: string): Promise<void> {
    this.enter(resourceType, DELETE, POINTS.delete);
    await this.alone(async () => {
      const row = this.view.row(resourceType, id);
      if (row.deleted) {
        return;
      }
      const before = parse<Resource>(row.content);
      if (!ruleFor(this.actor, DELETE, before)) {
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
        await getExtraEntries(repo, request as SearchRequest, resources, bundle.entry, {
          fullUrl: (type, id) => `${this.ledger.baseUrl}fhir/R4/${type}/${id}`,
        });
      }
      return bundle as Bundle<WithId<T>>;
    });
  }

  async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    referenceField: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found: Record<string, WithId<T>[]> = {};
    for (const reference of references) {
      const filters = [
        ...(request.filters ?? []),
        { code: referenceField, operator: Operator.EQUALS, value: reference },
      ];
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

  /** Makes the write that `prepare` asks for, with nobody in between. */
  private write<T extends Resource>(prepare: () => Write<T>): Promise<WithId<T>> {
    return this.alone((repo) => write(this.ledger, this.actor, prepare(), (request) => repo.searchResources(request)));
  }

  private searchContext(): SearchContext {
    const { store, numbers, baseUrl } = this.ledger;
    return { store, compiler: new SearchCompiler(store, numbers), actor: this.actor, baseUrl };
  }

  /** Every interaction begins so: points are spent even when it is refused. */
  private enter(type: string, interaction: AccessPolicyInteraction, points: number, unknown = unknownType): void {
    this.actor.meter?.spend(points);
    if (!isKnownType(type)) {
      throw new OperationOutcomeError(unknown);
    }
    this.demand(type, interaction);
  }

  private demand(type: string, interaction: AccessPolicyInteraction): void {
    if (!supports(this.actor, interaction, type)) {
      throw new OperationOutcomeError(forbidden);
    }
  }
}

function unknownDataType(type: string): OperationOutcome {
  return badRequest(`Unknown data type: ${type}`);
}

function demandVersion(options: UpdateResourceOptions | undefined, version: string | undefined): void {
  if (options?.ifMatch && options.ifMatch !== version) {
    throw new OperationOutcomeError(preconditionFailed);
  }
}
