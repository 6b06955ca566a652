/** Reads and writes of the sandbox itself: by id or by one word of the search rows, without policy or quota. */
import { gone, notFound, OperationOutcomeError, type WithId } from '@medplum/core';
import type { Project, ProjectMembership, Reference, Resource } from '@medplum/fhirtypes';
import { systemActor } from './actor.ts';
import type { Ledger } from './ledger.ts';
import { ProjectRepository } from './repository.ts';

export class Records {
  readonly ledger: Ledger;

  constructor(ledger: Ledger) {
    this.ledger = ledger;
  }

  /** A repository that acts for the sandbox itself in a project. */
  as(project: string): ProjectRepository {
    return new ProjectRepository(this.ledger, systemActor(project));
  }

  find<T extends Resource>(type: T['resourceType'], id: string | undefined): WithId<T> | undefined {
    const content = id === undefined ? null : this.ledger.store.get(type, id)?.content;
    return content ? (JSON.parse(content) as WithId<T>) : undefined;
  }

  /** The resource, or the 404 or 410 that reading it gives. */
  read<T extends Resource>(type: T['resourceType'], id: string): WithId<T> {
    const row = this.ledger.store.get(type, id);
    if (!row?.content) {
      throw new OperationOutcomeError(row ? gone : notFound);
    }
    return JSON.parse(row.content) as WithId<T>;
  }

  readReference<T extends Resource>(reference: Reference): WithId<T> {
    const [type = '', id = ''] = reference.reference?.split('/') ?? [];
    return this.read<T>(type as T['resourceType'], id);
  }

  /** Resources whose search parameter has this very value. */
  matching<T extends Resource>(type: T['resourceType'], code: string, value: string): WithId<T>[] {
    const { store, numbers } = this.ledger;
    const rows = store.all<{ content: string }>(
      `SELECT v.content FROM word w JOIN resource r ON r.key = w.owner JOIN version v ON v.seq = r.seq
        WHERE w.param = ? AND w.value = ? AND r.deleted = 0 ORDER BY r.key`,
      numbers.of(`${type}.${code}`),
      value,
    );
    return rows.map(({ content }) => JSON.parse(content) as WithId<T>);
  }

  membershipOf(profile: string): WithId<ProjectMembership> | undefined {
    return this.matching<ProjectMembership>('ProjectMembership', 'profile', profile)[0];
  }

  project(id: string): WithId<Project> {
    return this.read<Project>('Project', id);
  }

  hasFeature(project: string, feature: NonNullable<Project['features']>[number]): boolean {
    return this.project(project).features?.includes(feature) ?? false;
  }
}
