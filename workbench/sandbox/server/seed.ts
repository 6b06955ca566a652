/** The sandbox's beginning: a project with its features, and an admin client with a random secret. */
import type { WithId } from '@medplum/core';
import type { ClientApplication, Project } from '@medplum/fhirtypes';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createClient } from './members.ts';
import type { Records } from './records.ts';
import { createOwner, OWNER_EMAIL } from './users.ts';

const OWNER_ONLY = 0o600;

export interface Credentials {
  readonly project_id: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly super_client_id: string;
  readonly super_client_secret: string;
  readonly owner_email: string;
  readonly owner_password: string;
}

/** Makes the projects the first time; later only sets the features. Gives the id of the super admin's project. */
export async function seed(
  records: Records,
  path: string,
  features: readonly string[],
): Promise<{ credentials: Credentials; superProject: string }> {
  const { store } = records.ledger;
  let superProject = store.setting('super-project');
  let projectId = store.setting('project');
  if (!superProject || !projectId) {
    const root = await createProject(records, 'Super Admin', { superAdmin: true });
    const project = await createProject(records, 'Sandbox', {});
    await createClient(records.as(root.id), root, { name: 'Super admin client', admin: true });
    await createClient(records.as(project.id), project, {
      name: 'Sandbox Default Client',
      description: 'Default client for Sandbox',
      admin: true,
    });
    store.setSetting('owner-password', await createOwner(records, project));
    superProject = root.id;
    projectId = project.id;
    store.setSetting('project', projectId);
    store.setSetting('super-project', superProject);
  }
  const project = records.project(projectId);
  await records.as(projectId).updateResource<Project>({ ...project, features: features as Project['features'] });
  return { superProject, credentials: keepCredentials(records, path, projectId, superProject) };
}

async function createProject(records: Records, name: string, fields: Partial<Project>): Promise<WithId<Project>> {
  const id = crypto.randomUUID();
  return records
    .as(id)
    .createResource<Project>({ resourceType: 'Project', id, name, strictMode: true, ...fields }, { assignedId: true });
}

/** The file is written again only when it is gone or no longer true. */
function keepCredentials(records: Records, path: string, project: string, superProject: string): Credentials {
  const client = firstClient(records, project);
  const superClient = firstClient(records, superProject);
  const credentials: Credentials = {
    project_id: project,
    client_id: client.id,
    client_secret: client.secret ?? '',
    super_client_id: superClient.id,
    super_client_secret: superClient.secret ?? '',
    owner_email: OWNER_EMAIL,
    owner_password: records.ledger.store.setting('owner-password') ?? '',
  };
  const text = `${JSON.stringify(credentials, undefined, 2)}\n`;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    writeFileSync(path, text, { mode: OWNER_ONLY });
  }
  chmodSync(path, OWNER_ONLY);
  return credentials;
}

function firstClient(records: Records, project: string): WithId<ClientApplication> {
  const key = `first-client:${project}`;
  const held = records.ledger.store.setting(key);
  if (held) {
    return records.read<ClientApplication>('ClientApplication', held);
  }
  const rows = records.ledger.store.all<{ id: string }>(
    "SELECT id FROM resource WHERE type = 'ClientApplication' AND project = ? ORDER BY key LIMIT 1",
    project,
  );
  const id = (rows[0] as { id: string }).id;
  records.ledger.store.setSetting(key, id);
  return records.read<ClientApplication>('ClientApplication', id);
}
