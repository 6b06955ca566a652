/** Operations beside the router's own: `$validate`, `$rotate-secret`, `$expunge`. */
import { allOk, badRequest, forbidden } from '@medplum/core';
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router';
import type { ClientApplication, Parameters, Resource } from '@medplum/fhirtypes';
import { isProjectAdmin } from './actor.ts';
import { newSecret } from './members.ts';
import { refuse } from './outcomes.ts';
import type { Records } from './records.ts';
import { ProjectRepository } from './repository.ts';
import { validate } from './validation.ts';

export function addOperations(router: FhirRouter, records: Records): void {
  router.add('POST', ':resourceType/$validate', validated);
  router.add('POST', 'ClientApplication/:id/$rotate-secret', (req, repo) =>
    rotateSecret(records, req, repo as ProjectRepository),
  );
  router.add('POST', ':resourceType/:id/$expunge', (req, repo) => expunged(req, repo as ProjectRepository));
}

async function validated(req: FhirRequest): Promise<FhirResponse> {
  const type = req.params['resourceType'];
  const resource = req.body as Resource;
  if (resource.resourceType !== type) {
    return [badRequest(`Incorrect resource type: expected ${type}, but found ${resource.resourceType || '<EMPTY>'}`)];
  }
  validate(resource);
  return [allOk];
}

async function expunged(req: FhirRequest, repo: ProjectRepository): Promise<FhirResponse> {
  const { resourceType, id } = req.params as { resourceType: string; id: string };
  if (!isProjectAdmin(repo.actor)) {
    return [forbidden];
  }
  await repo.readResource(resourceType, id);
  repo.expunge(resourceType, id);
  return [allOk];
}

async function rotateSecret(records: Records, req: FhirRequest, repo: ProjectRepository): Promise<FhirResponse> {
  if (!isProjectAdmin(repo.actor)) {
    return [forbidden];
  }
  const client = records.read<ClientApplication>('ClientApplication', req.params['id'] as string);
  const given = (name: string): string | undefined =>
    (req.body as Parameters).parameter?.find((parameter) => parameter.name === name)?.valueString;
  const [secret, retiring] = [given('secret'), given('retiringSecret')];
  if (!secret && !retiring) {
    refuse('Secret to rotate must be provided');
  }
  if ((secret && secret !== client.secret) || (retiring && retiring !== client.retiringSecret)) {
    refuse('Provided secret does not match client');
  }
  const { retiringSecret: _dropped, ...rest } = client;
  const change = secret ? { secret: newSecret(), retiringSecret: secret } : {};
  const acting = new ProjectRepository(records.ledger, {
    project: repo.actor.project,
    author: repo.actor.author,
  });
  return [allOk, await acting.updateResource<ClientApplication>({ ...rest, ...change })];
}
