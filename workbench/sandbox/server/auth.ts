/** Who is calling: HTTP Basic or a bearer token, with the blind spots of the real server. */
import { createReference, notFound, OperationOutcomeError, unauthorized, type WithId } from '@medplum/core';
import type { AccessPolicy, ClientApplication, ProjectMembership, Resource } from '@medplum/fhirtypes';
import { isProjectAdmin, type Actor } from './actor.ts';
import type { Logins } from './logins.ts';
import { effectivePolicy } from './effectivepolicy.ts';
import type { Quota } from './quota.ts';
import type { Records } from './records.ts';

export const ON_BEHALF_OF = 'x-medplum-on-behalf-of';

export class Authenticator {
  private readonly records: Records;
  private readonly logins: Logins;
  private readonly quota: Quota;
  /** The project whose members may do everything everywhere. */
  private readonly superProject: string;

  constructor(records: Records, logins: Logins, quota: Quota, superProject: string) {
    this.records = records;
    this.logins = logins;
    this.quota = quota;
    this.superProject = superProject;
  }

  /** The actor of a request; throws 401, or the 404 or 410 of a missing membership or policy. */
  async actor(headers: Readonly<Record<string, string | undefined>>): Promise<Actor> {
    const [scheme, credentials = ''] = (headers['authorization'] ?? '').split(' ');
    const membership =
      scheme === 'Basic' ? this.basic(credentials) : scheme === 'Bearer' ? await this.bearer(credentials) : undefined;
    if (!membership) {
      throw new OperationOutcomeError(unauthorized);
    }
    const actor = this.member(membership);
    const onBehalfOf = headers[ON_BEHALF_OF];
    return onBehalfOf && isProjectAdmin(actor) ? this.onBehalfOf(onBehalfOf, actor) : actor;
  }

  /** The actor that a membership stands for, under the policies it has now. */
  member(membership: WithId<ProjectMembership>): Actor {
    const project = membership.project?.reference?.split('/')[1] ?? '';
    const profile = this.records.find<Resource>(
      membership.profile?.reference?.split('/')[0] as Resource['resourceType'],
      membership.profile?.reference?.split('/')[1],
    );
    return {
      project,
      author: profile ? createReference(profile) : { reference: membership.profile?.reference },
      policy: effectivePolicy(membership, (reference) => this.records.readReference<AccessPolicy>(reference)),
      membership,
      profile,
      meter: this.quota.meter(membership.id, project),
      superAdmin: project === this.superProject,
    };
  }

  /**
   * Basic ignores the client's status, IP rules and retiring secret, and cuts the secret at a second colon:
   * all as observed on the real server.
   */
  private basic(credentials: string): WithId<ProjectMembership> | undefined {
    const [id, secret] = Buffer.from(credentials, 'base64').toString('utf8').split(':');
    const client = id && secret ? this.records.find<ClientApplication>('ClientApplication', id) : undefined;
    return client?.secret === secret ? this.records.membershipOf(`ClientApplication/${id}`) : undefined;
  }

  private async bearer(token: string): Promise<WithId<ProjectMembership> | undefined> {
    const verified = await this.logins.verify(token);
    return verified ? this.records.read<ProjectMembership>('ProjectMembership', verified.login.membership) : undefined;
  }

  private onBehalfOf(reference: string, admin: Actor): Actor {
    const membership = this.records.membershipOf(reference);
    if (membership?.project?.reference !== `Project/${admin.project}`) {
      throw new OperationOutcomeError(notFound);
    }
    const { policy } = this.member(membership);
    return { ...admin, policy, superAdmin: false };
  }
}

/** Whether an IP rule of the policy blocks loopback; asked when a token is issued, never by Basic. */
export function blocksLoopback(policy: AccessPolicy | undefined): boolean {
  const rule = policy?.ipAccessRule?.find(({ value }) => value === '*' || '127.0.0.1'.startsWith(value ?? ''));
  return rule?.action === 'block';
}
