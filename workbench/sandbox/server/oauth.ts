/** OAuth 2: granting, introspecting and revoking tokens. Errors are `{error, error_description}`, always 400. */
import { allOk, type WithId } from '@medplum/core';
import type { ClientApplication, ProjectMembership } from '@medplum/fhirtypes';
import { blocksLoopback, type Authenticator } from './auth.ts';
import { FHIR_JSON, html, json, parseBody, type Answer, type Call } from './http.ts';
import { HOUR, type Login, type Logins } from './logins.ts';
import { traced } from './outcomes.ts';
import type { Records } from './records.ts';

const FORM = 'application/x-www-form-urlencoded';
const LIFETIME = /^(\d+)([smhd])$/;
const SECONDS = { s: 1, m: 60, h: HOUR, d: 24 * HOUR } as const;

type Form = Readonly<Record<string, string | undefined>>;

export class OAuth {
  private readonly records: Records;
  private readonly logins: Logins;
  private readonly authenticator: Authenticator;
  private readonly baseUrl: string;

  constructor(records: Records, logins: Logins, authenticator: Authenticator, baseUrl: string) {
    this.records = records;
    this.logins = logins;
    this.authenticator = authenticator;
    this.baseUrl = baseUrl;
  }

  async answer(call: Call): Promise<Answer | undefined> {
    switch (`${call.method} ${call.path}`) {
      case 'POST /oauth2/token':
        return call.contentType === FORM
          ? this.token(call, parseBody(call) as Form)
          : html(400, 'Unsupported content type');
      case 'POST /oauth2/introspect':
        return this.introspect(parseBody(call) as Form);
      case 'GET /oauth2/userinfo':
      case 'POST /oauth2/userinfo':
        return json(200, { sub: (await this.authenticator.actor(call.headers)).profile?.id });
      case 'POST /oauth2/logout':
      case 'GET /oauth2/logout':
        return this.logout(call);
      default:
        return undefined;
    }
  }

  private async token(call: Call, form: Form): Promise<Answer> {
    switch (form['grant_type']) {
      case 'client_credentials':
        return this.clientCredentials(call, form);
      case 'authorization_code':
        return this.authorizationCode(form);
      case 'refresh_token':
        return this.refreshToken(form);
      default:
        return failure(form['grant_type'] ? 'Unsupported grant type' : 'Missing grant_type');
    }
  }

  private async clientCredentials(call: Call, form: Form): Promise<Answer> {
    const [basicId, basicSecret] = basicCredentials(call.headers['authorization']);
    const id = form['client_id'] ?? basicId;
    const secret = form['client_secret'] ?? basicSecret;
    if (!id || !secret) {
      return failure(id ? 'Missing client_secret' : 'Missing client_id');
    }
    const client = this.records.find<ClientApplication>('ClientApplication', id);
    if (!client || client.status === 'off') {
      return failure('Invalid client');
    }
    if (secret !== client.secret && secret !== client.retiringSecret) {
      return failure('Invalid secret');
    }
    const membership = this.records.membershipOf(`ClientApplication/${id}`);
    if (!membership) {
      return failure('Invalid client');
    }
    if (blocksLoopback(this.authenticator.member(membership).policy)) {
      return failure('IP address not allowed');
    }
    const login = this.logins.create({ membership: membership.id, client: id, scope: form['scope'] ?? 'openid' });
    return this.grant(login, membership, lifetime(client.accessTokenLifetime));
  }

  /** A code is good once; using it again also ends the token it gave. */
  private async authorizationCode(form: Form): Promise<Answer> {
    const login = form['code'] ? this.logins.byCode(form['code']) : undefined;
    if (!login) {
      return failure(form['code'] ? 'Invalid code' : 'Missing code');
    }
    if (login.granted) {
      this.logins.revoke(login.id);
      return failure('Token already granted', 'invalid_grant');
    }
    const verifier = form['code_verifier'];
    if (!login.challenge) {
      return failure('Missing verification context');
    }
    if (!verifier || (await challengeOf(verifier, login.method)) !== login.challenge) {
      return failure(verifier ? 'Invalid code_verifier' : 'Missing code_verifier');
    }
    return this.grantWithRefresh(login);
  }

  /** Refresh tokens rotate: each is good once. */
  private async refreshToken(form: Form): Promise<Answer> {
    const login = form['refresh_token'] ? this.logins.byRefresh(form['refresh_token']) : undefined;
    return !login || login.revoked ? failure('Invalid token') : this.grantWithRefresh(login);
  }

  private async grantWithRefresh(login: Login): Promise<Answer> {
    const membership = this.records.read<ProjectMembership>('ProjectMembership', login.membership);
    const refresh = login.refresh ? `${crypto.randomUUID()}${crypto.randomUUID()}` : null;
    this.logins.grant(login.id, refresh);
    return this.grant(login, membership, HOUR, refresh);
  }

  private async grant(
    login: Login,
    membership: WithId<ProjectMembership>,
    seconds: number,
    refresh: string | null = null,
  ): Promise<Answer> {
    const token = await this.logins.token(login, membership, seconds);
    return json(200, {
      token_type: 'Bearer',
      expires_in: seconds,
      scope: login.scope,
      id_token: token,
      access_token: token,
      ...(refresh ? { refresh_token: refresh } : {}),
      project: membership.project,
      profile: membership.profile,
      smart_style_url: `${this.baseUrl}fhir/R4/.well-known/smart-styles.json`,
      need_patient_banner: false,
    });
  }

  private async introspect(form: Form): Promise<Answer> {
    const verified = await this.logins.verify(form['token'] ?? '');
    if (!verified) {
      return json(200, { active: false });
    }
    const { iat, exp, iss, sub, scope, client_id } = verified.claims;
    return json(200, { active: true, iat, exp, iss, sub, client_id, scope });
  }

  private async logout(call: Call): Promise<Answer> {
    await this.authenticator.actor(call.headers);
    const verified = await this.logins.verify(call.headers['authorization']?.split(' ')[1] ?? '');
    if (verified) {
      this.logins.revoke(verified.login.id);
    }
    return json(200, traced(allOk, call.trace), FHIR_JSON);
  }
}

function failure(description: string, error = 'invalid_request'): Answer {
  return json(400, { error, error_description: description });
}

function basicCredentials(header: string | undefined): readonly [string | undefined, string | undefined] {
  const [scheme, credentials] = header?.split(' ') ?? [];
  const [id, secret] =
    scheme === 'Basic' && credentials ? Buffer.from(credentials, 'base64').toString('utf8').split(':') : [];
  return [id, secret];
}

function lifetime(text: string | undefined): number {
  const [, count, unit] = LIFETIME.exec(text ?? '') ?? [];
  return count && unit ? Number(count) * SECONDS[unit as keyof typeof SECONDS] : HOUR;
}

async function challengeOf(verifier: string, method: string | null): Promise<string> {
  if (method === 'plain') {
    return verifier;
  }
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier))).toString('base64url');
}
