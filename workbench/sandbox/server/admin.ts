/** The admin routes: `/admin/projects/<id>` with bot, client, secrets and members. */
import { allOk, forbidden, notFound, OperationOutcomeError, type WithId } from '@medplum/core';
import type { Project, ProjectMembership, Reference } from '@medplum/fhirtypes';
import { isProjectAdmin, type Actor } from './actor.ts';
import type { Binaries } from './binaries.ts';
import { FHIR_JSON, json, JSON_UTF8, parseBody, type Answer, type Call } from './http.ts';
import { createBot, createClient } from './members.ts';
import { represent } from './meta.ts';
import { missingField, raise, traced } from './outcomes.ts';
import { visible } from './fields.ts';
import { POINTS } from './quota.ts';
import type { Records } from './records.ts';
import { ProjectRepository } from './repository.ts';
import { validate } from './validation.ts';

const ROUTE = /^\/admin\/projects\/([^/]+)(?:\/(bot|client|secrets|sites|members)(?:\/([^/]+))?)?$/;

interface Body {
  readonly name?: string;
  readonly description?: string;
  readonly accessPolicy?: Reference;
  readonly runtimeVersion?: string;
}

export class Admin {
  private readonly records: Records;
  private readonly binaries: Binaries;
  private readonly defaultRuntime: string;

  constructor(records: Records, binaries: Binaries, defaultRuntime: string) {
    this.records = records;
    this.binaries = binaries;
    this.defaultRuntime = defaultRuntime;
  }

  /** The path's project id is not read, except for a super admin's clients: as on the real server. */
  async answer(call: Call, actor: Actor): Promise<Answer | undefined> {
    const [match, pathProject = '', section = '', member = ''] = ROUTE.exec(call.path) ?? [];
    if (match === undefined) {
      return undefined;
    }
    if (!isProjectAdmin(actor)) {
      raise(forbidden);
    }
    const project = this.records.project(actor.superAdmin && section === 'client' ? pathProject : actor.project);
    switch (`${call.method} ${section}`) {
      case 'GET ':
        return json(200, {
          project: { id: project.id, name: project.name, secret: project.secret, site: project.site },
        });
      case 'POST client':
        return this.client(actor, project, parseBody(call) as Body);
      case 'POST bot':
        return this.bot(call, actor, project, parseBody(call) as Body);
      case 'POST secrets':
        return this.replace(call, actor, project, { secret: parseBody(call) as Project['secret'] });
      case 'POST sites':
        return this.replace(call, actor, project, { site: parseBody(call) as Project['site'] });
      case 'GET members':
      case 'POST members':
      case 'DELETE members':
        return this.member(call, actor, member);
      default:
        return undefined;
    }
  }

  private async client(actor: Actor, project: WithId<Project>, body: Body): Promise<Answer> {
    if (!body.name) {
      raise(missingField('name', 'Client name is required'));
    }
    const { name, description, accessPolicy } = body;
    return json(201, await createClient(this.acting(actor, project), project, { name, description, accessPolicy }));
  }

  private async bot(call: Call, actor: Actor, project: WithId<Project>, body: Body): Promise<Answer> {
    if (!body.name) {
      raise(missingField('name', 'Bot name is required'));
    }
    actor.meter?.spend(2 * POINTS.create);
    const { name, description, accessPolicy, runtimeVersion = this.defaultRuntime } = body;
    const bot = await createBot(this.acting(actor, project), this.binaries, project, {
      name,
      description,
      accessPolicy,
      runtimeVersion,
    });
    return shown(call, 201, bot);
  }

  private async replace(call: Call, actor: Actor, project: WithId<Project>, change: Partial<Project>): Promise<Answer> {
    const changed = { ...project, ...change };
    validate(changed);
    return shown(call, 200, visible(actor, await this.acting(actor, project).updateResource(changed)));
  }

  /** Members are read and changed without `If-Match`; the body's id must be the path's. */
  private async member(call: Call, actor: Actor, id: string): Promise<Answer> {
    const membership = this.records.read<ProjectMembership>('ProjectMembership', id);
    if (membership.project?.reference !== `Project/${actor.project}`) {
      raise(notFound);
    }
    const repo = new ProjectRepository(this.records.ledger, { ...actor, meter: undefined });
    if (call.method === 'DELETE') {
      await repo.deleteResource('ProjectMembership', id);
      return json(200, traced(allOk, call.trace), FHIR_JSON);
    }
    if (call.method === 'GET') {
      return shown(call, 200, membership);
    }
    const body = parseBody(call) as WithId<ProjectMembership>;
    if (body.resourceType !== 'ProjectMembership' || body.id !== id) {
      throw new OperationOutcomeError(forbidden);
    }
    return shown(call, 200, await repo.updateResource(body));
  }

  /** Writes as the sandbox, in the caller's name. */
  private acting(actor: Actor, project: WithId<Project>): ProjectRepository {
    return new ProjectRepository(this.records.ledger, { project: project.id, author: actor.author });
  }
}

function shown(call: Call, status: number, value: Project | ProjectMembership | object): Answer {
  return { status, type: JSON_UTF8, body: represent(value, call.headers['x-medplum'] === 'extended', false) };
}
