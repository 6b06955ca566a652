/** Binary resources: the bytes beside the resource, and the signed links under which they may be fetched. */
import { notFound, OperationOutcomeError, type WithId } from '@medplum/core';
import type { Binary } from '@medplum/fhirtypes';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ProjectRepository } from './repository.ts';
import type { Store } from './store.ts';

const LINK_SECONDS = 3600;

export class Binaries {
  private readonly store: Store;
  private readonly baseUrl: string;
  private readonly key: string;

  constructor(store: Store, baseUrl: string) {
    this.store = store;
    this.baseUrl = baseUrl;
    this.key = store.setting('storage-key') ?? randomBytes(32).toString('hex');
    store.setSetting('storage-key', this.key);
  }

  /** Stores bytes as a Binary of whoever owns the repository. */
  async create(repo: ProjectRepository, content: Uint8Array, contentType: string): Promise<WithId<Binary>> {
    const binary = await repo.createResource<Binary>({ resourceType: 'Binary', contentType });
    this.keep(binary, content);
    return binary;
  }

  keep(binary: WithId<Binary>, content: Uint8Array): void {
    this.store.run(
      'INSERT OR REPLACE INTO blob (id, content) VALUES (?, ?)',
      `${binary.id}/${binary.meta?.versionId}`,
      content,
    );
  }

  content(binary: WithId<Binary>): Uint8Array {
    return this.blob(`${binary.id}/${binary.meta?.versionId}`) ?? Buffer.from(binary.data ?? '', 'base64');
  }

  /** A link to the bytes that needs no credentials for an hour. */
  link(binary: WithId<Binary>): string {
    const path = `${binary.id}/${binary.meta?.versionId}`;
    const expires = Math.floor(Date.now() / 1000) + LINK_SECONDS;
    const signature = encodeURIComponent(this.sign(path, String(expires)));
    return `${this.baseUrl}storage/${path}?Expires=${expires}&Signature=${signature}`;
  }

  /** What a link leads to; throws 404 unless its signature holds and it has not expired. */
  open(path: string, expires: string, signature: string): Uint8Array {
    const right = Buffer.from(this.sign(path, expires));
    const given = Buffer.from(signature);
    const isGood =
      right.length === given.length && timingSafeEqual(right, given) && Number(expires) * 1000 > Date.now();
    const content = isGood ? this.blob(path) : undefined;
    if (!content) {
      throw new OperationOutcomeError(notFound);
    }
    return content;
  }

  private blob(key: string): Uint8Array | undefined {
    return this.store.one<{ content: Uint8Array }>('SELECT content FROM blob WHERE id = ?', key)?.content;
  }

  private sign(path: string, expires: string): string {
    return createHmac('sha256', this.key).update(`${path}?${expires}`).digest('base64');
  }
}
