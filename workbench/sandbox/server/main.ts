/** Starts the sandbox: opens the folder, builds the parts, listens, tells the launcher. */
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { Admin } from './admin.ts';
import { Authenticator } from './auth.ts';
import { Binaries } from './binaries.ts';
import { BotApi } from './botapi.ts';
import { BotPool } from './botpool.ts';
import { Bots } from './bots.ts';
import { isFhirType, loadDefinitions } from './definitions.ts';
import { Discovery } from './discovery.ts';
import { Faults } from './faults.ts';
import { FhirApi } from './fhirapi.ts';
import { Jobs } from './jobs.ts';
import { Ledger } from './ledger.ts';
import { Log } from './log.ts';
import { Logins } from './logins.ts';
import { OAuth } from './oauth.ts';
import { Quota } from './quota.ts';
import { Records } from './records.ts';
import { seed } from './seed.ts';
import { Server } from './server.ts';
import { readSettings, type Settings } from './settings.ts';
import { Store, StoreProblem } from './store.ts';
import { Subscriptions } from './subscriptions.ts';
import { TokenSigner } from './tokens.ts';
import { Users } from './users.ts';

const HOST = '127.0.0.1'; // loopback only: there is no setting for it

const settings = readSettings(process.argv[2]);
try {
  await start(settings);
} catch (error) {
  tell({ problem: problemCode(error), message: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}

async function start(options: Settings): Promise<void> {
  const { data, port, bundle } = options;
  loadDefinitions(pathToFileURL(join(bundle, 'definitions.json.gz')));
  const baseUrl = `http://${HOST}:${port}/`;
  const log = new Log(join(data, 'sandbox.log'));
  const store = new Store(join(data, 'sandbox.db'));
  const faults = new Faults({
    conflict: options.conflict_rate,
    fail: options.fail_rate,
    latency: options.latency,
    seed: options.seed,
  });
  const ledger = new Ledger(store, faults, baseUrl, log);
  const records = new Records(ledger);
  const { superProject } = await seed(records, join(data, 'credentials.json'), options.features);

  const signer = await TokenSigner.open(store);
  const logins = new Logins(store, signer, baseUrl);
  const quota = new Quota(options.quota);
  const authenticator = new Authenticator(records, logins, quota, superProject);
  const binaries = new Binaries(store, baseUrl);
  const pool = new BotPool({
    deno: options.deno,
    bundle,
    cache: join(data, 'deno'),
    port,
    limitMs: options.bot_limit * 1000,
  });
  const bots = new Bots(records, binaries, logins, pool, log, { runtime: options.runtime, baseUrl });
  new Subscriptions(ledger, records, bots, authenticator, log);
  const jobs = new Jobs(records, log);
  const server = new Server({
    records,
    authenticator,
    binaries,
    quota,
    faults,
    log,
    users: new Users(records, logins),
    oauth: new OAuth(records, logins, authenticator, baseUrl),
    admin: new Admin(records, binaries, options.runtime),
    fhir: new FhirApi(records, binaries, jobs, log),
    bots: new BotApi(records, bots, jobs),
    discovery: new Discovery(baseUrl, [signer.jwk], isFhirType),
  });

  const stop = (reason: string): void => {
    log.info(`stopped: ${reason}`);
    pool.close();
    store.close();
    process.exit(0);
  };
  Deno.serve(
    {
      hostname: HOST,
      port,
      automaticCompression: false,
      onListen: () => {
        log.info(`listening on ${baseUrl}`);
        tell({ ready: true, port, pid: process.pid });
      },
    },
    (request) => server.respond(request),
  );
  process.on('SIGTERM', () => stop('asked to'));
  process.on('SIGINT', () => stop('interrupted'));
  if (options.attached) {
    process.stdin.on('end', () => stop('the parent is gone'));
    process.stdin.resume();
  }
}

/** One JSON line to the launcher. */
function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function problemCode(error: unknown): string {
  if (error instanceof StoreProblem) {
    return error.code;
  }
  if (error instanceof Error && /disk is full|disk I\/O error|readonly database/.test(error.message)) {
    return 'unwritable';
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isTaken = code === 'EADDRINUSE' || (error instanceof Error && error.name === 'AddrInUse');
  return isTaken ? 'port' : 'other';
}
