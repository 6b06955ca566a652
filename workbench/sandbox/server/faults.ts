/** Faults that a real server shows under load and a single writer does not: at given rates, repeatable by seed. */
import { conflict, OperationOutcomeError } from '@medplum/core';

export interface FaultRates {
  /** Share of serializable transactions that end in a serialization conflict, 0 to 1. */
  readonly conflict: number;
  /** Share of requests answered 503 before anything is done, 0 to 1. */
  readonly fail: number;
  /** Seconds added to every request. */
  readonly latency: number;
  readonly seed: number | undefined;
}

export class Faults {
  private readonly rates: FaultRates;
  private readonly chance: () => number;

  constructor(rates: FaultRates) {
    this.rates = rates;
    this.chance = rates.seed === undefined ? Math.random : seeded(rates.seed);
  }

  /** Throws the conflict that PostgreSQL raises between concurrent conditional writes. */
  conflict(): void {
    if (this.rates.conflict > 0 && this.chance() < this.rates.conflict) {
      throw new OperationOutcomeError(
        conflict('could not serialize access due to read/write dependencies among transactions', '40001'),
      );
    }
  }

  /** Whether this request is to fail as if the server were restarting. */
  fails(): boolean {
    return this.rates.fail > 0 && this.chance() < this.rates.fail;
  }

  async delay(): Promise<void> {
    if (this.rates.latency > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.rates.latency * 1000));
    }
  }
}

/** Numbers in [0, 1), the same for the same seed: a linear congruential generator without its low bits. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}
