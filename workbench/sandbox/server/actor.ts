/** Who acts on the repository: a member of a project with a policy, or the sandbox itself. */
import type { WithId } from '@medplum/core';
import type { AccessPolicy, ProjectMembership, Reference, Resource } from '@medplum/fhirtypes';
import type { Meter } from './quota.ts';

export interface Actor {
  readonly project: string;
  readonly author: Reference;
  /** What the actor may do; absent for the sandbox itself, which may do everything. */
  readonly policy?: AccessPolicy;
  readonly membership?: WithId<ProjectMembership>;
  /** The ClientApplication, Bot or Practitioner behind the membership. */
  readonly profile?: WithId<Resource>;
  readonly meter?: Meter;
  readonly superAdmin?: boolean;
}

export function isProjectAdmin(actor: Actor): boolean {
  return actor.superAdmin === true || actor.membership?.admin === true;
}

/** The sandbox acting for itself within a project: no policy, no quota. */
export function systemActor(project: string): Actor {
  return { project, author: { reference: 'system' } };
}
