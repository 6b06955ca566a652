/** Password login of the project's owner, for tools that sign in as a person: PKCE, then `/oauth2/token`. */
import { badRequest, type WithId } from '@medplum/core';
import type { Practitioner, Project, ProjectMembership, User } from '@medplum/fhirtypes';
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { FHIR_JSON, json, parseBody, type Answer, type Call } from './http.ts';
import type { Logins } from './logins.ts';
import { missingField, traced } from './outcomes.ts';
import type { Records } from './records.ts';

export const OWNER_EMAIL = 'owner@example.com';

const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
const OFFLINE = /\boffline(_access)?\b/;

interface LoginBody {
  readonly email?: string;
  readonly password?: string;
  readonly scope?: string;
  readonly remember?: boolean;
  readonly codeChallenge?: string;
  readonly codeChallengeMethod?: string;
}

/** Makes the owner with a random password, and gives it. */
export async function createOwner(records: Records, project: WithId<Project>): Promise<string> {
  const repo = records.as(project.id);
  const user = await repo.createResource<User>({
    resourceType: 'User',
    email: OWNER_EMAIL,
    firstName: 'Sandbox',
    lastName: 'Owner',
  });
  const practitioner = await repo.createResource<Practitioner>({
    resourceType: 'Practitioner',
    name: [{ given: ['Sandbox'], family: 'Owner' }],
    telecom: [{ system: 'email', use: 'work', value: OWNER_EMAIL }],
  });
  await repo.createResource<ProjectMembership>({
    resourceType: 'ProjectMembership',
    project: { reference: `Project/${project.id}`, display: project.name },
    user: { reference: `User/${user.id}`, display: OWNER_EMAIL },
    profile: { reference: `Practitioner/${practitioner.id}`, display: 'Sandbox Owner' },
    admin: true,
  });
  const password = randomBytes(18).toString('base64url');
  const salt = randomBytes(16).toString('hex');
  records.ledger.store.setSetting(
    'owner',
    JSON.stringify({ profile: `Practitioner/${practitioner.id}`, salt, hash: hashOf(password, salt) }),
  );
  return password;
}

export class Users {
  private readonly records: Records;
  private readonly logins: Logins;

  constructor(records: Records, logins: Logins) {
    this.records = records;
    this.logins = logins;
  }

  answer(call: Call): Answer | undefined {
    switch (`${call.method} ${call.path}`) {
      case 'POST /auth/login':
        return this.login(call, parseBody(call) as LoginBody);
      case 'POST /auth/newuser':
        return json(400, traced(badRequest('Registration is disabled'), call.trace), FHIR_JSON);
      default:
        return undefined;
    }
  }

  /** A login without a challenge succeeds here; only its code is then worth nothing. */
  private login(call: Call, body: LoginBody): Answer {
    if (!body.email || !EMAIL.test(body.email)) {
      return json(400, traced(missingField('email', 'Valid email address is required'), call.trace), FHIR_JSON);
    }
    const membership = this.member(body.email, body.password ?? '');
    if (!membership) {
      return json(400, traced(badRequest('Email or password is invalid'), call.trace), FHIR_JSON);
    }
    const { scope = 'openid', remember, codeChallenge, codeChallengeMethod } = body;
    const code = randomBytes(16).toString('hex');
    const login = this.logins.create({
      membership: membership.id,
      scope,
      code,
      challenge: codeChallenge,
      method: codeChallengeMethod,
      refresh: remember || OFFLINE.test(scope) ? crypto.randomUUID() : null,
    });
    return json(200, { login: login.id, code });
  }

  private member(email: string, password: string): WithId<ProjectMembership> | undefined {
    const held = this.records.ledger.store.setting('owner');
    if (!held || email !== OWNER_EMAIL) {
      return undefined;
    }
    const { profile, salt, hash } = JSON.parse(held) as { profile: string; salt: string; hash: string };
    return timingSafeEqual(Buffer.from(hash), Buffer.from(hashOf(password, salt)))
      ? this.records.membershipOf(profile)
      : undefined;
  }
}

function hashOf(password: string, salt: string): string {
  return scryptSync(password, salt, 32).toString('hex');
}
