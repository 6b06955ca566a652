/** Access tokens: JSON Web Tokens signed ES256 with a key of the data folder, so they outlive a restart. */
import type { Store } from './store.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const REMEMBERED = 2000;

export interface Claims {
  readonly login_id: string;
  readonly sub: string;
  readonly username: string;
  readonly scope: string;
  readonly profile: string;
  readonly client_id?: string;
  readonly iss: string;
  readonly iat: number;
  readonly exp: number;
}

export class TokenSigner {
  readonly jwk: JsonWebKey;
  private readonly keyId: string;
  private readonly privateKey: CryptoKey;
  private readonly publicKey: CryptoKey;
  /** Tokens whose signature was found right before. */
  private readonly verified = new Map<string, Claims>();

  private constructor(keyId: string, jwk: JsonWebKey, privateKey: CryptoKey, publicKey: CryptoKey) {
    this.keyId = keyId;
    this.jwk = jwk;
    this.privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /** The signer of this data folder; makes its key the first time. */
  static async open(store: Store): Promise<TokenSigner> {
    const held = store.setting('signing-key');
    const { id, key } = held
      ? (JSON.parse(held) as { id: string; key: JsonWebKey })
      : { id: crypto.randomUUID(), key: await newKey() };
    if (!held) {
      store.setSetting('signing-key', JSON.stringify({ id, key }));
    }
    const { kty, crv, x, y } = key;
    const shown = { kty, crv, x, y, alg: 'ES256', use: 'sig', kid: id } as JsonWebKey;
    const privateKey = await crypto.subtle.importKey('jwk', key, ALGORITHM, false, ['sign']);
    const publicKey = await crypto.subtle.importKey('jwk', { kty, crv, x, y } as JsonWebKey, ALGORITHM, false, [
      'verify',
    ]);
    return new TokenSigner(id, shown, privateKey, publicKey);
  }

  async sign(claims: Claims): Promise<string> {
    const text = `${encode({ alg: 'ES256', kid: this.keyId, typ: 'JWT' })}.${encode(claims)}`;
    const signature = await crypto.subtle.sign(ALGORITHM, this.privateKey, Buffer.from(text));
    return `${text}.${Buffer.from(signature).toString('base64url')}`;
  }

  /** The claims of a token that is ours and has not expired, else undefined. */
  async verify(token: string): Promise<Claims | undefined> {
    const claims = this.verified.get(token) ?? (await this.check(token));
    return claims && claims.exp * 1000 > Date.now() ? claims : undefined;
  }

  private async check(token: string): Promise<Claims | undefined> {
    const [header, payload, signature, ...more] = token.split('.');
    if (!header || !payload || !signature || more.length > 0) {
      return undefined;
    }
    const isOurs = await crypto.subtle.verify(
      ALGORITHM,
      this.publicKey,
      Buffer.from(signature, 'base64url'),
      Buffer.from(`${header}.${payload}`),
    );
    if (!isOurs) {
      return undefined;
    }
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
    if (this.verified.size >= REMEMBERED) {
      this.verified.clear();
    }
    this.verified.set(token, claims);
    return claims;
  }
}

async function newKey(): Promise<JsonWebKey> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  return crypto.subtle.exportKey('jwk', pair.privateKey);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
