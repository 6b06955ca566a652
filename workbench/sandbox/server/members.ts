/** Makes clients and bots with their memberships: for the admin routes, and for the sandbox's own beginning. */
import { createReference, type WithId } from '@medplum/core';
import type { Bot, ClientApplication, Project, ProjectMembership, Reference } from '@medplum/fhirtypes';
import { randomBytes } from 'node:crypto';
import type { Binaries } from './binaries.ts';
import type { ProjectRepository } from './repository.ts';

const NEW_BOT_CODE = `import { BotEvent, MedplumClient } from '@medplum/core';

export async function handler(medplum: MedplumClient, event: BotEvent): Promise<any> {
  // Your code here
}
`;

export interface NewMember {
  readonly name: string;
  readonly description?: string;
  readonly accessPolicy?: Reference;
  readonly admin?: boolean;
}

export interface NewBot extends NewMember {
  readonly runtimeVersion: string;
}

/** A random secret, 64 hexadecimal digits as the server makes them. */
export function newSecret(): string {
  return randomBytes(32).toString('hex');
}

export async function createClient(
  repo: ProjectRepository,
  project: WithId<Project>,
  member: NewMember,
): Promise<WithId<ClientApplication>> {
  const { name, description } = member;
  const client = await repo.createResource<ClientApplication>({
    resourceType: 'ClientApplication',
    meta: { project: project.id },
    name,
    secret: newSecret(),
    ...(description ? { description } : {}),
  });
  await createMembership(repo, project, createReference(client), member);
  return client;
}

export async function createBot(
  repo: ProjectRepository,
  binaries: Binaries,
  project: WithId<Project>,
  member: NewBot,
): Promise<WithId<Bot>> {
  const { name, description, runtimeVersion } = member;
  const source = await binaries.create(repo, Buffer.from(NEW_BOT_CODE), 'text/typescript');
  const bot = await repo.createResource<Bot>({
    resourceType: 'Bot',
    meta: { project: project.id },
    name,
    ...(description ? { description } : {}),
    runtimeVersion: runtimeVersion as Bot['runtimeVersion'],
    sourceCode: { contentType: 'text/typescript', title: 'index.ts', url: `Binary/${source.id}` },
  });
  await createMembership(repo, project, createReference(bot), member);
  return bot;
}

async function createMembership(
  repo: ProjectRepository,
  project: WithId<Project>,
  profile: Reference,
  { accessPolicy, admin }: NewMember,
): Promise<WithId<ProjectMembership>> {
  return repo.createResource<ProjectMembership>({
    resourceType: 'ProjectMembership',
    project: createReference(project),
    user: profile as ProjectMembership['user'],
    profile: profile as ProjectMembership['profile'],
    ...(accessPolicy ? { accessPolicy: accessPolicy as ProjectMembership['accessPolicy'] } : {}),
    ...(admin ? { admin } : {}),
  });
}
