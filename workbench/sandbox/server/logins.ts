/** Logins: what a token stands for. Revoking one ends its tokens; changing a secret does not. */
import type { WithId } from '@medplum/core';
import type { ProjectMembership } from '@medplum/fhirtypes';
import type { Store } from './store.ts';
import type { Claims, TokenSigner } from './tokens.ts';

export const HOUR = 3600;
const BOT_SCOPE = 'openid';

export interface Login {
  readonly id: string;
  readonly membership: string;
  readonly client: string | null;
  readonly scope: string;
  readonly revoked: number;
  readonly granted: number;
  readonly code: string | null;
  readonly challenge: string | null;
  readonly method: string | null;
  readonly refresh: string | null;
}

export type NewLogin = Pick<Login, 'membership' | 'scope'> &
  Partial<Pick<Login, 'client' | 'code' | 'challenge' | 'method' | 'refresh'>>;

export class Logins {
  private readonly store: Store;
  private readonly signer: TokenSigner;
  private readonly issuer: string;
  /** Bots run often: one token for each membership, renewed before it ends. */
  private readonly botTokens = new Map<string, { readonly token: string; readonly until: number }>();

  constructor(store: Store, signer: TokenSigner, issuer: string) {
    this.store = store;
    this.signer = signer;
    this.issuer = issuer;
  }

  create(login: NewLogin): Login {
    const id = crypto.randomUUID();
    this.store.run(
      `INSERT INTO login (id, membership, client, scope, created, revoked, granted, code, challenge, method, refresh)
        VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)`,
      id,
      login.membership,
      login.client ?? null,
      login.scope,
      Date.now(),
      login.code ?? null,
      login.challenge ?? null,
      login.method ?? null,
      login.refresh ?? null,
    );
    return this.read(id) as Login;
  }

  read(id: string): Login | undefined {
    return this.store.one<Login>('SELECT * FROM login WHERE id = ?', id);
  }

  byCode(code: string): Login | undefined {
    return this.store.one<Login>('SELECT * FROM login WHERE code = ?', code);
  }

  byRefresh(refresh: string): Login | undefined {
    return this.store.one<Login>('SELECT * FROM login WHERE refresh = ?', refresh);
  }

  grant(id: string, refresh: string | null): void {
    this.store.run('UPDATE login SET granted = 1, refresh = ? WHERE id = ?', refresh, id);
  }

  revoke(id: string): void {
    this.store.run('UPDATE login SET revoked = 1 WHERE id = ?', id);
  }

  async token(login: Login, membership: WithId<ProjectMembership>, seconds = HOUR): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const profile = membership.profile?.reference ?? '';
    const subject = membership.user?.reference?.split('/')[1] ?? '';
    return this.signer.sign({
      ...(login.client ? { client_id: login.client } : {}),
      login_id: login.id,
      sub: subject,
      username: subject,
      scope: login.scope,
      profile,
      iss: this.issuer,
      iat: now,
      exp: now + seconds,
    });
  }

  async botToken(membership: WithId<ProjectMembership>): Promise<string> {
    const held = this.botTokens.get(membership.id);
    if (held && held.until > Date.now()) {
      return held.token;
    }
    const token = await this.token(this.create({ membership: membership.id, scope: BOT_SCOPE }), membership);
    this.botTokens.set(membership.id, { token, until: Date.now() + HOUR * 500 });
    return token;
  }

  /** The claims of a live token: signed by us, not expired, its login not revoked. */
  async verify(token: string): Promise<{ readonly claims: Claims; readonly login: Login } | undefined> {
    const claims = await this.signer.verify(token);
    const login = claims ? this.read(claims.login_id) : undefined;
    return claims && login && !login.revoked ? { claims, login } : undefined;
  }
}
